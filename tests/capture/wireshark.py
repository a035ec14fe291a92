"""Captures made by hand, and a saved file together with what Wireshark's command line says of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from lab_servers.capture.capture import Capture, Chunk, Side, Transition, TransitionKind
from lab_servers.capture.pcapng import write_pcapng
from lab_servers.marks import Mark
from tests.tools import require_tool

CLIENT, SERVER = Side.CLIENT, Side.SERVER
OPENED, CONNECTED, REFUSED = TransitionKind.OPENED, TransitionKind.CONNECTED, TransitionKind.REFUSED
HALF_CLOSED, RESET = TransitionKind.HALF_CLOSED, TransitionKind.RESET
ABANDONED, CLOSED = TransitionKind.ABANDONED, TransitionKind.CLOSED

START_NS = 5_000_000_000
OFFSET_NS = 1_700_000_000_123_456_789

REQUEST = b"GET /api/user/info HTTP/1.1\r\nHost: 127.0.0.1:40002\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n"
RESPONSE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 29\r\n\r\n"
    b'{"name": "\xe5\xbc\xa0\xe4\xb8\x89", "age": 25}'
)

# The handshake of RFC 6455 section 1.2 and the frames of section 5.7, then a closing handshake.
UPGRADE = (
    b"GET /ws/chat HTTP/1.1\r\nHost: 127.0.0.1:40002\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
MASKED_HELLO = bytes.fromhex("818537fa213d7f9f4d5158")
ANSWER = b"\x81\x0c" + "收到:Hello".encode()
MASKED_CLOSE = bytes.fromhex("888237fa213d3412")  # 1000 under the same mask
CLOSE = bytes.fromhex("880203e8")

End = tuple[TransitionKind, Side | None]
BOTH_CLOSE: tuple[End, ...] = ((HALF_CLOSED, CLIENT), (HALF_CLOSED, SERVER), (CLOSED, None))


def recorded(
    *talk: tuple[Side, bytes],
    ends: Iterable[End] = BOTH_CLOSE,
    unrecorded: dict[Side, int] | None = None,
    start_ns: int = START_NS,
    number: int = 1,
) -> Capture:
    """A capture in which something happens every 1,000,001 ns: opened, the talk, then the ends."""
    moments = iter(range(start_ns, start_ns + 10**12, 1_000_001))
    transitions = [Transition(next(moments), OPENED, CLIENT), Transition(next(moments), CONNECTED, None)]
    sent = {CLIENT: 0, SERVER: 0}
    chunks = []
    for sender, data in talk:
        chunks.append(Chunk(next(moments), sender, sent[sender], data))
        sent[sender] += len(data)
    transitions += [Transition(next(moments), kind, by) for kind, by in ends]
    return Capture(
        "http",
        number,
        ("127.0.0.1", 40_000 + 2 * number),
        ("127.0.0.1", 40_001),
        tuple(chunks),
        tuple(transitions),
        unrecorded or {CLIENT: 0, SERVER: 0},
    )


def http_capture() -> Capture:
    return recorded((CLIENT, REQUEST), (SERVER, RESPONSE))


class Saved:
    """A file that was written, and what tshark says of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "recording.pcapng"
        self._tshark = require_tool("tshark")
        # A Wireshark of the person who runs the tests has preferences of its own; none of them may count.
        self._environment = {**os.environ, "WIRESHARK_CONFIG_DIR": str(folder), "HOME": str(folder)}

    def write(self, *captures: Capture, comment: str = "delay_s=0.1", marks: Sequence[Mark] = ()) -> Saved:
        with self.path.open("wb") as file:
            write_pcapng(file, captures, wall_clock_offset_ns=OFFSET_NS, comment=comment, marks=marks)
        return self

    def tshark(self, *arguments: str) -> str:
        checks = ("-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE")
        return self._run(self._tshark, "-r", str(self.path), *checks, *arguments)

    def capinfos(self) -> str:
        return self._run(str(Path(self._tshark).with_name("capinfos")), str(self.path))

    def fields(self, *names: str, where: str = "frame", options: Sequence[str] = ()) -> list[tuple[str, ...]]:
        wanted = [argument for name in names for argument in ("-e", name)]
        lines = self.tshark("-Y", where, "-T", "fields", *wanted, *options).splitlines()
        return [tuple(line.split("\t")) for line in lines]

    def complaints(self) -> list[tuple[str, ...]]:
        """Frames about which tshark warns, or sees anything amiss in the flow of TCP."""
        amiss = "_ws.malformed || tcp.analysis.flags || _ws.expert.severity >= 0x00600000"
        return self.fields("frame.number", "_ws.expert.message", where=amiss)

    def expert_groups(self) -> str:
        return self.tshark("-q", "-z", "expert")

    def flags(self) -> list[str]:
        """One word per packet: who sent it and its control bits, such as ``"client FIN ACK"``."""
        bits = {"SYN": 0x02, "FIN": 0x01, "RST": 0x04, "ACK": 0x10}
        rows = self.fields("tcp.srcport", "tcp.flags", "tcp.len")
        return [
            " ".join(
                [
                    "relay" if source == "40001" else "client",
                    *(name for name, bit in bits.items() if int(flags, 16) & bit),
                    *(["data"] if length != "0" else []),
                ]
            )
            for source, flags, length in rows
        ]

    def followed(self, stream: int) -> dict[Side, bytes]:
        """Both directions of a connection as Wireshark reassembles them."""
        lines = self.tshark("-q", "-z", f"follow,tcp,raw,{stream}").splitlines()
        found = {CLIENT: b"", SERVER: b""}
        for line in lines[lines.index(next(li for li in lines if li.startswith("Node 1"))) + 1 : -1]:
            found[SERVER if line.startswith("\t") else CLIENT] += bytes.fromhex(line.strip())
        return found

    def _run(self, *command: str) -> str:
        return subprocess.run(command, capture_output=True, check=True, encoding="utf-8", env=self._environment).stdout

"""A capture file becomes captures and marks, with everything said that the file lacks.

``Recording.load`` (``recording.py``) calls this. Packets come from ``capture_file.py`` and ``pcapng_blocks.py``,
connections from ``reassembly.py``; ``remarks.py`` has the sentences. A file that ``pcapng.py`` wrote gives its
names, connection numbers, marks and parameters back.

Memory: packets are read one at a time, and a byte of a stream is kept once. All that is kept is charged to a
budget of three times the file's size and :data:`FIXED_MEMORY_BYTES`; what is beyond it is left out and said so.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lab_servers.capture import remarks
from lab_servers.capture.capture import CHUNK_COST_BYTES, Budget, Capture, Side
from lab_servers.capture.capture_file import CLASSIC_MAGIC, PCAPNG_MAGIC, Findings, Interface, Packet, classic_packets
from lab_servers.capture.internet_layer import NotTcp, find_tcp
from lab_servers.capture.pcapng_blocks import PcapngReader
from lab_servers.capture.reassembly import Connection, Connections
from lab_servers.capture.saved_words import ended_by_relay, label_in, left_out_by_bound, mark_in, run_in
from lab_servers.errors import LoadFailed
from lab_servers.marks import Mark

DEFAULT_FILE_LIMIT_BYTES = 256 * 1024 * 1024

# What loading may keep in memory: this many times the size of the file, and a fixed part for small files of
# many small packets.
MEMORY_FACTOR = 3
FIXED_MEMORY_BYTES = 32 * 1024 * 1024

_BUFFER_BYTES = 256 * 1024
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Loaded:
    """What is in a capture file.

    Attributes:
        captures: One for each TCP connection, in the order of their first packets.
        marks: Marks of a file that ``pcapng.py`` wrote, in order of time.
        base_ns: Unix time of the moment 0 of all times here: that of the first packet.
        name: What was run, from a file that ``pcapng.py`` wrote; otherwise the file's name.
        notices: What whoever looks at the file must know, one sentence each.
        unrecorded_connections: Connections left out because the bound on memory was reached.
    """

    captures: tuple[Capture, ...]
    marks: tuple[Mark, ...]
    base_ns: int
    name: str
    notices: tuple[str, ...]
    unrecorded_connections: int


def load_captures(path: str | os.PathLike[str], limit_bytes: int = DEFAULT_FILE_LIMIT_BYTES) -> Loaded:
    """Read a pcapng or classic pcap file.

    Args:
        path: The file.
        limit_bytes: The largest file to read.

    Raises:
        LoadFailed: there is no such file, it cannot be read, it is larger than the bound, or it is no capture file.
    """
    file = Path(path)
    name = repr(str(file))
    try:
        # Asked before it is opened: opening a pipe would wait for a writer.
        status = file.stat()
        if stat.S_ISDIR(status.st_mode):
            raise LoadFailed(f"{name} is a folder: choose a capture file inside it.")
        if not stat.S_ISREG(status.st_mode):
            raise LoadFailed(f"{name} is no regular file: save the capture to a file first.")
        if status.st_size > limit_bytes:
            raise LoadFailed(
                f"{name} has {status.st_size:,} bytes, more than the bound of {limit_bytes:,}: capture less, cut it "
                "with editcap, or raise limit_bytes."
            )
        with file.open("rb", _BUFFER_BYTES) as stream:
            return _load(stream, status.st_size, file)
    except LoadFailed:
        raise
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise LoadFailed(f"{name} cannot be read ({why}): check the name, and whether you may read it.") from None


def _load(stream: BinaryIO, size_bytes: int, path: Path) -> Loaded:
    first = stream.read(64)
    stream.seek(0)
    findings = Findings()
    if first[:4] in CLASSIC_MAGIC:
        packets = classic_packets(stream, size_bytes, findings)
    elif first[:4] == PCAPNG_MAGIC:
        packets = PcapngReader(stream, size_bytes, findings).packets()
    else:
        raise LoadFailed(_no_capture_file(repr(str(path)), first))
    budget = Budget(MEMORY_FACTOR * size_bytes + FIXED_MEMORY_BYTES)
    return _Loader(path.name, findings, budget).load(packets)


def _no_capture_file(name: str, first: bytes) -> str:
    if not first:
        return f"{name} is empty: no capture was written to it; capture again."
    if first.startswith(_GZIP):
        return f"{name} is compressed with gzip: unpack it first, for example with gunzip."
    if all(32 <= byte < 127 or byte in b"\t\r\n" for byte in first):
        beginning = first[:20].decode()
        return f"{name} is text and no capture file (it begins with {beginning!r}): choose a pcapng or pcap file."
    return (
        f"{name} is no capture file that can be read here (it begins with the bytes {first[:8].hex(' ')}): "
        "choose a pcapng or pcap file."
    )


class _Loader:
    """Sorts the packets of one file, and counts what it leaves aside."""

    def __init__(self, file_name: str, findings: Findings, budget: Budget) -> None:
        self._file_name = file_name
        self._findings = findings
        self._budget = budget
        self._connections = Connections(budget)
        self._left_aside: Counter[NotTcp] = Counter()
        self._link_types: Counter[int] = Counter()
        self._marks: list[Mark] = []
        self._marks_left_out = 0
        self._cut_packets = 0

    def load(self, packets: Iterator[Packet]) -> Loaded:
        count, base_ns, segment = 0, 0, self._connections.segment
        for at_ns, interface, data, original_bytes, comments in packets:
            if not count:
                base_ns = at_ns
            count += 1
            find_ip = interface.find_ip
            if find_ip is None:
                self._without_ip(at_ns - base_ns, interface, data)
                continue
            ip_at = find_ip(data)
            place = find_tcp(data, ip_at, original_bytes) if ip_at >= 0 else NotTcp.OTHER
            if isinstance(place, NotTcp):
                self._left_aside[place] += 1
            else:
                segment(at_ns - base_ns, data, place, comments)
        captures = tuple(self._captures())
        name, run_notices = run_in(self._findings.relay_comment or "")
        return Loaded(
            captures,
            tuple(sorted(self._marks, key=lambda mark: mark.at_ns)),
            base_ns,
            name or self._file_name,
            run_notices + self._notices(count, bool(captures)),
            self._connections.unrecorded,
        )

    def _without_ip(self, at_ns: int, interface: Interface, data: bytes) -> None:
        if not interface.is_marks:
            self._link_types[interface.link_type] += 1
            return
        # A text of Python takes up to four bytes for a character that the file has in one.
        if self._budget.take_whole(CHUNK_COST_BYTES + 4 * len(data)):
            mark = mark_in(data, at_ns)
            if mark is not None:
                self._marks.append(mark)
        else:
            self._marks_left_out += 1

    def _captures(self) -> Iterator[Capture]:
        numbers: Counter[str] = Counter()
        for connection in self._connections.finished():
            yield self._capture(connection, numbers)
            # The two directions refer to each other; emptied, they need not wait for the garbage collector.
            connection.chunks.clear()

    def _capture(self, connection: Connection, numbers: Counter[str]) -> Capture:
        client, server = connection.of(Side.CLIENT), connection.of(Side.SERVER)
        addresses = remarks.address(client.source), remarks.address(server.source)
        label = label_in(connection.comments)
        if label is None:
            name = remarks.written(addresses[1])
            numbers[name] += 1
            label = name, numbers[name]
        by_bound = left_out_by_bound(connection.comments)
        sentences = [] if connection.was_opened else [remarks.began_before(*label)]
        unrecorded = {}
        for one in (client, server):
            assert one.sender is not None
            unrecorded[one.sender], sentence = remarks.of_direction(one, *label, by_bound.get(one.sender, 0))
            sentences += sentence
            self._cut_packets += one.cut_packets
        transitions = ended_by_relay(connection.transitions(), connection.comments)
        return Capture(*label, *addresses, tuple(connection.chunks), transitions, unrecorded, tuple(sentences))

    def _notices(self, packets: int, has_captures: bool) -> tuple[str, ...]:
        broken = self._left_aside[NotTcp.BROKEN] + self._connections.broken_segments
        return (
            *self._findings.notices,
            *remarks.of_file(
                packets,
                has_tcp=has_captures or bool(self._marks),
                link_types=self._link_types,
                fragments=self._left_aside[NotTcp.FRAGMENT],
                broken=broken,
                cut=self._cut_packets,
                marks_left_out=self._marks_left_out,
            ),
        )

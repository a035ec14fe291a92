"""``serve`` as scripts and people use it: a child process, real clients, signals."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lab_servers.cli import main
from lab_servers.cli.arguments import SERVERS
from lab_servers.cli.serve import end
from lab_servers.lab import Lab
from tests.cli.running import GIVE_UP_S, Serving, run
from tests.tools import require_tool

HANDSHAKE = (
    b"GET /ws/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
GET = b"GET /api/user/info HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
TIME = r"\d\d:\d\d:\d\d\.\d{3}"
TOOK = r"[\d,.]+ m?s"


def curl(*arguments: str) -> str:
    """What curl prints, whatever proxies the environment has; a time-out is no error here."""
    command = [require_tool("curl"), "--silent", "--noproxy", "*", *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=GIVE_UP_S, check=False).stdout


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=GIVE_UP_S)


def read_until(sock: socket.socket, ending: bytes) -> bytes:
    data = b""
    while ending not in data:
        more = sock.recv(65536)
        assert more, f"the connection ended after {data!r}"
        data += more
    return data


def test_json_is_one_line_from_which_a_script_reaches_every_server() -> None:
    with Serving("--json") as serving:
        ready = json.loads(serving.line())
        assert tuple(ready) == SERVERS
        for name, server in ready.items():
            scheme = "ws" if name == "websocket" else "http"
            assert server["url"] == f"{scheme}://127.0.0.1:{server['port']}"
            assert str(server["port"]) in server["curl"]
            assert server["endpoints"]
        assert json.loads(curl(ready["http"]["url"] + "/api/user/info")) == {"name": "张三", "age": 25}
        assert curl("-N", ready["sse"]["url"] + "/api/stream?interval_s=0").count("data:") == 4
        assert serving.end(signal.SIGTERM) == (0, [], "")


def test_asked_for_ports_are_the_ports() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Serving("--json", "--sse", str(port)) as serving:
        assert json.loads(serving.line())["sse"]["port"] == port


def test_each_exchange_is_a_line_as_it_happens() -> None:
    with Serving() as serving:
        ports = serving.ports()
        assert tuple(ports) == SERVERS
        curl(f"http://127.0.0.1:{ports['http']}/api/user/info")
        line = serving.line()
        assert re.fullmatch(rf"{TIME}  http #1  GET /api/user/info → 200 OK  29 bytes of body, {TOOK}", line)
        curl("-X", "DELETE", f"http://127.0.0.1:{ports['http']}/api/notes/99")
        line = serving.line()
        assert re.fullmatch(rf"{TIME}  http #2  DELETE /api/notes/99 → 404 Not Found  \d+ bytes of body, {TOOK}", line)
        assert serving.end(signal.SIGINT) == (0, [], "")


def test_an_event_stream_is_told_when_it_opens_and_when_it_ends() -> None:
    with Serving() as serving, connect(serving.ports()["sse"]) as client:
        client.sendall(b"GET /api/build/log HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        # The stream itself goes on without an end: this line comes while it is open.
        assert re.fullmatch(rf"{TIME}  sse #1  GET /api/build/log → 200 OK  open, {TOOK}", serving.line())
        read_until(client, b"data:")
        client.shutdown(socket.SHUT_WR)
        ended = rf"{TIME}  sse #1  GET /api/build/log  ended after {TOOK}, [\d,]+ bytes of body, closed by the client"
        assert re.fullmatch(ended, serving.line())


def test_a_websocket_is_told_at_its_101_and_at_its_end_with_its_bytes() -> None:
    with Serving() as serving, connect(serving.ports()["websocket"]) as client:
        client.sendall(HANDSHAKE)
        read_until(client, b"\r\n\r\n")
        assert "websocket #1  GET /ws/chat → 101 Switching Protocols  open" in serving.line()
        client.sendall(b"\x81\x81\0\0\0\0a")
        read_until(client, "收到:a".encode())
        client.sendall(b"\x88\x80\0\0\0\0")
        read_until(client, b"\x88\x00")
        client.close()
        assert "ended after" in (line := serving.line())
        # One text frame and one close frame each: 7 + 6 bytes with masks, 2 + 8 + 2 without.
        assert "13 bytes from the client, 12 bytes from the server" in line


def test_a_reset_is_named() -> None:
    with Serving() as serving, connect(serving.ports()["http"]) as client:
        client.sendall(b"GET /api/answer?interval_s=60 HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        client.sendall(b"\r\n")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if os.name == "nt" else "ii", 1, 0))
        client.close()
        assert "reset by the client" in serving.line()


def test_a_hostile_path_reaches_the_terminal_cut_and_harmless() -> None:
    with Serving() as serving, connect(serving.ports()["http"]) as client:
        client.sendall(b"GET /\x1b]0;owned\x07" + b"a" * 60_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        line = serving.line_with("http #1")
        assert line.isprintable()
        assert r"GET /\x1b]0;owned\x07aaa" in line
        assert len(line) < 300


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to handle")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_one_file_per_server_that_tshark_reads(number: signal.Signals, tmp_path: Path) -> None:
    tshark = require_tool("tshark")
    folder = tmp_path / "new" / "folder"
    with Serving("--save", str(folder)) as serving:
        ports = serving.ports()
        curl(f"http://127.0.0.1:{ports['http']}/api/user/info")
        curl("-N", f"http://127.0.0.1:{ports['sse']}/api/stream?interval_s=0")
        with connect(ports["websocket"]) as client:  # still open when the signal comes
            client.sendall(HANDSHAKE)
            read_until(client, b"\r\n\r\n")
            status, rest, errors = serving.end(number)
    assert (status, errors) == (0, "")
    unused = ("polling", "llm")
    assert [line for line in rest if "pcapng" in line] == [
        f"{folder / name}.pcapng: {'0 connections' if name in unused else '1 connection'}" for name in SERVERS
    ]

    def dissected(name: str, column: str) -> list[str]:
        decode = ["-d", f"tcp.port=={ports[name]},http"]
        command = [tshark, "-r", str(folder / f"{name}.pcapng"), *decode, "-T", "fields", "-e", column]
        output = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, timeout=60).stdout
        return [line for line in output.splitlines() if line]

    assert dissected("http", "http.request.uri") == ["/api/user/info"]
    assert dissected("sse", "http.content_type") == ["text/event-stream"]
    assert dissected("websocket", "http.response.code") == ["101"]
    # The stop came first and the file after: the server's close frame, "going away", is in it.
    assert dissected("websocket", "websocket.payload.close.status_code") == ["1001"]
    assert dissected("polling", "frame.number") == []


def test_json_with_save_writes_files_and_no_second_line(tmp_path: Path) -> None:
    with Serving("--json", "--save", str(tmp_path)) as serving:
        serving.line()
        assert serving.end(signal.SIGTERM) == (0, [], "")
    assert {file.name for file in tmp_path.iterdir()} == {f"{name}.pcapng" for name in SERVERS}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a file whose opening blocks")
def test_a_second_sigint_ends_at_once(tmp_path: Path) -> None:
    with Serving("--json", "--save", str(tmp_path)) as serving:
        port = json.loads(serving.line())["http"]["port"]
        os.mkfifo(tmp_path / "http.pcapng")  # saving waits for its reader, who never comes
        with connect(port) as client:
            serving.process.send_signal(signal.SIGINT)
            with suppress(ConnectionResetError):
                assert client.recv(1) == b"", "the stop ends this connection"
        serving.process.send_signal(signal.SIGINT)
        assert serving.process.wait(GIVE_UP_S) == -signal.SIGINT


def test_a_reader_who_has_seen_enough_ends_it_quietly() -> None:
    with Serving(reads=False) as serving:
        assert serving.process.stdout is not None
        port = int(serving.process.stdout.readline().split()[1].rpartition(":")[2])
        serving.process.stdout.close()
        curl(f"http://127.0.0.1:{port}/api/user/info")
        assert serving.process.wait(GIVE_UP_S) == 0
        assert serving.errors() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to handle")
def test_a_paused_terminal_delays_neither_the_servers_nor_the_end(tmp_path: Path) -> None:
    with Serving("--save", str(tmp_path), reads=False) as serving:
        assert serving.process.stdout is not None
        port = int(serving.process.stdout.readline().split()[1].rpartition(":")[2])
        # More lines than any pipe holds: the printer is blocked long before the last one.
        with connect(port) as client:
            for _ in range(3_000):
                client.sendall(GET)
                read_until(client, b"}")
        serving.process.send_signal(signal.SIGTERM)
        assert serving.process.wait(GIVE_UP_S) == 0
    assert (tmp_path / "http.pcapng").stat().st_size > 3_000 * len(GET)


def test_a_network_lies_before_every_server_and_the_table_and_the_files_say_which(tmp_path: Path) -> None:
    with Serving("--network", "another continent", "--save", str(tmp_path)) as serving:
        first = serving.line()
        assert first.endswith(", over another continent")
        port = int(first.split()[1].rpartition(":")[2])
        took = curl("--write-out", " %{time_total}", f"http://127.0.0.1:{port}/api/user/info").split()[-1]
        # Not how long exactly, which is tested with the conditions: that the way there and back was gone at all.
        assert float(took) > 0.2
        assert serving.end(signal.SIGTERM)[0] == 0
    saved = (tmp_path / "http.pcapng").read_bytes()
    assert b"network='another continent'" in saved


def test_a_network_that_there_is_not_is_one_sentence_and_status_2() -> None:
    done = run("serve", "--network", "5G")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("--network must be one of loopback, office LAN,")
    assert len(done.stderr.splitlines()) == 1


def test_a_taken_port_is_one_sentence_and_status_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", "--websocket", str(port))
    sentence = f"Port {port} for websocket is in use by another program: choose another port, or 0 for any free one.\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", sentence)


def test_a_folder_that_cannot_be_made_is_said_before_anything_starts(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    done = run("serve", "--json", "--save", str(file / "below"))
    assert (done.returncode, done.stdout) == (2, "")
    (sentence,) = done.stderr.splitlines()
    assert str(file / "below") in sentence
    assert sentence.endswith("name a folder that you may write to.")


@pytest.fixture
def _signals_as_before() -> Iterator[None]:
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_signals_as_before")
def test_a_port_that_needs_more_rights_is_one_sentence_and_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Refused here by hand: root, and everybody in most containers, may open port 80."""
    bind = socket.socket.bind

    def refuse_80(self: socket.socket, address: tuple[str, int]) -> None:
        if address[1] == 80:
            raise PermissionError(13, "Permission denied")
        bind(self, address)

    monkeypatch.setattr(socket.socket, "bind", refuse_80)
    assert main(["serve", "--http", "80"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == "Port 80 for http may not be opened by this user: choose a port from 1024 to 65535, or 0.\n"


def test_the_bound_on_recording_is_said_at_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab(["http"], limit_bytes=4_000).start()
    with connect(lab.hosted[0].relay.address[1]) as client:
        for _ in range(20):
            client.sendall(GET)
            read_until(client, b"}")
    assert end(lab, tmp_path, None) == 0
    assert "The bound on recording was reached" in capsys.readouterr().err
    assert (tmp_path / "http.pcapng").exists()


def test_a_file_that_cannot_be_written_at_the_end_is_said_and_the_others_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "http.pcapng").mkdir()
    assert end(Lab(["http", "sse"]).start(), tmp_path, None) == 1
    (sentence,) = capsys.readouterr().err.splitlines()
    assert str(tmp_path / "http.pcapng") in sentence
    assert (tmp_path / "sse.pcapng").is_file()

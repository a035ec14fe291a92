"""``Recording.load``: files of ours come back as they were, tcpdump's are read, and what is no capture is named."""

from __future__ import annotations

import gzip
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab_servers.capture.capture import Capture, Side, TransitionKind
from lab_servers.capture.packets import MAX_PAYLOAD_BYTES
from lab_servers.errors import LoadFailed
from lab_servers.marks import Mark
from lab_servers.recording import Recording
from tests.capture.files import load, pcap, talk
from tests.capture.relayed import story
from tests.capture.wireshark import (
    ABANDONED,
    CLIENT,
    CLOSED,
    HALF_CLOSED,
    OFFSET_NS,
    OPENED,
    REFUSED,
    REQUEST,
    RESET,
    RESPONSE,
    SERVER,
    START_NS,
    End,
    http_capture,
    recorded,
)
from tests.tools import require_tool
from tests.waiting import until_sync


def saved_and_loaded(folder: Path, recording: Recording) -> Recording:
    return Recording.load(recording.save(folder / "run.pcapng"))


def moments(recording: Recording, capture: Capture) -> list[tuple[int, Side, int, bytes]]:
    """Every chunk with its Unix time."""
    return [(at_ns + recording.wall_clock_offset_ns, *rest) for at_ns, *rest in capture.chunks]  # type: ignore[misc]


def recording_of(*captures: Capture, **more: object) -> Recording:
    return Recording("run", captures, wall_clock_offset_ns=OFFSET_NS, **more)  # type: ignore[arg-type]


# --- files of ours --------------------------------------------------------------------------------------------------


def test_a_saved_recording_comes_back(tmp_path: Path) -> None:
    second = recorded((CLIENT, REQUEST * 2), (SERVER, RESPONSE), number=7, start_ns=START_NS + 500_000)
    marks = (Mark(START_NS + 5, "token", '张三 "25"\n\x00\udc80'), Mark(START_NS + 10**9, "done"))
    before = recording_of(http_capture(), second, marks=marks, parameters={"delay_s": 0.1})
    after = saved_and_loaded(tmp_path, before)
    assert after.name == after.comment == "run(delay_s=0.1)"
    assert [(one.server, one.number) for one in after] == [("http", 1), ("http", 7)]
    for old, new in zip(before, after, strict=True):
        assert moments(after, new) == moments(before, old)
        assert (new.client_address, new.relay_address) == (old.client_address, old.relay_address)
        assert story(new) == [(OPENED, CLIENT), (HALF_CLOSED, CLIENT), (HALF_CLOSED, SERVER), (CLOSED, None)]
    shift = before.wall_clock_offset_ns - after.wall_clock_offset_ns
    assert [(one.at_ns - shift, one.name, one.detail) for one in after.marks] == [
        (one.at_ns, one.name, one.detail) for one in marks
    ]
    assert after.notices == ()


def test_a_recording_saved_again_comes_back_the_same(tmp_path: Path) -> None:
    once = saved_and_loaded(tmp_path, recording_of(http_capture(), marks=(Mark(START_NS + 5, "token", "x"),)))
    assert saved_and_loaded(tmp_path, once) == once


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((), [(OPENED, CLIENT)]),
        (((RESET, CLIENT), (CLOSED, None)), [(OPENED, CLIENT), (RESET, CLIENT), (CLOSED, None)]),
        (((RESET, SERVER), (CLOSED, None)), [(OPENED, CLIENT), (RESET, SERVER), (CLOSED, None)]),
        (((REFUSED, None), (CLOSED, None)), [(OPENED, CLIENT), (REFUSED, None), (CLOSED, None)]),
        (((ABANDONED, None), (CLOSED, None)), [(OPENED, CLIENT), (ABANDONED, None), (CLOSED, None)]),
        (((HALF_CLOSED, SERVER),), [(OPENED, CLIENT), (HALF_CLOSED, SERVER)]),
    ],
)
def test_every_ending_comes_back(
    tmp_path: Path, ends: tuple[End, ...], expected: list[tuple[TransitionKind, Side | None]]
) -> None:
    (capture,) = saved_and_loaded(tmp_path, recording_of(recorded((CLIENT, REQUEST), ends=ends)))
    assert story(capture) == expected


@pytest.mark.parametrize("ends", [(), ((RESET, CLIENT), (CLOSED, None))], ids=["still open", "reset"])
@pytest.mark.parametrize("talk_", [[(CLIENT, REQUEST)], [(CLIENT, REQUEST), (SERVER, RESPONSE)]])
def test_what_passed_unrecorded_is_still_known(
    tmp_path: Path, ends: tuple[End, ...], talk_: list[tuple[Side, bytes]]
) -> None:
    before = recording_of(
        recorded(*talk_, ends=ends, unrecorded={CLIENT: 0, SERVER: 70_000}),
        unrecorded_connections=3,
        unrecorded_marks=4,
    )
    after = saved_and_loaded(tmp_path, before)
    assert after.captures[0].unrecorded_bytes == {CLIENT: 0, SERVER: 70_000}
    assert sorted(after.notices) == sorted(before.notices)


def test_a_chunk_larger_than_a_segment_comes_back_in_pieces_of_the_same_time(tmp_path: Path) -> None:
    data = bytes(range(256)) * 1024
    (capture,) = saved_and_loaded(tmp_path, recording_of(recorded((SERVER, data))))
    assert capture.bytes_from(SERVER) == data
    assert len({chunk.at_ns for chunk in capture.chunks}) == 1
    assert len(capture.chunks) == -(-len(data) // MAX_PAYLOAD_BYTES)


def test_a_recording_without_connections_comes_back(tmp_path: Path) -> None:
    after = saved_and_loaded(tmp_path, Recording("nothing", ()))
    assert (after.name, len(after)) == ("nothing", 0)
    assert after.notices == ("The file has no packets: there is no connection to show.",)


def test_packets_on_marks_that_are_no_marks_are_passed_over(tmp_path: Path) -> None:
    file = recording_of(marks=(Mark(0, "good"), Mark(1, "other"))).save(tmp_path / "run.pcapng")
    data = file.read_bytes().replace(b'{"mark": "other"', b'[["mark", "other"')
    assert [mark.name for mark in load(tmp_path, data).marks] == ["good"]


# --- files of others ------------------------------------------------------------------------------------------------


def test_what_tcpdump_captured_is_read(tmp_path: Path) -> None:
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    file = tmp_path / "lo.pcap"
    answer = b"x" * 100_000
    with tcpdump(file, port):
        _exchange(server, port, answer)
        # tcpdump writes a moment later; a file that is still growing can be read as well.
        until_sync(lambda: [one for one in Recording.load(file) if one.closed_ns is not None])
    recording = Recording.load(file)
    (capture,) = recording
    assert {side: capture.bytes_from(side) for side in Side} == {CLIENT: REQUEST, SERVER: answer}
    assert capture.relay_address == ("127.0.0.1", port)
    assert capture.server == f"127.0.0.1:{port}"
    assert story(capture)[0] == (OPENED, CLIENT)
    assert recording.notices == ()


@contextmanager
def tcpdump(file: Path, port: int) -> Iterator[None]:
    """Capture on the loopback interface during the block."""
    interface = "lo" if sys.platform == "linux" else "lo0"
    # tcpdump's buffer has room for few packets of the largest size; on a busy machine it would lose some.
    options = ["-i", interface, "-n", "--immediate-mode", "-s", "66000", "-B", "16384", "-U", "-w", "-"]
    command = [require_tool("tcpdump"), *options, f"tcp port {port}"]
    # Written by us and not with -w FILE: started by root, tcpdump becomes a user who may not write there.
    with file.open("wb") as stream, subprocess.Popen(command, stdout=stream, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        try:
            said = next((line for line in run.stderr if "listening on" in line or "ermi" in line), "")
            if "listening on" not in said:
                give_up = pytest.fail if os.environ.get("CI") else pytest.skip
                give_up(f"tcpdump may not capture here; run the test as a user who may: {said}")
            yield
        finally:
            run.terminate()
            run.stderr.read()


def _exchange(server: socket.socket, port: int, answer: bytes) -> None:
    def serve() -> None:
        peer, _ = server.accept()
        with peer, server:
            peer.recv(65_536)
            peer.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(REQUEST)
        while client.recv(65_536):
            pass
    thread.join()


# --- files that are none --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty: no capture was written to it"),
        (gzip.compress(b"pcap"), "is compressed with gzip: unpack it first"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", r"is text and no capture file \(it begins with 'GET / HTTP/1.1"),
        (b"\x89PNG\r\n\x1a\n", r"is no capture file that can be read here \(it begins with the bytes 89 50 4e 47"),
        (b"\0", "begins with the bytes 00"),
    ],
)
def test_a_file_that_is_no_capture_is_named_for_what_it_is(tmp_path: Path, data: bytes, sentence: str) -> None:
    with pytest.raises(LoadFailed, match=sentence):
        load(tmp_path, data)


def test_a_place_without_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LoadFailed, match="No such file or directory"):
        Recording.load(tmp_path / "nowhere.pcap")
    with pytest.raises(LoadFailed, match="is a folder: choose a capture file inside it"):
        Recording.load(str(tmp_path))
    with pytest.raises(LoadFailed, match="cannot be read"):
        Recording.load("a\0b.pcap")


@pytest.mark.parametrize("make", [getattr(os, "mkfifo", None)] if hasattr(os, "mkfifo") else [])
def test_a_pipe_is_not_waited_for(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "pipe")
    with pytest.raises(LoadFailed, match="is no regular file: save the capture to a file first"):
        Recording.load(tmp_path / "pipe")


def test_a_file_above_the_bound_is_refused_before_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "large.pcap"
    file.write_bytes(pcap([one.ipv4() for one in talk()]))
    size = file.stat().st_size
    assert len(Recording.load(file, limit_bytes=size)) == 1
    with pytest.raises(LoadFailed, match=f"has {size} bytes, more than the bound of {size - 1}"):
        Recording.load(file, limit_bytes=size - 1)

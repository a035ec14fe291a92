"""A recorded client stream, changed and sent again: the real servers answer it as their protocols say."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Capture, Side
from lab_servers.clients import converse
from lab_servers.clients.raw import RawEnding
from lab_servers.dissection import dissect
from lab_servers.errors import BadParameter, LabNotRunning
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import OneExchange, Replay
from lab_servers.wire.model import Severity

MASK = 0x80


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.fixture(scope="module")
def request_bytes(lab: Lab) -> bytes:
    return OneExchange().run(lab).captures[0].bytes_from(Side.CLIENT)


@pytest.fixture(scope="module")
def chat(lab: Lab) -> Capture:
    with lab.record("chat") as take:
        lab.run(converse(lab.url("websocket", "/ws/chat"), ["hi"], expect=1))
    return take.recording.captures[0]


def statuses(recording: Recording) -> list[int | None]:
    (capture,) = recording.captures
    return [message.status for message in dissect(capture).conversation.messages("server")]


def forbidden(recording: Recording) -> list[str]:
    (capture,) = recording.captures
    notes = [note for record in dissect(capture).records(Side.CLIENT) for note in record.notes]
    return [note.text for note in notes if note.severity is Severity.FORBIDDEN]


def ending(recording: Recording) -> str:
    return recording.marks_named("client: ended")[-1].detail


# --- HTTP -----------------------------------------------------------------------------------


def test_unchanged_bytes_pass_the_relay_unchanged_and_get_the_same_answer(lab: Lab, request_bytes: bytes) -> None:
    recording = Replay("http", request_bytes).run(lab)
    assert recording.captures[0].bytes_from(Side.CLIENT) == request_bytes
    assert statuses(recording) == [200]
    assert ending(recording) == RawEnding.SERVER.value
    assert recording.comment == f"Replay(server='http', size_bytes={len(request_bytes)}, timeout_s=5, quiet_s=0.5)"


def test_a_method_that_the_resource_does_not_know_is_405(lab: Lab, request_bytes: bytes) -> None:
    assert statuses(Replay("http", request_bytes.replace(b"GET", b"DELETE")).run(lab)) == [405]


def test_a_broken_content_length_is_400_and_breaks_a_rule(lab: Lab, request_bytes: bytes) -> None:
    broken = request_bytes.replace(b"\r\n\r\n", b"\r\nContent-Length: 5x\r\n\r\n")
    recording = Replay("http", broken).run(lab)
    assert statuses(recording) == [400]
    assert len(forbidden(recording)) == 1


def test_bare_line_feeds_are_400_here_and_a_note_at_every_line(lab: Lab, request_bytes: bytes) -> None:
    recording = Replay("http", request_bytes.replace(b"\r\n", b"\n")).run(lab)
    assert statuses(recording) == [400]
    assert len(forbidden(recording)) == request_bytes.count(b"\r\n")


def test_the_port_in_host_may_be_that_of_an_earlier_lab(lab: Lab) -> None:
    with Lab(["http"]) as earlier:
        request_bytes = OneExchange().run(earlier).captures[0].bytes_from(Side.CLIENT)
    assert lab.url("http").removeprefix("http://").encode() not in request_bytes
    assert statuses(Replay("http", request_bytes).run(lab)) == [200]


def test_another_name_in_host_is_421_and_another_origin_403(lab: Lab, request_bytes: bytes) -> None:
    assert statuses(Replay("http", request_bytes.replace(b"127.0.0.1", b"evil.example")).run(lab)) == [421]
    foreign = request_bytes.replace(b"\r\n\r\n", b"\r\nOrigin: http://evil.example\r\n\r\n")
    assert statuses(Replay("http", foreign).run(lab)) == [403]


def test_a_server_that_waits_for_more_is_left_after_a_while(lab: Lab, request_bytes: bytes) -> None:
    recording = Replay("http", request_bytes[:-1], quiet_s=0.02).run(lab)
    assert statuses(recording) == []
    assert ending(recording) == RawEnding.QUIET.value


def test_a_stream_without_end_is_left_when_the_time_is_over(lab: Lab) -> None:
    asking = b"GET /api/build/log HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
    recording = Replay("sse", asking, timeout_s=0.3, quiet_s=60).run(lab)
    assert statuses(recording) == [200]
    assert ending(recording) == RawEnding.TIMEOUT.value
    assert recording.captures[0].closed_ns is not None


# --- WebSocket ------------------------------------------------------------------------------


def test_a_recorded_conversation_is_had_again_in_turns(lab: Lab, chat: Capture) -> None:
    recording = Replay("websocket", chat.bytes_from(Side.CLIENT)).run(lab)
    frames = dissect(recording.captures[0]).records(Side.SERVER, "websocket")
    assert [record.name for record in frames] == ["text frame", "close frame"]


def test_a_frame_with_its_mask_bit_cleared_is_answered_with_1002(lab: Lab, chat: Capture) -> None:
    data = bytearray(chat.bytes_from(Side.CLIENT))
    frames = dissect(chat).conversation.http_end
    assert frames is not None
    assert data[frames["client"] + 1] & MASK
    data[frames["client"] + 1] &= ~MASK
    recording = Replay("websocket", bytes(data)).run(lab)
    last = dissect(recording.captures[0]).records(Side.SERVER, "websocket")[-1]
    assert last.name == "close frame"
    assert last.summary.startswith("1002 protocol error")
    assert forbidden(recording)


# --- anything -------------------------------------------------------------------------------


@pytest.mark.parametrize("server", ["http", "polling", "sse", "websocket"])
@pytest.mark.parametrize("seed", range(5))
def test_garbage_ends_and_is_recorded_whole_or_until_the_server_left(lab: Lab, server: str, seed: int) -> None:
    data = random.Random(seed).randbytes(10 ** (seed + 1))
    recording = Replay(server, data, quiet_s=0.05).run(lab)
    assert data.startswith(recording.captures[0].bytes_from(Side.CLIENT))
    assert lab.problems == ()


@pytest.mark.parametrize("filler", [b"x", b"\r\n", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"])
@pytest.mark.parametrize("server", ["http", "websocket"])
def test_the_largest_stream_ends(lab: Lab, server: str, filler: bytes) -> None:
    data = (filler * 1024 * 1024)[: 1024 * 1024]
    recording = Replay(server, data, timeout_s=30, quiet_s=0.2).run(lab)
    assert data.startswith(recording.captures[0].bytes_from(Side.CLIENT))
    assert ending(recording)


def test_it_can_be_awaited(lab: Lab, request_bytes: bytes) -> None:
    assert statuses(asyncio.run(Replay("http", request_bytes).run_async(lab))) == [200]


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"data": b""}, "data must be 1 to 1,048,576 bytes long, not 0."),
        ({"data": bytes(1024 * 1024 + 1)}, "data must be 1 to 1,048,576 bytes long, not 1,048,577."),
        ({"data": "GET /"}, r'data must be bytes, written like b"GET / HTTP/1.1\r\n", not str.'),
        ({"server": 80}, 'server must be the name of a server, such as "http", not 80.'),
        ({"timeout_s": 61}, "timeout_s must be a number from 0.01 to 60 seconds, not 61."),
        ({"quiet_s": 0}, "quiet_s must be a number from 0.01 to 60 seconds, not 0."),
    ],
)
def test_a_bad_parameter_is_named_with_its_bounds(parameters: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadParameter) as error:
        Replay(**{"server": "http", "data": b"x"} | parameters)  # type: ignore[arg-type]
    assert str(error.value) == sentence


def test_an_unknown_server_and_a_stopped_lab_are_sentences(lab: Lab) -> None:
    with pytest.raises(BadParameter, match="No server 'ftp' runs in this lab: choose from http, polling"):
        Replay("ftp", b"x").run(lab)
    with pytest.raises(LabNotRunning, match="start it with start_lab"):
        Replay("http", b"x").run(Lab())

"""Pointing at bytes: each excerpt says where it lies, and what is not there is pointed at by nothing."""

from __future__ import annotations

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import dissect, dissect_alone
from lab_servers.proofs.pointing import MOST_BYTES, field_line, last_bytes, range_of, record_of, start_line
from lab_servers.wire.conversation import Protocol

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX: 1\r\n\r\ndata: a\n\n"


def capture_of(answer: bytes = ANSWER) -> Capture:
    return dissect_alone(Protocol.HTTP_RESPONSE, answer, "file").capture


def test_a_start_line_and_a_field_line_are_found_with_their_line_ends() -> None:
    (line,), (field,) = start_line(capture_of(), Side.SERVER), field_line(capture_of(), Side.SERVER, "content-type")
    assert (line.start, line.stop, line.data) == (0, 17, b"HTTP/1.1 200 OK\r\n")
    assert field.data == b"Content-Type: text/event-stream\r\n"
    assert ANSWER[field.start : field.stop] == field.data


def test_a_field_that_stands_in_the_body_alone_is_not_found() -> None:
    assert field_line(capture_of(), Side.SERVER, "data") == ()
    assert field_line(capture_of(), Side.SERVER, "ontent-Type") == ()


def test_what_is_not_there_is_pointed_at_by_nothing() -> None:
    for found in (
        start_line(capture_of(), Side.SERVER, 1),
        start_line(capture_of(), Side.CLIENT),
        field_line(capture_of(), Side.CLIENT, "Host"),
        range_of(capture_of(), Side.SERVER, 900, 910),
        last_bytes(capture_of(), Side.CLIENT, 5),
    ):
        assert found == ()


def test_a_long_range_keeps_its_ends_and_shows_its_beginning() -> None:
    (found,) = range_of(capture_of(ANSWER + b"x" * 500), Side.SERVER, 60, 9_000)
    assert (found.start, found.stop, len(found.data)) == (60, len(ANSWER) + 500, MOST_BYTES)


def test_a_record_and_the_last_bytes() -> None:
    capture = capture_of()
    event = dissect(capture).records(Side.SERVER, "sse")[0]
    assert record_of(capture, event)[0].data == b"data: a\n\n"
    assert last_bytes(capture, Side.SERVER, 2)[0].data == b"\n\n"

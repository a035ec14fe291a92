"""Records meet the times at which they passed, and those of all layers form one line of time."""

from __future__ import annotations

from itertools import pairwise

from lab_servers.capture.capture import Side
from lab_servers.dissection import dissect, dissect_alone
from lab_servers.wire.conversation import Protocol
from tests.capture.wireshark import ANSWER, MASKED_HELLO, SWITCHING, UPGRADE
from tests.views.recorded import MS, capture, exchange

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_a_record_passed_when_its_last_byte_did() -> None:
    found = dissect(exchange())
    head, body = found.records(Side.SERVER)
    assert (found.begun_ns(head), found.passed_ns(head)) == (51 * MS, 51 * MS)
    assert (found.begun_ns(body), found.passed_ns(body)) == (51 * MS, 61 * MS)
    assert found.passed_s(body) == 0.061


def test_the_records_of_all_layers_and_both_sides_stand_in_the_order_of_time() -> None:
    talk = capture(
        (1, Side.CLIENT, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        (2, Side.SERVER, STREAM),
        (3, Side.SERVER, b"9\r\ndata: a\n\n\r\n"),
        (4, Side.SERVER, b"5\r\ndata:\r\n"),
        (5, Side.SERVER, b"4\r\n b\n\n\r\n0\r\n\r\n"),
    )
    found = dissect(talk)
    timeline = list(found.timeline())
    assert [record.name for record in timeline] == [
        "request head", "response head", "chunk", "event", "chunk", "chunk", "event", "last chunk", "trailer section",
    ]  # fmt: skip
    assert all(found.passed_ns(one) <= found.passed_ns(other) for one, other in pairwise(timeline))
    # The second event lies in two chunks; chunk, event and read are three different things.
    assert len(timeline[6].pieces) == 2
    assert [record.layer for record in found.timeline("sse")] == ["sse", "sse"]


def test_what_came_in_the_same_read_as_the_101_is_counted() -> None:
    early = capture((1, Side.CLIENT, UPGRADE), (2, Side.SERVER, SWITCHING + ANSWER), (3, Side.CLIENT, MASKED_HELLO))
    late = capture((1, Side.CLIENT, UPGRADE), (2, Side.SERVER, SWITCHING), (3, Side.SERVER, ANSWER))
    assert dissect(early).came_with_upgrade == len(ANSWER)
    assert dissect(late).came_with_upgrade == 0
    assert dissect(exchange()).came_with_upgrade == 0
    assert dissect(early).conversation.http_end == {"client": len(UPGRADE), "server": len(SWITCHING)}


def test_bytes_of_one_direction_alone_have_no_times() -> None:
    found = dissect_alone(Protocol.SSE, b"data: a\n\n", "bytes")
    assert not found.is_timed
    assert [record.name for record in found.timeline()] == ["event"]


def test_a_raw_event_stream_is_told_once() -> None:
    found = dissect_alone(Protocol.SSE, b"data: a\n\ndata: b\n\n", "bytes")
    assert len(list(found.timeline())) == 2

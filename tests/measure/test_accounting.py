"""Bytes by their use: exact on every lane, in both directions, and whatever the bytes are."""

from __future__ import annotations

import gzip
import time
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_servers.capture.capture import Capture, Side
from lab_servers.measure.accounting import Account, Bytes, account, accounts
from lab_servers.measure.shares import shares
from lab_servers.measure.transports import Direction, Lane, Transport
from lab_servers.recording import Recording
from tests.capture.wireshark import CLIENT, SERVER, SWITCHING, UPGRADE, recorded
from tests.measure.by_fields import bytes_by_fields
from tests.measure.lanes_by_hand import DOWN, REQUEST, UP, captured, chunks, head, messages, ndjson, sse, websocket
from tests.measure.lanes_by_hand import Lane as Written
from tests.wire import traffic
from tests.wire.websocket_frames import KEY, PING, TEXT, compressed, frame

SEEDS = range(12)


def assert_all_are_counted(capture: Capture) -> Account:
    """The kinds add up to what passed, none is negative, and the messages' shares add up to the same."""
    found = account([capture])
    for side, sent, direction in ((CLIENT, found.up, Direction.UP), (SERVER, found.down, Direction.DOWN)):
        assert sent.total == len(capture.bytes_from(side)) + capture.unrecorded_bytes[side]
        assert min(sent.payload, sent.framing, sent.headers, sent.other) >= 0
        cut = shares([capture], direction)
        assert cut.total == sent
        parts = [*(one.bytes for one in cut.messages), cut.rest]
        assert all(min(part.payload, part.framing, part.headers, part.other) >= 0 for part in parts)
    return found


# --- lanes whose bytes are known ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("lane", DOWN, ids=lambda lane: lane.__name__)
def test_what_comes_down_has_the_same_payload_on_every_lane(lane: Written, seed: int) -> None:
    said, random = messages(20, seed), Random(seed)
    found = assert_all_are_counted(captured(lane(said, random), random))
    assert found.down.payload == sum(len(one) for one in said)
    assert found.message_count_down == len(said)
    assert (found.up.payload, found.message_count_up, found.down.other) == (0, 0, 0)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("lane", UP, ids=lambda lane: lane.__name__)
def test_what_goes_up_has_the_same_payload_on_every_lane(lane: Written, seed: int) -> None:
    said, random = messages(20, seed), Random(seed)
    found = assert_all_are_counted(captured(lane(said, random), random))
    assert found.up.payload == sum(len(one) for one in said)
    assert (found.message_count_up, found.message_count_down) == (len(said), 0)


@pytest.mark.parametrize("lane", [*DOWN, *UP], ids=lambda lane: lane.__name__)
def test_the_dissectors_fields_say_the_same_one_by_one(lane: Written) -> None:
    random = Random(3)
    capture = captured(lane(messages(30, 3), random), random)
    found = account([capture])
    if lane in (ndjson, *DOWN[:1], DOWN[3]):
        # Lines, brackets and commas are no fields of the dissector: it takes all of a JSON body for content.
        joined = Bytes(found.down.payload + found.down.framing, 0, found.down.headers)
        by_fields = bytes_by_fields(capture, SERVER)
        assert joined == Bytes(by_fields.payload + by_fields.framing, 0, by_fields.headers)
    else:
        assert (found.up, found.down) == (bytes_by_fields(capture, CLIENT), bytes_by_fields(capture, SERVER))


def test_every_byte_of_a_small_event_stream_has_its_kind() -> None:
    body = b"id: 7\ndata: {}\n\n"
    answer = head("text/event-stream") + b"10\r\n" + body + b"\r\n0\r\n\r\n"
    found = account([recorded((CLIENT, REQUEST), (SERVER, answer))])
    assert found.up == Bytes(headers=len(REQUEST))
    assert found.down == Bytes(2, len("10\r\n\r\n0\r\n\r\n") + len(body) - 2, len(head("text/event-stream")))


def test_a_frame_from_a_client_has_six_bytes_of_framing_and_one_from_a_server_two() -> None:
    capture = recorded(
        (CLIENT, UPGRADE), (SERVER, SWITCHING + frame(TEXT, b"{}")), (CLIENT, frame(TEXT, b"{}", key=KEY))
    )
    found = account([capture])
    assert (found.up, found.down) == (Bytes(2, 6, len(UPGRADE)), Bytes(2, 2, len(SWITCHING)))
    assert (found.requests, found.connections) == (1, 1)


def test_the_payload_of_control_frames_is_framing() -> None:
    found = account([recorded((CLIENT, UPGRADE), (SERVER, SWITCHING + frame(PING, b"there?")))])
    assert found.down == Bytes(0, 8, len(SWITCHING))
    assert found.message_count_down == 0


def test_the_line_feed_between_two_data_lines_is_payload() -> None:
    body = b"data: a\r\nid: 1\r\ndata: b\r\n\r\n"
    found = assert_all_are_counted(recorded((CLIENT, REQUEST), (SERVER, head("text/event-stream", length=28) + body)))
    assert found.down.payload == len("a\nb")


def test_brackets_commas_and_spaces_of_an_array_are_framing() -> None:
    body = b' [ {"n":1} ,\n"[,]" , 3.50 ] '
    found = assert_all_are_counted(
        recorded((CLIENT, REQUEST), (SERVER, head("application/json", length=len(body)) + body))
    )
    assert (found.down.payload, found.message_count_down) == (len('{"n":1}"[,]"3.50'), 3)


def test_a_json_object_is_one_message() -> None:
    found = account([recorded((CLIENT, REQUEST), (SERVER, head("application/json", length=10) + b' {"a":[1]}'))])
    assert (found.down.payload, found.down.framing, found.message_count_down) == (9, 1, 1)


# --- what did not come whole ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lane", DOWN, ids=lambda lane: lane.__name__)
def test_cut_anywhere_every_byte_is_counted_and_only_whole_messages(lane: Written) -> None:
    said, random = messages(4, 5), Random(5)
    streams = lane(said, random)
    counts = []
    for cut_at in range(len(streams[1])):
        found = assert_all_are_counted(captured(streams, random, cut_at=cut_at))
        counts.append(found.message_count_down)
        assert found.down.payload <= sum(len(one) for one in said)
    assert counts == sorted(counts)
    assert counts[0] == 0


def test_an_event_without_its_blank_line_is_no_whole_message() -> None:
    found = account([recorded((CLIENT, REQUEST), (SERVER, head("text/event-stream") + b"8\r\ndata: 12\r\n"))])
    assert (found.down.payload, found.message_count_down) == (2, 0)


def test_a_post_that_was_cut_short_is_no_whole_message() -> None:
    post = b"POST /api HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n"
    cut, whole = (account([recorded((CLIENT, post + body))]) for body in (b'{"n":1', b'{"n":1}'))
    assert (cut.up.payload, cut.message_count_up) == (6, 0)
    assert (whole.up.payload, whole.message_count_up) == (7, 1)


def test_bytes_that_passed_unrecorded_are_a_kind_of_their_own() -> None:
    capture = recorded((CLIENT, REQUEST), (SERVER, head("text/plain", length=9)), unrecorded={CLIENT: 0, SERVER: 9})
    assert assert_all_are_counted(capture).down == Bytes(headers=len(head("text/plain", length=9)), unrecorded=9)


# --- compressed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", ["text/event-stream", "application/x-ndjson", "application/json", "text/plain"])
def test_all_of_a_compressed_content_is_payload_and_its_messages_are_counted(media_type: str) -> None:
    said = messages(9, 1)
    bodies = {
        "text/event-stream": b"".join(b"data: " + one + b"\n\n" for one in said),
        "application/x-ndjson": b"".join(one + b"\n" for one in said),
        "application/json": b"[" + b",".join(said) + b"]",
        "text/plain": b"".join(said),
    }
    coded = gzip.compress(bodies[media_type])
    start = head(media_type, more="Content-Encoding: gzip\r\n")
    found = assert_all_are_counted(recorded((CLIENT, REQUEST), (SERVER, start + chunks(coded, Random(1)))))
    assert found.down.payload == len(coded)
    assert found.message_count_down == (1 if media_type == "text/plain" else len(said))


def test_a_coding_that_is_not_known_here_is_one_message() -> None:
    start = head("application/json", length=5, more="Content-Encoding: br\r\n")
    found = assert_all_are_counted(recorded((CLIENT, REQUEST), (SERVER, start + b"\x01[1,2")))
    assert (found.down.payload, found.message_count_down) == (5, 1)


def test_a_compressed_frame_counts_as_it_travelled() -> None:
    agreed = b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    text = b'{"n":1,"d":"' + b"a" * 500 + b'"}'
    shrunk = compressed(text)
    capture = recorded(
        (CLIENT, UPGRADE[:-2] + agreed), (SERVER, SWITCHING[:-2] + agreed + frame(TEXT, shrunk, rsv=0b100))
    )
    found = assert_all_are_counted(capture)
    assert (found.down.payload, found.down.framing, found.message_count_down) == (len(shrunk), 2, 1)
    assert len(shrunk) < len(text)


# --- whatever the bytes are -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", range(40))
def test_made_up_traffic_is_counted_to_the_byte(number: int) -> None:
    assert_all_are_counted(traffic.exchanges(9, number))
    assert_all_are_counted(traffic.frames(9, number))


_PIECES = st.sampled_from(
    [
        b"", b"\r\n", b"\n\n", b"\r", b"data", b"data: ", b"data: x\n\n", b"id: 1\n", b": c\n", b"5\r\nhello\r\n",
        b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"ffffffff\r\n", b"zz\r\n", b"[", b"]", b",", b'{"n":1}', b"[[[[", b"1",
        b"\xff", b"\xef\xbb\xbf",
        frame(TEXT, b"hi"), frame(TEXT, b"hi", fin=0), frame(0, b"more"), frame(3, b"?"), frame(11, b"!"), b"\x81\x7f",
        frame(8, b"\x03\xe8"), b"\x82\x85", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 204 No\r\n\r\n", b"\x16\x03\x01",
    ]
)  # fmt: skip
_BYTES = st.lists(st.one_of(_PIECES, st.binary(max_size=9)), max_size=8).map(b"".join)
_TYPES = st.sampled_from(
    ["text/event-stream", "application/json", "application/x-ndjson", "text/html", "", "Application/JSON ; x"]
)
_MORE = st.sampled_from(
    ["", "Content-Encoding: gzip\r\n", "Content-Encoding: br, deflate\r\n", "Content-Length: 3\r\n", "Trailer: X\r\n"]
)


@given(asked=_BYTES, body=_BYTES, media_type=_TYPES, more=_MORE, length=st.one_of(st.none(), st.integers(0, 60)))
def test_hostile_answers_raise_nothing_and_are_counted_to_the_byte(
    asked: bytes, body: bytes, media_type: str, more: str, length: int | None
) -> None:
    answer = head(media_type, length=length, more=more) + body
    assert_all_are_counted(recorded((CLIENT, REQUEST + asked), (SERVER, answer)))


@given(up=_BYTES, down=_BYTES)
def test_hostile_frames_raise_nothing_and_are_counted_to_the_byte(up: bytes, down: bytes) -> None:
    agreed = b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    assert_all_are_counted(recorded((CLIENT, UPGRADE + up), (SERVER, SWITCHING + down)))
    assert_all_are_counted(recorded((CLIENT, UPGRADE[:-2] + agreed + up), (SERVER, SWITCHING[:-2] + agreed + down)))


@given(up=_BYTES, down=_BYTES)
def test_bytes_of_any_protocol_raise_nothing_and_are_counted_to_the_byte(up: bytes, down: bytes) -> None:
    assert_all_are_counted(recorded((CLIENT, up), (SERVER, down)))


def test_a_number_of_ten_thousand_digits_and_brackets_without_end_are_counted() -> None:
    for body in (b"[" + b"9" * 10_000 + b"]", b"[" * 100_000, b"[1,2" + b"]" * 9):
        assert_all_are_counted(recorded((CLIENT, REQUEST), (SERVER, head("application/json", length=len(body)) + body)))


def test_bytes_that_are_no_http_are_of_the_fourth_kind() -> None:
    found = assert_all_are_counted(recorded((CLIENT, b"\x16\x03\x01 hello\n"), (SERVER, b"\x00\x01\x02")))
    assert (found.up.other, found.down.other) == (10, 3)


# --- many connections, many messages --------------------------------------------------------------------------


def test_accounts_add_up_over_connections() -> None:
    random = Random(2)
    one, two = (captured(lane(messages(5, 2), random), random) for lane in (sse, websocket))
    both = account([one, two])
    assert both.both == account([one]).both + account([two]).both
    assert (both.connections, both.requests, both.message_count) == (2, 2, 10)
    assert both.open_s == pytest.approx(sum((c.closed_ns or 0) - c.opened_ns for c in (one, two)) / 1e9)


def test_accounts_of_a_recording_are_those_of_its_lanes_in_the_order_of_the_transports() -> None:
    def served_by(name: str) -> Capture:
        capture = recorded((CLIENT, REQUEST))
        return Capture(name, 1, ("", 0), ("", 0), capture.chunks, capture.transitions, capture.unrecorded_bytes)

    names = ["WebSocket", "SSE by httpx-sse", "http", "SSE", Lane(Transport.WHOLE).name]
    found = accounts(Recording("SideBySide", tuple(served_by(name) for name in names)))
    assert list(found) == ["whole response", "SSE", "SSE by httpx-sse", "WebSocket"]
    assert found["SSE"].up == Bytes(headers=len(REQUEST))


def test_each_message_has_its_share_and_the_first_of_a_stream_the_head() -> None:
    said = messages(4, 8)
    body = b"".join(b"%x\r\ndata: %s\n\n\r\n" % (len(one) + 8, one) for one in said)
    capture = recorded((CLIENT, REQUEST), (SERVER, head("text/event-stream") + body + b"0\r\n\r\n"))
    cut = shares([capture])
    assert [one.number for one in cut.messages] == [1, 2, 3, 4]
    assert [one.bytes.payload for one in cut.messages] == [len(one) for one in said]
    assert [one.bytes.headers for one in cut.messages] == [len(head("text/event-stream")), 0, 0, 0]
    sizes = [len(b"%x\r\n\r\n" % (len(one) + 8)) + 8 for one in said]
    assert [one.bytes.framing for one in cut.messages] == sizes
    assert cut.rest == Bytes(framing=5)


def test_the_time_grows_with_the_bytes_and_not_with_their_square() -> None:
    def seconds(count: int) -> float:
        said = [b'{"n":%d}' % number for number in range(count)]
        random = Random(4)
        captures = [captured(lane(said, random), random) for lane in (DOWN[0], ndjson, sse, websocket)]
        began = time.perf_counter()
        for capture in captures:
            account([capture])
        return time.perf_counter() - began

    seconds(100)
    assert seconds(8_000) < 10 * 8 * seconds(1_000)


def test_sides_are_not_mixed_up() -> None:
    capture = recorded((Side.CLIENT, REQUEST), (Side.SERVER, head("text/plain", length=2) + b"hi"))
    found = account([capture])
    assert (found.up.total, found.down.total) == (len(REQUEST), len(head("text/plain", length=2)) + 2)

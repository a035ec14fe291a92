"""Where Wireshark (4.0.17) sees something else than our dissectors: each test says who is right, and by which section.

A later Wireshark may have learnt it, so that its answer may also be the right one.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import dissect
from lab_servers.wire.model import Severity
from tests.capture.wireshark import CLIENT, SERVER, SWITCHING, UPGRADE, recorded
from tests.wire.tshark import tshark_units
from tests.wire.units import Frame, Message, Unit, ours
from tests.wire.websocket_frames import BINARY, CLOSE, CONTINUATION, KEY, PING, TEXT, compressed, frame

GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
HEAD = GET.replace(b"GET", b"HEAD")
OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate"

Talk = tuple[Side, bytes]
Both = Callable[..., tuple[list[Unit], list[Unit]]]


@pytest.fixture
def both(tmp_path: Path) -> Both:
    """What we and what tshark find in what one side sent."""

    def look(*talk: Talk, side: Side = SERVER) -> tuple[list[Unit], list[Unit]]:
        capture = recorded(*talk)
        return ours(capture)[side], tshark_units(tmp_path, [capture])[0][side]

    return look


def contents(units: list[Unit]) -> list[bytes]:
    return [unit.content for unit in units]


def opened(*talk: Talk, parameters: bytes | None = None) -> tuple[Talk, ...]:
    """An opening handshake, with permessage-deflate and these parameters if they are given, and then the talk."""
    line = b"" if parameters is None else DEFLATE + parameters + b"\r\n"
    return (CLIENT, UPGRADE[:-2] + line + b"\r\n"), (SERVER, SWITCHING[:-2] + line + b"\r\n"), *talk


def frame_contents(units: list[Unit]) -> list[bytes]:
    return [unit.content for unit in units if isinstance(unit, Frame)]


def first_message(units: list[Unit]) -> Message:
    message = units[0]
    assert isinstance(message, Message)
    return message


def forbidden(capture: Capture, side: Side) -> set[str]:
    """The sections that our notes say are broken."""
    records = dissect(capture).records(side)
    return {note.spec for record in records for note in record.notes if note.severity is Severity.FORBIDDEN}


# --- where a body ends ------------------------------------------------------------------------------


def test_the_answer_to_a_pipelined_head_has_no_body_we_are_right_by_rfc_9112_section_6_3(both: Both) -> None:
    # An answer belongs to the oldest unanswered request (RFC 9112 §9.3.2), here to HEAD.
    mine, theirs = both((CLIENT, HEAD + GET), (SERVER, OK + b"Content-Length: 5\r\n\r\n" + HELLO))
    assert contents(mine) == [b"", b"hello"]
    assert contents(theirs)[0] in (b"HTTP/", b"")


@pytest.mark.parametrize("status", [b"103 Early Hints", b"204 No Content", b"304 Not Modified"])
def test_some_answers_have_no_body_whatever_their_length_we_are_right_by_rfc_9112_section_6_3(
    status: bytes, both: Both
) -> None:
    requests = GET if status.startswith(b"1") else GET + GET
    answer = b"HTTP/1.1 " + status + b"\r\nContent-Length: 5\r\n\r\n"
    mine, theirs = both((CLIENT, requests), (SERVER, answer + HELLO))
    assert contents(mine) == [b"", b"hello"]
    assert contents(theirs)[0] in (b"HTTP/", b"")


def test_a_length_that_is_given_twice_in_one_line_counts_once_we_are_right_by_rfc_9110_section_8_6(both: Both) -> None:
    # A receiver must reject the message or take the length; Wireshark reads until the connection closes.
    answer = OK + b"Content-Length: 2, 2\r\n\r\nhi"
    mine, theirs = both((CLIENT, GET + GET), (SERVER, answer + HELLO))
    assert contents(mine) == [b"hi", b"hello"]
    assert contents(theirs) in ([b"hi" + HELLO], contents(mine))
    assert "RFC 9110 §8.6" in forbidden(recorded((CLIENT, GET), (SERVER, answer)), SERVER)


def test_a_length_with_a_sign_is_no_length_we_are_right_by_rfc_9110_section_8_6(tmp_path: Path) -> None:
    capture = recorded((CLIENT, GET), (SERVER, OK + b"Content-Length: +5\r\n\r\nhello"))
    assert "RFC 9112 §6.3" in forbidden(capture, SERVER)
    assert contents(tshark_units(tmp_path, [capture])[0][SERVER])[0] in (b"hello", b"")


def test_lengths_that_contradict_leave_the_end_unknowable_we_are_right_by_rfc_9112_section_6_3(tmp_path: Path) -> None:
    # A client must close the connection and discard the answer. Wireshark takes the length that came last.
    capture = recorded((CLIENT, GET), (SERVER, OK + b"Content-Length: 5\r\nContent-Length: 1\r\n\r\nhello"))
    assert "RFC 9112 §6.3" in forbidden(capture, SERVER)
    assert contents(tshark_units(tmp_path, [capture])[0][SERVER])[0] in (b"h", b"")


def test_a_coding_may_be_written_in_any_case_we_are_right_by_rfc_9112_section_7(both: Both) -> None:
    body = b"1\r\na\r\n0\r\n\r\n"
    mine, theirs = both((CLIENT, GET), (SERVER, OK + b"Transfer-Encoding: Chunked\r\n\r\n" + body))
    assert contents(mine) == [b"a"]
    assert contents(theirs) in ([body], [b"a"])


# --- chunks -----------------------------------------------------------------------------------------


def test_0x_begins_no_chunk_size_we_are_right_by_rfc_9112_section_7_1(tmp_path: Path) -> None:
    # Two programs that differ about this can be made to disagree about where a request ends.
    capture = recorded((CLIENT, GET), (SERVER, CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n"))
    assert "bytes that are not HTTP" in [record.name for record in dissect(capture).records(SERVER)]
    assert contents(tshark_units(tmp_path, [capture])[0][SERVER])[0] in (b"hello", b"")


def test_a_bare_lf_after_chunk_data_is_forbidden_and_takes_nothing_of_the_next_size_by_rfc_9112_section_7_1(
    both: Both,
) -> None:
    # The leave to take LF for CR LF (§2.2) is about start lines and fields. We note it and go on behind the LF, where
    # Wireshark takes two bytes, whatever they are.
    talk = (CLIENT, GET), (SERVER, CHUNKED + b"5\nhello\n0\n\n")
    mine, theirs = both(*talk)
    assert [chunk.boundary.data for chunk in first_message(mine).chunks if chunk.boundary] == [b"\n"]
    assert [chunk.boundary.data for chunk in first_message(theirs).chunks if chunk.boundary] in ([b"\n0"], [b"\n"])
    assert "RFC 9112 §7.1" in forbidden(recorded(*talk), SERVER)


@pytest.mark.parametrize(
    ("first", "second", "seen"),
    [(b"0\r\n\r", b"\n", [(False, b"")]), (b"0\r\nSum: 1\r\n", b"\r\n", [(True, b"a"), (False, b"")])],
)
def test_where_a_read_ends_means_nothing_we_are_right_by_rfc_9293_section_2_2(
    first: bytes, second: bytes, seen: list[tuple[bool, bytes]], both: Both
) -> None:
    # TCP carries a stream of bytes. Wireshark loses a message, or its last bytes, where the last chunk is cut.
    answer = CHUNKED + b"1\r\na\r\n" + first
    whole, _ = both((CLIENT, GET), (SERVER, answer + second))
    mine, theirs = both((CLIENT, GET), (SERVER, answer), (SERVER, second))
    assert mine == whole
    assert contents(mine) == [b"a"]
    assert [(bool(unit.start_line), unit.content) for unit in theirs if isinstance(unit, Message)] in (
        seen,
        [(True, b"a")],
    )


# --- content codings --------------------------------------------------------------------------------


def test_a_gzip_file_may_have_several_members_we_are_right_by_rfc_1952_section_2_2(both: Both) -> None:
    body = gzip.compress(b"hello") + gzip.compress(b" world")
    head = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    mine, theirs = both((CLIENT, GET), (SERVER, head + body))
    assert contents(mine) == [b"hello world"]
    assert contents(theirs) in ([b"hello"], contents(mine))


def test_codings_are_undone_from_the_last_to_the_first_we_are_right_by_rfc_9110_section_8_4(both: Both) -> None:
    body = gzip.compress(zlib.compress(b"hello"))
    head = OK + b"Content-Encoding: deflate, gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    mine, theirs = both((CLIENT, GET), (SERVER, head + body))
    assert contents(mine) == [b"hello"]
    assert contents(theirs) in ([b""], [body], contents(mine))


# --- heads ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [b"BREW", b"get"])
def test_a_method_is_any_token_in_its_own_case_we_are_right_by_rfc_9110_section_9_1(method: bytes, both: Both) -> None:
    mine, theirs = both((CLIENT, GET.replace(b"GET", method)), (SERVER, HELLO), side=CLIENT)
    assert first_message(mine).start_line[0].data == method
    assert theirs in ([], mine)


def test_a_folded_line_belongs_to_the_head_we_are_right_by_rfc_9112_section_5_2(both: Both) -> None:
    request = b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"
    mine, theirs = both((CLIENT, request), side=CLIENT)
    assert [line.data for line in first_message(mine).field_lines] == [b"Host: x\r\n", b"A: b\r\n", b" c\r\n"]
    assert contents(theirs) in ([b"", b" c\r\n\r\n"], [b""])


def test_a_head_ends_with_the_empty_line_and_not_with_a_line_that_has_no_colon_by_rfc_9112_section_2_1(
    both: Both,
) -> None:
    # A server answers 400 to it; until then it is a part of the head.
    mine, theirs = both((CLIENT, b"GET / HTTP/1.1\r\nHost: x\r\nwhat\r\n\r\n"), side=CLIENT)
    assert [line.data for line in first_message(mine).field_lines] == [b"Host: x\r\n", b"what\r\n"]
    assert contents(theirs) in ([b"", b"what\r\n\r\n"], [b""])


def test_more_white_space_in_a_request_line_is_forbidden_and_both_ways_to_read_it_are_allowed_by_rfc_9112_section_3(
    both: Both,
) -> None:
    # A receiver may take runs of white space for one separator, as we do, or split at single spaces.
    talk = (CLIENT, b"GET  /a HTTP/1.1\r\nHost: x\r\n\r\n")
    mine, theirs = both(talk, side=CLIENT)
    assert [part.data for part in first_message(mine).start_line] == [b"GET", b"/a", b"HTTP/1.1"]
    assert first_message(theirs).start_line[2].data in (b"/a HTTP/1.1", b"HTTP/1.1")
    assert "RFC 9112 §3" in forbidden(recorded(talk), CLIENT)


# --- frames -----------------------------------------------------------------------------------------


def test_bytes_that_came_before_the_101_are_frames_too_which_rfc_6455_section_4_1_forbids_to_send(both: Both) -> None:
    # A client must wait for the answer. A server that switches reads what came early as the new protocol all the same.
    hello = frame(TEXT, b"Hello", key=KEY)
    mine, theirs = both((CLIENT, UPGRADE + hello), (SERVER, SWITCHING), (CLIENT, hello), side=CLIENT)
    assert frame_contents(mine) == [b"Hello", b"Hello"]
    assert frame_contents(theirs) in ([b"Hello"], frame_contents(mine))


def test_both_sides_may_fragment_at_the_same_time_we_are_right_by_rfc_6455_section_5_4(both: Both) -> None:
    # Fragments of one message must not be mixed with those of another, in one direction. Wireshark mixes directions.
    talk = opened(
        (CLIENT, frame(TEXT, b"ab", fin=0, key=KEY)),
        (SERVER, frame(TEXT, b"xy", fin=0)),
        (CLIENT, frame(CONTINUATION, b"cd", key=KEY)),
        (SERVER, frame(CONTINUATION, b"zz")),
    )
    mine, theirs = both(*talk, side=CLIENT)
    assert frame_contents(mine) == [b"", b"abcd"]
    assert frame_contents(theirs) in ([b"", b"abxycd"], frame_contents(mine))


def test_the_last_fragment_may_be_empty_and_completes_the_message_we_are_right_by_rfc_6455_section_5_4(
    both: Both,
) -> None:
    mine, theirs = both(*opened((SERVER, frame(TEXT, b"ab", fin=0)), (SERVER, frame(CONTINUATION))))
    assert frame_contents(mine) == [b"", b"ab"]
    assert frame_contents(theirs) in ([b"", b""], frame_contents(mine))


def test_a_message_behind_a_fragmented_one_in_one_segment_is_one_of_its_own_by_rfc_9293_section_2_2(both: Both) -> None:
    # Wireshark shows no content of it. Neither frames nor messages know segments.
    sent = frame(TEXT, b"a", fin=0) + frame(CONTINUATION, b"b") + frame(TEXT, b"next")
    mine, theirs = both(*opened((SERVER, sent)))
    assert frame_contents(mine) == [b"", b"ab", b"next"]
    assert frame_contents(theirs) in ([b"", b"ab", b""], frame_contents(mine))


def test_the_bit_of_the_first_fragment_compresses_them_all_we_are_right_by_rfc_7692_section_6_1(both: Both) -> None:
    packed = compressed(b"hello hello")
    fragments = frame(TEXT, packed[:3], fin=0, rsv=0b100), frame(PING), frame(CONTINUATION, packed[3:])
    mine, theirs = both(*opened(*((SERVER, one) for one in fragments), parameters=b""))
    assert frame_contents(mine) == [b"", b"", b"hello hello"]
    assert frame_contents(theirs) in ([b"", b"", packed], frame_contents(mine))


def test_an_empty_message_is_compressed_to_one_byte_we_are_right_by_rfc_7692_section_7_2_3_6(both: Both) -> None:
    mine, theirs = both(*opened((SERVER, frame(BINARY, b"\0", rsv=0b100)), parameters=b""))
    assert frame_contents(mine) == [b""]
    assert frame_contents(theirs) in ([b"\0"], [b""])


@pytest.mark.parametrize(
    ("parameters", "side", "key"),
    [(b"; server_no_context_takeover", CLIENT, KEY), (b"; client_no_context_takeover", SERVER, b"")],
)
def test_no_context_takeover_of_one_side_leaves_the_other_its_context_we_are_right_by_rfc_7692_section_7_1_1(
    parameters: bytes, side: Side, key: bytes, both: Both
) -> None:
    compressor = zlib.compressobj(wbits=-15)
    text = b"the same text once more"
    messages = [frame(TEXT, compressed(text, compressor), rsv=0b100, key=key) for _ in range(2)]
    mine, theirs = both(*opened(*((side, one) for one in messages), parameters=parameters), side=side)
    assert frame_contents(mine) == [text, text]
    assert frame_contents(theirs) in ([text, b""], frame_contents(mine))


def test_after_a_close_frame_both_go_on_reading_and_we_say_that_rfc_6455_section_5_5_1_forbids_it(both: Both) -> None:
    talk = opened((SERVER, frame(CLOSE, b"\x03\xe8") + frame(TEXT, b"late")))
    mine, theirs = both(*talk)
    assert mine == theirs
    assert frame_contents(mine) == [b"", b"late"]
    assert "RFC 6455 §5.5.1" in forbidden(recorded(*talk), SERVER)

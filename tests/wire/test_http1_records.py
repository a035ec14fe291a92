"""Heads, chunks and bodies become records whose fields cover every byte, and what is wrong with them becomes notes."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab_servers.wire.conversation import Conversation, Protocol
from lab_servers.wire.model import CLIENT, SERVER, Field, Note, Severity
from tests.wire.tiling import assert_tiles

GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\n"
WEBSOCKET = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
FORBIDDEN, ODD, INFO = Severity.FORBIDDEN, Severity.ODD, Severity.INFO


def parts(data: bytes, fields: Iterable[Field]) -> list[tuple[str, bytes]]:
    return [(field.name, b"".join(data[start:stop] for start, stop in field.pieces)) for field in fields]


def told(conversation: Conversation, sender: str) -> list[object]:
    """All that can be said of one direction."""
    return [
        (record.name, record.pieces, record.is_complete, record.summary, record.fields, record.notes, record.layers)
        for layer in (None, "sse")
        for record in conversation.records(sender, layer)
    ]


def assert_all_tiles(conversation: Conversation) -> None:
    for sender in (CLIENT, SERVER):
        *settled, last = [*conversation.records(sender), None]
        tail = settled.pop() if settled and not settled[-1].is_complete else last
        assert_tiles(settled, tail, 0, len(conversation.data[sender]))


# --- a request and an answer, byte by byte ----------------------------------------------------


def test_every_byte_of_a_request_has_a_name_and_a_meaning() -> None:
    request = b"GET /api?q=1 HTTP/1.1\r\nHost:  a.example \r\nX-Odd:\r\n\r\n"
    (head,) = Conversation.of(request, b"").records(CLIENT)
    assert parts(request, head.fields) == [
        ("method", b"GET"),
        ("space", b" "),
        ("request target", b"/api?q=1"),
        ("space", b" "),
        ("version", b"HTTP/1.1"),
        ("line end", b"\r\n"),
        ("field name", b"Host"),
        ("colon", b":"),
        ("white space", b"  "),
        ("field value", b"a.example"),
        ("white space", b" "),
        ("line end", b"\r\n"),
        ("field name", b"X-Odd"),
        ("colon", b":"),
        ("line end", b"\r\n"),
        ("empty line", b"\r\n"),
    ]
    assert [field.group for field in head.fields[6:12]] == ["Host"] * 6
    assert all(field.meaning and field.spec for field in head.fields)
    assert head.summary == "GET /api?q=1 HTTP/1.1"


def test_every_byte_of_a_chunked_answer_has_a_name_and_a_value() -> None:
    answer = OK + b"Transfer-Encoding: chunked\r\n\r\nA;x=1\r\n0123456789\r\n0\r\nSum: 1\r\n\r\n"
    head, chunk, last, trailers = Conversation.of(GET, answer).records(SERVER)
    assert [(field.name, field.value) for field in head.fields[:5]] == [
        ("version", "HTTP/1.1"),
        ("space", " "),
        ("status code", 200),
        ("space", " "),
        ("reason phrase", "OK"),
    ]
    assert "answers request 1, GET /a HTTP/1.1" in head.fields[2].meaning
    assert [(field.name, field.value) for field in chunk.fields] == [
        ("chunk size", 10),
        ("chunk extensions", ";x=1"),
        ("line end", "CR LF"),
        ("chunk data", "0123456789"),
        ("line end", "CR LF"),
    ]
    assert [(field.name, field.value) for field in last.fields] == [("chunk size", 0), ("line end", "CR LF")]
    assert [field.name for field in trailers.fields] == [
        "field name", "colon", "white space", "field value", "line end", "empty line",
    ]  # fmt: skip
    assert chunk.notes == last.notes == trailers.notes == ()


def test_the_layers_of_a_body_point_back_to_the_bytes_they_came_from() -> None:
    answer = OK + b"Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
    chunk = Conversation.of(GET, answer).records(SERVER)[1]
    dechunked, text = chunk.layers
    assert (dechunked.name, dechunked.data, text.name, text.text) == ("dechunked", b"hello", "text", "hello")
    source = dechunked.source(1, 4)
    assert source is not None
    assert b"".join(answer[start:stop] for start, stop in source) == b"ell"


@pytest.mark.parametrize(
    ("coding", "coded"),
    [
        ("gzip", gzip.compress(b"hello")),
        ("gzip", gzip.compress(b"hel") + gzip.compress(b"lo")),
        ("deflate", zlib.compress(b"hello")),
        ("deflate, gzip", gzip.compress(zlib.compress(b"hello"))),
        ("deflate", zlib.compress(b"hello", wbits=-15)),
    ],
)
def test_a_content_coding_is_undone_in_a_layer(coding: str, coded: bytes) -> None:
    head = f"Content-Type: text/plain\r\nContent-Encoding: {coding}\r\nContent-Length: {len(coded)}\r\n\r\n"
    body = Conversation.of(GET, OK + head.encode() + coded).records(SERVER)[1]
    assert [(layer.name, layer.data) for layer in body.layers] == [("inflated", b"hello"), ("text", b"hello")]


def test_a_body_that_inflates_without_measure_is_bounded() -> None:
    bomb = gzip.compress(bytes(64 * 1024 * 1024))
    head = f"Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    body = Conversation.of(GET, OK + head + bomb).records(SERVER)[1]
    assert len(body.layers[0].data) == 16 * 1024 * 1024
    assert any("more than 16,777,216 bytes" in note.text for note in body.notes)


def test_an_event_stream_under_gzip_is_dissected_and_each_event_points_at_the_coded_bytes_that_brought_it() -> None:
    squeeze = zlib.compressobj(wbits=31)
    pieces = [squeeze.compress(f"data: {n}\n\n".encode() * 9) + squeeze.flush(zlib.Z_SYNC_FLUSH) for n in range(3)]
    head = b"Content-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\r\n"
    answer = OK + head + b"".join(pieces) + squeeze.flush()
    events = Conversation.of(GET, answer).records(SERVER, "sse")
    assert [event.summary[-1] for event in events] == ["0"] * 9 + ["1"] * 9 + ["2"] * 9
    second = len(OK + head + pieces[0])
    assert events[8].pieces[-1][1] <= second <= events[9].pieces[0][0] + 1


# --- what is wrong with it --------------------------------------------------------------------

# name, client's bytes, server's bytes, severity, section, words of the sentence, and the bytes that it is about
CASES: dict[str, tuple[bytes, bytes, Severity, str, str, bytes]] = {
    "bare LF": (b"GET / HTTP/1.1\r\nHost: x\n\r\n", b"", FORBIDDEN, "RFC 9112 §2.2", "bare LF", b"\n"),
    "bare CR": (b"GET / HTTP/1.1\r\nHost: x\ry\r\n\r\n", b"", FORBIDDEN, "RFC 9112 §2.2", "CR stands alone", b"\r"),
    "obs-fold": (
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", b"", FORBIDDEN, "RFC 9112 §5.2", "obs-fold", b" c"),
    "space before the colon": (
        b"GET / HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", b"", FORBIDDEN, "RFC 9112 §5.1", "must answer 400", b" "),
    "no colon": (b"GET / HTTP/1.1\r\nHost: x\r\nwhat\r\n\r\n", b"", FORBIDDEN, "RFC 9112 §5", "has none", b"what"),
    "no name": (b"GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n", b"", FORBIDDEN, "RFC 9110 §5.1", "no name", b":"),
    "bad character in a name": (
        b"GET / HTTP/1.1\r\nHost: x\r\nA(: b\r\n\r\n", b"", FORBIDDEN, "RFC 9110 §5.1", "0x28", b"("),
    "NUL in a value": (
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n", b"", FORBIDDEN, "RFC 9110 §5.5", "0x00", b"\0"),
    "bytes beyond ASCII in a value": (
        "GET / HTTP/1.1\r\nHost: x\r\nA: 你\r\n\r\n".encode(), b"", ODD, "RFC 9110 §5.5", "ASCII", "你".encode()),
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", b"", FORBIDDEN, "RFC 9112 §3.2", "has no Host", b"GET / HTTP/1.1"),
    "two Hosts": (
        b"GET / HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n", b"", FORBIDDEN, "RFC 9112 §3.2", "more than once",
        b"Host: xhost: y"),
    "two spaces in the request line": (
        b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", b"", FORBIDDEN, "RFC 9112 §3", "One space", b"GET  / HTTP/1.1"),
    "a space in the target": (
        b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", b"", FORBIDDEN, "RFC 9112 §3.2", "White space", b"/a b"),
    "an empty line before the request": (
        b"\r\n" + GET, b"", FORBIDDEN, "RFC 9112 §2.2", "empty line", b"\r\n"),
    "white space before the first field line": (
        b"GET / HTTP/1.1\r\n A: b\r\nHost: x\r\n\r\n", b"", FORBIDDEN, "RFC 9112 §2.2", "first field line", b" A: b"),
    "two Hosts in HTTP/1.0": (
        b"GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n", b"", FORBIDDEN, "RFC 9112 §3.2", "more than once",
        b"Host: xHost: y"),
    "a length with a no-break space": (
        GET, OK + b"Content-Length: \xa02\r\n\r\nhi", FORBIDDEN, "RFC 9112 §6.3", "decimal", b"Content-Length: \xa02"),
    "a coding with a sign for kelvin": (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chun\xe2\x84\xaaed\r\n\r\n", b"", FORBIDDEN,
        "RFC 9112 §6.3", "must be chunked", b"Transfer-Encoding: chun\xe2\x84\xaaed"),
    "a 101 without Upgrade to a request for WebSocket": (
        WEBSOCKET, b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n", FORBIDDEN, "RFC 6455 §4.1",
        "no Upgrade", b"HTTP/1.1 101 Switching Protocols"),
    "a broken gzip in chunks": (
        GET, OK + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n", FORBIDDEN,
        "RFC 9110 §8.4.1", "no complete gzip", b"abcd"),
    "a method that is no token": (
        b"G(T / HTTP/1.1\r\nHost: x\r\n\r\n", b"", FORBIDDEN, "RFC 9110 §9.1", "token", b"G(T / HTTP/1.1"),
    "no request at all": (b"hello\r\n", b"", FORBIDDEN, "RFC 9112 §2.2", "no request line", b"hello\r\n"),
    "HTTP/2": (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"", FORBIDDEN, "RFC 9112 §2.2", "HTTP/2",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "contradicting lengths": (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", b"",
        FORBIDDEN, "RFC 9112 §6.3", "contradict", b"Content-Length: 5Content-Length: 6"),
    "the same length twice": (
        GET, OK + b"Content-Length: 2, 2\r\n\r\nhi", FORBIDDEN, "RFC 9110 §8.6", "more than once",
        b"Content-Length: 2, 2"),
    "a length that is no number": (
        GET, OK + b"Content-Length: +2\r\n\r\nhi", FORBIDDEN, "RFC 9112 §6.3", "decimal", b"Content-Length: +2"),
    "length and chunked": (
        GET, OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        FORBIDDEN, "RFC 9112 §6.3", "smuggle", b"Content-Length: 2"),
    "chunked in HTTP/1.0": (
        GET, b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        FORBIDDEN, "RFC 9112 §6.1", "HTTP/1.0", b"Transfer-Encoding: chunked"),
    "a request whose last coding is not chunked": (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nx", b"",
        FORBIDDEN, "RFC 9112 §6.3", "must be chunked", b"Transfer-Encoding: gzip"),
    "a length in a 204": (
        GET, b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", FORBIDDEN, "RFC 9110 §8.6", "no body",
        b"Content-Length: 0"),
    "a length in the answer to HEAD": (
        b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", OK + b"Content-Length: 9\r\n\r\n", INFO, "RFC 9112 §6.3",
        "No body follows", b"Content-Length: 9"),
    "no space after the status code": (
        GET, b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", FORBIDDEN, "RFC 9112 §4", "space", b"HTTP/1.1 200"),
    "a bad chunk size": (
        GET, OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", FORBIDDEN, "RFC 9112 §7.1", "no chunk size",
        b"xyz\r\n"),
    "a chunk longer than its size": (
        GET, OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
        FORBIDDEN, "RFC 9112 §7.1", "the size is wrong", b"l"),
    "a bare LF after a chunk size": (
        GET, OK + b"Transfer-Encoding: chunked\r\n\r\n2\nhi\r\n0\r\n\r\n", FORBIDDEN, "RFC 9112 §7.1",
        "bare LF", b"\n"),
    "a space after a chunk size": (
        GET, OK + b"Transfer-Encoding: chunked\r\n\r\n2 \r\nhi\r\n0\r\n\r\n", FORBIDDEN, "RFC 9112 §7.1.1",
        "White space", b" "),
    "a body cut short": (
        GET, OK + b"Content-Length: 5\r\n\r\nhel", FORBIDDEN, "RFC 9112 §8", "2 bytes before the 5", b"hel"),
    "a chunked body cut short": (
        GET, OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel", FORBIDDEN, "RFC 9112 §8", "incomplete", b"5\r\nhel"),
    "a head cut short": (b"GET / HTTP/1.1\r\nHos", b"", FORBIDDEN, "RFC 9112 §8", "inside a head",
        b"GET / HTTP/1.1\r\nHos"),
    "a body until the close": (GET, OK + b"\r\nhello", INFO, "RFC 9112 §8", "looks just the same", b"hello"),
    "an answer to nothing": (
        b"", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", INFO, "RFC 9110 §15.5.9",
        "No request that is known", b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"),
    "a gzip that is none": (
        GET, OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd", FORBIDDEN, "RFC 9110 §8.4.1",
        "no complete gzip", b"abcd"),
    "Expect: 100-continue": (
        b"PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n", b"", INFO,
        "RFC 9110 §10.1.1", "waits", b"Expect: 100-continue"),
    "switching unasked": (
        GET, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", FORBIDDEN, "RFC 9110 §7.8", "not asked",
        b"HTTP/1.1 101 Switching Protocols"),
}  # fmt: skip

every_case = pytest.mark.parametrize("name", CASES)


def notes_of(conversation: Conversation) -> list[tuple[str, Note]]:
    return [
        (sender, note)
        for sender in (CLIENT, SERVER)
        for record in conversation.records(sender)
        for note in record.notes
    ]


@every_case
def test_what_is_wrong_gets_a_note_that_names_the_rule_at_the_bytes_to_blame(name: str) -> None:
    client, server, severity, spec, words, about = CASES[name]
    found = notes_of(Conversation.of(client, server))
    blamed = [
        b"".join({CLIENT: client, SERVER: server}[sender][start:stop] for start, stop in note.pieces)
        for sender, note in found
        if (note.severity, note.spec) == (severity, spec) and words in note.text
    ]
    assert blamed == [about], [note for _, note in found]


@every_case
def test_what_is_wrong_still_tiles_and_the_cuts_between_reads_change_nothing(name: str) -> None:
    client, server, *_ = CASES[name]
    whole = Conversation.of(client, server)
    assert_all_tiles(whole)
    expected = told(whole, CLIENT), told(whole, SERVER)
    for size in (1, 2, 7):
        assert told_in_reads(client, server, size) == expected


def told_in_reads(client: bytes, server: bytes, size: int) -> tuple[list[object], list[object]]:
    conversation = Conversation()
    for sender, data in ((CLIENT, client), (SERVER, server)):
        for at in range(0, len(data), size):
            conversation.feed(sender, data[at : at + size])
            assert_all_tiles(conversation)
    conversation.finish(CLIENT)
    conversation.finish(SERVER)
    conversation.end(CLIENT)
    conversation.end(SERVER)
    return told(conversation, CLIENT), told(conversation, SERVER)


def test_an_exchange_as_it_should_be_has_no_notes() -> None:
    assert notes_of(Conversation.of(GET, OK + b"Content-Length: 2\r\n\r\nhi")) == []


def test_a_head_of_very_many_lines_is_explained_up_to_a_bound_and_still_tiles() -> None:
    request = b"GET / HTTP/1.1\r\nHost: x\r\n" + b":\n" * 20_000 + b"\r\n"
    conversation = Conversation.of(request, b"")
    assert_all_tiles(conversation)
    (head,) = conversation.records(CLIENT)
    assert head.fields[-1].name == "further lines"
    assert any("first 1,000 lines" in note.text for note in head.notes)


@pytest.mark.parametrize("size", [1, 100, 5_000])
def test_empty_lines_without_end_are_not_waited_for(size: int) -> None:
    told_as_one = told(Conversation.of(b"\n" * 5_000, b""), CLIENT)
    assert told_in_reads(b"\n" * 5_000, b"", size)[0] == told_as_one
    (record,) = Conversation.of(b"\n" * 5_000, b"").records(CLIENT)
    assert record.name == "bytes that are not HTTP"


def test_a_bound_of_ours_is_no_fault_of_the_sender() -> None:
    conversation = Conversation.of(b"GET / HTTP/1.1\r\nA: " + b"x" * 70_000, b"")
    ((_, note),) = notes_of(conversation)
    assert (note.severity, "this tool has a bound" in note.text) == (INFO, True)


def test_a_raw_answer_that_switches_protocols_keeps_its_head() -> None:
    answer = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x01x"
    conversation = Conversation.raw(Protocol.HTTP_RESPONSE, answer)
    assert [record.name for record in conversation.records(SERVER)] == ["response head", "text frame"]
    assert_all_tiles(conversation)


def test_frames_of_which_only_the_servers_side_was_seen_are_dissected_all_the_same() -> None:
    conversation = Conversation()
    conversation.feed(SERVER, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x01x")
    conversation.settle()
    assert [record.name for record in conversation.records(SERVER)] == ["response head", "text frame"]


def test_many_empty_gzip_members_cost_no_more_each_than_a_few() -> None:
    members = gzip.compress(b"") * 50_000
    head = f"Content-Encoding: gzip\r\nContent-Length: {len(members)}\r\n\r\n".encode()
    body = Conversation.of(GET, OK + head + members).records(SERVER)[1]
    assert [layer.data for layer in body.layers if layer.name == "inflated"] == [b""]


def test_an_event_stream_that_inflates_without_measure_is_bounded() -> None:
    bomb = gzip.compress(b"\n" * 16_000_000)
    head = b"Content-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\r\n"
    assert len(Conversation.of(GET, OK + head + bomb).records(SERVER, "sse")) < 70 * len(bomb) + 70_000


def test_while_more_may_come_a_body_is_only_unfinished() -> None:
    conversation = Conversation()
    conversation.feed(CLIENT, GET)
    conversation.feed(SERVER, OK + b"Content-Length: 5\r\n\r\nhel")
    assert [(note.severity, note.text) for _, note in notes_of(conversation)] == [
        (INFO, "2 of 5 bytes are still to come.")
    ]


# --- any bytes whatever -------------------------------------------------------------------------

PIECES = [
    b"GET / HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 101 x\r\n", b"HTTP/1.1 204 \r\n", b"HEAD / HTTP/1.1\r\n",
    b"CONNECT a:1 HTTP/1.1\r\n", b"Host: x\r\n", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Upgrade: websocket\r\n", b"Connection: Upgrade\r\n", b"Expect: 100-continue\r\n", b"Content-Encoding: gzip\r\n",
    b"Content-Type: text/event-stream\r\n", b"\r\n", b"\n", b"\r", b" ", b":", b"\0", b"2\r\nhi\r\n", b"0\r\n",
    b"5;a=b\r\n",
    b"data: x\n\n", b"\x81\x02hi", b"\x88\x80\0\0\0\0", gzip.compress(b"data: y\n\n"),
]  # fmt: skip
streams = st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=25).map(b"".join)


@given(client=streams, server=streams, size=st.integers(1, 40))
@settings(max_examples=300, deadline=None)
def test_any_bytes_whatever_tile_and_the_cuts_change_nothing(client: bytes, server: bytes, size: int) -> None:
    whole = Conversation.of(client, server)
    assert_all_tiles(whole)
    assert told_in_reads(client, server, size) == (told(whole, CLIENT), told(whole, SERVER))


@given(data=streams, protocol=st.sampled_from(Protocol))
@settings(deadline=None)
def test_any_bytes_of_one_direction_alone_tile(data: bytes, protocol: Protocol) -> None:
    conversation = Conversation.raw(protocol, data)
    assert_all_tiles(conversation)
    told(conversation, protocol.sender)


# --- beside h11 ---------------------------------------------------------------------------------

names = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,12}", fullmatch=True).filter(
    lambda name: name.lower() not in ("host", "content-length", "transfer-encoding", "connection", "upgrade", "expect")
)
values = st.from_regex(r"([!-~]([ -~]{0,20}[!-~])?)?", fullmatch=True)
field_lines = st.lists(st.tuples(names, values), max_size=5)


@given(
    fields=field_lines,
    bodies=st.lists(st.binary(min_size=1, max_size=30), max_size=5),
    framing=st.sampled_from(["content-length", "chunked", "close"]),
)
@settings(deadline=None)
def test_what_h11_writes_is_read_back_with_the_values_that_h11_reads(
    fields: list[tuple[str, str]], bodies: list[bytes], framing: str
) -> None:
    headers = [("Host", "x"), *fields]
    told_by = {
        "content-length": ("Content-Length", str(len(b"".join(bodies)))),
        "chunked": ("Transfer-Encoding", "chunked"),
        "close": ("Connection", "close"),
    }
    server = h11.Connection(h11.SERVER)
    server.receive_data(GET)
    server.next_event()
    wire = server.send(h11.Response(status_code=200, headers=[*headers, told_by[framing]], reason=b"OK")) or b""
    for body in bodies:
        wire += server.send(h11.Data(data=body)) or b""
    wire += server.send(h11.EndOfMessage()) or b""

    conversation = Conversation.of(GET, wire)
    (response,) = conversation.messages(SERVER)
    peer = h11.Connection(h11.CLIENT)
    peer.send(h11.Request(method="GET", target="/a", headers=[("Host", "x")]))
    peer.send(h11.EndOfMessage())
    peer.receive_data(wire)
    peer.receive_data(b"")
    events = _events(peer)
    head = events[0]
    assert isinstance(head, h11.Response)
    assert [(name.lower(), value) for name, value in response.field_lines] == [
        (name.decode(), value.decode()) for name, value in head.headers
    ]
    content = b"".join(bytes(event.data) for event in events if isinstance(event, h11.Data))
    assert b"".join(wire[start:stop] for start, stop in response.content.all_pieces) == content
    assert response.is_complete
    assert [note for _, note in notes_of(conversation) if note.severity is FORBIDDEN] == []


def _events(peer: h11.Connection) -> list[object]:
    events: list[object] = []
    while not events or not isinstance(events[-1], h11.EndOfMessage):
        events.append(peer.next_event())
    return events

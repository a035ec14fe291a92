"""Messages are found where RFC 9112 says they are, however the bytes are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_servers.wire.http1.exchanges import Exchanges
from lab_servers.wire.http1.message import CLIENT, SERVER, Framing, Message
from lab_servers.wire.http1.stream import MAX_HEAD_BYTES

GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\n"

# name, client's bytes, server's bytes, then for each response: status, framing, body, complete
CASES = {
    "Content-Length": (GET, OK + b"Content-Length: 5\r\n\r\nhello", [(200, Framing.CONTENT_LENGTH, b"hello", True)]),
    "Content-Length, cut short": (
        GET,
        OK + b"Content-Length: 5\r\n\r\nhel",
        [(200, Framing.CONTENT_LENGTH, b"hel", False)],
    ),
    "chunked": (
        GET,
        OK + b"Transfer-Encoding: chunked\r\n\r\n2;ext=1\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: 1\r\n\r\n",
        [(200, Framing.CHUNKED, b"hello", True)],
    ),
    "chunked, without its last chunk": (
        GET,
        OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n",
        [(200, Framing.CHUNKED, b"he", False)],
    ),
    "close-delimited": (GET, OK + b"\r\nhello", [(200, Framing.CLOSE, b"hello", True)]),
    "two on one connection": (
        GET + GET,
        OK + b"Content-Length: 1\r\n\r\na" + OK + b"Content-Length: 1\r\n\r\nb",
        [(200, Framing.CONTENT_LENGTH, b"a", True), (200, Framing.CONTENT_LENGTH, b"b", True)],
    ),
    "HEAD has a length and no body": (
        b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n" + GET,
        OK + b"Content-Length: 5\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\nb",
        [(200, Framing.NONE, b"", True), (200, Framing.CONTENT_LENGTH, b"b", True)],
    ),
    "304 has no body": (GET, b"HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n", [(304, Framing.NONE, b"", True)]),
    "100 does not answer the request": (
        b"PUT /a HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\nhi",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        [(100, Framing.NONE, b"", True), (204, Framing.NONE, b"", True)],
    ),
    "an empty element at the end of the list of codings": (
        GET,
        OK + b"Transfer-Encoding: chunked,\r\n\r\n1\r\na\r\n0\r\n\r\n",
        [(200, Framing.CHUNKED, b"a", True)],
    ),
    "chunked in HTTP/1.0 is faulty, and read all the same": (
        GET,
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        [(200, Framing.CHUNKED, b"a", True)],
    ),
    "bare LF as line end": (
        GET,
        b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",
        [(200, Framing.CONTENT_LENGTH, b"hi", True)],
    ),
    "chunked wins over a length": (
        GET,
        OK + b"Content-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        [(200, Framing.CHUNKED, b"", True)],
    ),
}  # fmt: skip


def messages(client: bytes, server: bytes) -> tuple[list[Message], Exchanges]:
    exchanges = fed(client, [server])
    return exchanges.messages, exchanges


def fed(client: bytes, reads: list[bytes]) -> Exchanges:
    exchanges = Exchanges()
    exchanges.feed(CLIENT, client)
    for read in reads:
        exchanges.feed(SERVER, read)
    exchanges.finish(CLIENT)
    exchanges.finish(SERVER)
    return exchanges


def facts(found: list[Message]) -> list[tuple[object, ...]]:
    return [
        (m.sender, m.start, m.head_end, m.end, m.start_line, m.field_lines, m.framing, m.is_complete, m.number,
         m.content.length, m.content.all_pieces)
        for m in sorted(found, key=lambda message: (message.sender, message.start))
    ]  # fmt: skip


def responses(found: list[Message], server: bytes) -> list[tuple[int | None, Framing, bytes, bool]]:
    return [
        (m.status, m.framing, b"".join(server[start:stop] for start, stop in m.content.all_pieces), m.is_complete)
        for m in found
        if m.sender == SERVER
    ]


@pytest.mark.parametrize(("client", "server", "expected"), CASES.values(), ids=CASES.keys())
def test_each_body_ends_where_its_framing_says(
    client: bytes, server: bytes, expected: list[tuple[int, Framing, bytes, bool]]
) -> None:
    found, _ = messages(client, server)
    assert responses(found, server) == expected


@pytest.mark.parametrize(("client", "server", "expected"), CASES.values(), ids=CASES.keys())
def test_the_cuts_between_reads_change_nothing(
    client: bytes, server: bytes, expected: list[tuple[int, Framing, bytes, bool]]
) -> None:
    whole = facts(messages(client, server)[0])
    for cut in range(len(server) + 1):
        assert facts(fed(client, [server[:cut], server[cut:]]).messages) == whole
    assert facts(fed(client, [server[i : i + 1] for i in range(len(server))]).messages) == whole


@pytest.mark.parametrize(("client", "server", "expected"), CASES.values(), ids=CASES.keys())
def test_the_order_in_which_the_two_directions_become_known_changes_nothing(
    client: bytes, server: bytes, expected: list[tuple[int, Framing, bytes, bool]]
) -> None:
    late = Exchanges()
    late.feed(SERVER, server)
    late.finish(SERVER)
    late.feed(CLIENT, client)
    late.finish(CLIENT)
    assert facts(late.messages) == facts(messages(client, server)[0])


UPGRADE = b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


def test_at_101_http_ends_on_both_sides_even_for_bytes_that_came_early() -> None:
    found, follower = messages(UPGRADE + b"\x81\x80\0\0\0\0", SWITCHING + b"\x81\x02hi")
    assert [message.framing for message in found] == [Framing.NONE, Framing.UPGRADED]
    assert follower.http_end == {CLIENT: len(UPGRADE), SERVER: len(SWITCHING)}


def test_a_101_that_no_request_asked_for_ends_http_on_the_servers_side_alone() -> None:
    for client_first in (True, False):
        exchanges = Exchanges()
        for sender, data in [(CLIENT, GET + GET), (SERVER, SWITCHING + b"\x81\x02hi")][:: 1 if client_first else -1]:
            exchanges.feed(sender, data)
        assert [message.start_line for message in exchanges.messages if message.sender == CLIENT] == [
            "GET /a HTTP/1.1"
        ] * 2
        assert exchanges.upgraded_to is None
        assert exchanges.streams[SERVER].opaque


def test_a_refused_upgrade_stays_http() -> None:
    found, follower = messages(
        UPGRADE + GET, b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n" + OK + b"\r\nx"
    )
    assert [message.status for message in found if message.sender == SERVER] == [426, 200]
    assert follower.http_end is None


def test_a_response_names_the_request_it_answers() -> None:
    found, _ = messages(GET + GET, (OK + b"Content-Length: 0\r\n\r\n") * 2)
    assert [message.number for message in found if message.sender == SERVER] == [1, 2]


@pytest.mark.parametrize(
    "server",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        OK + b"Content-Length: -1\r\n\r\nab",
        OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * MAX_HEAD_BYTES,
    ],
)
def test_what_is_no_http_is_left_alone_and_not_kept(server: bytes) -> None:
    follower = Exchanges(keep=False)
    follower.feed(CLIENT, GET)
    follower.feed(SERVER, server)
    assert follower.feed(SERVER, OK + b"\r\n") == []
    assert len(follower.streams[SERVER].data) == 0


def test_thousands_of_pipelined_requests_cost_no_more_each_than_a_few() -> None:
    assert len(Exchanges().feed(CLIENT, GET * 20_000)) == 20_000


def test_a_connection_that_is_only_followed_keeps_no_bytes_and_still_counts_the_body() -> None:
    follower = Exchanges(keep=False)
    follower.feed(CLIENT, GET)
    chunked = OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 1_000 + b"0\r\n\r\n"
    for at in range(0, len(chunked), 100):
        news = follower.feed(SERVER, chunked[at : at + 100])
        assert len(follower.streams[SERVER].data) < 100
    (response,) = news
    assert (response.content.length, response.content.all_pieces, response.is_complete) == (1_000, (), True)
    assert follower.messages == []


def test_an_answer_that_nobody_asked_for_is_read_once_no_request_can_come() -> None:
    timeout = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"
    exchanges = Exchanges()
    exchanges.feed(SERVER, timeout)
    assert exchanges.messages == []
    exchanges.finish(CLIENT)
    assert [(message.status, message.number) for message in exchanges.messages] == [(408, 0)]


def test_a_bad_request_is_opaque_and_its_400_is_still_read() -> None:
    exchanges = fed(b"what\r\n\r\n", [b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"])
    assert [message.status for message in exchanges.messages] == [400]
    assert exchanges.streams[CLIENT].opaque
    assert exchanges.upgraded_to is None


def test_a_request_after_an_upgrade_that_nobody_answered_is_read_once_no_answer_can_come() -> None:
    exchanges = Exchanges()
    exchanges.feed(CLIENT, UPGRADE + GET)
    assert len(exchanges.messages) == 1
    exchanges.finish(SERVER)
    assert [message.target for message in exchanges.messages] == ["/ws", "/a"]


def test_an_upgrade_request_with_a_body_ends_http_behind_the_body() -> None:
    request = UPGRADE.replace(b"GET", b"POST").replace(b"\r\n\r\n", b"\r\nContent-Length: 2\r\n\r\n")
    exchanges = fed(request + b"hi" + b"\x81", [SWITCHING])
    assert exchanges.http_end == {CLIENT: len(request) + 2, SERVER: len(SWITCHING)}


@given(st.binary(max_size=200), st.binary(max_size=200), st.integers(0, 200))
def test_any_bytes_whatever_give_messages_within_the_stream(client: bytes, server: bytes, cut: int) -> None:
    client, server = b"GET / HTTP/1.1\r\n" + client, b"HTTP/1.1 200 OK\r\n" + server
    found, _ = messages(client, server)
    assert facts(found) == facts(fed(client, [server[:cut], server[cut:]]).messages)
    for message in found:
        stream = client if message.sender == CLIENT else server
        assert 0 <= message.start <= message.head_end <= message.end <= len(stream)

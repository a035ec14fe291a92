"""Two connections compared in words: answers, bytes and broken rules, whatever the bytes are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_servers.capture.capture import Capture, Side
from lab_servers.views.replay_comparison import MAX_RECORDS, compare
from tests.views.recorded import REQUEST, capture, exchange
from tests.wire.websocket_frames import frame

UPGRADE = (
    b"GET /ws/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
SWITCHING = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


def answered(answer: bytes, request: bytes = REQUEST) -> Capture:
    return capture((1, Side.CLIENT, request), (2, Side.SERVER, answer))


def test_the_same_again_is_said_to_be_the_same() -> None:
    sizes = [len(exchange().bytes_from(side)) for side in Side]
    assert compare(exchange(), exchange()) == (
        f"Answer: 200, as before. Bytes from the client: {sizes[0]}, as before. "
        f"Bytes from the server: {sizes[1]}, as before. Notes on broken rules: 0, as before."
    )


def test_what_is_different_is_said_with_what_was_before() -> None:
    refused = answered(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", REQUEST.replace(b"Host:", b"Host :"))
    sentence = compare(exchange(), refused)
    assert sentence.startswith("Answer: 400; before: 200. Bytes from the client: 49; before: 48. ")
    assert sentence.endswith(" Notes on broken rules: 1; before: 0.")


def test_of_a_websocket_the_servers_close_code_is_part_of_the_answer() -> None:
    closed = frame(8, (1002).to_bytes(2) + b"no mask")
    sentence = compare(exchange(), answered(SWITCHING + closed, UPGRADE + frame(1, b"hi")))
    assert sentence.startswith('Answer: 101, closed with 1002 protocol error, "no mask"; before: 200. ')


def test_of_many_answers_the_first_are_named() -> None:
    answer = b"HTTP/1.1 204 No Content\r\n\r\n"
    assert compare(exchange(), answered(answer * 9, REQUEST * 9)).startswith("Answer: 204, 204, 204, 204, 204, …; ")


def test_a_421_is_explained_and_so_is_silence() -> None:
    misdirected = answered(b"HTTP/1.1 421 Misdirected Request\r\nContent-Length: 0\r\n\r\n")
    assert "421 is about the Host field" in compare(exchange(), misdirected)
    assert "The server sent nothing" in compare(exchange(), answered(b""))


def test_of_a_very_long_connection_the_count_says_that_it_is_not_complete() -> None:
    long = answered(b"", UPGRADE.replace(b"Upgrade", b"Up grade", 1) * (MAX_RECORDS + 5))
    assert " or more; before: 0." in compare(exchange(), long)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes_are_compared_in_one_line(client: bytes, server: bytes) -> None:
    assert compare(exchange(), answered(server, client)).isprintable()


@pytest.mark.parametrize("status", [b"000", b"999", b"4O4", b"\xff\xff\xff", b"<b>"])
def test_a_hostile_status_is_only_text(status: bytes) -> None:
    assert compare(exchange(), answered(b"HTTP/1.1 " + status + b" x\r\n\r\n")).isprintable()

"""A WebSocket client waits after its handshake and before its Close frame; nothing else has to wait."""

from __future__ import annotations

import pytest

from lab_servers.clients.raw import Pause
from lab_servers.clients.turns import LOOK_AT_BYTES, pauses_of

HANDSHAKE = b"GET /ws/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
TEXT = b"\x81\x82\0\0\0\0hi"
CLOSE = b"\x88\x82\0\0\0\0\x03\xe8"


def test_after_the_handshake_it_waits_for_an_answer_and_before_closing_for_silence() -> None:
    end = len(HANDSHAKE)
    assert pauses_of(HANDSHAKE + TEXT + CLOSE) == (Pause(end), Pause(end + len(TEXT), until_quiet=True))
    assert pauses_of(HANDSHAKE + TEXT) == (Pause(end),)
    assert pauses_of(HANDSHAKE + CLOSE) == (Pause(end),)
    assert pauses_of(HANDSHAKE) == ()


def test_a_head_with_bare_line_feeds_is_a_head_too() -> None:
    broken = HANDSHAKE.replace(b"\r\n", b"\n")
    assert pauses_of(broken + TEXT) == (Pause(len(broken)),)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 3,
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n\r\nUpgrade: websocket\r\n\r\n",
        b"\r\n\r\n",
        b"",
        bytes(LOOK_AT_BYTES) + HANDSHAKE + TEXT,
        HANDSHAKE.replace(b"websocket", b"h2c") + TEXT,
    ],
)
def test_what_is_no_websocket_is_sent_at_once(data: bytes) -> None:
    assert pauses_of(data) == ()

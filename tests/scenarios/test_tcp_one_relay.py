"""Three protocols through one relay: each client gets the same answer, and what differs is in the bytes alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import OneRelay
from lab_servers.views.looks.tcp_one_relay import carried


@pytest.fixture(scope="module")
def recording() -> Iterator[Recording]:
    with Lab(["http", "sse", "websocket"]) as lab:
        yield OneRelay(interval_s=0.02).run(lab)


def test_each_protocol_has_one_connection_and_each_client_gets_the_same_answer(recording: Recording) -> None:
    found = carried(recording)
    assert [one.label for one in found] == ["HTTP", "SSE", "WebSocket"]
    assert [one.answer for one in found] == ["你好世界"] * 3
    assert [len(recording.of(server)) for server in ("http", "sse", "websocket")] == [1, 1, 1]


def test_all_three_begin_alike_so_the_difference_is_in_the_bytes_and_not_in_the_connection(
    recording: Recording,
) -> None:
    for one in carried(recording):
        assert one.capture.bytes_from(Side.CLIENT).startswith(b"GET /")
        assert one.capture.bytes_from(Side.SERVER).startswith(b"HTTP/1.1 ")
        assert one.capture.closed_ns is not None
        assert one.capture.is_complete


def test_it_asks_servers_that_the_lab_must_run() -> None:
    with Lab(["http"]) as lab, pytest.raises(BadParameter, match="asks the server 'sse'"):
        OneRelay().run(lab)

"""The run for the question how much is HTTP has one connection to each of three servers."""

from __future__ import annotations

from lab_servers.lab import Lab
from lab_servers.scenarios import ShareOfHttp


def test_each_of_the_three_servers_is_asked_once() -> None:
    with Lab(["http", "sse", "websocket"]) as lab:
        recording = ShareOfHttp(interval_s=0.01).run(lab)
    assert [capture.server for capture in recording.captures] == ["http", "sse", "websocket"]
    assert recording.notices == ()
    assert [mark.detail for mark in recording.marks_named("WebSocket: received")] == ["收到:你好"]

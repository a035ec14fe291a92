"""One handshake in good order: what stands in it, and that the parameters do what they say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.scenarios import Handshake
from lab_servers.views.frames import frames
from lab_servers.views.heads import heads
from lab_servers.views.looks.handshake import http_ends, upgraded


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["websocket"]) as running:
        yield running


def test_the_text_is_said_as_often_as_told_and_answered_each_time(lab: Lab) -> None:
    capture = upgraded(Handshake(text="hello", times=3).run(lab))
    assert [one.payload() for one in frames(capture, Side.CLIENT)[:3]] == [b"hello"] * 3
    assert [one.payload().decode() for one in frames(capture, Side.SERVER)[:3]] == ["收到:hello"] * 3


def test_without_a_message_only_close_frames_follow_the_handshake(lab: Lab) -> None:
    capture = upgraded(Handshake(times=0).run(lab))
    for side in Side:
        assert [one.name for one in frames(capture, side)] == ["close frame"]
        assert frames(capture, side)[0].start == http_ends(capture)[side.value]


@pytest.mark.parametrize("with_origin", [True, False])
def test_the_client_names_a_page_only_if_told(lab: Lab, with_origin: bool) -> None:
    (request,) = heads(upgraded(Handshake(with_origin=with_origin).run(lab)), Side.CLIENT)
    expected = [lab.url("websocket").replace("ws://", "http://")] if with_origin else []
    assert request.values("Origin") == expected


def test_a_text_that_is_not_offered_is_refused_in_one_sentence() -> None:
    with pytest.raises(BadParameter, match="text must be one of 你好, hello, 😀"):
        Handshake(text="something else")

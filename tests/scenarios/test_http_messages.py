"""A note's life, connections that are kept or not, and a character in two chunks: what passes on the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest

from lab_servers.capture.capture import Side
from lab_servers.lab import Lab
from lab_servers.scenarios import Connections, NoteLife, SplitCharacter
from lab_servers.views.heads import heads
from lab_servers.views.looks.http_split_character import chunks

LIFE = [
    ("POST", 201), ("GET", 200), ("GET", 304), ("PUT", 200), ("PUT", 412), ("DELETE", 204), ("GET", 404),
]  # fmt: skip


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["http"]) as running:
        yield running


@pytest.mark.parametrize("body", ["form", "JSON"])
def test_a_note_is_made_read_changed_and_deleted_over_one_connection(lab: Lab, body: str) -> None:
    (capture,) = NoteLife(body=body).run(lab).captures
    requests, answers = heads(capture, Side.CLIENT), heads(capture, Side.SERVER)
    assert [(one.method, two.status) for one, two in zip(requests, answers, strict=True)] == LIFE
    stream = capture.bytes_from(Side.CLIENT)
    content = stream[requests[0].head_end : requests[0].end].decode()
    fields = dict(parse_qsl(content)) if body == "form" else json.loads(content)
    assert fields == {"title": "你好", "text": "first & only"}


def test_the_second_put_asks_for_a_version_that_is_gone(lab: Lab) -> None:
    (capture,) = NoteLife().run(lab).captures
    requests, answers = heads(capture, Side.CLIENT), heads(capture, Side.SERVER)
    first_tag = answers[0].values("ETag")
    assert requests[2].values("If-None-Match") == requests[3].values("If-Match") == first_tag
    assert requests[4].values("If-Match") == first_tag != answers[3].values("ETag")


def test_no_note_is_left_behind(lab: Lab) -> None:
    for _ in range(2):
        NoteLife().run(lab)
    (capture,) = NoteLife().run(lab).captures
    assert heads(capture, Side.SERVER)[-1].status == 404


def test_a_kept_connection_carries_all_and_the_other_client_says_close(lab: Lab) -> None:
    recording = Connections(requests=2, delay_s=0, pause_s=0).run(lab)
    said = [[one.values("Connection") for one in heads(capture, Side.CLIENT)] for capture in recording.captures]
    assert said == [[[], []], [["close"]], [["close"]]]


@pytest.mark.parametrize("cut_byte", [1, 11, 28])
def test_the_document_comes_in_two_chunks(cut_byte: int) -> None:
    with Lab([]) as lab:
        first, second = chunks(SplitCharacter(cut_byte=cut_byte, pause_s=0).run(lab))
    assert len(first) == cut_byte
    assert json.loads(first + second) == {"name": "张三", "age": 25}

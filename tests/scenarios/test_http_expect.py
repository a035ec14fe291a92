"""Uploads: who asks first sends no body in vain, and nobody waits for ever."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side, TransitionKind
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import AskFirst
from lab_servers.scenarios.http_expect import UPLOADS
from lab_servers.views.looks.http_expect import REFUSED, REFUSED_UNASKED, body_bytes, uploads

BODY_BYTES = 5_000


@pytest.fixture(scope="module")
def asked() -> Iterator[Recording]:
    with Lab([]) as lab:
        # Patience far beyond what a busy machine needs for a head of a hundred bytes.
        yield AskFirst(body_bytes=BODY_BYTES, thinks_s=0.02, patience_s=2).run(lab)


def statuses(recording: Recording, lane: str) -> list[str]:
    return [one.what for one in uploads(recording)[lane] if one.sender is Side.SERVER]


def test_a_client_that_is_refused_before_it_sends_has_sent_nothing_of_the_body(asked: Recording) -> None:
    assert statuses(asked, REFUSED) == statuses(asked, REFUSED_UNASKED) == ["413"]
    assert body_bytes(asked, REFUSED) == 0
    assert body_bytes(asked, REFUSED_UNASKED) == BODY_BYTES


def test_100_comes_between_the_head_and_the_body_and_the_answer_after_both(asked: Recording) -> None:
    sent = uploads(asked)["asks, is told to go on"]
    assert [one.what for one in sent] == ["head", "100", "body", "201"]


def test_after_417_the_client_tries_again_without_asking(asked: Recording) -> None:
    sent = uploads(asked)["asks, hears 417, tries without"]
    assert [one.what for one in sent] == ["head", "417", "head", "body", "201"]


def test_a_client_that_hears_nothing_sends_anyway(asked: Recording) -> None:
    assert statuses(asked, "asks, hears nothing") == ["201"]
    assert body_bytes(asked, "asks, hears nothing") == BODY_BYTES
    heard = [mark.detail for mark in asked.marks_named("asks, hears nothing: heard")]
    assert heard == ["nothing"]


def test_a_word_to_go_on_that_comes_too_late_is_no_answer() -> None:
    with Lab([]) as lab:
        recording = AskFirst(body_bytes=10, thinks_s=0.2, patience_s=0.01).run(lab)
        assert lab.problems == ()
    assert [mark.detail for mark in recording.marks_named("asks, is told to go on: answered")] == ["201"]


def test_every_upload_ends_properly(asked: Recording) -> None:
    assert set(uploads(asked)) == set(UPLOADS)
    assert not any(one.kind is TransitionKind.RESET for capture in asked.captures for one in capture.transitions)

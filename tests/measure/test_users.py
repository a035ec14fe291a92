"""What a user saw is read from marks and captures; silence is told from an end by what the model did."""

from __future__ import annotations

import json

import pytest

from lab_servers.capture.capture import Side
from lab_servers.marks import Mark
from lab_servers.measure.users import UserSaw, users
from lab_servers.recording import Recording
from tests.views.recorded import MS, REQUEST, capture

ANSWER = b"HTTP/1.1 200 OK\r\nRun-Id: e1-7\r\nContent-Length: 2\r\n\r\nok"


def user(reason: str, *, how: str = "over", met: str = "") -> UserSaw:
    """One user on the relay "http", whose model ended for this reason."""
    ended = json.dumps({"how": how, "name": "", "message": ""})
    marks = [
        Mark(0, "http: calls", "ask()"), Mark(1 * MS, "http: asked"),
        Mark(20 * MS, "model: produced by llm", "e1-7 1 1 世"), Mark(21 * MS, "http: saw", "世"),
        Mark(30 * MS, "model: produced by llm", "e1-7 2 1 界"), Mark(31 * MS, "http: saw", "界"),
        *([Mark(32 * MS, "http: met", met)] if met else []),
        Mark(33 * MS, "model: finished by llm", f"e1-7 2 {reason}"), Mark(34 * MS, "http: ended", ended),
    ]  # fmt: skip
    exchange = capture((10, Side.CLIENT, REQUEST), (15, Side.SERVER, ANSWER))
    (found,) = users(Recording("x", (exchange,), tuple(marks)))
    return found


def test_a_user_is_joined_to_the_run_that_the_answers_head_names() -> None:
    found = user("complete")
    assert (found.client, found.code, found.text) == ("http", "ask()", "世界")
    assert (found.requests_ns, found.statuses) == ((10 * MS,), (200,))
    assert found.model_made_ns == (20 * MS, 30 * MS)
    assert found.before_the_last == 1
    assert found.model_end is not None
    assert (found.model_end.run, found.model_end.generated) == ("e1-7", 2)


@pytest.mark.parametrize(
    ("reason", "how", "met", "is_silent"),
    [
        ("cut", "over", "", True),
        ("failed", "over", "", True),
        ("complete", "over", "", False),
        ("length", "over", "", False),  # as much as was asked for
        ("cut", "error", "", False),
        ("failed", "over", "overloaded", False),
        ("reader left", "left", "", False),
    ],
)
def test_silent_is_an_end_without_a_word_of_an_answer_that_is_not_whole(
    reason: str, how: str, met: str, is_silent: bool
) -> None:
    assert user(reason, how=how, met=met).is_silent is is_silent


def test_a_recording_without_users_has_none() -> None:
    assert users(Recording("x", (capture((10, Side.CLIENT, REQUEST)),), (Mark(0, "job: saw", "x"),))) == ()

"""The questions on polling: what is right is read off a fresh recording, and is an answer that can be given."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.course.finding import question_named
from lab_servers.lab import Lab
from lab_servers.scenarios import AskAgain, BetweenPolls, Herd, Scenario, TimeLimits

RIGHT = (
    ("03-not-modified", AskAgain(), "less than half of the bytes"),
    ("03-twice-as-often", AskAgain(), "about twice the bytes"),
    ("03-time-limits", TimeLimits(hold_s=0.05, proxy_s=5, client_s=9), "204, from the server, when its hold is over"),
    ("03-time-limits", TimeLimits(hold_s=9, proxy_s=0.05, client_s=15), "504, from the proxy"),
    ("03-time-limits", TimeLimits(hold_s=9, proxy_s=15, client_s=0.05), "nothing: it gives up by itself"),
    ("03-lost", BetweenPolls(), "those that happen while no question is held"),
    ("03-herd", Herd(), ("no jitter", "equal jitter", "full jitter")),
)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["polling"]) as running:
        yield running


@pytest.mark.parametrize(("name", "run", "right"), RIGHT)
def test_the_recording_tells_what_is_right(lab: Lab, name: str, run: Scenario, right: str | tuple[str, ...]) -> None:
    question, recording = question_named(name), run.run(lab)
    assert question.truth(recording) == right
    assert question.require(right) == right
    assert question.shows(recording).endswith(".")

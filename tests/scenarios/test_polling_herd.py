"""A herd is computed, the same for the same seed, within the bounds of each kind of jitter; nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from lab_servers.clients import get
from lab_servers.lab import Lab
from lab_servers.scenarios import Herd
from lab_servers.scenarios.polling_herd import JITTERS
from lab_servers.views.looks.polling_herd import spreads


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["http"]) as running:
        yield running


def test_without_jitter_the_whole_herd_asks_in_one_slot_and_full_jitter_is_the_flattest(lab: Lab) -> None:
    found = spreads(Herd().run(lab))
    assert found["no jitter"].busiest == 200
    assert found["full jitter"].busiest < found["equal jitter"].busiest < found["no jitter"].busiest
    assert found["full jitter"].requests > found["no jitter"].requests


def test_the_same_seed_gives_the_same_moments_and_another_seed_others(lab: Lab) -> None:
    assert Herd(seed=1).run(lab).marks == Herd(seed=1).run(lab).marks
    assert Herd(seed=1).run(lab).marks != Herd(seed=2).run(lab).marks


def test_it_holds_computed_moments_and_neither_bytes_nor_moments_of_others(lab: Lab) -> None:
    with lab.record("meanwhile"):
        lab.run(get(lab.url("http", "/api/answer?interval_s=0.01")))
        recording = Herd(pollers=3).run(lab)
    assert recording.captures == ()
    assert {mark.name.partition(": ")[0] for mark in recording.marks} == set(JITTERS)


def test_every_poller_is_answered_once_and_only_after_the_outage(lab: Lab) -> None:
    recording = Herd(pollers=20, outage_s=9).run(lab)
    for kind in JITTERS:
        moments = recording.marks_named(f"{kind}: asks")
        answered = [mark.at_ns for mark in moments if mark.detail == "answered"]
        assert len(answered) == 20
        assert all((mark.at_ns >= 9_000_000_000) is (mark.detail == "answered") for mark in moments)


@pytest.mark.parametrize("outage_s", [0, 120])
def test_no_outage_and_a_long_one_end(lab: Lab, outage_s: float) -> None:
    recording = Herd(pollers=2, outage_s=outage_s, base_s=0.5, cap_s=5).run(lab)
    assert all(spread.busiest >= 1 for spread in spreads(recording).values())


def test_a_wait_lies_within_the_bounds_that_its_kind_allows() -> None:
    random = Random(0)
    drawn = {kind: [wait(8.0, random) for _ in range(200)] for kind, wait in JITTERS.items()}
    assert set(drawn["no jitter"]) == {8.0}
    assert 4 <= min(drawn["equal jitter"]) < 5 < 7 < max(drawn["equal jitter"]) <= 8
    assert 0 <= min(drawn["full jitter"]) < 1 < 7 < max(drawn["full jitter"]) <= 8

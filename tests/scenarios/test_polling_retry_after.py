"""Clients that are turned away come back no sooner than Retry-After says; jitter on top pulls them apart."""

from __future__ import annotations

from lab_servers.capture.capture import Side
from lab_servers.lab import Lab
from lab_servers.scenarios import RetryAfter
from lab_servers.views.heads import heads
from lab_servers.views.looks.polling_retry_after import returned


def test_nobody_comes_back_before_the_time_and_jitter_pulls_them_apart() -> None:
    with Lab([]) as lab:
        recording = RetryAfter(clients=4, spread_s=1).run(lab)
        assert lab.problems == ()
    found = returned(recording)
    for one in found.values():
        assert (len(one.refused_s), len(one.served_s)) == (4, 4)
        # A coarse clock may be early by one of its steps.
        assert min(one.served_s) > recording.parameters["retry_after_s"] - 0.05  # type: ignore[operator]
    assert found["Retry-After alone"].span_s < found["Retry-After and jitter"].span_s
    statuses = [answer.status for capture in recording.captures for answer in heads(capture, Side.SERVER)]
    assert sorted(map(str, statuses)) == ["200"] * 8 + ["503"] * 8
    told = [answer.values("Retry-After") for capture in recording.captures for answer in heads(capture, Side.SERVER)]
    assert sorted(told) == [[]] * 8 + [["1"]] * 8

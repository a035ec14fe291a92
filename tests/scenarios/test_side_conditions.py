"""Through every condition everything comes, in order and never early; what was asked is known from the recording."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.capture.conditions import PRESETS
from lab_servers.lab import Lab
from lab_servers.measure.network_errors import is_in_order
from lab_servers.measure.networks_shown import PROBE_BYTES, PROBES, Shown, networks_of, server_name, shown
from lab_servers.recording import Recording
from lab_servers.scenarios.side_conditions import ConditionsShown

PROBES_SENT = 6


@pytest.fixture(scope="module")
def recording() -> Iterator[Recording]:
    with Lab([]) as lab:
        yield ConditionsShown(probes=PROBES_SENT, every_s=0.02).run(lab)
        assert lab.problems == ()


@pytest.fixture(scope="module")
def found(recording: Recording) -> dict[tuple[str, str], Shown]:
    return {(one.network.name, one.way): one for one in shown(recording)}


def test_each_condition_and_each_network_is_shown_in_both_directions(found: dict[tuple[str, str], Shown]) -> None:
    names = ["a delay", "jitter", "a bandwidth", "slicing", "a pause", *PRESETS]
    assert list(found) == [(name, way) for name in names for way in ("down", "up")]


def test_every_message_came_in_order_and_none_before_the_time_that_was_asked(
    found: dict[tuple[str, str], Shown],
) -> None:
    for one in found.values():
        assert [message.end for message in one.probes] == [PROBE_BYTES * (n + 1) for n in range(PROBES_SENT)]
        assert is_in_order(one.probes)
        assert all(message.error_s >= 0 for message in one.probes)


def test_what_is_asked_are_the_figures_of_the_conditions(found: dict[tuple[str, str], Shown]) -> None:
    assert {round(message.asked_s, 6) for message in found["a delay", "down"].probes} == {0.02}
    assert {round(message.asked_s, 6) for message in found["another continent", "up"].probes} == {0.101}
    assert {message.asked_s for message in found["loopback", "up"].probes} == {0}
    # 8 bytes at 93,750 bytes per second, behind them half of 150 ms; a message may have waited for the one before it.
    assert all(0.075085 <= message.asked_s < 0.08 for message in found["4G", "up"].probes)
    jitter = [message.asked_s for message in found["jitter", "down"].probes]
    assert 0 <= min(jitter) < max(jitter) <= 0.02


def test_the_bytes_of_each_transfer_came_whole_where_there_is_a_rate(found: dict[tuple[str, str], Shown]) -> None:
    for one in found.values():
        if one.rate_bytes_s == float("inf"):
            assert one.bulk == ()
        else:
            assert one.bulk[-1].end == max(1, min(2_000_000, int(one.rate_bytes_s * 0.3)))
            assert is_in_order(one.bulk)


def test_no_byte_of_a_transfer_came_faster_than_the_rate(found: dict[tuple[str, str], Shown]) -> None:
    for name in ("a bandwidth", "4G", "satellite"):
        one = found[name, "down"]
        assert all(part.error_s >= 0 for part in one.bulk)
        took_s = (one.bulk[-1].came_ns - one.bulk[0].sent_ns) / 1e9
        assert took_s >= one.bulk[-1].end / one.rate_bytes_s


def test_the_networks_are_those_of_the_parameters(recording: Recording) -> None:
    for network in networks_of(recording.parameters):
        assert [capture.number for capture in recording.of(server_name(network))][:1] == [PROBES]


def test_every_connection_ended_with_a_fin_from_both_sides(recording: Recording) -> None:
    assert all(set(capture.finished) == set(Side) for capture in recording.captures)

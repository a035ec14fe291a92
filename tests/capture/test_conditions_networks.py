"""Networks by name: each says where its figures come from, and has these figures."""

from __future__ import annotations

import re

import pytest

from lab_servers.capture.conditions import (
    LOOPBACK_NETWORK,
    PRESETS,
    Bandwidth,
    Condition,
    Delay,
    Jitter,
    Network,
    network_named,
)
from lab_servers.capture.conditions.network import longest_s, most_bytes_s
from lab_servers.errors import BadParameter

SLOW_ONES = [network for network in PRESETS.values() if network is not LOOPBACK_NETWORK]


def test_there_is_a_network_for_each_place_that_the_course_speaks_of() -> None:
    assert list(PRESETS) == [
        "loopback",
        "office LAN",
        "home fibre",
        "4G",
        "café Wi-Fi",
        "satellite",
        "another continent",
    ]
    assert all(network.name == name for name, network in PRESETS.items())


@pytest.mark.parametrize("network", SLOW_ONES, ids=lambda network: str(network.name))
def test_a_network_has_its_conditions_in_both_directions_and_a_source_with_a_link(network: Network) -> None:
    assert network.up
    assert network.down
    assert re.search(r"https://\S+\.\S+", network.source)


@pytest.mark.parametrize("network", SLOW_ONES, ids=lambda network: str(network.name))
def test_the_figures_of_the_conditions_stand_in_the_sentence_of_the_source(network: Network) -> None:
    rates = {most_bytes_s(conditions) * 8 / 1e6 for conditions in (network.up, network.down)}
    delay_ms = sum(one.delay_s for one in (*network.up, *network.down) if isinstance(one, Delay)) * 1000
    assert f"{delay_ms:g} ms" in network.source
    for rate in rates:
        if rate == 1000:
            assert "1 Gbit/s" in network.source
        elif rate < 1:
            assert f"{rate * 1000:g} kbit/s" in network.source
        elif rate != float("inf") and network.name != "café Wi-Fi":
            assert f"{rate:g} " in network.source


def test_a_network_without_conditions_takes_no_time_and_limits_nothing() -> None:
    assert LOOPBACK_NETWORK.round_trip_s == 0
    assert most_bytes_s(LOOPBACK_NETWORK.down) == float("inf")


def test_the_round_trip_is_the_longest_of_both_directions_and_the_rate_the_narrowest() -> None:
    conditions = (Bandwidth(5), Delay(0.1), Jitter(0.05), Bandwidth(3))
    assert longest_s(conditions) == pytest.approx(0.15)
    assert most_bytes_s(conditions) == 3
    assert Network("mine", up=conditions, down=(Delay(1),)).round_trip_s == pytest.approx(1.15)


@pytest.mark.parametrize("name", ["5G", "", None, ["4G"]])
def test_an_unknown_network_is_one_sentence_with_those_that_there_are(name: object) -> None:
    with pytest.raises(BadParameter, match=r"^There is no network .*: choose from loopback, office LAN, .*\.$"):
        network_named(name)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "conditions",
    [Delay(0.1), (Delay,), ("4G",), (0.1,), None],
    ids=["no tuple", "a class", "a name", "seconds", "None"],
)
@pytest.mark.parametrize("way", ["up", "down"])
def test_a_direction_that_holds_no_conditions_is_refused_before_a_relay_meets_it(way: str, conditions: object) -> None:
    with pytest.raises(BadParameter, match=rf"^{way} must be a tuple of conditions such as \(Delay\(0.05\),\), .*\.$"):
        Network("mine", **{way: conditions})  # type: ignore[arg-type]


def test_a_list_of_conditions_is_taken_as_it_is_now() -> None:
    conditions: list[Condition] = [Delay(0.1)]
    network = Network("mine", up=conditions)  # type: ignore[arg-type]
    conditions.append(Delay(60))
    assert network.up == (Delay(0.1),)


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(BadParameter, match=r"^name must be the network's name, a text, not \(Delay.*\)\.$"):
        Network((Delay(0.1),))  # type: ignore[arg-type]

from __future__ import annotations

import pytest

from tests.bench import conditions, peers
from tests.bench.conditions import BURST_BYTES, in_namespace, measure, netem, tbf, why_not


def test_a_round_trip_through_our_relay_takes_its_delay_twice_or_longer() -> None:
    with peers.server() as server_port, peers.our_relay(server_port, delay_s=0.01) as relay_port:
        found = measure((), relay_port, 3, 0)
    assert len(found.trips_s) == 3
    assert min(found.trips_s) >= 0.02


def test_a_transfer_through_our_relay_is_not_faster_than_its_rate() -> None:
    with peers.server() as server_port, peers.our_relay(server_port, rate_bytes_s=1_000_000) as relay_port:
        assert measure((), relay_port, 0, 100_000).transfer_s >= 0.1


@pytest.mark.parametrize("shaper", [netem(0.001), tbf(1_000_000)], ids=lambda shaper: str(shaper.name))
def test_a_shaper_of_the_kernel_is_measured_or_it_is_said_why_not(shaper: conditions.Shaper) -> None:
    missing = why_not(shaper)
    if missing:
        assert shaper.name in missing or missing.startswith("install ")
    elif shaper.name == conditions.NETEM:
        assert min(measure(in_namespace(shaper, ()), 0, 2, 0).trips_s) >= 0.002
    else:
        took_s = measure(in_namespace(shaper, ()), 0, 0, 100_000).transfer_s
        assert took_s >= (100_000 - BURST_BYTES) / 1_000_000


def test_a_machine_without_the_tools_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "find_tool", lambda name: None if name == "tc" else f"/usr/bin/{name}")
    if_only = why_not(netem(0.001))
    assert if_only == "install tc (Linux: util-linux and iproute2)"


def test_the_namespace_is_shaped_before_the_command_runs_in_it() -> None:
    command = in_namespace(netem(0.005), ["measure", "me"])
    assert command[0] == "unshare"
    assert command[-3:] == ["sh", "measure", "me"]
    assert command[-4].endswith('tc qdisc add dev lo root netem delay 5000us limit 10000 && exec "$@"')

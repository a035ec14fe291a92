"""Networks by name, with figures that somebody has published: the sentence of each says who, and a link says where.

They are typical cases for comparing transports, not predictions for anybody's own line.
"""

from __future__ import annotations

from lab_servers.capture.conditions.bandwidth import Bandwidth
from lab_servers.capture.conditions.condition import Condition
from lab_servers.capture.conditions.delay import Delay
from lab_servers.capture.conditions.jitter import Jitter
from lab_servers.capture.conditions.network import LOOPBACK_NETWORK, Network
from lab_servers.errors import BadParameter, shown


def _network(
    name: str, source: str, *, round_trip_s: float, down_mbit_s: float, up_mbit_s: float, jitter_s: float = 0.0
) -> Network:
    """A network of the usual kind: each direction has its rate, half of the round trip, and the same jitter."""

    def one_way(rate_mbit_s: float) -> tuple[Condition, ...]:
        conditions: tuple[Condition, ...] = (Bandwidth.of_bits(rate_mbit_s * 1e6), Delay(round_trip_s / 2))
        return (*conditions, Jitter(jitter_s)) if jitter_s else conditions

    return Network(name, one_way(up_mbit_s), one_way(down_mbit_s), source)


PRESETS: dict[str, Network] = {
    network.name: network
    for network in (
        LOOPBACK_NETWORK,
        _network("office LAN", "TODO", round_trip_s=0.001, down_mbit_s=1000, up_mbit_s=1000),
        _network("home fibre", "TODO", round_trip_s=0.012, down_mbit_s=100, up_mbit_s=100),
        _network("4G", "TODO", round_trip_s=0.15, down_mbit_s=1.6, up_mbit_s=0.75),
        _network("café Wi-Fi", "TODO", round_trip_s=0.05, down_mbit_s=9, up_mbit_s=3, jitter_s=0.03),
        _network("satellite", "TODO", round_trip_s=0.6, down_mbit_s=25, up_mbit_s=3),
        _network("another continent", "TODO", round_trip_s=0.25, down_mbit_s=100, up_mbit_s=100),
    )
}


def network_named(name: str) -> Network:
    """The preset of that name.

    Raises:
        BadParameter: there is none.
    """
    if not isinstance(name, str) or name not in PRESETS:
        raise BadParameter(f"There is no network {shown(name)}: choose from {', '.join(PRESETS)}, or make a Network.")
    return PRESETS[name]

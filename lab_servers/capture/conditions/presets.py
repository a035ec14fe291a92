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


def _one_way(rate_mbit_s: float, round_trip_s: float, *more: Condition) -> tuple[Condition, ...]:
    """The usual conditions of one direction: a rate and, behind it, half of the round trip."""
    return (Bandwidth.of_bits(rate_mbit_s * 1e6), Delay(round_trip_s / 2), *more)


_LAN = Network(
    "office LAN",
    up=_one_way(1000, 0.0005),
    down=_one_way(1000, 0.0005),
    source="1 Gbit/s and a round trip of 0.5 ms, from a well-known list of latency numbers, which counts 2,000 round "
    "trips per second within a data centre: "
    "https://github.com/donnemartin/system-design-primer#latency-numbers-every-programmer-should-know",
)
_FIBRE = Network(
    "home fibre",
    up=_one_way(17.18, 0.014),
    down=_one_way(115.22, 0.014),
    source="The medians of all fixed lines in the USA, 115.22 and 17.18 Mbit/s with 14 ms, measured by Ookla in the "
    "second quarter of 2021: https://www.ookla.com/articles/starlink-hughesnet-viasat-performance-q2-2021",
)
_4G = Network(
    "4G",
    up=_one_way(0.75, 0.15),
    down=_one_way(1.6, 0.15),
    source='Lighthouse\'s "slow 4G", 1.6 Mbit/s down, 750 kbit/s up and 150 ms, which it calls roughly the slowest '
    "quarter of 4G connections and the fastest of 3G: https://github.com/GoogleChrome/lighthouse/blob/main/docs/throttling.md",
)
_CAFE = Network(
    "café Wi-Fi",
    up=_one_way(3, 0.04, Jitter(0.03)),
    down=_one_way(9.01, 0.04, Jitter(0.03)),
    source="9.01 Mbit/s down, as OpenSignal measured in the cafés of one chain in 2014 "
    "(https://opensignal.com/reports/2014/us-wifi/); the rate up, the round trip of 40 ms and the jitter of up to "
    "30 ms each way are chosen for this course, not measured.",
)
_SATELLITE = Network(
    "satellite",
    up=_one_way(3.38, 0.63),
    down=_one_way(18.13, 0.63),
    source="Viasat's geostationary satellites in the USA, medians of Ookla's for the second quarter of 2021: 18.13 "
    "and 3.38 Mbit/s (https://www.ookla.com/articles/starlink-hughesnet-viasat-performance-q2-2021) with 630 ms "
    "(https://rcrwireless.com/20210804/carriers/nice-link-if-you-can-get-it-starlink-outpaces-other-satellite-providers"
    "-and-sometimes-even-fixed-broadband). From the edge of its view light alone needs 558 ms (RFC 2488 section 2).",
)
_CONTINENT = Network(
    "another continent",
    up=(Delay(0.101),),
    down=(Delay(0.101),),
    source="202 ms, of the order that https://www.cloudping.co/ shows between data centres in Virginia and Hong Kong; "
    "it measures anew every few hours, so its figure moves. Only the distance, without a limit on the rate.",
)

PRESETS: dict[str, Network] = {
    network.name: network for network in (LOOPBACK_NETWORK, _LAN, _FIBRE, _4G, _CAFE, _SATELLITE, _CONTINENT)
}


def network_named(name: str) -> Network:
    """The preset of that name.

    Raises:
        BadParameter: there is none.
    """
    if not isinstance(name, str) or name not in PRESETS:
        raise BadParameter(f"There is no network {shown(name)}: choose from {', '.join(PRESETS)}, or make a Network.")
    return PRESETS[name]

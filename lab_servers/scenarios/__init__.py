"""Runs that a notebook makes: each is a frozen set of bounded parameters with a ``run`` that yields a recording."""

from lab_servers.scenarios.four_ways import FourWays
from lab_servers.scenarios.one_exchange import OneExchange
from lab_servers.scenarios.replay import Replay
from lab_servers.scenarios.scenario import Scenario

# What `python -m lab_servers run NAME` knows, in the order of the course. Replay takes bytes, not parameters.
SCENARIOS: dict[str, type[Scenario]] = {
    scenario.__name__: scenario
    for scenario in (
        FourWays,
        OneExchange,
    )
}

__all__ = [
    "SCENARIOS",
    "FourWays",
    "OneExchange",
    "Replay",
    "Scenario",
]

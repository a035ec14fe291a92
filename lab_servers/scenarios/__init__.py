"""Runs that a notebook makes: each is a frozen set of bounded parameters with a ``run`` that yields a recording."""

from lab_servers.scenarios.four_ways import FourWays
from lab_servers.scenarios.one_exchange import OneExchange
from lab_servers.scenarios.replay import Replay

__all__ = ["FourWays", "OneExchange", "Replay"]

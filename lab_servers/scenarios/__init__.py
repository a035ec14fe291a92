"""Runs that a notebook makes: each is a frozen set of bounded parameters with a ``run`` that yields a recording."""

from lab_servers.scenarios.four_ways import FourWays
from lab_servers.scenarios.frames_both_ways import BothWays
from lab_servers.scenarios.frames_chat import ChatFrames
from lab_servers.scenarios.frames_closing import CloseCodes
from lab_servers.scenarios.frames_compression import TokenCompression
from lab_servers.scenarios.frames_cut_character import CutCharacter
from lab_servers.scenarios.frames_forbidden import ForbiddenFrames
from lab_servers.scenarios.frames_lengths import FrameLengths
from lab_servers.scenarios.one_exchange import OneExchange
from lab_servers.scenarios.polling_ask_again import AskAgain
from lab_servers.scenarios.polling_between import BetweenPolls
from lab_servers.scenarios.polling_herd import Herd
from lab_servers.scenarios.polling_retry_after import RetryAfter
from lab_servers.scenarios.polling_time_limits import TimeLimits
from lab_servers.scenarios.replay import Replay
from lab_servers.scenarios.scenario import Scenario

# What `python -m lab_servers run NAME` knows, in the order of the course. Replay takes bytes, not parameters.
SCENARIOS: dict[str, type[Scenario]] = {
    scenario.__name__: scenario
    for scenario in (
        FourWays,
        OneExchange,
        AskAgain,
        TimeLimits,
        BetweenPolls,
        Herd,
        RetryAfter,
        ChatFrames,
        FrameLengths,
        CutCharacter,
        BothWays,
        CloseCodes,
        ForbiddenFrames,
        TokenCompression,
    )
}

__all__ = [
    "SCENARIOS",
    "AskAgain",
    "BetweenPolls",
    "BothWays",
    "ChatFrames",
    "CloseCodes",
    "CutCharacter",
    "ForbiddenFrames",
    "FourWays",
    "FrameLengths",
    "Herd",
    "OneExchange",
    "Replay",
    "RetryAfter",
    "Scenario",
    "TimeLimits",
    "TokenCompression",
]

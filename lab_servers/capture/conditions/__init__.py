"""Network conditions: what a relay does to the bytes of one direction before it sends them on.

Each condition is a frozen dataclass in a file of its own, and says when bytes may pass; ``line.py`` then lets them
pass. ``network.py`` joins the conditions of both directions, ``presets.py`` has networks with published figures.
"""

from lab_servers.capture.conditions.bandwidth import Bandwidth
from lab_servers.capture.conditions.condition import Condition, Ending, Passage, Piece, State, begin, through
from lab_servers.capture.conditions.delay import Delay
from lab_servers.capture.conditions.jitter import Jitter
from lab_servers.capture.conditions.line import Line, Stage
from lab_servers.capture.conditions.network import LOOPBACK_NETWORK, Network
from lab_servers.capture.conditions.pause import Pause
from lab_servers.capture.conditions.presets import PRESETS, network_named
from lab_servers.capture.conditions.slicing import Slicing

__all__ = [
    "LOOPBACK_NETWORK",
    "PRESETS",
    "Bandwidth",
    "Condition",
    "Delay",
    "Ending",
    "Jitter",
    "Line",
    "Network",
    "Passage",
    "Pause",
    "Piece",
    "Slicing",
    "Stage",
    "State",
    "begin",
    "network_named",
    "through",
]

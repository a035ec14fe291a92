"""How a run of a few text messages is shown: the first frame's first two bytes bit by bit, and all frames in order.

The picture itself is made by ``views/frames.py``. Neighbours: ``frames_lengths.py``, ``frames_both_ways.py``, ….
"""

from __future__ import annotations

from lab_servers.capture.capture import Capture, Side
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.frames import bit_picture, frame_table, frames
from lab_servers.views.picture import Picture
from lab_servers.views.table import Table


def websocket_capture(recording: Recording, scenario: str) -> Capture:
    """The one connection of a run, on which the client has sent frames.

    Args:
        recording: The run.
        scenario: The scenario that makes such recordings, for the sentence of the error.

    Raises:
        BadParameter: there is none.
    """
    for capture in recording.captures:
        if frames(capture, Side.CLIENT):
            return capture
    raise BadParameter(f"This recording has no connection with frames from a client: run the scenario {scenario}.")


def picture(recording: Recording) -> Picture:
    """The bits of the first frame that the client sent."""
    return bit_picture(frames(websocket_capture(recording, "ChatFrames"), Side.CLIENT)[0])


def table(recording: Recording) -> Table:
    """All frames of the connection."""
    return frame_table(websocket_capture(recording, "ChatFrames"))

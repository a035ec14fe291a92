"""A short event stream, line by line, beside the state of its parser.

``scenarios/sse_parser.py`` makes the recording; ``views/parser_states.py`` draws.
"""

from __future__ import annotations

from lab_servers.recording import Recording
from lab_servers.views.looks.sse import stream_capture
from lab_servers.views.parser_states import parser_picture, parser_table
from lab_servers.views.picture import Picture
from lab_servers.views.table import Table

SCENARIO = "ParserSteps"


def picture(recording: Recording) -> Picture:
    """The lines and the buffers after each."""
    return parser_picture(stream_capture(recording, SCENARIO))


def table(recording: Recording) -> Table:
    """The same in full."""
    return parser_table(stream_capture(recording, SCENARIO))

"""One answer on every way: when each piece of it arrived, as a picture, and what its reader felt, as figures.

``scenarios/ai_answer_arrives.py`` makes the recording. ``views/ai`` has more of it: waits, reading, bytes.
"""

from __future__ import annotations

from lab_servers.recording import Recording
from lab_servers.views.ai.arrivals import answer_arrivals, answer_times_table
from lab_servers.views.picture import Picture
from lab_servers.views.table import Table


def picture(recording: Recording) -> Picture:
    """The model above, a row for each way below."""
    return answer_arrivals(recording)


def table(recording: Recording) -> Table:
    """Time to the first text, gaps, lateness and whole time of each way."""
    return answer_times_table(recording)

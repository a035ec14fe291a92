"""The same messages on every lane: when each arrived as a picture, and what each lane cost as figures.

``scenarios/side_by_side.py`` makes the recording; the pictures of ``views/side/`` show other sides of it.
"""

from __future__ import annotations

import numpy as np

from lab_servers.measure.transports import Direction
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.side.lanes import directions_of, lanes_of
from lab_servers.views.side.raster import arrival_raster
from lab_servers.views.side.stacks import account_of_lanes, few
from lab_servers.views.side.words import duration
from lab_servers.views.table import Table


def picture(recording: Recording) -> Picture:
    """A row for each lane and direction."""
    return arrival_raster(recording)


def table(recording: Recording) -> Table:
    """Bytes by use in both directions, requests, connections, and how late messages were.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    # Down, where messages went both ways: what the user waits for.
    direction = next(iter(directions_of(recording)), Direction.DOWN)
    late_ms = {one.lane.name: one.late_s * 1e3 for one in lanes_of(recording, direction) if one.count}
    rows = []
    for name, one in account_of_lanes(recording).items():
        both = one.both
        rows.append(
            (
                name,
                f"{one.message_count:,}",
                f"{both.payload:,}",
                f"{both.framing:,}",
                f"{both.headers:,}",
                few(both.total / one.message_count),
                f"{one.requests:,}",
                f"{one.connections:,}",
                f"{one.open_s:.2f}",
                # A figure and its unit stay on one line, so that the row stays one line high.
                duration(float(np.median(late_ms[name]))).replace(" ", "\N{NO-BREAK SPACE}")
                if name in late_ms
                else "never",
            )
        )
    return Table(
        "What each lane cost, in bytes of both directions, and how late half of its messages were at most",
        (
            "lane", "messages", "payload", "framing", "headers", "bytes per message", "requests", "connections",
            "seconds open", f"late {direction.value}",
        ),
        tuple(rows),
        notices=recording.notices,
    )  # fmt: skip

"""How the run of one answer over four transports is shown: its arrivals, as a picture and as figures."""

from __future__ import annotations

from lab_servers.recording import Recording
from lab_servers.views.arrivals import arrival_picture, arrival_table
from lab_servers.views.picture import Picture
from lab_servers.views.table import Table

WAYS = ("whole response", "polling", "SSE", "WebSocket")


def picture(recording: Recording) -> Picture:
    """When each piece of the answer was produced and shown."""
    return arrival_picture(recording, WAYS)


def table(recording: Recording) -> Table:
    """The same in seconds."""
    return arrival_table(recording, WAYS)

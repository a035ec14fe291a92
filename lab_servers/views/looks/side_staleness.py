"""How stale a client's knowledge is against the rate of events, for four ways of knowing, as a picture and as figures.

``scenarios/side_staleness.py`` makes the recording; the curves are those of ``views/side/staleness.py``.
"""

from __future__ import annotations

from dataclasses import replace

from lab_servers.measure.growth_steps import measured_on
from lab_servers.measure.staleness import late_at_rates
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.side.staleness import Staleness, staleness_curves, staleness_table
from lab_servers.views.table import Table


def points(recording: Recording) -> tuple[Staleness, ...]:
    """A point for each lane and rate.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    return tuple(
        Staleness(one.lane, one.rate, one.mean_s, one.worst_s, len(one.late_s)) for one in late_at_rates(recording)
    )


def picture(recording: Recording) -> Picture:
    """Mean staleness at each rate, with a whisker up to the worst."""
    drawn = staleness_curves(points(recording))
    return replace(drawn, text=f"{drawn.text} {measured_on(recording)}".rstrip(), notices=recording.notices)


def table(recording: Recording) -> Table:
    """The figures of the picture."""
    return replace(staleness_table(points(recording)), notices=recording.notices)

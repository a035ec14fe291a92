"""How long one small message took on each lane: whole distributions, and what may be said of their differences.

``scenarios/side_latencies.py`` makes the recording, ``measure/latencies.py`` compares, ``views/side/latency.py`` draws.
"""

from __future__ import annotations

from dataclasses import replace

from lab_servers.measure.latencies import FIRST, Row, findings, warm_up_of
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.side.latency import latency_curves
from lab_servers.views.table import Table


def picture(recording: Recording) -> Picture:
    """The distribution of each lane."""
    found = findings(recording)
    drawn = latency_curves(recording, warm_up=warm_up_of(recording))
    return replace(drawn, text=f"{drawn.text} {found.spread_sentence}")


def table(recording: Recording) -> Table:
    """The figures of each lane, and what it says against the first one."""
    found = findings(recording)
    first = found.rows[0].summary
    rows = [_row(row, row.summary.median / first.median) for row in found.rows]
    return Table(
        f"From produced to delivered in milliseconds, n = {first.n:,} messages on each lane after a warm-up of "
        f"{first.warm_up:,}, sent in turns",
        ("lane", "median", "95 % interval", "p95", "p99", f"times {FIRST.name}", f"against {FIRST.name}"),
        tuple(rows),
        notices=(
            found.noise_sentence,
            found.spread_sentence,
            *([found.machine] if found.machine else []),
            *recording.notices,
        ),
    )


def _row(row: Row, ratio: float) -> tuple[str, ...]:
    one = row.summary
    return (
        row.name,
        f"{one.median:.2f}",
        f"{one.low:.2f}–{one.high:.2f}",
        f"{one.p95:.2f}",
        f"{one.p99:.2f}",
        f"{ratio:.2f}",
        row.comparison.words if row.comparison else "",
    )

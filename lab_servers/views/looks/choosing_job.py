"""One job run on several transports: what each cost, as a picture and as figures, and beside what the model says.

``scenarios/choosing_job.py`` makes the recording, ``measure/job_run.py`` reads it.
"""

from __future__ import annotations

from collections.abc import Sequence

from lab_servers.errors import BadParameter
from lab_servers.measure.costs import HOUR_S, Units
from lab_servers.measure.crossings import rounded
from lab_servers.measure.job_run import Ran, job_of, predicted_per_s, ran, speed_of
from lab_servers.measure.transports import Lane
from lab_servers.measure.unit_costs import unit_costs
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.side.lane_style import style_of
from lab_servers.views.style import FAINT, GRID, HATCHES, INK, new_figure
from lab_servers.views.table import Table


def table(recording: Recording) -> Table:
    """What each transport cost, per user and hour of the job, and how late a message was known."""
    stay_s = job_of(recording).stay_s
    rows = []
    for one in ran(recording):
        hour = one.per_s(stay_s).times(HOUR_S)
        late = (f"{rounded(one.mean_s)} s", f"{rounded(one.worst_s)} s") if one.messages else ("none came", "none came")
        rows.append(
            (
                one.transport.value,
                f"{one.cost.bytes:,.0f}",
                f"{one.cost.requests:,.0f}",
                f"{hour.bytes:,.0f}",
                f"{hour.requests:,.0f}",
                f"{one.messages:,}",
                *late,
            )
        )
    columns = (
        "transport", "bytes in this run", "requests", "bytes per hour", "requests per hour", "messages down",
        "late on average", "late at most",
    )  # fmt: skip
    return Table(
        f"One job on {len(rows)} transports, {rounded(speed_of(recording))} seconds of it in each second of the run; "
        "per user, and late in the job's own seconds",
        columns,
        tuple(rows),
        notices=recording.notices,
    )


def picture(recording: Recording) -> Picture:
    """A bar for the bytes per hour of each transport, with its requests beside it."""
    stay_s = job_of(recording).stay_s
    found = ran(recording)
    figure, axes = new_figure(8.8, 1.6 + 0.75 * len(found))
    for at, one in enumerate(found):
        hour = one.per_s(stay_s).times(HOUR_S)
        axes.barh(
            -at, hour.bytes, 0.6, color=style_of(Lane(one.transport)).color, hatch=HATCHES[at], edgecolor="white",
            linewidth=0.6,
        )  # fmt: skip
        axes.annotate(
            f"{rounded(hour.bytes)} bytes, {rounded(hour.requests)} requests", (hour.bytes, -at), (6, 0),
            textcoords="offset points", va="center", color=INK, fontsize=12,
        )  # fmt: skip
    axes.set_yticks([-at for at in range(len(found))], [one.transport.value for one in found], fontsize=13)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(0, 1.6 * max(one.per_s(stay_s).bytes for one in found) * HOUR_S)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.locator_params(axis="x", nbins=5)
    axes.grid(axis="x", color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.set_xlabel("bytes per user and hour of the job, both directions")
    return Picture(figure, "One job on several transports", sentence(recording), recording.notices)


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    stay_s = job_of(recording).stay_s
    told = [_told(one, stay_s) for one in ran(recording)]
    return f"Per user and hour: {'; '.join(told)}."


def _told(one: Ran, stay_s: float) -> str:
    hour = one.per_s(stay_s).times(HOUR_S)
    return f"{one.transport.value} {rounded(hour.bytes)} bytes and {rounded(hour.requests)} requests"


# --- against the model ------------------------------------------------------------------------------------------------


def points(recordings: Sequence[Recording], units: Units) -> list[tuple[Recording, Ran, float, float]]:
    """Of each transport of each run: the run, what it cost, and bytes per hour as predicted and as measured.

    Raises:
        BadParameter: one of them is of another run, or there is none.
    """
    if not recordings:
        raise BadParameter(
            "The model needs runs to be held against: give recordings of JobBothWays after the unit costs."
        )
    return [
        (
            recording,
            one,
            predicted_per_s(recording, one.transport, units).bytes * HOUR_S,
            one.per_s(job_of(recording).stay_s).bytes * HOUR_S,
        )
        for recording in recordings
        for one in ran(recording)
    ]


def against_model(units: Recording, *recordings: Recording) -> Table:
    """Predicted from unit costs and measured in runs of their own: bytes per user and hour.

    Args:
        units: A recording of ``UnitCosts``.
        recordings: Recordings of ``JobBothWays``.

    Raises:
        BadParameter: one of them is of another run.
    """
    found = points(recordings, unit_costs(units))
    rows = [
        (
            _job_words(recording),
            one.transport.value,
            f"{predicted:,.0f}",
            f"{measured:,.0f}",
            f"{predicted / measured - 1:+.1%}",
        )
        for recording, one, predicted, measured in found
    ]
    return Table(
        model_sentence(units, *recordings),
        ("job", "transport", "predicted", "measured", "predicted is off by"),
        tuple(rows),
        notices=_notices(units, *recordings),
    )


def model_sentence(units: Recording, *recordings: Recording) -> str:
    """How far the model is off, at most."""
    found = points(recordings, unit_costs(units))
    worst = max(abs(predicted / measured - 1) for _, _, predicted, measured in found)
    return f"Bytes per user and hour at {len(found)} points: predicted and measured differ by at most {worst:.1%}"


def _notices(*recordings: Recording) -> tuple[str, ...]:
    return tuple(dict.fromkeys(notice for one in recordings for notice in one.notices))


def _job_words(recording: Recording) -> str:
    job = job_of(recording)
    up = f", up every {rounded(job.up_every_s)} s" if job.up_every_s < HOUR_S else ""
    return f"down every {rounded(job.down_every_s)} s{up}, late by {rounded(job.tolerated_s)} s"


def model_picture(units: Recording, *recordings: Recording) -> Picture:
    """Predicted over measured, on logarithmic axes; where both are the same is a line.

    Raises:
        BadParameter: one of them is of another run.
    """
    found = points(recordings, unit_costs(units))
    figure, axes = new_figure(7.2, 5.4)
    both = [value for _, _, predicted, measured in found for value in (predicted, measured)]
    ends = (min(both) / 2, max(both) * 2)
    axes.plot(ends, ends, color=FAINT, linewidth=1.4, linestyle=(0, (5, 3)), zorder=1)
    for transport in dict.fromkeys(one.transport for _, one, _, _ in found):
        mine = [(measured, predicted) for _, one, predicted, measured in found if one.transport is transport]
        sign = {**style_of(Lane(transport)).sign, "markersize": 12, "label": transport.value}
        axes.plot(*zip(*mine, strict=True), **sign)
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_xlabel("measured, bytes per user and hour")
    axes.set_ylabel("predicted from unit costs")
    legend = axes.legend(frameon=False, fontsize=12)
    for text in legend.get_texts():
        text.set_color(INK)
    return Picture(
        figure, "The model against runs", f"{model_sentence(units, *recordings)}.", _notices(units, *recordings)
    )

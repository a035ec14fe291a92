"""The sequence picture: time runs downward on a scale, one arrow per step from the side that took it.

``sequence_steps.py`` finds the steps, ``sequence_layout.py`` their places. The table is the same in words.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from lab_servers.capture.capture import Capture, Side
from lab_servers.recording import bound_notices
from lab_servers.views.picture import Picture
from lab_servers.views.sequence_fit import FONT_PT, fitted
from lab_servers.views.sequence_layout import Fold, Scale, spread
from lab_servers.views.sequence_steps import MAX_STEPS, Step, StepSequence, step_sequence
from lab_servers.views.sequence_words import Line, duration
from lab_servers.views.style import BLUE, FAINT, INK, VERMILION, new_figure, payload_fonts
from lab_servers.views.table import Table
from lab_servers.wire.model import Severity

__all__ = ["MAX_STEPS", "Step", "sequence_picture", "sequence_table", "steps"]

_COLORS = {Side.CLIENT: BLUE, Side.SERVER: VERMILION}
_SIGNS = {Side.CLIENT: "→", Side.SERVER: "←"}
_WHO = {Side.CLIENT: "client →", Side.SERVER: "← server", None: "relay"}

# All of it is drawn in points, from the top left corner.
WIDTH_PT = 648.0
SCALE_X, CLIENT_X, SERVER_X, LABEL_X = 56.0, 102.0, 196.0, 208.0
HEADER_PT, BOTTOM_PT, LINE_PT = 44.0, 14.0, 19.0
LEAST_HEIGHT_PT = 6 * LINE_PT
# The reader's browser may draw text a little wider than it is here.
LABEL_WIDTH_PT = (WIDTH_PT - LABEL_X) / 1.04


def steps(capture: Capture, *, layer: str = "sse", max_steps: int = MAX_STEPS) -> tuple[Step, ...]:
    """What happened on a connection, in order: records, each read of a body, transitions, the end of HTTP."""
    return step_sequence(capture, layer=layer, max_steps=max_steps).steps


def sequence_table(capture: Capture, *, layer: str = "sse", max_steps: int = MAX_STEPS) -> Table:
    """The steps of the picture as a table; the arguments are those of :func:`sequence_picture`."""
    found = step_sequence(capture, layer=layer, max_steps=max_steps)
    rows = tuple(
        (_times(step), " and ".join(_who(step, line) for line in _told(step)), step.label, _notes(step))
        for step in found.steps
    )
    return Table(
        "What passed the relay, in order", ("time", "who", "what", "notes"), rows, notices=_notices(capture, found)
    )


def sequence_picture(capture: Capture, *, layer: str = "sse", max_steps: int = MAX_STEPS) -> Picture:
    """Draw a connection between its two lifelines, beside a scale of time.

    The scale is the same everywhere, except that gaps which would crowd all else together are folded,
    marked and named. Steps that lie too close together are drawn apart, as little as possible; a thin
    line leads from each to its place on the scale.

    Args:
        capture: The connection.
        layer: ``"sse"`` shows a body that is an event stream as its event blocks; ``"http"`` shows the
            chunks or reads in which it came; ``"tcp"`` shows each read of the relay, and looks for nothing
            in the bytes.
        max_steps: 20 to 500. On a longer connection like steps are gathered in brackets that say how many
            there were, how many bytes and for how long.

    Raises:
        BadParameter: an argument is out of its bounds.
    """
    found = step_sequence(capture, layer=layer, max_steps=max_steps)
    scale = _scale(found.steps)
    places, fold_places = _places(found.steps, scale)
    bottom = max([scale.bottom, *(y + _height(step) / 2 for y, step in zip(places, found.steps, strict=True))])
    figure, axes = _canvas(HEADER_PT + bottom + BOTTOM_PT)
    _draw_scale(axes, scale, found.steps[-1].until_s if found.steps else 0.0)
    for x, side in ((CLIENT_X, Side.CLIENT), (SERVER_X, Side.SERVER)):
        _broken_line(axes, x, -8.0, bottom + 8.0, fold_places)
        axes.text(x, -22.0, side.value, ha="center", va="center", color=INK, fontsize=13, weight="bold")
    for fold, y in zip(scale.folds, fold_places, strict=True):
        axes.text(
            (CLIENT_X + SERVER_X) / 2, y, f"{duration(fold.lasted_s)}\nfolded", ha="center", va="center",
            color=INK, fontsize=FONT_PT, linespacing=1.1, gid="fold",
        )  # fmt: skip
    for step, y in zip(found.steps, places, strict=True):
        _draw(axes, step, y, scale)
    return Picture(figure, "One connection", _sentence(capture, found, scale.folds), _notices(capture, found))


# --- places -------------------------------------------------------------------------------------


def _height(step: Step) -> float:
    return LINE_PT * len(step.lines)


def _scale(drawn: tuple[Step, ...]) -> Scale:
    times = [time for step in drawn for time in (step.at_s, step.until_s)]
    busy = {(step.at_s, step.until_s) for step in drawn if step.count > 1}
    return Scale(times, max(LEAST_HEIGHT_PT, 1.25 * sum(map(_height, drawn))), LINE_PT, busy)


def _places(drawn: tuple[Step, ...], scale: Scale) -> tuple[list[float], list[float]]:
    """The middle of each step's row, and of each fold's mark between the rows."""
    rows: list[tuple[float, float, Fold | None]] = []
    folds = list(scale.folds)
    for step in drawn:
        while folds and folds[0].stop_s <= step.at_s:
            fold = folds.pop(0)
            rows.append((fold.y, 1.6 * LINE_PT, fold))
        rows.append(((scale.y(step.at_s) + scale.y(step.until_s)) / 2, _height(step), None))
    middles = spread([row[0] for row in rows], [row[1] for row in rows], 0.0)
    places = [y for y, row in zip(middles, rows, strict=True) if row[2] is None]
    return places, [y for y, row in zip(middles, rows, strict=True) if row[2] is not None]


# --- drawing ------------------------------------------------------------------------------------


def _canvas(height_pt: float) -> tuple[Figure, Axes]:
    figure, axes = new_figure(WIDTH_PT / 72, height_pt / 72)
    figure.set_layout_engine("none")
    axes.set_position((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH_PT)
    axes.set_ylim(height_pt - HEADER_PT, -HEADER_PT)
    return figure, axes


def _broken_line(axes: Axes, x: float, top: float, bottom: float, folds: list[float]) -> None:
    """A vertical line with a zigzag at each fold."""
    xs, ys = [x], [top]
    for y in folds:
        xs += [x, x - 5, x + 5, x]
        ys += [y - 9, y - 4, y + 4, y + 9]
    axes.plot([*xs, x], [*ys, bottom], color=FAINT, linewidth=1.6, solid_joinstyle="miter", zorder=0)


def _draw_scale(axes: Axes, scale: Scale, span_s: float) -> None:
    _broken_line(axes, SCALE_X, 0.0, max(scale.bottom, 1.0), [fold.y for fold in scale.folds])
    unit, factor = ("s", 1.0) if span_s >= 10 else ("ms", 1e3)
    step, ticks = scale.ticks()
    for tick in ticks:
        y = scale.y(tick)
        digits = _digits(step * factor, tick * factor)
        axes.plot([SCALE_X - 4, SCALE_X], [y, y], color=FAINT, linewidth=1.0)
        axes.text(
            SCALE_X - 7, y, f"{tick * factor:.{digits}f}", ha="right", va="center", color=INK, fontsize=FONT_PT,
            gid="tick",
        )  # fmt: skip
    axes.text(SCALE_X, -22.0, unit, ha="right", va="center", color=INK, fontsize=FONT_PT)


def _digits(step: float, tick: float) -> int:
    """How many decimals tell two ticks apart; a tick that is no multiple of the step gets more."""
    digits = 0
    while digits < 6 and abs(step - round(step, digits)) > step * 1e-6:
        digits += 1
    return digits if abs(tick / step - round(tick / step)) < 1e-6 else min(digits + 1, 6)


def _draw(axes: Axes, step: Step, y: float, scale: Scale) -> None:
    """One step: its place on the scale of time, its arrows, its words."""
    first, last = scale.y(step.at_s), scale.y(step.until_s)
    axes.plot([SCALE_X + 2, CLIENT_X - 4], [(first + last) / 2, y], color=FAINT, linewidth=0.8, zorder=0, gid="leader")
    axes.plot([SCALE_X], [(first + last) / 2], color=FAINT, marker="o", markersize=3.5)
    if step.count > 1:
        _draw_times(axes, step, scale)
        half = _height(step) / 2 - 2
        bracket = [LABEL_X + 1, LABEL_X - 4, LABEL_X - 4, LABEL_X + 1]
        axes.plot(bracket, [y - half, y - half, y + half, y + half], color=INK, linewidth=1.2)
    if step.ends_http:
        axes.plot([CLIENT_X - 4, LABEL_X - 4], [y, y], color=INK, linewidth=2.0, linestyle=(0, (5, 2)), zorder=1)
    tops = y - _height(step) / 2 + LINE_PT / 2
    for row, line in enumerate(step.lines):
        row_y = tops + row * LINE_PT
        if line.by is not None:
            _draw_arrow(axes, line.by, row_y, step)
        sign = _SIGNS[line.by] if line.by else "" if step.ends_http else "✕"
        indent = 6.0 if step.count > 1 else 0.0
        axes.text(
            LABEL_X + indent, row_y, fitted(line, sign, LABEL_WIDTH_PT - indent), va="center_baseline", color=INK,
            fontsize=FONT_PT, fontfamily=payload_fonts(), parse_math=False, gid="label",
            weight="bold" if step.ends_http else "normal",
        )  # fmt: skip


def _draw_arrow(axes: Axes, by: Side, y: float, step: Step) -> None:
    start, end = (CLIENT_X, SERVER_X) if by is Side.CLIENT else (SERVER_X, CLIENT_X)
    look = {
        "arrowstyle": "-|>", "color": _COLORS[by], "shrinkA": 0, "shrinkB": 0, "mutation_scale": 12,
        "linewidth": 3.6 if step.count > 1 else 1.8, "linestyle": "dashed" if step.is_transition else "solid",
    }  # fmt: skip
    axes.annotate("", (end, y), (start, y), arrowprops=look)


def _draw_times(axes: Axes, step: Step, scale: Scale) -> None:
    """A bar on the scale for what is gathered, and a tick for each that is: where they lie dense and where not."""
    first, last = scale.y(step.at_s), scale.y(step.until_s)
    axes.plot([SCALE_X + 2.5] * 2, [first, last], color=INK, linewidth=1.2, gid="bracket")
    # More than one in half a point cannot be told apart.
    places = {round((time - step.at_s) * scale.pt_per_s * 2) for time in step.times_s}
    ticks = [((SCALE_X + 2.5, first + place / 2), (SCALE_X + 8, first + place / 2)) for place in sorted(places)]
    axes.add_collection(LineCollection(ticks, colors=FAINT, linewidths=0.6))


# --- words --------------------------------------------------------------------------------------


def _times(step: Step) -> str:
    at = f"{step.at_s * 1e3:.2f}"
    return f"{at} to {step.until_s * 1e3:.2f} ms" if step.count > 1 else f"{at} ms"


def _told(step: Step) -> tuple[Line, ...]:
    return step.lines if step.count > 1 else step.lines[:1]


def _who(step: Step, line: Line) -> str:
    return "" if step.ends_http else _WHO[line.by]


def _notes(step: Step) -> str:
    return " ".join(f"{note.severity.value}: {note.text} ({note.spec})" for note in step.notes)


def _sentence(capture: Capture, found: StepSequence, folds: tuple[Fold, ...]) -> str:
    if not found.steps:
        return "Nothing was recorded on this connection."
    sizes = " and ".join(f"the {side.value} sent {_sent(capture, side):,} bytes" for side in Side)
    count = found.happened
    told = [f"{count:,} step{'' if count == 1 else 's'} in {found.steps[-1].until_s * 1e3:,.2f} ms: {sizes}."]
    if found.hidden_bytes:
        told.append(f"Of the server's, {found.hidden_bytes:,} bytes are the framing around the events.")
    told += [f"{step.label}." for step in found.steps if step.ends_http]
    for severity, verb in ((Severity.FORBIDDEN, "break a rule"), (Severity.ODD, "are odd but legal")):
        marked = sum(any(note.severity is severity for note in step.notes) for step in found.steps)
        if marked:
            told.append(f"Steps that {verb} (⚠ {severity.value}): {marked}.")
    told += [f"The last HTTP message of the {side.value} is not complete." for side in found.incomplete]
    if folds:
        which = ", ".join(duration(fold.lasted_s) for fold in folds[:6]) + (", …" if len(folds) > 6 else "")
        told.append(f"Gaps that are folded: {len(folds)} ({which}).")
    told.append(
        "The scale at the left is the time at which the relay saw the last byte of each; thin lines lead to it."
    )
    return " ".join(told)


def _sent(capture: Capture, side: Side) -> int:
    chunks = capture.chunks_from(side)
    return chunks[-1].end if chunks else 0


def _notices(capture: Capture, found: StepSequence) -> tuple[str, ...]:
    brackets = [step.count for step in found.steps if step.count > 1]
    if not brackets:
        return bound_notices(capture)
    told = (
        f"Of {found.happened:,} steps, {sum(brackets):,} are gathered in {len(brackets)} "
        f"bracket{'' if len(brackets) == 1 else 's'}, which say how many, how many bytes and for how long. "
        "Nobody looked for notes on those."
    )
    return (told, *bound_notices(capture))

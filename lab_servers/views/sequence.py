"""The sequence picture: time runs downward on a scale, one arrow per step from the side that took it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from matplotlib.axes import Axes

from lab_servers.capture.capture import Capture, Side, TransitionKind
from lab_servers.recording import bound_notices
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, FAINT, INK, VERMILION, new_figure
from lab_servers.views.table import Table
from lab_servers.wire.http1 import Message, messages

_COLORS = {Side.CLIENT: BLUE, Side.SERVER: VERMILION}
_TRANSITIONS = {
    TransitionKind.OPENED: "opens the connection",
    TransitionKind.HALF_CLOSED: "FIN: has no more to send",
    TransitionKind.RESET: "RST: gives the connection up",
    TransitionKind.REFUSED: "the relay cannot reach the server",
    TransitionKind.ABANDONED: "the relay is stopped",
}
MAX_STEPS = 60

# Where the lifelines stand, on an axis that begins at the scale of time.
CLIENT_X, SERVER_X = 0.75, 1.85


@dataclass(frozen=True)
class Step:
    """Something that one side did, at the time at which it passed the relay.

    Attributes:
        at_s: Seconds since the connection was opened.
        by: The side that did it; ``None`` for the relay.
        label: What it was, in a few words.
    """

    at_s: float
    by: Side | None
    label: str


def steps(capture: Capture) -> tuple[Step, ...]:
    """What happened on a connection: transitions, heads, and each read of body bytes."""
    client, server = (capture.bytes_from(side) for side in Side)
    found, _ = messages(client, server, finished=[side.value for side in capture.finished])
    taken = [*_transition_steps(capture)]
    for side in Side:
        taken += _byte_steps(capture, side, [message for message in found if message.sender == side.value])
    return tuple(Step((at_ns - capture.opened_ns) / 1e9, by, label) for at_ns, _, by, label in sorted(taken, key=_when))


_Taken = tuple[int, int, Side | None, str]


def _when(step: _Taken) -> tuple[int, int]:
    return step[0], step[1]


def _transition_steps(capture: Capture) -> Iterator[_Taken]:
    for transition in capture.transitions:
        label = _TRANSITIONS.get(transition.kind)
        if label is not None:
            first = transition.kind is TransitionKind.OPENED
            yield transition.at_ns, -1 if first else 2, transition.by, label


def _byte_steps(capture: Capture, side: Side, found: list[Message]) -> Iterator[_Taken]:
    for message in found:
        size = message.head_end - message.start
        start_line = message.start_line if len(message.start_line) <= 40 else message.start_line[:39] + "…"
        yield capture.time_of(side, message.head_end - 1), 0, side, f"{start_line}  (head, {size} bytes)"
    head_ranges = [(message.start, message.head_end) for message in found]
    http_end = found[-1].end if found else 0
    for chunk in capture.chunks_from(side):
        in_heads = sum(max(0, min(chunk.end, stop) - max(chunk.offset, start)) for start, stop in head_ranges)
        in_bodies = max(0, min(chunk.end, http_end) - chunk.offset) - in_heads
        rest = len(chunk.data) - in_heads - in_bodies
        if in_bodies:
            yield chunk.at_ns, 0, side, f"body, {in_bodies} bytes"
        if rest:
            yield chunk.at_ns, 1, side, f"bytes that are not HTTP, {rest} bytes"


def sequence_table(capture: Capture) -> Table:
    """The steps of the picture as a table."""
    arrow = {Side.CLIENT: "client →", Side.SERVER: "← server", None: "relay"}
    rows = tuple((f"{step.at_s * 1e3:.2f} ms", arrow[step.by], step.label) for step in steps(capture))
    return Table("What passed the relay, in order", ("time", "who", "what"), rows, notices=bound_notices(capture))


def sequence_picture(capture: Capture) -> Picture:
    """Draw a connection between its two lifelines, beside a scale of time.

    Steps that lie too close together are drawn apart; a thin line leads from each to its place on the scale.
    """
    taken = steps(capture)
    shown = taken[:MAX_STEPS]
    span_ms = max((step.at_s for step in shown), default=0.0) * 1e3 or 1e-3
    gap_ms = span_ms / max(len(shown) - 1, 6)
    figure, axes = new_figure(9.0, max(3.2, 0.4 * len(shown) + 0.9))
    row_ms = float("-inf")
    for step in shown:
        row_ms = max(step.at_s * 1e3, row_ms + gap_ms)
        _draw(axes, step, row_ms)
    bottom_ms = max(span_ms, row_ms)
    for x, side in ((CLIENT_X, Side.CLIENT), (SERVER_X, Side.SERVER)):
        axes.plot([x, x], [-0.4 * gap_ms, bottom_ms + 0.5 * gap_ms], color=FAINT, linewidth=2, zorder=0)
        axes.text(x, -0.6 * gap_ms, side.value, ha="center", color=INK, fontsize=13, weight="bold")
    axes.set_xlim(0, 4.1)
    axes.set_ylim(bottom_ms + 0.6 * gap_ms, -1.5 * gap_ms)
    axes.set_xticks([])
    axes.set_yticks([tick for tick in axes.get_yticks() if 0 <= tick <= span_ms])
    axes.spines["left"].set_bounds(0, span_ms)
    axes.spines["bottom"].set_visible(False)
    axes.set_ylabel("ms since opening")
    return Picture(figure, "One connection", _sentence(capture, taken), _notices(capture, len(taken)))


def _draw(axes: Axes, step: Step, row_ms: float) -> None:
    """One step: its place on the scale of time, its arrow, its words."""
    at_ms = step.at_s * 1e3
    axes.plot([0, 0.35, CLIENT_X], [at_ms, row_ms, row_ms], color=FAINT, linewidth=0.8, zorder=0)
    if step.by is not None:
        start, end = (CLIENT_X, SERVER_X) if step.by is Side.CLIENT else (SERVER_X, CLIENT_X)
        look = {"arrowstyle": "-|>", "color": _COLORS[step.by], "linewidth": 2, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (end, row_ms), (start, row_ms), arrowprops=look)
    sign = {Side.CLIENT: "→", Side.SERVER: "←", None: "✕"}[step.by]
    # Captured text may hold dollar signs, which matplotlib would take for a formula.
    axes.text(SERVER_X + 0.08, row_ms, f"{sign} {step.label}", va="center", color=INK, fontsize=11, parse_math=False)


def _sentence(capture: Capture, taken: tuple[Step, ...]) -> str:
    sizes = " and ".join(f"the {side.value} sent {len(capture.bytes_from(side)):,} bytes" for side in Side)
    if not taken:
        return "Nothing was recorded on this connection."
    steps_told = f"{len(taken)} steps in {taken[-1].at_s * 1e3:.2f} ms: {sizes}."
    return f"{steps_told} The scale at the left is the time at which the relay saw each; thin lines lead to it."


def _notices(capture: Capture, count: int) -> tuple[str, ...]:
    if count <= MAX_STEPS:
        return bound_notices(capture)
    left_out = f"The first {MAX_STEPS} of {count} steps are drawn; the table of steps has them all."
    return (left_out, *bound_notices(capture))

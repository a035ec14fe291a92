"""How connections ended: which side was first, with a FIN or a reset, read off the capture's transitions.

``scenarios/tcp_who_closed.py`` makes the recording.
"""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes

from lab_servers.capture.capture import Capture, Side, TransitionKind
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, FAINT, INK, VERMILION, new_figure
from lab_servers.views.table import Table

SERVER = "endings"
FIN, RST = "FIN", "RST"
_SIGNS = {TransitionKind.HALF_CLOSED: FIN, TransitionKind.RESET: RST}
_COLORS = {Side.CLIENT: BLUE, Side.SERVER: VERMILION}
_X = {Side.CLIENT: 0.0, Side.SERVER: 1.0}
COLUMN = 2.15


@dataclass(frozen=True)
class Passed:
    """What one side sent: bytes, a FIN or a reset.

    Attributes:
        at_ns: When it passed the relay.
        by: The side.
        what: ``"11 bytes"``, ``"FIN"`` or ``"RST"``.
    """

    at_ns: int
    by: Side
    what: str


@dataclass(frozen=True)
class Ending:
    """One connection from its first byte to its end.

    Attributes:
        name: Which ending it is, as the client's first line says.
        capture: The connection.
        passed: What passed, in order.
        client_got: The bytes that the client's application got.
        told: What the applications were told at the end, by side; nothing for a side that ended it itself and left.
    """

    name: str
    capture: Capture
    passed: tuple[Passed, ...]
    client_got: int
    told: dict[Side, str]

    @property
    def first(self) -> tuple[Side, str]:
        """The side that ended the connection first, and with what."""
        return next((one.by, one.what) for one in self.passed if one.what in (FIN, RST))


def endings(recording: Recording) -> tuple[Ending, ...]:
    """The connections, in order.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    found = tuple(_ending(recording, capture) for capture in recording.of(SERVER))
    if not found or not all(any(one.what in (FIN, RST) for one in ending.passed) for ending in found):
        raise BadParameter("This recording has no connections that end: run the scenario WhoClosed.")
    return found


def ending_named(recording: Recording, name: str) -> Ending:
    """One of them.

    Raises:
        BadParameter: there is none of this name.
    """
    found = {one.name: one for one in endings(recording)}
    if name not in found:
        raise BadParameter(f"There is no ending {name!r} in this recording: choose from {', '.join(found)}.")
    return found[name]


def _ending(recording: Recording, capture: Capture) -> Ending:
    name = capture.bytes_from(Side.CLIENT).split(b"\n")[0].decode("ascii", "replace")
    passed = [Passed(chunk.at_ns, chunk.sender, f"{len(chunk.data)} bytes") for chunk in capture.chunks]
    passed += [
        Passed(one.at_ns, one.by, _SIGNS[one.kind]) for one in capture.transitions if one.kind in _SIGNS and one.by
    ]
    told = {side: recording.marks_named(f"{name}: {side.value} told") for side in Side}
    return Ending(
        name,
        capture,
        tuple(sorted(passed, key=lambda one: one.at_ns)),
        sum(int(mark.detail) for mark in recording.marks_named(f"{name}: client got")),
        {side: marks[0].detail for side, marks in told.items() if marks},
    )


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    told = "; ".join(f"{one.name}: the {one.first[0].value}, with a {one.first[1]}" for one in endings(recording))
    return f"Who ended each connection first. {told}."


def table(recording: Recording) -> Table:
    """Who was first and with what, and what the applications were told."""
    rows = tuple(
        (
            one.name,
            f"{one.first[0].value}, {one.first[1]}",
            " ".join(f"{_arrow(step.by)} {step.what}" for step in one.passed),
            one.told.get(Side.CLIENT, "it ended it itself"),
            one.told.get(Side.SERVER, "it ended it itself"),
            f"{one.client_got} of {len(one.capture.bytes_from(Side.SERVER))}",
        )
        for one in endings(recording)
    )
    return Table(
        "Who ended each connection first, and what the applications were told",
        (
            "connection", "first", "what passed (→ from the client, ← from the server)", "client was told",
            "server was told", "bytes of the server that the client got",
        ),
        rows,
        notices=recording.notices,
    )  # fmt: skip


def _arrow(by: Side) -> str:
    return "→" if by is Side.CLIENT else "←"


def picture(recording: Recording) -> Picture:
    """The connections side by side; what passed stands in order, and not to a scale of time."""
    found = endings(recording)
    longest = max(len(one.passed) for one in found)
    figure, axes = new_figure(max(4.4, 1.78 * len(found)), 1.5 + 0.44 * longest)
    for column, one in enumerate(found):
        _draw(axes, one, column * COLUMN, longest)
    axes.set_xlim(-0.5, (len(found) - 1) * COLUMN + 1.5)
    axes.set_ylim(longest + 0.5, -1.7)
    axes.set_axis_off()
    return Picture(figure, "Who ended the connection", sentence(recording), recording.notices)


def _draw(axes: Axes, ending: Ending, x: float, longest: int) -> None:
    axes.text(x + 0.5, -1.4, ending.name, ha="center", va="center", color=INK, fontsize=12, weight="bold")
    for side, place in _X.items():
        axes.plot([x + place] * 2, [-0.3, longest - 0.1], color=FAINT, linewidth=1.4, zorder=0)
        axes.text(x + place, -0.65, side.value, ha="center", va="center", color=INK, fontsize=11)
    for row, one in enumerate(ending.passed):
        start, end = _X[one.by], _X[one.by.other]
        is_end = one.what in (FIN, RST)
        look = {
            "arrowstyle": "-|>", "color": _COLORS[one.by], "linewidth": 2.4 if is_end else 1.6, "mutation_scale": 13,
            "shrinkA": 0, "shrinkB": 0, "linestyle": "dashed" if is_end else "solid",
        }  # fmt: skip
        axes.annotate("", (x + end, row + 0.35), (x + start, row + 0.35), arrowprops=look)
        axes.text(
            x + 0.5, row + 0.28, one.what, ha="center", va="bottom", color=INK, fontsize=10.5,
            weight="bold" if is_end else "normal",
        )  # fmt: skip
    side, sign = ending.first
    axes.text(x + 0.5, longest + 0.25, f"first: {side.value}, {sign}", ha="center", va="center", color=INK, fontsize=11)

"""How connections end: the close frames on the wire between two lifelines, and beside them what each side is told.

``scenarios/frames_closing.py`` makes the recording. What a library tells its application is a mark; the rest is bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes

from lab_servers.capture.capture import Capture, Side
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.frames import frames
from lab_servers.views.heads import heads
from lab_servers.views.picture import Picture
from lab_servers.views.sequence import sequence_picture
from lab_servers.views.style import BLUE, FAINT, GRID, INK, VERMILION, new_figure
from lab_servers.views.table import Table
from lab_servers.wire.websocket.frames import Opcode, close_code

NO_FRAME, NO_CODE = "no close frame", "no code"
_COLORS = {Side.CLIENT: BLUE, Side.SERVER: VERMILION}


@dataclass(frozen=True)
class Ending:
    """How one connection ended.

    Attributes:
        name: Its name among the endings of the run.
        happens: What brought it about.
        wire: The close frames in order: who sent each, and its code; ``None`` for one without a code.
        client_told: The code that the client's library gives its application.
        server_told: The same of the server's; ``None`` where the server is no library's.
    """

    name: str
    happens: str
    wire: tuple[tuple[Side, int | None], ...]
    client_told: int
    server_told: int | None

    @property
    def codes_on_wire(self) -> frozenset[int]:
        """The codes that stand in the bytes."""
        return frozenset(code for _, code in self.wire if code is not None)


def endings(recording: Recording) -> tuple[Ending, ...]:
    """All endings of a run, in order.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    found = tuple(_ending(recording, capture) for capture in recording.captures)
    if not found:
        raise BadParameter("This recording has no connection that ends: run the scenario CloseCodes.")
    return found


def _ending(recording: Recording, capture: Capture) -> Ending:
    requests = heads(capture, Side.CLIENT)
    name = requests[0].target.removeprefix("/") if requests else ""
    happens = recording.marks_named(f"{name}: what happens")
    client = recording.marks_named(f"{name}: client told")
    if not happens or not client:
        raise BadParameter("This recording does not say what its clients were told: run the scenario CloseCodes.")
    server = recording.marks_named(f"{name}: server told")
    return Ending(
        name,
        happens[0].detail,
        close_frames(capture),
        int(client[0].detail),
        int(server[0].detail) if server else None,
    )


def close_frames(capture: Capture) -> tuple[tuple[Side, int | None], ...]:
    """The close frames of both sides in the order in which they passed: who, and with which code."""
    found = []
    for side in Side:
        for frame in frames(capture, side):
            if frame.opcode == Opcode.CLOSE:
                payload = frame.payload()
                code = int.from_bytes(payload[:2]) if len(payload) > 1 else None
                found.append((capture.time_of(side, frame.stop - 1), side, code))
    # A peer answers a close frame after it came, so that the times put them in order.
    return tuple((side, code) for _, side, code in sorted(found, key=lambda one: one[0]))


def _said(ending: Ending, side: Side) -> str:
    codes = [NO_CODE if code is None else f"{code}" for sender, code in ending.wire if sender is side]
    return codes[0] if codes else NO_FRAME


def table(recording: Recording) -> Table:
    """What is in the bytes beside what is told."""
    rows = tuple(
        (
            one.happens,
            one.wire[0][0].value if one.wire else "nobody",
            _said(one, Side.CLIENT),
            _said(one, Side.SERVER),
            f"{one.client_told} {close_code(one.client_told).name}",
            "not recorded" if one.server_told is None else f"{one.server_told} {close_code(one.server_told).name}",
        )
        for one in endings(recording)
    )
    return Table(
        "What the close frames hold, and what the libraries tell their applications",
        ("what happens", "closes first", "client's frame", "server's frame", "client is told", "server is told"),
        rows,
        notices=recording.notices,
    )


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    found = endings(recording)
    wire = sorted(frozenset().union(*(one.codes_on_wire for one in found)))
    told = sorted({one.client_told for one in found} | {one.server_told for one in found if one.server_told})
    only_told = [str(code) for code in told if code not in wire]
    never = f"Told, and in no frame: {', '.join(only_told)}." if only_told else "No code is told that is in no frame."
    count = f"{len(found)} connection{'' if len(found) == 1 else 's'}"
    return f"{count}. Codes in their close frames: {', '.join(map(str, wire)) or 'none'}. {never}"


def picture(recording: Recording) -> Picture:
    """A row for each ending; of a run with one, the sequence of its connection."""
    found = endings(recording)
    if len(found) == 1:
        return sequence_picture(recording.captures[0])
    figure, axes = new_figure(10.4, 0.7 + 0.66 * len(found))
    axes.set_axis_off()
    axes.set_xlim(0, 10.4)
    axes.set_ylim(len(found) + 0.05, -1.0)
    heads_x = ((4.95, "client is told"), (7.35, "on the wire"), (9.75, "server is told"))
    for x, words in heads_x:
        axes.text(x, -0.55, words, ha="center", va="center", color=INK, fontsize=12, weight="bold")
    for row, one in enumerate(found):
        _draw(axes, row, one)
    return Picture(figure, "How connections end", sentence(recording), recording.notices)


def _draw(axes: Axes, row: int, one: Ending) -> None:
    y = row + 0.5
    axes.plot([0, 10.4], [row, row], color=GRID, linewidth=0.8)
    axes.text(0, y, one.happens, ha="left", va="center", color=INK, fontsize=11)
    for x, told in ((4.95, one.client_told), (9.75, one.server_told)):
        is_only_told = told is not None and told not in one.codes_on_wire
        axes.text(
            x, y, "–" if told is None else f"{told}", ha="center", va="center", color=INK, fontsize=13,
            weight="bold" if is_only_told else "normal",
            bbox={"boxstyle": "round,pad=0.25", "fill": False, "edgecolor": INK} if is_only_told else None,
        )  # fmt: skip
    for x in (5.7, 9.0):
        axes.plot([x, x], [row + 0.08, row + 0.92], color=FAINT, linewidth=1.4)
    if not one.wire:
        axes.text(7.35, y, NO_FRAME, ha="center", va="center", color=INK, fontsize=11, style="italic")
    for place, (side, code) in enumerate(one.wire[:2]):
        start, end = (5.7, 9.0) if side is Side.CLIENT else (9.0, 5.7)
        level = y + (0.08 if place else -0.08)
        look = {
            "arrowstyle": "-|>",
            "color": _COLORS[side],
            "linewidth": 1.8,
            "mutation_scale": 12,
            "shrinkA": 0,
            "shrinkB": 0,
        }
        axes.annotate("", (end, level), (start, level), arrowprops=look)
        axes.text(
            7.35, level + (0.06 if place else -0.05), NO_CODE if code is None else f"{code}", ha="center",
            va="top" if place else "bottom", color=INK, fontsize=11,
        )  # fmt: skip

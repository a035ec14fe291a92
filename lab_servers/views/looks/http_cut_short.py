"""One answer cut short in three framings: what the bytes tell, and who noticed. A matrix, drawn and as a table.

``scenarios/http_cut_short.py`` makes the recording; what a client concluded stands in its marks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from lab_servers.capture.capture import Capture, Side, TransitionKind
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.heads import heads
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, INK, VERMILION, new_figure
from lab_servers.views.table import Table

FRAMINGS = ("content-length", "chunked", "close")
NAMES = {"content-length": "Content-Length", "chunked": "chunked", "close": "until the close"}
_UNDER = {
    "content-length": "under Content-Length",
    "chunked": "under chunked",
    "close": "where the close is the end of the body",
}
WIRE = "the framing in the bytes"
FORMAT = "the format of the body"
_ORDER = (
    "get() of this lab",
    "aiohttp",
    "http.client, one read()",
    "urllib, copied in pieces",
    "curl",
    "reads until the end",
)
_ABSENT = "not installed"


@dataclass(frozen=True)
class Conclusion:
    """What one reader made of one answer.

    Attributes:
        notices: Whether it noticed that something is missing.
        words: What it said.
    """

    notices: bool
    words: str


def capture_of(recording: Recording, framing: str) -> Capture:
    """The first connection on which the answer came in this framing.

    Raises:
        BadParameter: the recording has none.
    """
    for capture in recording.of("cut short"):
        requests, answers = heads(capture, Side.CLIENT), heads(capture, Side.SERVER)
        if requests and answers and f"framing={framing}" in requests[0].target:
            return capture
    raise BadParameter("This recording has no answer that was cut short: run the scenario CutShort.")


def content_of(capture: Capture) -> bytes:
    """The content of the first answer on a connection, without its framing."""
    stream = capture.bytes_from(Side.SERVER)
    return b"".join(stream[start:stop] for start, stop in heads(capture, Side.SERVER)[0].content.all_pieces)


def framed_body(capture: Capture) -> bytes:
    """Everything behind the head of the first answer on a connection, as it stood on the wire."""
    answer = heads(capture, Side.SERVER)[0]
    return capture.bytes_from(Side.SERVER)[answer.head_end : answer.end]


def clients(recording: Recording) -> dict[str, dict[str, Conclusion]]:
    """What each client concluded, by its name and then by the framing.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    found: dict[str, dict[str, Conclusion]] = {}
    for mark in recording.marks:
        client, _, framing = mark.name.rpartition(": ")
        if framing in FRAMINGS and mark.detail != _ABSENT:
            verb, _, rest = mark.detail.partition(" ")
            found.setdefault(client, {})[framing] = Conclusion(verb == "notices:", rest)
    if not found or any(len(row) < len(FRAMINGS) for row in found.values()):
        raise BadParameter("This recording has no clients that read a cut answer: run the scenario CutShort.")
    # The clients ran at the same time, so that the order of their marks says nothing.
    return {name: found[name] for name in (*_ORDER, *sorted(found)) if name in found}


def matrix(recording: Recording) -> dict[str, dict[str, Conclusion]]:
    """The same with two rows around it: what the bytes themselves tell, and what the body's own format tells."""
    captures = {framing: capture_of(recording, framing) for framing in FRAMINGS}
    return {
        WIRE: {framing: _on_the_wire(capture) for framing, capture in captures.items()},
        **clients(recording),
        FORMAT: {framing: _in_the_format(recording, content_of(capture)) for framing, capture in captures.items()},
    }


def _on_the_wire(capture: Capture) -> Conclusion:
    if heads(capture, Side.SERVER)[0].is_complete:
        return Conclusion(False, "nothing missing to be seen")
    if any(one.kind is TransitionKind.RESET for one in capture.transitions):
        return Conclusion(True, "incomplete, and a RST")
    return Conclusion(True, "incomplete")


def _in_the_format(recording: Recording, content: bytes) -> Conclusion:
    if recording.parameters["body"] == "CSV":
        line = content.decode("utf-8", errors="replace").splitlines()[-1]
        return Conclusion(False, f"a line: {line}")
    try:
        json.loads(content)
    except ValueError:
        return Conclusion(True, "no JSON")
    return Conclusion(False, "a JSON document")


def who_notices(recording: Recording) -> dict[str, tuple[str, ...]]:
    """The clients that noticed, by framing."""
    found = clients(recording)
    return {framing: tuple(name for name, row in found.items() if row[framing].notices) for framing in FRAMINGS}


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    found, noticing = clients(recording), who_notices(recording)
    missing = int(str(recording.parameters["missing_bytes"]))
    told = ", ".join(f"{len(noticing[framing])} of {len(found)} {_UNDER[framing]}" for framing in FRAMINGS)
    ending = {"FIN": "a FIN", "RST": "a RST"}[str(recording.parameters["cut_by"])]
    if not missing:
        if not any(noticing.values()):
            return f"Nothing is missing, and {len(found)} clients take every answer for complete."
        return f"Nothing is missing; the connection ended with {ending}. Clients that took this for an error: {told}."
    return (
        f"Every answer began with 200 and lost the last {missing} byte{'s' * (missing > 1)} of its body; the "
        f"connection ended with {ending}. Clients that noticed: {told}."
    )


def table(recording: Recording) -> Table:
    """The matrix in words."""
    rows = tuple(
        (name, *(f"{'notices' if row[one].notices else 'accepts'}: {row[one].words}" for one in FRAMINGS))
        for name, row in matrix(recording).items()
    )
    columns = ("who looks", *(NAMES[framing] for framing in FRAMINGS))
    return Table(sentence(recording), columns, rows, notices=recording.notices)


def picture(recording: Recording) -> Picture:
    """The matrix as boxes: a full line where somebody noticed, a broken one where the answer passed for complete."""
    rows = matrix(recording)
    figure, axes = new_figure(9.2, 0.75 + 0.52 * len(rows))
    for row, (_, cells) in enumerate(rows.items()):
        for column, framing in enumerate(FRAMINGS):
            _draw_cell(axes, column, row, cells[framing])
    axes.set_xticks(range(len(FRAMINGS)), [NAMES[framing] for framing in FRAMINGS], fontsize=13)
    axes.set_yticks(range(len(rows)), list(rows), fontsize=12, parse_math=False)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlim(-0.5, len(FRAMINGS) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    return Picture(figure, "Who notices that the answer was cut short", sentence(recording), recording.notices)


def _draw_cell(axes: Axes, column: int, row: int, concluded: Conclusion) -> None:
    colour = VERMILION if concluded.notices else BLUE
    axes.add_patch(
        Rectangle(
            (column - 0.47, row - 0.4), 0.94, 0.8, fill=False, edgecolor=colour, linewidth=2,
            linestyle="solid" if concluded.notices else (0, (4, 3)),
        )
    )  # fmt: skip
    verb = "notices" if concluded.notices else "accepts"
    axes.text(
        column, row, verb, ha="center", va="center", color=INK, fontsize=12,
        weight="bold" if concluded.notices else "normal",
    )  # fmt: skip

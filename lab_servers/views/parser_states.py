"""An event stream line by line, with what its parser holds after each line, as a table and as a picture.

The lines and the states come from ``wire/sse/``; ``looks/sse_parser.py`` shows a run with it.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from lab_servers.capture.capture import Capture
from lab_servers.errors import BadParameter
from lab_servers.recording import bound_notices
from lab_servers.views.looks.sse import blocks_of
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, FAINT, GREEN, GRID, INK, new_figure, payload_fonts
from lab_servers.views.table import Table
from lab_servers.wire.printable import printable
from lab_servers.wire.sse.interpreter import Effect
from lab_servers.wire.sse.lines import Line
from lab_servers.wire.sse.reading import Kind

MOST_LINES = 24
_MOST_CHARACTERS = 60
# What fits into a column of the picture.
_COLUMNS = (("data\nbuffer", 18), ("type\nbuffer", 9), ("ID\nbuffer", 7), ("last\nevent ID", 9), ("retry,\nms", 8))
_WIDTH = 0.135
_LINE_CHARACTERS = 20


_DID = {
    Effect.COMMENT: "nothing: a comment",
    Effect.DATA: "added data",
    Effect.EVENT_TYPE: "set the type",
    Effect.ID: "set the ID buffer",
    Effect.ID_IGNORED: "nothing: NUL in an ID",
    Effect.RETRY: "set the time",
    Effect.RETRY_IGNORED: "nothing: no digits alone",
    Effect.UNKNOWN: "nothing: unknown name",
}


def lines_of(capture: Capture) -> list[Line]:
    """The lines of the event stream on a connection.

    Raises:
        BadParameter: there is none.
    """
    found = [line for block in blocks_of(capture) for line in block.lines]
    if not found:
        raise BadParameter("This connection carries no event stream: take one whose answer is text/event-stream.")
    return found


def buffers(line: Line) -> tuple[str, str, str, str, str]:
    """What the parser holds after a line: data, event type, ID, the last event ID, and the reconnection time in ms."""
    retry = "" if line.retry_ms is None else f"{line.retry_ms}"
    return line.data_buffer, line.event_type_buffer, line.last_event_id_buffer, line.last_event_id, retry


def did(line: Line) -> str:
    """What a line did, in a few words."""
    if line.kind is Kind.UNFINISHED:
        return "nothing: it has no line end"
    if line.effect is not None:
        return _DID[line.effect]
    return "dispatched an event" if line.dispatched else "dispatched nothing"


def _text(line: Line) -> str:
    return "(blank)" if line.kind is Kind.BLANK else printable(line.text, _MOST_CHARACTERS)


def _shown(value: str, limit: int = _MOST_CHARACTERS) -> str:
    return printable(value.replace("\n", "⏎"), limit)


def _received(line: Line) -> str:
    event = line.dispatched
    return f"{_shown(event.type, 20)}: {_shown(event.data)}" if event else ""


def parser_table(capture: Capture) -> Table:
    """One row for each line: what it did, the buffers after it, and what the application received.

    Raises:
        BadParameter: this connection carries no event stream.
    """
    rows = tuple((_text(line), did(line), *map(_shown, buffers(line)), _received(line)) for line in lines_of(capture))
    columns = (
        "line", "what it did", "data buffer", "type buffer", "ID buffer", "last event ID", "retry, ms", "received",
    )  # fmt: skip
    return Table(
        f"{len(rows)} lines, and what the parser holds after each; ⏎ is a line feed", columns, rows,
        frozenset({0, 2, 3, 4, 5, 7}), bound_notices(capture),
    )  # fmt: skip


def parser_sentence(capture: Capture) -> str:
    """What the picture shows, in words."""
    lines = lines_of(capture)
    blank = [line for line in lines if line.kind is Kind.BLANK]
    events = [line.dispatched for line in blank if line.dispatched]
    told = "; ".join(f"{_shown(event.type, 20)}: {_shown(event.data, 40)}" for event in events[:6])
    last = lines[-1]
    lost = ""
    if last.kind is not Kind.BLANK and (last.data_buffer or last.kind is Kind.UNFINISHED):
        lost = " The stream ended before the blank line of its last block, which is dropped."
    return (
        f"{len(lines)} lines, {len(blank)} of them blank; {len(events)} of these dispatched an event"
        f"{': ' if told else ''}{told}.{lost}"
    )


def parser_picture(capture: Capture) -> Picture:
    """The lines from the top down, and beside each the buffers after it; what a line has changed is framed.

    Raises:
        BadParameter: this connection carries no event stream.
    """
    lines = lines_of(capture)
    shown = lines[:MOST_LINES]
    figure, axes = new_figure(9.6, 1.1 + 0.36 * len(shown))
    before = ("", "", "", "", "")
    for row, line in enumerate(shown):
        after = buffers(line)
        _draw_line(axes, -row, line)
        _draw_buffers(axes, -row, before, after)
        if line.dispatched:
            _draw_event(axes, -row, line)
        before = after
    x = 0.0
    for name, characters in _COLUMNS:
        axes.text(x, 1.0, name, ha="left", va="center", color=INK, fontsize=11, weight="bold")
        x += characters * _WIDTH
    axes.text(x + 0.25, 1.0, "the application receives", ha="left", va="center", color=INK, fontsize=11, weight="bold")
    axes.text(-0.15, 1.0, "line", ha="right", va="center", color=INK, fontsize=11, weight="bold")
    axes.set_xlim(-_LINE_CHARACTERS * _WIDTH - 0.1, x + 3.7)
    axes.set_ylim(-len(shown) + 0.4, 1.8)
    axes.set_axis_off()
    notices = bound_notices(capture)
    if len(lines) > MOST_LINES:
        notices = (*notices, f"The first {MOST_LINES} of {len(lines):,} lines are drawn; the table has all of them.")
    return Picture(figure, "What the parser holds after each line", parser_sentence(capture), notices)


def _draw_line(axes: Axes, y: float, line: Line) -> None:
    is_blank = line.kind is Kind.BLANK
    axes.text(
        -0.15, y, "(blank)" if is_blank else printable(line.text, _LINE_CHARACTERS), ha="right", va="center",
        color=FAINT if is_blank else INK, fontsize=11, fontfamily=["DejaVu Sans Mono", *payload_fonts()],
        parse_math=False,
    )  # fmt: skip
    axes.plot([-_LINE_CHARACTERS * _WIDTH, 12], [y - 0.5] * 2, color=GRID, linewidth=0.6, zorder=0)


def _draw_buffers(axes: Axes, y: float, before: tuple[str, ...], after: tuple[str, ...]) -> None:
    x = 0.0
    for (_, characters), old, new in zip(_COLUMNS, before, after, strict=True):
        width = characters * _WIDTH
        if new != old:
            frame = Rectangle((x - 0.05, y - 0.42), width - 0.08, 0.84, fill=False, edgecolor=BLUE, linewidth=1.6)
            axes.add_patch(frame)
        shown = new.replace("\n", "⏎")
        fits = shown if len(shown) < characters else f"{shown[: characters - 2]}…"
        axes.text(
            x, y, printable(fits, characters + 8), ha="left", va="center", color=INK, fontsize=10.5,
            fontfamily=payload_fonts(), parse_math=False,
        )  # fmt: skip
        x += width


def _draw_event(axes: Axes, y: float, line: Line) -> None:
    x = sum(characters for _, characters in _COLUMNS) * _WIDTH
    axes.annotate(
        "", (x + 0.22, y), (x - 0.1, y),
        arrowprops={"arrowstyle": "-|>", "color": GREEN, "linewidth": 2.2, "mutation_scale": 15},
    )  # fmt: skip
    shown = _received(line)
    axes.text(
        x + 0.28, y, shown if len(shown) < 34 else f"{shown[:32]}…", ha="left", va="center", color=INK, fontsize=11,
        fontfamily=payload_fonts(), parse_math=False,
    )  # fmt: skip

"""One event stream: how its body grows, event by event, and what says where it ends.

``scenarios/sse_stream.py`` makes the recording.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab_servers.capture.capture import Capture, Side, TransitionKind
from lab_servers.dissection import dissect
from lab_servers.recording import Recording
from lab_servers.views.looks.sse import answer_of, blocks_of, stream_capture
from lab_servers.views.picture import Picture
from lab_servers.views.sequence import sequence_table
from lab_servers.views.style import BLUE, FAINT, GREEN, INK, VERMILION, new_figure, payload_fonts
from lab_servers.views.table import Table
from lab_servers.wire.http1.message import Framing
from lab_servers.wire.printable import printable

SCENARIO = "OneStream"
_ENDS = {
    Framing.CHUNKED: "a chunk of size 0",
    Framing.CONTENT_LENGTH: "Content-Length",
    Framing.CLOSE: "the end of the connection",
}
_MOST_CHARACTERS = 24


@dataclass(frozen=True)
class Growth:
    """How the body of a stream grew.

    Attributes:
        head_s: When the head of the answer was there, in seconds after the connection was opened.
        events: Of each event: when it was complete, how many bytes of body there were then, and its data.
        end_s: When the answer was at its end.
        body_bytes: How long the body is, without its framing.
        ends_with: What says where it ends.
        is_complete: Whether that has come.
    """

    head_s: float
    events: tuple[tuple[float, int, str], ...]
    end_s: float
    body_bytes: int
    ends_with: str
    is_complete: bool


def growth(recording: Recording) -> Growth:
    """The growth of the first event stream of a run.

    Raises:
        BadParameter: there is none.
    """
    return growth_of(stream_capture(recording, SCENARIO))


def growth_of(capture: Capture) -> Growth:
    """The growth of the event stream on a connection."""
    found = dissect(capture)
    answer = answer_of(capture)
    assert answer is not None
    head_ns = capture.time_of(Side.SERVER, answer.head_end - 1)
    events, so_far = [], 0
    for block in blocks_of(capture):
        so_far += sum(stop - start for start, stop in block.pieces)
        if block.event is not None:
            events.append((found.passed_s(block), so_far, block.event.data))
    ends = [
        one.at_ns for one in capture.transitions if one.by is Side.SERVER and one.kind is TransitionKind.HALF_CLOSED
    ]
    end_ns = ends[0] if ends and answer.framing is Framing.CLOSE else capture.time_of(Side.SERVER, answer.end - 1)
    return Growth(
        (head_ns - capture.opened_ns) / 1e9,
        tuple(events),
        (end_ns - capture.opened_ns) / 1e9,
        answer.content.length,
        _ENDS.get(answer.framing, answer.framing.value),
        answer.is_complete,
    )


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    grown = growth(recording)
    times = ", ".join(f"{at_s * 1e3:.0f}" for at_s, _, _ in grown.events)
    end = f"ended by {grown.ends_with}" if grown.is_complete else "not complete"
    return (
        f"One request, one response. Its head came after {grown.head_s * 1e3:.0f} ms, and {len(grown.events)} events "
        f"after {times} ms. Its body has {grown.body_bytes} bytes and is {end}, after {grown.end_s * 1e3:.0f} ms."
    )


def table(recording: Recording) -> Table:
    """Everything that passed, in order."""
    return sequence_table(stream_capture(recording, SCENARIO))


def picture(recording: Recording) -> Picture:
    """The body, which grows with every event, over the time."""
    grown = growth(recording)
    figure, axes = new_figure(8.8, 3.6)
    times = [grown.head_s, *(at_s for at_s, _, _ in grown.events), grown.end_s]
    sizes = [0, *(size for _, size, _ in grown.events), grown.body_bytes]
    axes.step(times, sizes, where="post", color=BLUE, linewidth=2.4)
    axes.plot([grown.head_s], [0], "D", color=GREEN, markersize=9, zorder=3, clip_on=False)
    axes.annotate(
        "head", (grown.head_s, 0), (6, 9), textcoords="offset points", color=INK, fontsize=12, ha="left", va="bottom"
    )
    for at_s, size, data in grown.events:
        axes.plot([at_s], [size], "o", color=BLUE, markersize=9, zorder=3)
        axes.annotate(
            printable(data, _MOST_CHARACTERS), (at_s, size), (-7, 4), textcoords="offset points", color=INK,
            fontsize=12, ha="right", va="bottom", fontfamily=payload_fonts(), parse_math=False,
        )  # fmt: skip
    if grown.is_complete:
        axes.plot([grown.end_s], [grown.body_bytes], "s", color=VERMILION, markersize=9, zorder=4, clip_on=False)
        axes.annotate(
            grown.ends_with, (grown.end_s, grown.body_bytes), (-12, -8), textcoords="offset points", color=INK,
            fontsize=12, ha="right", va="top",
        )  # fmt: skip
    axes.axhline(0, color=FAINT, linewidth=1)
    axes.set_xlim(0, grown.end_s * 1.04)
    axes.set_ylim(0, max(sizes) * 1.25 or 1)
    axes.set_xlabel("seconds after the connection was opened")
    axes.set_ylabel("bytes of the body")
    return Picture(figure, "A response whose body grows", sentence(recording), recording.notices)

"""How often each client has asked, what ended each stream, and what stopped the client for good.

``scenarios/sse_coming_back.py`` makes the recording. Requests and answers are counted on the wire; what the client made
of an end is a mark.
"""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lab_servers.capture.capture import Capture
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.looks.sse import answer_of, request_of
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, GREEN, GRID, INK, VERMILION, new_figure
from lab_servers.views.table import Table
from lab_servers.wire.printable import printable

EVENT_SOURCE, PLAIN = "EventSource", "plain reader"
CLEAN, CUT, NO_CONTENT, OTHER_TYPE, FAILED, CLOSED = "clean end", "cut", "204", "other type", "status 500", "close()"
CASES = (CLEAN, CUT, NO_CONTENT, OTHER_TYPE, FAILED, CLOSED)
_PATHS = {EVENT_SOURCE: "/event-source/", PLAIN: "/plain/"}
_GOES_ON = "it would go on"
_MOST_CHARACTERS = 70


@dataclass(frozen=True)
class Asking:
    """What one client did in one case.

    Attributes:
        who: The client.
        case: The case.
        requests_s: When each request began, in seconds after the first of the run.
        ends_s: When each answer was at its end.
        answers: Status and, if it is none of an event stream, type of each answer.
        stopped: Why it asked no more.
        state: The ready state in which an EventSource was left; empty for the other.
    """

    who: str
    case: str
    requests_s: tuple[float, ...]
    ends_s: tuple[float, ...]
    answers: tuple[str, ...]
    stopped: str
    state: str

    @property
    def goes_on(self) -> bool:
        """Whether only the lab's patience ended it."""
        return _GOES_ON in self.stopped

    @property
    def requests(self) -> int:
        """How many requests it made."""
        return len(self.requests_s)


def askings(recording: Recording) -> dict[tuple[str, str], Asking]:
    """What each client did in each case, by client and case.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    found = {}
    by_client = _by_client(recording)
    for case in CASES:
        for who in (EVENT_SOURCE, PLAIN):
            stopped = recording.marks_named(f"{who}, {case}: stopped")
            if stopped:
                found[who, case] = _asking(recording, by_client.get((who, case), []), who, case, stopped[0].detail)
    if not found:
        raise BadParameter("This recording has no streams that end: run the scenario ComingBack.")
    return found


def captures_of(recording: Recording, who: str, case: str) -> list[Capture]:
    """The connections of one client in one case, in the order of its requests."""
    return _by_client(recording).get((who, case), [])


def _by_client(recording: Recording) -> dict[tuple[str, str], list[Capture]]:
    """All connections by client and case, which stand in the path of the request."""
    names = {f"{path}{number}": (who, case) for who, path in _PATHS.items() for number, case in enumerate(CASES)}
    found: dict[tuple[str, str], list[Capture]] = {}
    for capture in recording.captures:
        request = request_of(capture)
        if request is not None and request.target in names:
            found.setdefault(names[request.target], []).append(capture)
    return found


def _asking(recording: Recording, captures: list[Capture], who: str, case: str, stopped: str) -> Asking:
    reasons = recording.marks_named(f"{who}, {case}: error")
    states = recording.marks_named(f"{who}, {case}: left in state")
    if reasons and "for good" in stopped:
        stopped = reasons[-1].detail
    return Asking(
        who,
        case,
        tuple((one.opened_ns - recording.start_ns) / 1e9 for one in captures),
        tuple((one.chunks[-1].at_ns - recording.start_ns) / 1e9 for one in captures),
        tuple(map(_answer, captures)),
        stopped,
        states[0].detail if states else "",
    )


def _answer(capture: Capture) -> str:
    answer = answer_of(capture)
    if answer is None:
        return "none"
    if answer.status != 200:
        return str(answer.status)
    if answer.media_type != "text/event-stream":
        return f"200 {answer.media_type}"
    return "a whole stream" if answer.is_complete else "a stream, cut"


def counted(requests: int) -> str:
    """``"1 request"`` or ``"2 requests"``."""
    return "1 request" if requests == 1 else f"{requests} requests"


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    found = askings(recording)
    told = []
    for case in CASES:
        if (EVENT_SOURCE, case) in found:
            mine, plain = found[EVENT_SOURCE, case], found[PLAIN, case]
            end = "and would go on" if mine.goes_on else "then stopped for good"
            told.append(f"{case}: {counted(mine.requests)}, {end} (plain reader: {plain.requests})")
    return f"Requests of an EventSource. {'; '.join(told)}."


def table(recording: Recording) -> Table:
    """The figures of the picture."""
    rows = tuple(
        (
            one.case,
            one.who,
            f"{one.requests}",
            printable(", ".join(dict.fromkeys(one.answers)), _MOST_CHARACTERS),
            printable(one.stopped, _MOST_CHARACTERS),
            one.state,
        )
        for one in askings(recording).values()
    )
    return Table(
        "What ended the stream, and how often the client asked",
        ("case", "client", "requests", "answers", "what stopped it", "ready state"),
        rows,
        notices=recording.notices,
    )


def picture(recording: Recording) -> Picture:
    """A lane per case: every request of both clients, and where an EventSource stopped for good."""
    found = askings(recording)
    cases = [case for case in CASES if (EVENT_SOURCE, case) in found]
    figure, axes = new_figure(9.4, 1.5 + 0.55 * len(cases))
    end_s = max(max(one.ends_s, default=0) for one in found.values())
    for row, case in enumerate(cases):
        axes.axhline(-row - 0.5, color=GRID, linewidth=0.8, zorder=0)
        _draw(axes, -row + 0.14, found[EVENT_SOURCE, case], BLUE, "o", end_s)
        _draw(axes, -row - 0.2, found[PLAIN, case], VERMILION, "s", end_s)
    axes.set_yticks([-row for row in range(len(cases))], cases, fontsize=12)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-len(cases) + 0.4, 0.55)
    axes.set_xlim(-0.02 * end_s, end_s * 1.45)
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= end_s * 1.02])
    axes.set_xlabel("seconds after the first request")
    kinds = (
        Line2D([], [], color=BLUE, marker="o", markersize=9, linestyle=""),
        Line2D([], [], color=VERMILION, marker="s", markersize=7, linestyle=""),
        Line2D([], [], color=GREEN, marker="X", markersize=11, linestyle=""),
    )
    words = ("request of an EventSource", "request of a plain reader", "stopped for good")
    legend = figure.legend(kinds, words, loc="outside upper right", ncols=3, frameon=False)
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(11)
    return Picture(figure, "Who comes back, and who does not", sentence(recording), recording.notices)


def _draw(axes: Axes, y: float, one: Asking, color: str, marker: str, end_s: float) -> None:
    size = 9 if one.who == EVENT_SOURCE else 6
    axes.plot(one.requests_s, [y] * one.requests, marker, color=color, markersize=size, zorder=3)
    if one.who != EVENT_SOURCE or not one.requests:
        return
    if not one.goes_on:
        axes.plot([one.ends_s[-1] + 0.03 * end_s], [y], "X", color=GREEN, markersize=11, zorder=4)
    words = f"{counted(one.requests)}, {'goes on' if one.goes_on else 'stops'}"
    axes.text(end_s * 1.05, y, words, ha="left", va="center", color=INK, fontsize=11)

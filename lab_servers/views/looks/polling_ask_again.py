"""What four ways of asking again cost, as a picture and as figures: requests, bytes, and how late each line was known.

``scenarios/polling_ask_again.py`` makes the recording. Requests, answers and bytes are read off the captures; when
the job wrote a line and when a client knew it are marks.
"""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lab_servers.capture.capture import Capture, Side
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.heads import heads
from lab_servers.views.picture import Picture
from lab_servers.views.style import FAINT, GRID, INK, MARKERS, SERIES, new_figure
from lab_servers.views.table import Table
from lab_servers.wire.http1.message import Message

PLAIN, HASTY, CONDITIONAL, LONG = "plain polling", "twice as often", "conditional polling", "long polling"
WAYS = (PLAIN, HASTY, CONDITIONAL, LONG)


@dataclass(frozen=True)
class Way:
    """One client's way of asking, and what it came to.

    Attributes:
        label: Its name.
        asked_s: When each question was asked, in seconds since the first question of all.
        answered_s: When each answer was there, likewise.
        has_news: Of each answer, whether it told anything that the one before had not.
        statuses: The status code of each answer.
        sent_bytes: What the client sent on its connection.
        received_bytes: What the server sent.
        late_s: For each line of the job, how long after it was written this client knew it, in seconds.
        knew_s: When it knew each line, in seconds since the first question of all.
    """

    label: str
    asked_s: tuple[float, ...]
    answered_s: tuple[float, ...]
    has_news: tuple[bool, ...]
    statuses: tuple[int, ...]
    sent_bytes: int
    received_bytes: int
    late_s: tuple[float, ...]
    knew_s: tuple[float, ...]

    @property
    def requests(self) -> int:
        """How many questions were asked."""
        return len(self.statuses)

    @property
    def bytes(self) -> int:
        """What both sides sent."""
        return self.sent_bytes + self.received_bytes

    @property
    def mean_late_s(self) -> float:
        """How late a line was known on average, in seconds."""
        return sum(self.late_s) / len(self.late_s)


def ways(recording: Recording) -> dict[str, Way]:
    """The four ways, by name.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    asked = [recording.marks_named(f"{label}: asked") for label in WAYS]
    if not all(asked):
        raise BadParameter("This recording has no four ways of asking again: run the scenario AskAgain.")
    start_ns = min(marks[0].at_ns for marks in asked)
    return {label: _way(recording, label, start_ns) for label in WAYS}


def _way(recording: Recording, label: str, start_ns: int) -> Way:
    capture = _capture(recording, recording.marks_named(f"{label}: calls itself")[0].detail)
    answers = heads(capture, Side.SERVER)
    produced = {mark.detail: mark.at_ns for mark in recording.marks_named("job: produced")}
    knew = recording.marks_named(f"{label}: knew")

    def seconds(name: str) -> tuple[float, ...]:
        return tuple((mark.at_ns - start_ns) / 1e9 for mark in recording.marks_named(f"{label}: {name}"))

    return Way(
        label,
        seconds("asked"),
        seconds("answered"),
        _have_news(capture, answers),
        tuple(answer.status or 0 for answer in answers),
        len(capture.bytes_from(Side.CLIENT)),
        len(capture.bytes_from(Side.SERVER)),
        tuple((mark.at_ns - produced[mark.detail]) / 1e9 for mark in knew if mark.detail in produced),
        seconds("knew"),
    )


def capture_of(recording: Recording, label: str) -> Capture:
    """The connection of one of the clients, found by the name that it gives itself in its requests.

    Raises:
        BadParameter: there is none.
    """
    named = recording.marks_named(f"{label}: calls itself")
    if not named:
        raise BadParameter(f"There is no client {label!r} in this recording: choose from {', '.join(WAYS)}.")
    return _capture(recording, named[0].detail)


def _capture(recording: Recording, user_agent: str) -> Capture:
    for capture in recording.of("polling"):
        requests = heads(capture, Side.CLIENT)
        if requests and requests[0].values("User-Agent") == [user_agent]:
            return capture
    raise BadParameter(f"This recording has no connection of {user_agent}: run the scenario AskAgain anew.")


def _have_news(capture: Capture, answers: list[Message]) -> tuple[bool, ...]:
    stream = capture.bytes_from(Side.SERVER)
    known, found = b"", []
    for answer in answers:
        body = b"".join(stream[start:stop] for start, stop in answer.content.all_pieces)
        found.append(answer.status == 200 and body != known)
        known = body or known
    return tuple(found)


# --- the table --------------------------------------------------------------------------------------


def table(recording: Recording) -> Table:
    """What each way cost, and how late it was."""
    rows = tuple(
        (
            way.label,
            f"{way.requests:,}",
            f"{way.has_news.count(False):,}",
            f"{way.sent_bytes:,}",
            f"{way.received_bytes:,}",
            f"{way.bytes:,}",
            f"{way.mean_late_s * 1e3:.0f} ms",
            f"{max(way.late_s) * 1e3:.0f} ms",
        )
        for way in ways(recording).values()
    )
    return Table(
        "What each way cost to follow one job, and how long after it was written a line was known",
        (
            "way", "requests", "answers without news", "bytes from client", "bytes from server", "bytes in all",
            "late on average", "late at most",
        ),
        rows,
        notices=recording.notices,
    )  # fmt: skip


# --- the picture ------------------------------------------------------------------------------------


def picture(recording: Recording) -> Picture:
    """One lane per client: its questions, which of them brought news, and how late each line was known."""
    found = ways(recording)
    start_ns = min(recording.marks_named(f"{label}: asked")[0].at_ns for label in WAYS)
    written = [((mark.at_ns - start_ns) / 1e9, mark.detail) for mark in recording.marks_named("job: produced")]
    figure, axes = new_figure(8.8, 1.6 + 0.95 * len(found))
    for at_s, line in written:
        axes.axvline(at_s, ymax=0.93, color=FAINT, linewidth=1.2, linestyle=(0, (4, 3)), zorder=0)
        axes.text(at_s, 0.66, line, ha="right", va="bottom", color=INK, fontsize=10, parse_math=False)
    for row, way in enumerate(found.values()):
        color, marker, y = SERIES[row], MARKERS[row], -row
        axes.axhline(y, color=GRID, linewidth=1, zorder=0)
        for knew_s, late_s in zip(way.knew_s, way.late_s, strict=False):
            axes.plot([knew_s - late_s, knew_s], [y - 0.3] * 2, color=color, linewidth=5, solid_capstyle="butt")
        axes.hlines([y] * len(way.asked_s), way.asked_s, way.answered_s, color=color, linewidth=2, zorder=1)
        for news in (False, True):
            times = [at_s for at_s, is_news in zip(way.answered_s, way.has_news, strict=False) if is_news is news]
            axes.plot(
                times, [y] * len(times), marker, markersize=7 if news else 5, linestyle="", color=color,
                markerfacecolor=color if news else "none", zorder=3,
            )  # fmt: skip
    axes.set_yticks([-row for row in range(len(found))], list(found), fontsize=12)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-len(found) + 0.4, 1.05)
    axes.set_xlim(-0.02 * written[-1][0], 1.02 * max(way.answered_s[-1] for way in found.values()))
    axes.set_xlabel("seconds after the first question")
    _legend(figure)
    return Picture(figure, "Four ways of asking again", sentence(recording), recording.notices)


def _legend(figure: Figure) -> None:
    kinds = (
        Line2D([], [], color=FAINT, linewidth=1.2, linestyle=(0, (4, 3))),
        Line2D([], [], color=FAINT, marker="o", markersize=7, linestyle=""),
        Line2D([], [], color=FAINT, marker="o", markersize=5, linestyle="", markerfacecolor="none"),
        Line2D([], [], color=FAINT, linewidth=2),
        Line2D([], [], color=FAINT, linewidth=5),
    )
    words = ("line written", "answer with news", "without", "question held", "written, not yet known")
    legend = figure.legend(kinds, words, loc="outside upper center", ncols=5, frameon=False, columnspacing=1.2)
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(10)


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    told = [
        f"{way.label}: {way.requests} requests, {way.bytes:,} bytes, a line known {way.mean_late_s * 1e3:.0f} ms late "
        f"on average"
        for way in ways(recording).values()
    ]
    return "; ".join(told).capitalize() + "."

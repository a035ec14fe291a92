"""What closing a stream, asking to stop and coming back did to a run, as rows on one timeline and as figures.

``scenarios/ai_stop_or_leave.py`` makes the recording.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab_servers.errors import BadParameter
from lab_servers.measure.evidence import counted
from lab_servers.measure.model_marks import finished, generated
from lab_servers.measure.waste import lane_of
from lab_servers.recording import Recording
from lab_servers.views.looks.ai_timeline import READ, WASTED, Row, draw_rows
from lab_servers.views.picture import Picture
from lab_servers.views.table import Table

LANES = (
    "tied run: close the stream",
    "kept run: close the stream",
    "kept run: close, come back",
    "kept run: POST …/stop",
    'kept run: WebSocket "stop"',
)


@dataclass(frozen=True)
class Acted:
    """What one reader did, and what came of it. Times are in nanoseconds on the clock of the recording.

    Attributes:
        lane: Its name.
        acted_ns: When it closed the stream or asked to stop.
        has_left: Whether it closed the stream.
        came_back_ns: When it came back; ``None`` if it did not.
        tokens_ns: When each token was generated.
        read: The numbers of the parts that it has read, in order.
        finish: What the answer's end said to it; empty if it never saw the end.
        reason: Why the model stopped generating, in its own words.
        finished_ns: When.
    """

    lane: str
    acted_ns: int
    has_left: bool
    came_back_ns: int | None
    tokens_ns: tuple[int, ...]
    read: tuple[int, ...]
    finish: str
    reason: str
    finished_ns: int

    @property
    def generated_after(self) -> int:
        """How many tokens were generated after the reader had acted."""
        return sum(at_ns > self.acted_ns for at_ns in self.tokens_ns)

    @property
    def has_all(self) -> bool:
        """Whether the reader has each part up to the end that it saw, once."""
        return bool(self.finish) and self.read == tuple(range(1, len(self.read) + 1))

    def is_unread(self, at_ns: int) -> bool:
        """Whether a token that was generated then was for nobody, in the end."""
        return self.has_left and self.came_back_ns is None and at_ns > self.acted_ns


def acted(recording: Recording) -> dict[str, Acted]:
    """The five readers, by the name of their lanes.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    found: dict[str, Acted] = {}
    for lane in LANES:
        one = lane_of(recording, lane)
        moments = one.marks_named("left") or one.marks_named("asked to stop")
        ends = finished(one)
        if not moments or not ends:
            raise BadParameter("This recording has nobody that stops or leaves: run the scenario StopOrLeave.")
        back, ended = one.marks_named("came back"), one.marks_named("ended")
        found[lane] = Acted(
            lane,
            moments[0].at_ns,
            moments[0].name == "left",
            back[0].at_ns if back else None,
            tuple(token.at_ns for token in generated(one)),
            tuple(int(mark.detail.rpartition(".")[2]) for mark in one.marks_named("read")),
            ended[-1].detail if ended else "",
            ends[-1].reason,
            ends[-1].at_ns,
        )
    return found


def table(recording: Recording) -> Table:
    """What the reader did, what the model did, and what the reader has of the answer."""
    rows = tuple(
        (
            lane,
            f"{len(one.tokens_ns):,}",
            f"{one.generated_after:,}",
            one.reason,
            f"{len(one.read):,}" + (", to the end" if one.has_all else ", no end"),
            one.finish or "it never came",
        )
        for lane, one in acted(recording).items()
    )
    return Table(
        "Disconnect, stop and resume: what each did",
        (
            "the reader's word", "tokens generated", "after that word", "the model ended", "parts that the reader has",
            "finish reason that it saw",
        ),
        rows,
        notices=recording.notices,
    )  # fmt: skip


def picture(recording: Recording) -> Picture:
    """A row for each reader, laid so that all act at the same place."""
    rows = []
    for lane, one in acted(recording).items():
        tokens: dict[str, list[float]] = {READ: [], WASTED: []}
        for at_ns in one.tokens_ns:
            tokens[WASTED if one.is_unread(at_ns) else READ].append((at_ns - one.acted_ns) / 1e9)
        happened = {"left" if one.has_left else "stopped": [0.0]}
        if one.came_back_ns is not None:
            happened["came back"] = [(one.came_back_ns - one.acted_ns) / 1e9]
        rows.append(Row(lane, tokens, happened, f"{one.generated_after:,} after, {one.reason}"))
    words = {
        READ: "token", WASTED: "token for nobody", "left": "closes the stream", "stopped": "asks to stop",
        "came back": "comes back with its last event id",
    }  # fmt: skip
    figure = draw_rows(rows, words, "seconds after the reader's word", line_at_s=0)
    return Picture(figure, "Disconnect, stop and resume", sentence(recording), recording.notices)


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    told = [
        f"{lane}: {counted(one.generated_after, 'token')} after that ({one.reason}), "
        f"the reader has {counted(len(one.read), 'part')} and {'the end' if one.finish else 'no end'}"
        for lane, one in acted(recording).items()
    ]
    return f"{'; '.join(told)}."

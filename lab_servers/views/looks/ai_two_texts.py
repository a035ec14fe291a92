"""One disconnect under two texts of the Model Context Protocol: what each says, what the tool did, what the client has.

``scenarios/ai_two_texts.py`` makes the recording. The quotations are of the texts in the protocol's own repository,
modelcontextprotocol/modelcontextprotocol, under docs/specification.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab_servers.capture.capture import Side
from lab_servers.errors import BadParameter
from lab_servers.measure.evidence import counted
from lab_servers.measure.waste import lane_of
from lab_servers.recording import Recording
from lab_servers.views.heads import heads
from lab_servers.views.looks.ai_timeline import READ, WASTED, Row, draw_rows
from lab_servers.views.picture import Picture
from lab_servers.views.table import Table

OLD, NEW = "2025-11-25", "2026-07-28"

# What is in question, the words of each text, and the page and section in which they stand.
SAID: tuple[tuple[str, str, str], ...] = (
    (
        "a disconnection",
        "“Disconnection SHOULD NOT be interpreted as the client cancelling its request.” "
        "(Transports, Sending Messages to the Server)",
        "“Closing the SSE response stream MUST be treated by the server as cancellation of that request.” "
        "(Streamable HTTP, Cancellation)",
    ),
    (
        "a cancellation",
        "“To cancel, the client SHOULD explicitly send an MCP CancelledNotification.” "
        "(Transports, Sending Messages to the Server)",
        "“No notifications/cancelled message is required or expected.” (Cancellation, Transport-Specific Cancellation)",
    ),
    (
        "coming back",
        "“If the client wishes to resume after a disconnection …, it SHOULD issue an HTTP GET to the MCP endpoint, and "
        "include the Last-Event-ID header”. (Transports, Resumability and Redelivery)",
        "“Resumable SSE streams via Last-Event-ID are not supported.” (Streamable HTTP, Receiving Messages)",
    ),
    (
        "what is lost",
        "“The server MAY use this header to replay messages that would have been sent after the last event ID”. "
        "(Transports, Resumability and Redelivery)",
        "“A broken response stream loses the in-flight request; clients MUST re-issue it as a new request with a new "
        "request ID”. (Key Changes, Major changes, 9)",
    ),
)


@dataclass(frozen=True)
class Told:
    """What happened under one text. Times are in nanoseconds on the clock of the recording.

    Attributes:
        text: The revision.
        left_ns: When the client's connection ended, by its own account.
        worked: Each step of the tool: when, and for which request.
        ends: How each call ended on the server: request and reason.
        notified: The progress that the client was told, in order.
        came_back_ns: When it asked to resume; ``None`` if it did not.
        last_event_id: What it then sent as ``Last-Event-ID``; empty if no event had brought it an id, and it sent none.
        refused: The status that it got for that, and when; ``None`` if it was not refused.
        cancelled_ns: When it said that it cancels; ``None`` if it did not.
        result_ns: When it had the result; ``None`` if it never had.
        requests: How many HTTP requests it made.
    """

    text: str
    left_ns: int
    worked: tuple[tuple[int, str], ...]
    ends: tuple[tuple[str, str], ...]
    notified: tuple[int, ...]
    came_back_ns: int | None
    last_event_id: str
    refused: tuple[int, str] | None
    cancelled_ns: int | None
    result_ns: int | None
    requests: int

    @property
    def unread_steps(self) -> int:
        """How many steps were done for a request whose result the client never had."""
        return sum(self.is_unread(request) for _, request in self.worked)

    def is_unread(self, request: str) -> bool:
        """Whether the client never had the result of that request."""
        last = self.ends[-1] if self.ends else ("", "")
        return self.result_ns is None or request != last[0]

    @property
    def steps_after(self) -> int:
        """How many steps the first call took after the connection had ended."""
        first = self.worked[0][1] if self.worked else ""
        return sum(at_ns > self.left_ns and request == first for at_ns, request in self.worked)


def told(recording: Recording) -> dict[str, Told]:
    """Both texts, by revision.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    found: dict[str, Told] = {}
    for text in (OLD, NEW):
        one = lane_of(recording, text)
        left = one.marks_named("left")
        if not left or not one.captures:
            raise BadParameter("This recording has no call under two texts: run the scenario TwoTexts.")

        def first(name: str, one: Recording = one) -> int | None:
            return next((mark.at_ns for mark in one.marks_named(name)), None)

        refused = one.marks_named("refused")
        found[text] = Told(
            text,
            left[0].at_ns,
            tuple((mark.at_ns, mark.detail.split(" ")[0]) for mark in one.marks_named("worked")),
            tuple((request, why) for request, _, why in (m.detail.partition(" ") for m in one.marks_named("ended"))),
            tuple(int(mark.detail) for mark in one.marks_named("notified")),
            first("came back"),
            next((mark.detail for mark in one.marks_named("came back")), ""),
            (refused[0].at_ns, refused[0].detail) if refused else None,
            first("cancelled"),
            first("result"),
            sum(len(heads(capture, Side.CLIENT)) for capture in one.captures),
        )
    return found


def texts_said() -> Table:
    """What both texts say of a connection that ends, word for word."""
    return Table("What the two texts say", ("of", OLD, NEW), SAID)


def table(recording: Recording) -> Table:
    """What came of the same disconnect."""
    rows = []
    both = told(recording)
    for what, of in (
        ("steps of the first call after the disconnect", lambda one: f"{one.steps_after:,}"),
        ("how each call ended", lambda one: ", ".join(f"{request}: {why}" for request, why in one.ends)),
        ("GET to resume the stream", _coming_back),
        ("notifications/cancelled", lambda one: "not sent" if one.cancelled_ns is None else "sent"),
        ("progress that the client was told", lambda one: _ranges(one.notified)),
        ("the client has the result", lambda one: "no" if one.result_ns is None else "yes"),
        ("steps worked in all", lambda one: f"{len(one.worked):,}"),
        ("of them for nobody", lambda one: f"{one.unread_steps:,}"),
        ("HTTP requests", lambda one: f"{one.requests:,}"),
    ):
        rows.append((what, of(both[OLD]), of(both[NEW])))
    return Table("One disconnect under two texts", ("", OLD, NEW), tuple(rows), notices=recording.notices)


def _coming_back(one: Told) -> str:
    if one.came_back_ns is None:
        return "not sent"
    said = f"Last-Event-ID: {one.last_event_id}" if one.last_event_id else "without an id, as no event had one"
    return f"{said}; " + ("the stream goes on" if one.refused is None else f"{one.refused[1]}, asked anew")


def _ranges(numbers: tuple[int, ...]) -> str:
    """``1 to 5, 1 to 19``: a run begins wherever a number does not follow the one before it."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs) or "none"


def picture(recording: Recording) -> Picture:
    """A row for each text, laid so that both clients' connections end at the same place."""
    rows = []
    for text, one in told(recording).items():
        steps: dict[str, list[float]] = {READ: [], WASTED: []}
        for at_ns, request in one.worked:
            steps[WASTED if one.is_unread(request) else READ].append((at_ns - one.left_ns) / 1e9)
        moments = {
            "left": one.left_ns,
            "came back": one.came_back_ns,
            "refused": one.refused[0] if one.refused else None,
            "stopped": one.cancelled_ns,
            "result": one.result_ns,
        }
        happened = {sign: [(at_ns - one.left_ns) / 1e9] for sign, at_ns in moments.items() if at_ns is not None}
        rows.append(Row(f"MCP {text}", steps, happened, f"{len(one.worked):,} steps, {one.unread_steps:,} for nobody"))
    words = {
        READ: "step of the tool", WASTED: "step for nobody", "left": "the connection ends",
        "came back": "asks to resume", "refused": "405", "stopped": "notifications/cancelled",
        "result": "the client has the result",
    }  # fmt: skip
    occurring = {sign for row in rows for series in (row.tokens_s, row.happened_s) for sign in series if series[sign]}
    shown = {sign: word for sign, word in words.items() if sign in occurring}
    figure = draw_rows(rows, shown, "seconds after the connection has ended", line_at_s=0)
    return Picture(figure, "The same disconnect under two texts", sentence(recording), recording.notices)


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    parts = [
        f"under {text} the first call takes {counted(one.steps_after, 'more step')} and ends as {one.ends[0][1]}, "
        f"in all {counted(len(one.worked), 'step')} of work, {one.unread_steps:,} of them for nobody, and the client "
        + ("has the result" if one.result_ns is not None else "has no result")
        for text, one in told(recording).items()
        if one.ends
    ]
    return f"After the same disconnect: {'; '.join(parts)}."

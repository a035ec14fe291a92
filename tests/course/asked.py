"""Questions and misconceptions made by hand, so that what asks and answers them can be tested without a lesson."""

from __future__ import annotations

from lab_servers.course.misconceptions import Misconception
from lab_servers.course.question import Choice, Number, Option, Order
from lab_servers.recording import Recording

MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script>"

ENDS = Misconception(
    "a-clean-end-is-final",
    f"The stream has ended, so the client is done with it. {MARKUP}",
    "A clean end makes an EventSource wait and ask again.",
    "https://html.spec.whatwg.org/multipage/server-sent-events.html#sse-processing-model",
)
PAYLOAD = Misconception("only-payload-travels", "Only the payload travels.", "Each message brings its head along.")

STOPS, REPORTS, AGAIN = "Nothing, it stops.", f"It reports {MARKUP}.", "It asks again."


def run(*, requests: int = 3, name: str = "CleanEnd") -> Recording:
    """A recording from which the questions read what is right."""
    return Recording(name, (), parameters={"requests": requests})


def requests_in(recording: Recording) -> int:
    """What the questions are about; a recording of another run does not have it."""
    count = recording.parameters["requests"]
    assert isinstance(count, int)
    return count


CLEAN_END = Choice(
    "04-clean-end",
    f"The stream ends in good order. What does the client do? {MARKUP}",
    truth=lambda recording: AGAIN if requests_in(recording) > 1 else STOPS,
    shows=lambda recording: f"The client sent {requests_in(recording)} requests. {MARKUP}",
    options=(Option(STOPS, ENDS.id), Option(REPORTS, ENDS.id), Option(AGAIN)),
)
HOW_MANY = Number(
    "04-how-many",
    "How many requests does the client send?",
    truth=requests_in,
    shows=lambda recording: f"The client sent {requests_in(recording)} requests.",
    unit="requests",
    least=0,
    most=100_000,
    too_low=ENDS.id,
    too_high=PAYLOAD.id,
)
WHO_FIRST = Order(
    "00-who-first",
    "Who shows the first character first?",
    truth=lambda recording: ("SSE", "polling", "whole response"),
    shows=lambda recording: "SSE was first.",
    items=("whole response", "polling", "SSE"),
    wrong=PAYLOAD.id,
)

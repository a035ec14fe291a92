"""What a buffering hop does to a stream: when each token was produced and shown, and what stands on the wire of each.

``scenarios/side_buffered.py`` makes the recording. When a token was produced or shown is a mark; when its bytes passed
on either side of the hop is read off the captures.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab_servers.capture.capture import Capture, Side
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.arrivals import arrival_picture, lanes
from lab_servers.views.looks.sse import answer_of, content_of, request_of
from lab_servers.views.picture import Picture
from lab_servers.views.table import Table

WHOLE, STREAMED, THROUGH_HOP = "whole response", "streamed", "streamed, buffering hop"
# Where each reader's answer passes last, and what it asks for.
_LAST = {WHOLE: ("model", "/whole"), STREAMED: ("model", "/stream"), THROUGH_HOP: ("buffering hop", "/stream/hop")}
_BEFORE_HOP = ("model", "/stream/hop")


@dataclass(frozen=True)
class Wait:
    """What one reader waited for, in seconds after the question.

    Attributes:
        label: The way.
        status: The status code of its answer.
        first_shown_s: When it saw the first text.
        all_shown_s: When it saw all of it.
        last_produced_s: When the model had the last token.
        body_passed_s: When the first and the last byte of the answer's body had passed to the reader.
        body: The body of the answer, without its framing.
        capture: The connection to the reader.
    """

    label: str
    status: int
    first_shown_s: float
    all_shown_s: float
    last_produced_s: float
    body_passed_s: tuple[float, float]
    body: bytes
    capture: Capture


def waits(recording: Recording) -> dict[str, Wait]:
    """The three readers, by label.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    found = {}
    for lane in lanes(recording, tuple(_LAST)) if recording.of("model") else ():
        capture = _capture(recording, *_LAST[lane.label])
        answer = answer_of(capture)
        if answer is None or not answer.content.length or not lane.produced_s:
            raise BadParameter(f"The answer of {lane.label!r} was not recorded whole: run the scenario BufferedHop.")
        asked_ns = recording.marks_named(f"{lane.label}: asked")[0].at_ns
        pieces = answer.content.all_pieces
        passed = tuple(capture.time_of(Side.SERVER, at) for at in (pieces[0][0], pieces[-1][1] - 1))
        found[lane.label] = Wait(
            lane.label,
            answer.status or 0,
            lane.shown_s[0],
            lane.shown_s[-1],
            lane.produced_s[-1],
            ((passed[0] - asked_ns) / 1e9, (passed[1] - asked_ns) / 1e9),
            content_of(capture),
            capture,
        )
    if not found:
        raise BadParameter("This recording has no answer behind a buffering hop: run the scenario BufferedHop.")
    return found


def before_hop(recording: Recording) -> Capture:
    """The connection between the hop and the server.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    return _capture(recording, *_BEFORE_HOP)


def _capture(recording: Recording, server: str, target: str) -> Capture:
    for capture in recording.of(server):
        request = request_of(capture)
        if request is not None and request.target == target:
            return capture
    raise BadParameter(f"This recording has no request for {target}: run the scenario BufferedHop.")


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    found = waits(recording)
    told = "; ".join(
        f"{one.label}: first text after {one.first_shown_s:.2f} s, all of it after {one.all_shown_s:.2f} s, "
        f"status {one.status}"
        for one in found.values()
    )
    same = "the same bytes" if found[STREAMED].body == found[THROUGH_HOP].body else "other bytes"
    return f"{told[0].upper()}{told[1:]}. The body behind the hop has {same} as the one without it."


def table(recording: Recording) -> Table:
    """The waits, and when the body of each answer passed."""
    rows = tuple(
        (
            one.label,
            f"{one.first_shown_s:.3f}",
            f"{one.all_shown_s:.3f}",
            f"{one.body_passed_s[0]:.3f}",
            f"{one.body_passed_s[1]:.3f}",
            f"{len(one.body)}",
            f"{one.status}",
        )
        for one in waits(recording).values()
    )
    return Table(
        "What each reader waited for, in seconds after the question",
        ("answer", "first text", "all text", "first byte of body", "last byte", "bytes of body", "status"),
        rows,
        notices=recording.notices,
    )


def picture(recording: Recording) -> Picture:
    """One lane for each reader: a stroke where a token was produced, a sign where it was shown."""
    told = sentence(recording)
    drawn = arrival_picture(recording, tuple(_LAST))
    return Picture(drawn.figure, "One answer whole, streamed, and streamed through a hop", told, recording.notices)

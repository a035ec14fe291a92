"""The life of one note: each request with its condition and body, beside the status and the entity tag that came back.

``scenarios/http_notes.py`` makes the recording.
"""

from __future__ import annotations

from lab_servers.capture.capture import Capture, Side
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.heads import heads
from lab_servers.views.picture import Picture
from lab_servers.views.sequence import sequence_picture
from lab_servers.views.table import Table
from lab_servers.wire.http1.message import Message
from lab_servers.wire.printable import printable

_CONDITIONS = ("If-Match", "If-None-Match")


def _capture(recording: Recording) -> Capture:
    for capture in recording.of("http"):
        requests = heads(capture, Side.CLIENT)
        if requests and requests[0].target == "/api/notes" and heads(capture, Side.SERVER):
            return capture
    raise BadParameter("This recording has no note: run the scenario NoteLife.")


def picture(recording: Recording) -> Picture:
    """The sequence of the connection that carried all of it."""
    return sequence_picture(_capture(recording))


def table(recording: Recording) -> Table:
    """One row for each exchange."""
    capture = _capture(recording)
    requests, answers = heads(capture, Side.CLIENT), heads(capture, Side.SERVER)
    rows = tuple(
        (
            f"{request.method} {request.target}",
            "\n".join(part for part in (_condition(request), _body(capture, request)) if part),
            answer.start_line.partition(" ")[2],
            ", ".join(answer.values("ETag")),
        )
        for request, answer in zip(requests, answers, strict=False)
    )
    caption = f"{len(rows)} exchanges over one connection: what each asked for, and what came of it"
    columns = ("request", "its condition and body", "status", "ETag of the answer")
    return Table(caption, columns, rows, frozenset({1}), recording.notices)


def _condition(request: Message) -> str:
    return "\n".join(f"{name}:\n  {value}" for name in _CONDITIONS for value in request.values(name))


def _body(capture: Capture, message: Message) -> str:
    stream = capture.bytes_from(Side(message.sender))
    body = b"".join(stream[start:stop] for start, stop in message.content.all_pieces)
    # A form's names are told apart by "&", a JSON object's by ", ": a line for each keeps the table on a narrow page.
    is_form = "form" in "".join(message.values("Content-Type"))
    between, broken = ("&", "\n&") if is_form else (", ", ",\n")
    return printable(body.decode("utf-8", errors="replace"), 200).replace(between, broken)

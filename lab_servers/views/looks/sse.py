"""What the looks of event streams share: who asked for what, the content of an answer, and the blocks in it.

``sse_*.py`` beside it show whole runs; ``views/parser_states.py`` shows a stream line by line.
"""

from __future__ import annotations

from typing import cast

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import conversation_of
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.heads import heads
from lab_servers.wire.http1.message import Message
from lab_servers.wire.sse.block import Block


def request_of(capture: Capture) -> Message | None:
    """The first request on a connection."""
    requests = heads(capture, Side.CLIENT)
    return requests[0] if requests else None


def answer_of(capture: Capture) -> Message | None:
    """The answer to it."""
    answers = heads(capture, Side.SERVER)
    return answers[0] if answers else None


def content_of(capture: Capture) -> bytes:
    """The content of the answer, without the framing of chunks."""
    answer = answer_of(capture)
    stream = capture.bytes_from(Side.SERVER)
    return b"".join(stream[start:stop] for start, stop in answer.content.all_pieces) if answer else b""


def blocks_of(capture: Capture) -> list[Block]:
    """The blocks of the event stream in the answer, an unfinished one at its end with them."""
    return [cast(Block, record) for record in conversation_of(capture).records(Side.SERVER.value, "sse")]


def data_of(capture: Capture) -> list[str]:
    """The data of each event in the answer."""
    return [block.event.data for block in blocks_of(capture) if block.event is not None]


def last_event_id_sent(capture: Capture) -> str:
    """What the request says in ``Last-Event-ID``; empty without one."""
    request = request_of(capture)
    # Field values are bytes; here they are UTF-8 (HTML §9.2.3).
    values = request.values("Last-Event-ID") if request else []
    return values[0] if values else ""


def stream_capture(recording: Recording, scenario: str) -> Capture:
    """The first connection of a run that carries an event stream.

    Args:
        recording: The run.
        scenario: The scenario that makes such recordings, for the sentence of the error.

    Raises:
        BadParameter: there is none.
    """
    for capture in recording.captures:
        answer = answer_of(capture)
        if answer is not None and answer.media_type == "text/event-stream":
            return capture
    raise BadParameter(f"This recording has no event stream: run the scenario {scenario}.")

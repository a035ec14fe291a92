"""The cases of C19 in which an answer does not simply go to its end: stopped, failing, cut off, resumed.

``answering.py`` joins them with what the model server shows. They come from the scenario ``PromptedAnswer``, whose
server is small enough that its bytes are the whole story.
"""

from __future__ import annotations

from lab_servers.capture.capture import Capture, Side, TransitionKind
from lab_servers.errors import BadParameter
from lab_servers.proofs.pointing import field_line, last_bytes, record_of, start_line
from lab_servers.proofs.proof import Evidence, seen
from lab_servers.recording import Recording
from lab_servers.scenarios.choosing_answer import CUT, RESUMED, SERVER, STOPPED, TARGETS, WHOLE
from lab_servers.views.looks.sse import answer_of, blocks_of, last_event_id_sent, request_of
from lab_servers.wire.http1.message import Message
from lab_servers.wire.sse.block import Block

DONE, ERROR, TOKEN = "done", "error", "message"


def captures_by_case(recording: Recording) -> dict[str, tuple[Capture, Message]]:
    """The connection of each case with its answer; one that was cut off and then resumed has two.

    Raises:
        BadParameter: one is missing.
    """
    found: dict[str, tuple[Capture, Message]] = {}
    cases = {target: case for case, target in TARGETS.items()}
    for capture in recording.of(SERVER):
        request, answer = request_of(capture), answer_of(capture)
        if request is not None and answer is not None and request.target in cases:
            case = RESUMED if last_event_id_sent(capture) else cases[request.target]
            found[case] = (capture, answer)
    for case in (*TARGETS, RESUMED):
        if case not in found:
            raise BadParameter(f"This recording has no answer that was {case!r}: run the scenario PromptedAnswer.")
    return found


def _events(capture: Capture, event_type: str) -> list[Block]:
    return [block for block in blocks_of(capture) if block.event is not None and block.event.type == event_type]


def _first_to_end(capture: Capture) -> Side | None:
    """Who closed, or reset, first."""
    kinds = (TransitionKind.HALF_CLOSED, TransitionKind.RESET)
    return next((one.by for one in capture.transitions if one.kind in kinds), None)


def stopped(recording: Recording, capture: Capture, answer: Message) -> Evidence:
    """Cancelling is closing the request: seen on the wire, noticed by the server, which then produced no more."""
    noticed = recording.marks_named(f"{STOPPED}: server noticed")
    produced = recording.marks_named(f"{STOPPED}: produced")
    late = [one for one in produced if noticed and one.at_ns > noticed[0].at_ns]
    by = _first_to_end(capture)
    return seen(
        f"Stopped: the {by.value if by else 'nobody'} closed the connection first, and the server noticed after "
        f"{noticed[0].detail if noticed else 'nothing'} and produced {len(late)} more. No second channel was needed.",
        by is Side.CLIENT and bool(noticed) and not late and not answer.is_complete,
        *last_bytes(capture, Side.SERVER, 24),
        produced=len(produced),
        produced_after_that=len(late),
    )


def failing(capture: Capture, answer: Message) -> Evidence:
    """The status was sent before the error happened, so that only an event can tell of it."""
    errors, tokens = _events(capture, ERROR), _events(capture, TOKEN)
    return seen(
        f"Failing: the status is {answer.status}, {len(tokens)} tokens came, and then {len(errors)} event of the type "
        f"error; in HTTP's eyes the response is {'complete' if answer.is_complete else 'not complete'}.",
        answer.status == 200 and answer.is_complete and len(errors) == 1 and bool(tokens),
        *start_line(capture, Side.SERVER),
        *(one for block in errors for one in record_of(capture, block)),
        tokens=len(tokens),
    )


def cut_off(recording: Recording, capture: Capture, answer: Message) -> Evidence:
    """Not the reader's wish, and no error that anybody told: the framing shows it."""
    ended, by = recording.marks_named(f"{CUT}: ended"), _first_to_end(capture)
    how = ended[0].detail if ended else "nothing"
    return seen(
        f"Cut off: the {by.value if by else 'nobody'} ended the connection first, without the last chunk; the client "
        f"says {how!r}.",
        by is Side.SERVER and not answer.is_complete and how == "lost" and not _events(capture, ERROR),
        *last_bytes(capture, Side.SERVER, 24),
    )


def resumed(found: dict[str, tuple[Capture, Message]]) -> Evidence:
    """Another request, which says where the first one had come to: every token once."""
    (before, _), (after, answer) = found[CUT], found[RESUMED]
    texts = [block.event.data for capture in (before, after) for block in _events(capture, TOKEN) if block.event]
    whole = [block.event.data for block in _events(found[WHOLE][0], TOKEN) if block.event]
    return seen(
        f"Resumed: another request, with Last-Event-ID: {last_event_id_sent(after)}; {len(texts)} tokens in both "
        f"together, {'each once' if texts == whole else 'not those of a whole answer'}.",
        texts == whole and answer.is_complete and bool(_events(after, DONE)),
        *field_line(after, Side.CLIENT, "Last-Event-ID"),
        tokens=len(texts),
    )

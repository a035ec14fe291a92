"""Answers to a right request, the rules that they break, and what a client's library made of them.

``scenarios/handshake_answers.py`` makes the recording.
"""

from __future__ import annotations

from lab_servers.capture.capture import Side
from lab_servers.recording import Recording
from lab_servers.views.bands import band_of, draw_bands
from lab_servers.views.looks.handshake_cases import OPEN, Case, cases_of, counted, rules
from lab_servers.views.picture import Picture
from lab_servers.views.sequence import sequence_picture
from lab_servers.views.table import Table
from lab_servers.wire.printable import printable
from lab_servers.wire.websocket.handshake import accept_for

SCENARIO = "WrongAnswers"
MAX_CHARACTERS = 120


def answers(recording: Recording) -> dict[str, Case]:
    """The cases of the run by their names.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    return cases_of(recording, SCENARIO)


def verdict(case: Case) -> str:
    """What the client's library made of it: ``"opens"``, or why it fails the connection."""
    what, why = case.concluded or ("failed", "it said nothing")
    return "opens" if what == OPEN else f"fails: {printable(why, MAX_CHARACTERS)}"


def has_right_accept(case: Case) -> bool:
    """Whether the accept value is the one that belongs to the key of the request (RFC 6455 §4.2.2)."""
    accepts = case.response.values("Sec-WebSocket-Accept") if case.response else []
    keys = case.request.values("Sec-WebSocket-Key")
    return bool(keys) and accepts == [accept_for(keys[0])]


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    found = answers(recording).values()
    opened = [case.name for case in found if case.concluded and case.concluded[0] == OPEN]
    right = sum(has_right_accept(case) for case in found)
    taken = f"takes {len(opened)} of them: {', '.join(opened)}" if opened else "takes none of them"
    return f"Of {counted(len(found), 'answer')}, {right} bring the right accept value. The client {taken}."


def picture(recording: Recording) -> Picture:
    """What the client sent in each case: frames only where it took the answer. Of one case alone, its sequence."""
    found = answers(recording)
    if len(found) == 1:
        return sequence_picture(next(iter(found.values())).capture)
    bands = [band_of(case.found, Side.CLIENT, name, _short(case)) for name, case in found.items()]
    return Picture(draw_bands(bands), "What the client sent", sentence(recording), recording.notices)


def _short(case: Case) -> str:
    return "opens" if verdict(case) == "opens" else "fails"


def table(recording: Recording) -> Table:
    """Each answer, the rules that it breaks, and what the library made of it."""
    rows = tuple(
        (
            case.name,
            case.happens,
            "yes" if has_right_accept(case) else "no",
            case.answer,
            rules(case.broken(Side.SERVER)),
            verdict(case),
        )
        for case in answers(recording).values()
    )
    return Table(
        "Answers to a right request, and what a client made of them",
        ("case", "what is wrong", "accept value is right", "answer", "broken rule", "the client"),
        rows,
        notices=recording.notices,
    )

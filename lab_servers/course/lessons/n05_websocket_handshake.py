"""What ``05_websocket_handshake`` teaches: the two heads, the accept value, where HTTP ends, refusals, subprotocols."""

from __future__ import annotations

from lab_servers.capture.capture import Side
from lab_servers.course.lesson import Lesson, Objective
from lab_servers.course.lessons.n05_exercises import EXERCISES
from lab_servers.course.question import Choice, Option
from lab_servers.dissection import dissect
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.looks import handshake, handshake_answers, handshake_early
from lab_servers.views.looks.handshake_cases import Case
from lab_servers.views.looks.handshake_refused import refusals
from lab_servers.views.looks.handshake_subprotocols import browser, named, negotiations, offered

_RFC_6455 = "https://www.rfc-editor.org/rfc/rfc6455#section-"
_RFC_9110 = "https://www.rfc-editor.org/rfc/rfc9110#section-"

# --- where the frames travel ----------------------------------------------------------------------------

_SAME = "on this very connection, from the byte after the head of the 101"
_SECOND = "on a second connection that the client opens after the 101"
_PORT = "on another port of the server, which the 101 names"
_MIXED = "on this connection, between further HTTP requests"


def _where(recording: Recording) -> str:
    found = dissect(handshake.upgraded(recording))
    if not any(found.records(side, "websocket") for side in Side):
        raise BadParameter("No frame follows the 101 in this recording: run the scenario Handshake.")
    return _SAME if len(found.conversation.messages(Side.CLIENT.value)) == 1 else _MIXED


# --- what the accept value proves -----------------------------------------------------------------------

_SECRET = "no: that takes a secret of the real server"
_EARLIER = "only if it has seen an earlier handshake of this client"
_ANYBODY = "yes: all that it takes is in the request and in the standard"


def _impostor(recording: Recording) -> str:
    first = _right_answer(recording)
    return _ANYBODY if handshake_answers.has_right_accept(first) else _SECRET


def _impostor_shows(recording: Recording) -> str:
    first = _right_answer(recording)
    key = first.request.values("Sec-WebSocket-Key")[0]
    return (
        f"The server of this run is a few lines of ours, with no password and no certificate. It got "
        f"{len(first.capture.bytes_from(Side.CLIENT))} bytes, the key {key} among them, and the accept value that it "
        f"sent is {'right' if handshake_answers.has_right_accept(first) else 'wrong'}. "
        f"{handshake_answers.sentence(recording)}"
    )


def _right_answer(recording: Recording) -> Case:
    found = handshake_answers.answers(recording)
    if "right" not in found:
        raise BadParameter('This recording has no right answer in it: run WrongAnswers with case="all".')
    return found["right"]


# --- a page of another site -------------------------------------------------------------------------------

_PREFLIGHT = "CORS: the browser asks first, with OPTIONS, and the server does not allow it"
_POLICY = "the same-origin policy: such a request does not leave the browser"
_SERVER = "the server alone, if it looks at Origin"


def _foreign(recording: Recording) -> str:
    cases = [case for case in refusals(recording).values() if case.name.startswith("foreign-origin")]
    if len(cases) < 2:
        raise BadParameter('This recording lacks the requests of a foreign page: run RefusedUpgrades with case="all".')
    asked_first = any(case.request.method == "OPTIONS" for case in cases)
    return _PREFLIGHT if asked_first else _SERVER


def _foreign_shows(recording: Recording) -> str:
    told = [
        f"the server {case.capture.server!r} answered {case.answer}"
        for case in refusals(recording).values()
        if case.name.startswith("foreign-origin")
    ]
    return (
        f"The same request, with a foreign Origin, as a browser would send it: {'; '.join(told)}. The client here is a "
        f"few lines of ours; that a browser sends no OPTIONS first is said by the Fetch standard, not by these bytes."
    )


# --- frames that came early -------------------------------------------------------------------------------

_ALL = "all of them: what it did not use waits for its next read"
_ERROR = "none: it fails with an error, since bytes are missing"
_LATER = "all but those that came with the 101, and nothing tells it so"


def _naive_gets(recording: Recording) -> str:
    if not handshake_early.with_the_101(recording, "naive"):
        raise BadParameter("No frame of this recording came with the 101: run EarlyFrame with early=1 or more.")
    sent, got = handshake_early.sent_messages(recording, "naive"), handshake_early.got(recording, "naive")
    return _ALL if len(got) == len(sent) else _LATER


# --- no subprotocol in common -------------------------------------------------------------------------------

_REFUSES = "it refuses, with a status that is not 101"
_NAMES = "101, and it names one that it knows"
_LEAVES_OUT = "101 without naming any"


def _none_in_common(recording: Recording) -> Case:
    found = negotiations(recording)
    if "none-in-common" not in found:
        raise BadParameter('This recording lacks the case: run Subprotocols with case="all" or "none-in-common".')
    return found["none-in-common"]


def _mismatch(recording: Recording) -> str:
    case = _none_in_common(recording)
    return _REFUSES if not case.is_switched else _LEAVES_OUT if named(case) is None else _NAMES


def _mismatch_shows(recording: Recording) -> str:
    case = _none_in_common(recording)
    opened = case.concluded is not None and case.concluded[0] == "open"
    return (
        f"Offered: {', '.join(offered(case))}. The answer: {case.answer}, and it names {named(case) or 'none'}. This "
        f"client {'opens it' if opened else 'fails'}. A browser {browser(case)}."
    )


LESSON = Lesson(
    notebook="05_websocket_handshake",
    question="How does HTTP end and WebSocket begin on one socket?",
    objectives=(
        Objective(
            "read the handshake field by field, compute the accept value of any key, and say what it proves",
            cells=(
                "handshake-heads",
                "handshake-bytes",
                "accept-steps",
                "accept-starter",
                "answers-run",
                "answers-table",
            ),
            predictions=("05-impostor",),
            checks=("05-accept-key",),
            claims=("C10",),
            sections=(f"{_RFC_6455}1.3", f"{_RFC_6455}4.1", f"{_RFC_6455}4.2.2"),
        ),
        Objective(
            "name the byte at which HTTP ends in each direction, and lose nothing that came with the 101",
            cells=("handshake-run", "handshake-look", "share-picture", "share-table", "early-look", "early-table"),
            predictions=("05-where", "05-early"),
            checks=("05-split-upgrade",),
            claims=("C10", "C12", "C13"),
            sections=(
                f"{_RFC_9110}7.8",
                f"{_RFC_9110}15.2.2",
                "https://www.rfc-editor.org/rfc/rfc8441#section-5",
            ),
        ),
        Objective(
            "tell which request a server must refuse, with what, and what a client can conclude from a refusal",
            cells=("refused-run", "refused-look", "refused-table", "refused-panel"),
            predictions=("05-foreign-origin",),
            checks=("05-valid-upgrade",),
            sections=(
                f"{_RFC_6455}4.2.1",
                f"{_RFC_6455}4.4",
                f"{_RFC_6455}10.2",
                f"{_RFC_9110}15.5.22",
            ),
        ),
        Objective(
            "say which subprotocol two sides agree on, and when the client must fail the connection",
            cells=("subprotocol-run", "subprotocol-table", "subprotocol-panel"),
            predictions=("05-subprotocol-mismatch",),
            checks=("05-subprotocol",),
            sections=(f"{_RFC_6455}1.9", f"{_RFC_6455}4.1", f"{_RFC_6455}11.3.4"),
        ),
    ),
    questions=(
        Choice(
            "05-where",
            "A client asks for /ws/chat with Upgrade: websocket, and the server answers 101. Where do the WebSocket's "
            "frames travel?",
            _where,
            handshake.sentence,
            options=(
                Option(_PORT, "websocket-on-another-port"),
                Option(_SECOND, "101-ends-the-connection"),
                Option(_MIXED, "http-goes-on-beside-frames"),
                Option(_SAME),
            ),
        ),
        Choice(
            "05-impostor",
            "Another program takes the server's place. It has no password and no certificate. Can the "
            "Sec-WebSocket-Accept that it answers be right?",
            _impostor,
            _impostor_shows,
            options=(
                Option(_SECRET, "accept-authenticates-the-server"),
                Option(_EARLIER, "accept-is-remembered"),
                Option(_ANYBODY),
            ),
        ),
        Choice(
            "05-foreign-origin",
            "A page of another site opens a WebSocket to your server. What can stop it?",
            _foreign,
            _foreign_shows,
            options=(
                Option(_PREFLIGHT, "cors-protects-websocket"),
                Option(_POLICY, "browser-refuses-foreign-websocket"),
                Option(_SERVER),
            ),
        ),
        Choice(
            "05-early",
            "A server writes its first message together with the 101. A client reads up to 4,096 bytes, takes the head "
            "from the front and forgets the rest. Which messages does it get?",
            _naive_gets,
            handshake_early.sentence,
            options=(
                Option(_ALL, "reads-end-with-messages"),
                Option(_ERROR, "lost-bytes-are-noticed"),
                Option(_LATER),
            ),
        ),
        Choice(
            "05-subprotocol-mismatch",
            "A client offers one subprotocol, chat.v3.lab. The lab's server knows only chat.v1.lab and chat.v2.lab. "
            "What does it answer?",
            _mismatch,
            _mismatch_shows,
            options=(
                Option(_REFUSES, "subprotocol-mismatch-is-refused"),
                Option(_NAMES, "server-names-its-own-subprotocol"),
                Option(_LEAVES_OUT),
            ),
        ),
    ),
    exercises=EXERCISES,
    reading_min=15,
    doing_min=25,
)

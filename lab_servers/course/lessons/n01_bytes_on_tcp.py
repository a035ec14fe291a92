"""What ``01_bytes_on_tcp`` teaches: one relay for every protocol, sends and reads, small writes, who closed first."""

from __future__ import annotations

from lab_servers.capture.capture import Side
from lab_servers.course.imported import imported_by, protocols_known_to
from lab_servers.course.lesson import Lesson, Objective
from lab_servers.course.lessons.n01_exercises import EXERCISES
from lab_servers.course.question import Choice, Option
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.looks import tcp_one_relay, tcp_sends_and_reads, tcp_small_writes, tcp_who_closed

_RFC_9293 = "https://www.rfc-editor.org/rfc/rfc9293#section-"
_RFC_6455 = "https://www.rfc-editor.org/rfc/rfc6455#section-"
_RELAY = "lab_servers.capture.relay"

# --- what the relay knows -----------------------------------------------------------------------------

_NOTHING = "nothing: it passes on bytes"
_MESSAGES = "where a message ends, or it would tear messages apart"
_UPGRADE = "when a WebSocket begins, or the connection would not become one"


def _known(recording: Recording) -> str:
    answers = {one.answer for one in tcp_one_relay.carried(recording)}
    return _NOTHING if not protocols_known_to(_RELAY) and len(answers) == 1 else _MESSAGES


def _known_shows(recording: Recording) -> str:
    known = protocols_known_to(_RELAY)
    return (
        f"{tcp_one_relay.sentence(recording)} The relay's code is {len(imported_by(_RELAY))} modules of ours, and of "
        f"protocols above TCP they import {', '.join(known) or 'nothing'}."
    )


# --- five sends ---------------------------------------------------------------------------------------

_FIVE = "five: one read for each send"
_ONE = "one: TCP joins what is small"
_ANY = "that cannot be said: from one read to one for each byte"


def _reads(recording: Recording) -> str:
    counts = {len(way.reads) for way in tcp_sends_and_reads.ways(recording) if len(way.sends) == 5}
    if not counts:
        raise BadParameter("This recording has no five sends: take the run SendsAndReads(), without parameters.")
    return _ANY if len(counts) > 1 else _ONE if counts == {1} else _FIVE


# --- two small writes ---------------------------------------------------------------------------------

_SAME = "about as long: on one machine a write costs microseconds"
_TWICE = "two or three times as long: it is two writes instead of one"
_MANY = "many times as long"


def _slower(recording: Recording) -> str:
    times = tcp_small_writes.ratio(recording, tcp_small_writes.ONE)
    return _SAME if times < 1.5 else _TWICE if times < tcp_small_writes.SHOWS_FROM else _MANY


# --- a FIN before the answer --------------------------------------------------------------------------

_ARRIVES = "it arrives: the other direction is still open"
_LOST = "it is lost: the connection is closed"
_REFUSED = "there is none: the server is told that the connection was reset"


def _after_fin(recording: Recording) -> str:
    ending = tcp_who_closed.ending_named(recording, "half-close")
    if ending.told.get(Side.SERVER) == "connection reset":
        return _REFUSED
    return _ARRIVES if ending.client_got else _LOST


def _after_fin_shows(recording: Recording) -> str:
    ending = tcp_who_closed.ending_named(recording, "half-close")
    passed = ", ".join(f"{one.what} from the {one.by.value}" for one in ending.passed)
    return f"What passed: {passed}. The client's application got {ending.client_got} bytes of answer."


LESSON = Lesson(
    notebook="01_bytes_on_tcp",
    question="What lies under all three?",
    objectives=(
        Objective(
            "show that one relay carries HTTP, SSE and WebSocket without knowing any of them, and tell from the bytes "
            "which one it carries",
            cells=("relay-run", "relay-look", "relay-table", "relay-imports", "invent-handler", "invent-look"),
            predictions=("01-relay",),
            checks=("01-carries",),
            claims=("C01",),
            sections=(f"{_RFC_9293}2.2", f"{_RFC_6455}1.7"),
        ),
        Objective(
            "say why sends are not reads, and cut a stream of bytes into messages however the reads fall",
            cells=("sends-run", "sends-look", "sends-table", "sends-panel", "framed-run", "framed-look"),
            predictions=("01-five-sends",),
            checks=("01-messages",),
            claims=("C01",),
            sections=(f"{_RFC_9293}2.2",),
        ),
        Objective(
            "measure what two small writes cost, and name the two rules that cause it",
            cells=("writes-run", "writes-look", "writes-table", "writes-panel"),
            predictions=("01-two-writes",),
            checks=("01-nagle",),
            sections=(f"{_RFC_9293}3.7.4", f"{_RFC_9293}3.8.6.3"),
        ),
        Objective(
            "read from a capture which side ended a connection first, and whether with a FIN or with a reset",
            cells=("ended-run", "ended-look", "ended-table", "ended-sequence", "ended-transitions"),
            predictions=("01-half-close",),
            checks=("01-ended-first",),
            sections=(f"{_RFC_9293}3.6", f"{_RFC_9293}3.6.1", f"{_RFC_9293}3.5.3"),
        ),
    ),
    questions=(
        Choice(
            "01-relay",
            "A relay stands before each server of this lab and passes on what comes. It is the same code before the "
            "HTTP, the SSE and the WebSocket server. What must it know of these protocols?",
            _known,
            _known_shows,
            options=(
                Option(_MESSAGES, "relay-needs-messages"),
                Option(_UPGRADE, "websocket-is-not-tcp"),
                Option(_NOTHING),
            ),
        ),
        Choice(
            "01-five-sends",
            "A client makes five sends of 9 bytes each. With how many reads does the server get them?",
            _reads,
            tcp_sends_and_reads.sentence,
            options=(
                Option(_FIVE, "tcp-keeps-messages"),
                Option(_ONE, "tcp-joins-small-sends"),
                Option(_ANY),
            ),
        ),
        Choice(
            "01-two-writes",
            "A client writes a question in two small parts, and waits for the answer. Another writes the same question "
            "in one part. How long does the first wait, compared with the second?",
            _slower,
            tcp_small_writes.sentence,
            options=(
                Option(_SAME, "small-writes-are-free"),
                Option(_TWICE, "writes-cost-alike"),
                Option(_MANY, "nagle-is-everywhere"),
            ),
        ),
        Choice(
            "01-half-close",
            "A client sends its question and, right after it, its FIN. The server has not answered yet. What "
            "becomes of the answer?",
            _after_fin,
            _after_fin_shows,
            options=(
                Option(_LOST, "fin-closes-both"),
                Option(_REFUSED, "fin-is-a-reset"),
                Option(_ARRIVES),
            ),
        ),
    ),
    exercises=EXERCISES,
    reading_min=15,
    doing_min=25,
)

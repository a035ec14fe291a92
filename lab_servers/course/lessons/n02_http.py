"""What ``02_http`` teaches: messages and bodies, what is cut short, exchanges and connections, bytes and values."""

from __future__ import annotations

from lab_servers.capture.capture import Side
from lab_servers.course.lesson import Lesson, Objective
from lab_servers.course.lessons.n02_exercises import EXERCISES
from lab_servers.course.question import Choice, Number, Option
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.heads import heads
from lab_servers.views.looks import http_connections, http_cut_short, http_expect, http_late_parse

_RFC_9112 = "https://www.rfc-editor.org/rfc/rfc9112#section-"
_RFC_9110 = "https://www.rfc-editor.org/rfc/rfc9110#section-"

# --- how many bytes -------------------------------------------------------------------------------------


def _body(recording: Recording) -> bytes:
    capture = recording.captures[0]
    stream = capture.bytes_from(Side.SERVER)
    return b"".join(stream[start:stop] for start, stop in heads(capture, Side.SERVER)[0].content.all_pieces)


def _body_bytes(recording: Recording) -> int:
    return len(_body(recording))


def _body_shows(recording: Recording) -> str:
    body, capture = _body(recording), recording.captures[0]
    text = body.decode()
    wide = [char for char in text if len(char.encode()) > 1]
    sent = sum(len(capture.bytes_from(side)) for side in Side)
    takes = "three" if all(len(char.encode()) == 3 for char in wide) else "more than one"
    return (
        f"The body {text} has {len(text)} characters, of which {len(wide)} take {takes} bytes each: {len(body)} bytes. "
        f"With both heads, {sent:,} bytes travelled for it."
    )


# --- cut short ------------------------------------------------------------------------------------------

_NOBODY = "nobody: the answer began with 200 OK, and the connection ended properly"
_EVERYBODY = "every client, under each of the three framings"
_ALL_COUNT = "every client, under Content-Length and under chunked"
_SOME = "only some clients, and none where the close is the end of the body"


def _who_notices(recording: Recording) -> str:
    if recording.parameters["cut_by"] != "FIN" or not recording.parameters["missing_bytes"]:
        raise BadParameter("the question is about bytes that are missing before a FIN")
    everyone, noticing = len(http_cut_short.clients(recording)), http_cut_short.who_notices(recording)
    counts = [len(noticing[framing]) for framing in http_cut_short.FRAMINGS]
    if not any(counts):
        return _NOBODY
    if counts == [everyone] * 3:
        return _EVERYBODY
    return _ALL_COUNT if counts == [everyone, everyone, 0] else _SOME


def _who_shows(recording: Recording) -> str:
    found, noticing = http_cut_short.clients(recording), http_cut_short.who_notices(recording)
    believing = {
        framing: [name for name in found if name not in noticing[framing]] for framing in http_cut_short.FRAMINGS
    }
    believed = "; ".join(
        f"{http_cut_short.NAMES[framing]}: {'all of them' if len(names) == len(found) else ', '.join(names) or 'none'}"
        for framing, names in believing.items()
    )
    return f"Who took the answer for complete: {believed}."


# --- connections ----------------------------------------------------------------------------------------

_ONE_EACH = "one for each request: the answer is over when the connection is"
_ONE = "one for all of them"
_A_FEW = "two or three: after some requests a new one is needed"


def _kept(recording: Recording) -> str:
    kept = [one for one in http_connections.connections(recording) if one.way == http_connections.KEPT]
    exchanges = sum(len(one.exchanges_s) for one in kept)
    return _ONE if len(kept) == 1 else _ONE_EACH if len(kept) == exchanges else _A_FEW


# --- bytes and values -----------------------------------------------------------------------------------

_AS_THEY_COME = "as soon as its bytes are there, in both formats"
_AT_THE_END = "after the last byte, in both formats"
_LINES_FIRST = "at once from the lines, after the last byte from the document"


def _first_value(recording: Recording) -> str:
    found = http_late_parse.readings(recording)
    early = {lane: one.values_s[0] < one.last_byte_s for lane, one in found.items()}
    if not early["lines, read as they come"]:
        return _AT_THE_END
    return _AS_THEY_COME if early["document, read as it comes"] else _LINES_FIRST


# --- asking first ---------------------------------------------------------------------------------------

_NONE = "nothing of it"
_PART = "a part of it, until the refusal comes"
_ALL = "all of it: the error is the answer to the whole request"


def _sent_in_vain(recording: Recording) -> str:
    sent = http_expect.body_bytes(recording, http_expect.REFUSED)
    return _NONE if not sent else _ALL if sent == int(str(recording.parameters["body_bytes"])) else _PART


def _in_vain_shows(recording: Recording) -> str:
    asked, unasked = (
        http_expect.body_bytes(recording, lane) for lane in (http_expect.REFUSED, http_expect.REFUSED_UNASKED)
    )
    return f"The client that asked first sent {asked:,} bytes of body, the one that did not ask {unasked:,}."


LESSON = Lesson(
    notebook="02_http",
    question="What are the bytes of one HTTP request and its answer, and how does either side know where the other's "
    "message ends?",
    objectives=(
        Objective(
            "find the start line, the field lines and the body in the bytes of a message, and say what its method, its "
            "status and its conditions ask for and tell",
            cells=("exchange-run", "exchange-bytes", "exchange-body", "split-starter", "notes-run", "replay-panel"),
            predictions=("02-body-bytes",),
            checks=("02-split-message",),
            sections=(
                f"{_RFC_9112}2.1",
                f"{_RFC_9112}3.2",
                f"{_RFC_9112}5.1",
                f"{_RFC_9110}8.6",
                f"{_RFC_9110}9.3",
                f"{_RFC_9110}13.1",
            ),
        ),
        Objective(
            "say for each of the three framings of a body whether a client can notice that something is missing",
            cells=("framing-bytes", "cut-run", "cut-wire", "cut-table", "cut-panel", "dechunk-starter"),
            predictions=("02-cut-short",),
            checks=("02-dechunk",),
            claims=("C02",),
            sections=(f"{_RFC_9112}6.3", f"{_RFC_9112}7.1", f"{_RFC_9112}8"),
        ),
        Objective(
            "tell the exchange from the connection that carries it, and say who may send what when",
            cells=("connections-run", "connections-table", "stays-starter", "expect-run", "expect-table"),
            predictions=("02-connections", "02-expect"),
            checks=("02-stays-open",),
            claims=("C02",),
            sections=(f"{_RFC_9112}9.3", f"{_RFC_9112}9.6", f"{_RFC_9110}10.1.1", f"{_RFC_9110}15.5.14"),
        ),
        Objective(
            "say when the bytes of an answer become values and text, and read both from pieces",
            cells=("parse-run", "parse-table", "parse-panel", "character-run", "values-starter"),
            predictions=("02-first-value",),
            checks=("02-new-values",),
            claims=("C03",),
            sections=(
                f"{_RFC_9112}7.1",
                "https://www.rfc-editor.org/rfc/rfc8259#section-2",
                "https://www.rfc-editor.org/rfc/rfc3629#section-3",
            ),
        ),
    ),
    questions=(
        Number(
            "02-body-bytes",
            'The body of the answer is {"name": "张三", "age": 25}, in UTF-8. How many bytes does it have?',
            _body_bytes,
            _body_shows,
            unit="bytes",
            least=1,
            most=1_000,
            too_low="characters-are-bytes",
            too_high="json-travels-escaped",
        ),
        Choice(
            "02-cut-short",
            "An answer loses the last bytes of its body; the server then closes the connection with a FIN. Six clients "
            "read it in each of the three framings. Who notices?",
            _who_notices,
            _who_shows,
            options=(
                Option(_NOBODY, "200-means-complete"),
                Option(_EVERYBODY, "an-early-end-is-an-error"),
                Option(_ALL_COUNT, "every-client-counts"),
                Option(_SOME),
            ),
        ),
        Choice(
            "02-connections",
            "A client of HTTP/1.1 asks several times, one request after the other, and says nothing about connections. "
            "How many connections are opened?",
            _kept,
            http_connections.sentence,
            options=(
                Option(_ONE_EACH, "end-of-connection-means-complete"),
                Option(_A_FEW, "requests-use-up-a-connection"),
                Option(_ONE),
            ),
        ),
        Choice(
            "02-expect",
            "A client wants to upload more than a server takes. It asks first (Expect: 100-continue), and is refused "
            "with 413. How much of the body does it send?",
            _sent_in_vain,
            _in_vain_shows,
            options=(
                Option(_ALL, "the-body-travels-with-its-head"),
                Option(_PART, "a-refusal-stops-halfway"),
                Option(_NONE),
            ),
        ),
        Choice(
            "02-first-value",
            "A slow server sends five records, as one JSON document to one client and as lines to another. Both read "
            "what comes as it comes. When can they work with the first record?",
            _first_value,
            http_late_parse.sentence,
            options=(
                Option(_AS_THEY_COME, "bytes-there-are-values-there"),
                Option(_AT_THE_END, "an-answer-comes-at-once"),
                Option(_LINES_FIRST),
            ),
        ),
    ),
    exercises=EXERCISES,
    reading_min=15,
    doing_min=25,
)

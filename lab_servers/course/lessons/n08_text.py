"""Two exercises of ``08_ai_streaming`` on what arrives: characters out of bytes, and how long a reader waits.

``n08_endings.py`` and ``n08_listening.py`` have the other two, ``n08_ai_streaming.py`` joins all to the objectives.
"""

from __future__ import annotations

import codecs
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from random import Random
from typing import Any

from lab_servers.capture.capture import Side
from lab_servers.course.exercise import Case, Exercise
from lab_servers.errors import BadParameter
from lab_servers.measure.answer_times import answer_times
from lab_servers.recording import Recording
from lab_servers.scenarios import AnswerArrives
from lab_servers.wire.llm.ways import Way
from lab_servers.wire.spec import spec_url

_ENCODING, _FORMS = spec_url("Encoding §8.1.1"), spec_url("RFC 3629 §3")
_SEEDED = "made with a seed"
_MOST = 10_000


def answers_on_every_way(lab: Any) -> Recording:
    """The run that the exercises of this notebook are tried on."""
    return AnswerArrives().run(lab)


# --- characters out of bytes ----------------------------------------------------------------------------

_WAITS = "A character of which only the first bytes have come waits for the rest of them; nothing else waits."
_AT_ONCE = "What is complete is yielded with its piece, and not later."
_END = "When the pieces end, what still waits is yielded as one U+FFFD: nobody will ever complete it."
_BROKEN = "Bytes that are no UTF-8 become U+FFFD, and the bytes after them are read as if nothing had happened."
_NO_FORM = "UTF-8 has no longer form of a character than it needs, no surrogates, and nothing above U+10FFFF."

_BROKEN_BYTES = (b"\xff", b"\x80", b"\xc3(", b"\xe4\xbd", b"\xf0\x9f\x98")
_SURROGATE = b"\xed\xa0\x80"
_NO_FORMS = (b"\xc0\x80", b"\xe0\x80\x80", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80")
_EMOJI = ("😀", "🚀", "👩‍🚀", "🇨🇳")
_CHARACTERS = "世界你好éñßЖя"


def texts_of(pieces: Iterable[bytes]) -> list[str]:
    """The text that each piece completes, and that of the end: what a decoder that keeps its place gives."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return [*(decoder.decode(piece) for piece in pieces), decoder.decode(b"", True)]


def _drained(answer: Callable[..., Iterable[Any]], pieces: list[bytes]) -> list[Any]:
    """What a generator function yields, or what a function returns, as a list."""
    return list(islice(answer(pieces), _MOST))


def _text_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    if recording is not None:
        data = _excerpt(recording)
        yield _pieces([bytes([one]) for one in data], _WAITS, _ENCODING, "recorded")
        for offset in [at for at in range(1, len(data)) if data[at] & 0xC0 == 0x80][:8]:
            yield _pieces([data[:offset], data[offset:]], _WAITS, _ENCODING, "recorded")
        yield _pieces([data], _AT_ONCE, _ENCODING, "recorded")
    for _ in range(6):
        word = "".join(random.choices("abc ", k=random.randint(1, 4)))
        character = random.choice((random.choice(_CHARACTERS), random.choice(_EMOJI)))
        data = f"{word}{character}{word}".encode()
        yield _pieces(_cut(data, random), _WAITS)
        yield _pieces([word.encode(), character.encode()], _AT_ONCE)
        whole = character.encode()
        yield _pieces([word.encode(), whole[: random.randint(1, len(character[0].encode()) - 1)]], _END)
        broken = word.encode() + random.choice(_BROKEN_BYTES) + word.encode() + whole
        yield _pieces(random.choice(([broken], _cut(broken, random))), _BROKEN)
        # Byte by byte as well: whether a byte can go on a character shows at that byte, not at the next one.
        formless = random.choice(_NO_FORMS) + word.encode()
        yield _pieces([bytes([one]) for one in formless], _NO_FORM, _FORMS)
        # Whole: Python's own incremental decoder tells of a surrogate a byte later than the standard.
        yield _pieces([_SURROGATE + word.encode()], _NO_FORM, _FORMS)


def _excerpt(recording: Recording) -> bytes:
    """Some of the bytes that a server really sent, around the first character that is longer than a byte."""
    for capture in recording.captures:
        try:
            text = capture.bytes_from(Side.SERVER).decode()
        except UnicodeDecodeError:
            continue  # frames of a WebSocket have a header of bits
        first = next((at for at, character in enumerate(text) if ord(character) > 0x7F), None)
        if first is not None:
            return text[max(0, first - 12) : first + 24].encode()
    raise BadParameter("no server in it sent a character that is longer than a byte: ask in another language")


def _cut(data: bytes, random: Random) -> list[bytes]:
    """The bytes in pieces of one to three bytes."""
    pieces, at = [], 0
    while at < len(data):
        size = random.randint(1, 3)
        pieces.append(data[at : at + size])
        at += size
    return pieces


def _pieces(pieces: list[bytes], rule: str, section: str = _ENCODING, source: str = _SEEDED) -> Case:
    return Case((pieces,), texts_of(pieces), rule, section, source)


TEXT = Exercise(
    "08-text",
    "texts_of(pieces) gets the bytes of an answer, piece by piece, and yields a text for each piece and one for the "
    "end: what became readable.",
    "texts_of",
    _text_cases,
    (
        "At most three bytes at the end of a piece can be the beginning of a character. Keep those, decode all before "
        'them with errors="replace", and put them in front of the next piece.',
        "Is a tail the beginning of a character? Python knows: tail.decode() raises a UnicodeDecodeError whose reason "
        'is "unexpected end of data" and whose start is 0. Try tails of 1, 2 and 3 bytes.',
    ),
    """\
def is_cut(tail):
    try:
        return not tail.decode()
    except UnicodeDecodeError as error:
        return error.start == 0 and error.reason == "unexpected end of data"

def texts_of(pieces):
    kept = b""
    for piece in pieces:
        data = kept + piece
        size = next((n for n in (1, 2, 3) if data and is_cut(data[-n:])), 0)
        done, kept = data[: len(data) - size], data[len(data) - size :]
        yield done.decode("utf-8", "replace")
    yield kept.decode("utf-8", "replace")
""",
    answers_on_every_way,
    call=_drained,
)


# --- how long a reader waits ----------------------------------------------------------------------------

_FIRST = "The wait for the first token is a wait as well."
_BEHIND = "Who is still reading does not wait: what came meanwhile is there."
_NOT_MADE_UP = "A token is read in its time and no faster: a wait is never made up for."


def waited_s(arrived_s: Sequence[float], per_s: float) -> float:
    """How long a reader of so many tokens a second sits before an empty place, in seconds."""
    free_s = waited = 0.0
    for at_s in arrived_s:
        waited += max(0.0, at_s - free_s)
        free_s = max(at_s, free_s) + 1 / per_s
    return waited


def _reader_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    if recording is not None:
        arrived = _arrivals(recording)
        for per_s in (4.0, 400.0):
            yield _read(arrived, per_s, _NOT_MADE_UP, "recorded")
    for _ in range(6):
        first, per_s = round(random.uniform(0.1, 2.0), 2), random.choice((2.0, 5.0, 10.0))
        yield _read([first], per_s, _FIRST)
        yield _read([first] * random.randint(2, 5), per_s, _BEHIND)
        slow = [round(first + step * random.uniform(1.5, 3.0) / per_s, 3) for step in range(4)]
        yield _read(sorted(slow), per_s, _NOT_MADE_UP)
        stalled = [first, first, first, round(first + random.uniform(4.0, 9.0), 2)]
        yield _read([*stalled, stalled[-1]], per_s, _BEHIND)
        # Two waits with a crowd between them: what was lost before it is not given back by it.
        late = round(first + random.uniform(3.0, 4.0), 2)
        yield _read([first, late, late, round(late + 3.5 / per_s + 1, 3)], per_s, _NOT_MADE_UP)


def _arrivals(recording: Recording) -> list[float]:
    """When the tokens of an answer that was streamed arrived, in seconds after its question."""
    found = answer_times(recording).get(Way.EVENT_STREAM.value)
    if found is None:
        raise BadParameter("no answer in it came as an event stream")
    return [round(token.shown_s, 3) for token in found.tokens if token.shown_s is not None]


def _read(arrived_s: list[float], per_s: float, rule: str, source: str = _SEEDED) -> Case:
    return Case((arrived_s, per_s), round(waited_s(arrived_s, per_s), 6), rule, source=source)


READER = Exercise(
    "08-reader",
    "waited_s(arrived_s, per_s) gets when each token arrived, in seconds after the question, and how many of them the "
    "reader reads in a second; it returns how many seconds the reader waits in all.",
    "waited_s",
    _reader_cases,
    (
        "Go through the tokens, and keep the moment at which the reader is free for the next one. At first that is 0.",
        "A token that comes when the reader is free already makes them wait, from then until it comes. Reading begins "
        "when both are there, and takes 1 / per_s.",
    ),
    """\
def waited_s(arrived_s, per_s):
    free_s = waited = 0
    for at_s in arrived_s:
        waited += max(0, at_s - free_s)
        free_s = max(at_s, free_s) + 1 / per_s
    return waited
""",
    answers_on_every_way,
    is_same=lambda given, expected: math.isclose(given, expected, abs_tol=1e-4),
)

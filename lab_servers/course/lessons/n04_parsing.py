"""The two halves of a parser as exercises of ``04_sse``: lines out of pieces, and events out of lines.

``n04_exercises.py`` has the other two; the rules are those of ``conformance_rules.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from random import Random
from typing import Any

from lab_servers.capture.capture import Side
from lab_servers.course.conformance import CORPUS, Stream
from lab_servers.course.conformance_rules import CUT_CHARACTER, CUT_CRLF, CUT_LINE, CUT_MARK, RULE_BY_ID
from lab_servers.course.exercise import Case, Exercise
from lab_servers.recording import Recording
from lab_servers.scenarios import CutEverywhere, ParserSteps
from lab_servers.views.looks.sse import answer_of, blocks_of, stream_capture
from lab_servers.wire.spec import spec_url
from lab_servers.wire.sse.block import Block
from lab_servers.wire.sse.reading import Kind

_PARSING = spec_url("HTML §9.2.5")
_SEEDED = "made with a seed"
_MOST = 10_000
_END_OF_LINE = re.compile("\r\n|\r|\n")


def _drained(answer: Callable[..., Iterable[Any]], *args: Any) -> list[Any]:
    """What a generator function yields, or what a function returns, as a list."""
    return list(islice(answer(*args), _MOST))


# --- lines out of pieces ------------------------------------------------------------------------------

_UNFINISHED_LINE = "What has no line end is no line yet: at the end of the stream it is dropped."


def _text_lines(data: bytes) -> list[str]:
    """The lines of a whole stream."""
    return _END_OF_LINE.split(data.decode("utf-8", "replace").removeprefix("\ufeff"))[:-1]


def _lines_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    if recording is not None:
        for capture in recording.captures[5:20]:
            answer = answer_of(capture)
            assert answer is not None
            sent = capture.bytes_from(Side.SERVER)
            yield _cut([sent[start:stop] for start, stop in answer.content.all_pieces], source="recorded")
    for _ in range(6):
        one, two = ("".join(random.choices("abc: 你é", k=random.randint(1, 5))) + "." for _ in range(2))
        for rule, end in (("crlf", "\r\n"), ("cr", "\r"), (CUT_LINE, "\n")):
            data = f"{one}{end}{two}{end}{end}".encode()
            yield _whole(data, rule)
            yield _cut_at(data, len(one.encode()) + random.randint(0, 1))
        for rule, data in (
            (CUT_CRLF, f"{one}\r\n{two}\r\n".encode()), (CUT_CHARACTER, f"{one}你{two}\n".encode()),
            (CUT_MARK, b"\xef\xbb\xbf" + f"{one}\n".encode()),
        ):  # fmt: skip
            yield from (_cut_at(data, at) for at in range(1, len(data)) if Stream("", data, ()).rule_of_cut(at) == rule)
        yield _whole(f"{one}\u2028{two}\x0b\n".encode(), "no-other-line-end")
        yield _whole(b"\xef\xbb\xbf" + f"{one}\n\ufeff{two}\n".encode(), "byte-order-mark")
        yield _whole(one.encode() + b"\xff\xe4\xbd\n", "broken-utf-8")
        data = f"{one}\n{two}".encode()
        yield Case(([data],), [one], _UNFINISHED_LINE, _PARSING, _SEEDED)


def _whole(data: bytes, rule: str) -> Case:
    told = RULE_BY_ID[rule]
    return Case(([data],), _text_lines(data), told.sentence, told.section, _SEEDED)


def _cut_at(data: bytes, offset: int) -> Case:
    return _cut([data[:offset], data[offset:]], source=_SEEDED)


def _cut(pieces: list[bytes], source: str) -> Case:
    data = b"".join(pieces)
    told = RULE_BY_ID[Stream("", data, ()).rule_of_cut(len(pieces[0])) if len(pieces) > 1 else CUT_LINE]
    return Case((pieces,), _text_lines(data), told.sentence, told.section, source)


# --- events out of lines ------------------------------------------------------------------------------


def _events_cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    if recording is not None:
        blocks = blocks_of(stream_capture(recording, "ParserSteps"))
        lines = [line.text for block in blocks for line in block.lines if line.kind is not Kind.UNFINISHED]
        told = RULE_BY_ID["blank-line"]
        yield Case((lines,), dispatched(blocks), told.sentence, told.section)
    for stream in CORPUS:
        told = RULE_BY_ID[stream.rule]
        # The others are about bytes, which have become lines here.
        if told.section != _PARSING and stream.events:
            yield Case((_text_lines(stream.data),), list(stream.events), told.sentence, told.section, "the corpus")
    for _ in range(8):
        word, other, number = "".join(random.choices("abcdef", k=4)), random.choice(("x", "y: z", " ")), random.random()
        for rule, lines, events in (
            ("blank-line", [f"data: {word}", ""], [("message", word, "")]),
            ("data-lines", [f"data: {word}", f"data: {other}", ""], [("message", f"{word}\n{other}", "")]),
            ("id", [f"id: {number}", "data: a", "", "data: b", ""],
             [("message", "a", f"{number}"), ("message", "b", f"{number}")]),
            ("event-type", [f"event: {word}", "data: a", "", "data: b", ""], [(word, "a", ""), ("message", "b", "")]),
        ):  # fmt: skip
            told = RULE_BY_ID[rule]
            yield Case((lines,), events, told.sentence, told.section, _SEEDED)


def dispatched(blocks: Iterable[Block]) -> list[tuple[str, str, str]]:
    """The events of blocks as an application gets them: type, data and last event ID."""
    events = (block.event for block in blocks)
    return [(event.type, event.data, event.last_event_id) for event in events if event is not None]


PARSING = (
    Exercise(
        "04-lines",
        "lines_of(pieces) gets the body of a response, piece by piece, and yields its lines as text without line ends.",
        "lines_of",
        _lines_cases,
        (
            "Decode the stream, not the piece: codecs.getincrementaldecoder keeps a character that is cut, and "
            "'utf-8-sig' takes off a byte order mark. What has no line end yet must wait, too.",
            "Go through the characters. Any but CR and LF joins the line; CR ends it; LF ends it unless the character "
            "before it was CR.",
        ),
        """import codecs

def lines_of(pieces):
    decode = codecs.getincrementaldecoder("utf-8-sig")("replace").decode
    line, before = "", ""
    for piece in pieces:
        for char in decode(piece):
            if char not in "\\r\\n":
                line += char
            elif char == "\\r" or before != "\\r":
                yield line
                line = ""
            before = char
""",
        lambda lab: CutEverywhere().run(lab),
        call=_drained,
    ),
    Exercise(
        "04-events",
        "events_of(lines) gets the lines of a stream and yields its events, each as (type, data, last event ID).",
        "events_of",
        _events_cases,
        (
            "Split each line at its first colon with partition, and take one space off the value with removeprefix. "
            "Then ask for the name; a comment has an empty one.",
            "Keep a list of data, a type and an ID. A blank line yields an event if the list is not empty, and then "
            "empties the list and the type, but never the ID.",
        ),
        """def events_of(lines):
    data, kind, last_id = [], "", ""
    for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "event":
            kind = value
        elif name == "id" and "\\0" not in value:
            last_id = value
        elif not line:
            if data:
                yield (kind or "message", "\\n".join(data), last_id)
            data, kind = [], ""
""",
        lambda lab: ParserSteps().run(lab),
        call=_drained,
    ),
)

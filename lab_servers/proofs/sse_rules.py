"""Puts C05 to the test: an event is its data lines up to a blank line, and each finer rule shows in what is received.

The other claims about event streams are judged in ``sse.py``.
"""

from __future__ import annotations

from lab_servers.capture.capture import Capture
from lab_servers.proofs.pointing import record_of
from lab_servers.proofs.proof import Evidence, Excerpt, Judgement, seen
from lab_servers.proofs.trial import trial_of
from lab_servers.recording import Recording
from lab_servers.scenarios import ParserSteps
from lab_servers.scenarios.sse_parser import SAMPLES
from lab_servers.views.looks.sse import blocks_of, stream_capture
from lab_servers.views.parser_states import lines_of
from lab_servers.wire.sse.block import Block
from lab_servers.wire.sse.lines import Line
from lab_servers.wire.sse.reading import Kind

# Each sample, what its rule is, and the data of the events that come of it (HTML §9.2.5 and §9.2.6).
RULES: dict[str, tuple[str, list[str]]] = {
    "several data lines": ("Data lines of one event are joined by a line feed", ["YHOO\n+2\n10", "", "\n"]),
    "comments": ("Comments add nothing", ["a\nb"]),
    "line ends": ("Lines end in LF, CRLF or CR", ["LF", "CRLF", "CR", "mixed\nin one block"]),
    "byte order mark": ("One byte order mark is taken off, at the beginning alone", ["a mark before", "\ufeffdata"]),
    "one space": ("One space after the colon is taken off, and no more", ["none", "one", " two", "\ta tab"]),
    "other line ends": ("U+2028 and U+0085 end no line", ["U+2028\u2028is data", "U+0085\u0085too"]),
    "unknown fields": ("Fields of other names do nothing", ["d"]),
}


def received(lines: list[Line]) -> list[str]:
    """The data of each event that was dispatched."""
    return [line.dispatched.data for line in lines if line.dispatched]


def judge_c05(*samples: Recording) -> Judgement:
    """The state of the parser line by line, for each sample by the name in its parameters."""
    captures = {str(one.parameters.get("sample")): stream_capture(one, "ParserSteps") for one in samples}
    lines = {sample: lines_of(capture) for sample, capture in captures.items()}
    every = [line for found in lines.values() for line in found]
    dispatching = [line for line in every if line.dispatched]
    blank = [line for line in every if line.kind is Kind.BLANK]
    events = [
        (one.dispatched.type, one.dispatched.data, one.dispatched.last_event_id)
        for one in lines.get("a tour", ())
        if one.dispatched
    ]
    return Judgement(
        (
            seen(
                f"Of {len(every)} lines, {len(dispatching)} dispatched an event, each of them a blank one; after each "
                f"of the {len(blank)} blank lines the buffers of data and type were empty.",
                bool(dispatching)
                and all(line.kind is Kind.BLANK for line in dispatching)
                and all((line.data_buffer, line.event_type_buffer) == ("", "") for line in blank),
                *(one for block in _blocks(captures, "a tour")[1:2] for one in record_of(captures["a tour"], block)),
                lines=len(every),
                dispatched=len(dispatching),
            ),
            seen(
                f"The tour gives {len(events)} events: {events!r}.",
                events == [("line", "compile\nwith warnings", "7"), ("message", "done", "7")],
                events=len(events),
            ),
        ),
        (
            *(_rule(captures, lines, sample) for sample in RULES),
            _ids(captures, lines),
            _retry(captures, lines),
            _unfinished(captures, lines),
        ),
    )


def _blocks(captures: dict[str, Capture], sample: str) -> list[Block]:
    return blocks_of(captures[sample]) if sample in captures else []


def _rule(captures: dict[str, Capture], lines: dict[str, list[Line]], sample: str) -> Evidence:
    rule, expected = RULES[sample]
    got = received(lines.get(sample, []))
    return seen(f"{rule}: the data is {got!r}.", got == expected, *_bytes(captures, sample))


def _bytes(captures: dict[str, Capture], sample: str) -> list[Excerpt]:
    """All blocks of a sample."""
    return [one for block in _blocks(captures, sample) for one in record_of(captures[sample], block)]


def _ids(captures: dict[str, Capture], lines: dict[str, list[Line]]) -> Evidence:
    found = lines.get("ids", [])
    ids = [line.dispatched.last_event_id for line in found if line.dispatched]
    last = found[-1].last_event_id if found else ""
    return seen(
        f"An id with NUL is ignored and an empty one resets it: {ids!r}; one whose block is not finished does not "
        f"count: {last!r} is left.",
        (ids, last) == (["7", "7", "7", ""], "10"),
        *_bytes(captures, "ids"),
    )


def _retry(captures: dict[str, Capture], lines: dict[str, list[Line]]) -> Evidence:
    """The reconnection time after each of the lines that are named retry."""
    after = [line.retry_ms for line in lines.get("retry", ())][:4]
    told = ", ".join("none" if one is None else f"{one} ms" for one in after)
    return seen(
        f"A retry sets the reconnection time only if it is digits alone: after each of {len(after)} such lines it is "
        f"{told}.",
        after == [1500, 1500, 1500, 1500],
        *_bytes(captures, "retry"),
    )


def _unfinished(captures: dict[str, Capture], lines: dict[str, list[Line]]) -> Evidence:
    found = lines.get("a tour", [])
    waiting = found[-1].data_buffer if found else ""
    return seen(
        f"Without its blank line the last event is dropped: {waiting!r} was in the buffer at the end, and was never "
        f"received.",
        bool(waiting) and waiting.rstrip("\n") not in received(found),
        *_bytes(captures, "a tour")[-1:],
    )


C05 = trial_of("C05", judge_c05, *(ParserSteps(sample=sample) for sample in SAMPLES))

"""“Break my parser”: reads every stream of the corpus with a learner's parser, whole and cut at every byte.

``conformance.py`` has the streams and ``parser_report.py`` shows what was found. Whatever the parser does, raising and
hanging included, is part of the report.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Any, NamedTuple

from lab_servers.course.conformance import CORPUS, Dispatched, Stream
from lab_servers.course.conformance_rules import CUT_LINE, IN_TIME, RULE_BY_ID, RULES
from lab_servers.course.parser_report import Broken, ParserReport
from lab_servers.course.shown import literal, words_of
from lab_servers.course.trying import ALL_LIMIT_S, ONE_LIMIT_S, TimeIsUp, try_each

# More events than any stream here has bytes: whoever gives more never stops.
MOST_EVENTS = 1_000

INTERFACE = (
    "A parser is a function that takes pieces of bytes, one after the other, and yields or returns events; or a class "
    "whose objects have feed(piece), which returns the events that the piece completes. An event is a tuple (type, "
    "data, last event ID)."
)


class Reading(NamedTuple):
    """One stream, and where it is cut.

    Attributes:
        stream: The stream.
        cuts: The offsets at which a piece ends, apart from the last.
    """

    stream: Stream
    cuts: tuple[int, ...] = ()

    @property
    def pieces(self) -> list[bytes]:
        """What the parser is given."""
        edges = (0, *self.cuts, len(self.stream.data))
        return [self.stream.data[start:stop] for start, stop in pairwise(edges)]


@dataclass
class _Found:
    """What has been found so far.

    Attributes:
        whole: Of each stream that was read whole, whether that came out right.
        is_late: Whether the parser hands out all events together, so that nobody can say when it found them.
    """

    whole: dict[int, bool] = field(default_factory=dict)
    is_late: bool = False


def break_my_parser(parser: Any, *, one_limit_s: float = ONE_LIMIT_S, all_limit_s: float = ALL_LIMIT_S) -> ParserReport:
    """Try to break a parser of event streams, and say which rules it breaks.

    A parser is a function of an iterable of pieces (bytes) that yields or returns events; or a class whose objects
    have ``feed(piece)``, which returns the events that the piece completes, and, if they like, ``close()`` for the end
    of the stream. An event is ``(type, data, last_event_id)``, or an object with these three attributes.

    Args:
        parser: The function or class.
        one_limit_s: How long one reading of one stream may take, in seconds.
        all_limit_s: How long all of them may take.
    """
    if not callable(parser):
        return ParserReport(problem=f"This is of type {type(parser).__name__}, and no parser. {INTERFACE}")
    if not inspect.isclass(parser) and inspect.getattr_static(parser, "feed", None) is not None:
        return ParserReport(problem="This is an object: give its class, since each stream needs a fresh one.")
    found = _Found()
    readings = list(_readings())
    tries = try_each(
        lambda reading: _given_if_wrong(parser, reading, found), readings, one_limit_s=one_limit_s,
        all_limit_s=all_limit_s,
    )  # fmt: skip
    wrong = list(tries.results)
    notices = []
    if tries.is_broken_off and len(wrong) < len(readings):
        wrong.append(f"nothing: it did not end within {one_limit_s:g} seconds, and was broken off")
        notices.append("The readings after that one were not tried.")
    if tries.is_left_behind:
        notices.append("It could not be ended, and goes on in the background: restart the kernel.")
    if tries.is_out_of_time:
        notices.append("All readings together took too long, so that the rest was not tried.")
    if found.is_late:
        notices.append("It returns all events together, so it could not be tried whether each is dispatched in time.")
    failed = [(reading, given) for reading, given in zip(readings, wrong, strict=False) if given]
    is_whole = len(wrong) == len(readings)
    return ParserReport(len(wrong), _broken(failed), is_whole, notices=tuple(notices))


def _readings() -> Iterator[Reading]:
    """Every stream: whole, cut at every byte, and byte by byte."""
    for stream in CORPUS:
        size = len(stream.data)
        yield Reading(stream)
        if stream.rule == IN_TIME:
            yield Reading(stream, stream.ends_of_blocks[:-1])
            continue
        for offset in range(1, size):
            yield Reading(stream, (offset,))
        if size > 2:
            yield Reading(stream, tuple(range(1, size)))


# --- one reading ------------------------------------------------------------------------------------


def _given_if_wrong(parser: Any, reading: Reading, found: _Found) -> str:
    """What the parser gave, as text, if that is wrong; empty if it is right, or says nothing new."""
    stream, is_whole = reading.stream, not reading.cuts
    if not is_whole and not found.whole[id(stream)]:
        return ""  # it fails this stream anyhow, for another reason than the cut
    if is_whole:
        found.whole[id(stream)] = False
    try:
        events, found_in, is_late = _read(parser, reading.pieces)
        is_right = bool(events == list(stream.events))  # which asks the learner's values, too
        given = "" if is_right else literal(events)
    except TimeIsUp:
        raise
    except BaseException as error:  # an exit() too
        return words_of(error)
    found.is_late = found.is_late or is_late
    if is_whole:
        found.whole[id(stream)] = is_right
    if is_right and stream.rule == IN_TIME and not is_late:
        late = [number for number, piece in enumerate(found_in) if piece > number and not is_whole]
        return f"event {late[0] + 1} only after piece {found_in[late[0]] + 1}" if late else ""
    return given


def _read(parser: Any, pieces: list[bytes]) -> tuple[list[Any], list[int], bool]:
    """The events, in which piece each was found, and whether that cannot be said."""
    taken = [-1]

    def hand_out() -> Iterator[bytes]:
        for number, piece in enumerate(pieces):
            taken[0] = number
            yield piece

    if _is_factory(parser):
        made, events, found_in = parser(), [], []
        for number, piece in enumerate(hand_out()):
            some = _events(made.feed(piece))
            events += some
            found_in += [number] * len(some)
        if callable(close := getattr(made, "close", None)):
            events += _events(close() or ())
        return events, found_in, False
    result = parser(hand_out())
    if inspect.iscoroutine(result):
        result.close()  # else Python warns that nobody awaited it
        raise TypeError("a coroutine came back: define the parser with def, without async")
    if not isinstance(result, Iterator):
        return _events(result), [], True
    events, found_in = [], []
    for event in islice(result, MOST_EVENTS):
        events.append(_event(event))
        found_in.append(taken[0])
    return events, found_in, False


def _is_factory(parser: Any) -> bool:
    """Whether it makes parsers: a class, or a function without parameters."""
    if inspect.isclass(parser):
        return True
    try:
        return not inspect.signature(parser).parameters
    except (TypeError, ValueError):
        return False


def _events(some: Iterable[Any]) -> list[Any]:
    return [_event(event) for event in islice(some, MOST_EVENTS)]


def _event(event: Any) -> Dispatched | Any:
    """An event as a tuple, if it is one at all."""
    if isinstance(event, list | tuple):
        return tuple(event)
    names = ("type", "data", "last_event_id")
    return tuple(getattr(event, name) for name in names) if all(hasattr(event, name) for name in names) else event


# --- which rules are broken ---------------------------------------------------------------------------


def _broken(failed: list[tuple[Reading, str]]) -> tuple[Broken, ...]:
    """One for each broken rule, in the order of the rules, each with its smallest input."""
    by_rule: dict[str, list[tuple[Reading, str]]] = {}
    for reading, given in sorted(failed, key=lambda one: _place(_own_rule(one[0]))):
        # A stream that needs a plainer rule which is broken already says nothing about its own.
        plainer = [name for name in _needs(reading) if name in by_rule]
        by_rule.setdefault(plainer[0] if plainer else _own_rule(reading), []).append((reading, given))
    broken = []
    for name in sorted(by_rule, key=_place):
        reading, given = min(
            by_rule[name],
            key=lambda one: (
                _own_rule(one[0]) != name,
                len(one[0].stream.data),
                len(one[0].cuts),
                one[0].cuts,
            ),
        )
        broken.append(
            Broken(
                RULE_BY_ID[name], reading.stream.data, reading.cuts, reading.stream.events, given, len(by_rule[name])
            )
        )
    return tuple(broken)


def _own_rule(reading: Reading) -> str:
    stream, cuts = reading
    if not cuts or stream.rule == IN_TIME:
        return stream.rule
    # Of many cuts, the rule that is the rarest among them: the plainer ones were tried one by one.
    return max((stream.rule_of_cut(cut) for cut in cuts), key=_place)


def _needs(reading: Reading) -> tuple[str, ...]:
    """The ids of the rules that it needs besides its own, the plainest first."""
    stream, cuts = reading
    # What is read rightly in one piece keeps all that the stream itself needs.
    needs = {CUT_LINE, *(stream.rule_of_cut(cut) for cut in cuts)} if cuts else set(stream.needs)
    return tuple(sorted(needs - {_own_rule(reading)}, key=_place))


def _place(rule: str) -> int:
    return next(number for number, one in enumerate(RULES) if one.id == rule)

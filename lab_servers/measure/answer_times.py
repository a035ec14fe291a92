"""What a reader of a model's answer felt: time to the first text, gaps between moments of new text, whole time.

Everything comes from marks: the model's own ("token", "produced"; ``model_marks.py``) and each reader's ("asked",
"run", "shown", "ended"). ``reading_pace.py`` holds the same times against how fast a person reads.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from lab_servers.errors import BadParameter
from lab_servers.measure.model_marks import ProducedPart, generated, produced
from lab_servers.recording import Recording
from lab_servers.wire.llm.ways import Way


@dataclass(frozen=True)
class Spans:
    """Times of one kind, in seconds. ``None`` where there is none, as an answer that comes at once has no gaps.

    Attributes:
        n: How many.
        median_s: Half of them are shorter.
        p95_s: 95 in 100 are shorter.
        longest_s: The longest.
    """

    n: int
    median_s: float | None
    p95_s: float | None
    longest_s: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> Spans:
        """Summarise them."""
        if not values:
            return cls(0, None, None, None)
        median, p95 = (float(one) for one in np.quantile(values, (0.5, 0.95)))
        return cls(len(values), median, p95, max(values))


@dataclass(frozen=True)
class TokenTime:
    """One token of an answer's text.

    Attributes:
        end: How many code points of the text there are with it.
        made_s: When the model generated it, in seconds since the question.
        shown_s: When the reader had the text that it is in; ``None`` if that never came.
    """

    end: int
    made_s: float
    shown_s: float | None


@dataclass(frozen=True)
class AnswerTimes:
    """One reader's answer; all times are in seconds since its question.

    Attributes:
        name: The reader's, as its marks name it: that of its way.
        asked_ns: When it asked, on the clock of the recording.
        pieces: The text as it came.
        shown_s: When each piece could be shown; pieces of one read have one time.
        tokens: The tokens of the text, in order.
        ended_s: When the reader knew that no more would come.
    """

    name: str
    asked_ns: int
    pieces: tuple[str, ...]
    shown_s: tuple[float, ...]
    tokens: tuple[TokenTime, ...]
    ended_s: float

    @property
    def text(self) -> str:
        """The text that came."""
        return "".join(self.pieces)

    @property
    def moments_s(self) -> tuple[float, ...]:
        """The moments at which new text was there."""
        return tuple(sorted(set(self.shown_s)))

    @property
    def made_s(self) -> tuple[float, ...]:
        """The moments at which the model generated tokens of the text."""
        return tuple(sorted({one.made_s for one in self.tokens}))

    @property
    def first_s(self) -> float:
        """Time to the first text."""
        return self.shown_s[0]

    @property
    def made_first_s(self) -> float | None:
        """When the model had generated the first token of the text."""
        return self.tokens[0].made_s if self.tokens else None

    @property
    def last_s(self) -> float:
        """When all of the text was there."""
        return self.shown_s[-1]

    @property
    def gaps(self) -> Spans:
        """Between two moments of new text."""
        return Spans.of([after - before for before, after in pairwise(self.moments_s)])

    @property
    def made_gaps(self) -> Spans:
        """Between two moments at which the model generated tokens."""
        return Spans.of([after - before for before, after in pairwise(self.made_s)])

    @property
    def lateness(self) -> Spans:
        """How long after it was generated each token of the text was there for the reader."""
        return Spans.of([one.shown_s - one.made_s for one in self.tokens if one.shown_s is not None])


def answer_times(recording: Recording) -> dict[str, AnswerTimes]:
    """Each reader's answer, by the reader's name, in the order of the ways.

    Raises:
        BadParameter: nobody was shown any text in this recording.
    """
    names = [mark.name.removesuffix(": shown") for mark in recording.marks if mark.name.endswith(": shown")]
    parts: dict[str, list[ProducedPart]] = {}
    for part in produced(recording):
        parts.setdefault(part.run, []).append(part)
    made_ns: dict[str, list[int]] = {}
    for token in generated(recording):
        made_ns.setdefault(token.run, []).append(token.at_ns)
    found = {}
    for name in sorted(dict.fromkeys(names), key=_place):
        asked = recording.marks_named(f"{name}: asked")
        if asked:
            runs = [mark.detail for mark in recording.marks_named(f"{name}: run")]
            run = runs[-1] if runs else ""
            found[name] = _times(recording, name, asked[0].at_ns, parts.get(run, []), made_ns.get(run, []))
    if not found:
        raise BadParameter("Nobody was shown any text in this recording: run the scenario AnswerArrives.")
    return found


def _place(name: str) -> int:
    ways = [way.value for way in Way]
    known = name.split(",")[0]
    return ways.index(known) if known in ways else len(ways)


def _times(
    recording: Recording, name: str, asked_ns: int, parts: Sequence[ProducedPart], generated_ns: Sequence[int]
) -> AnswerTimes:
    shown = recording.marks_named(f"{name}: shown")
    ended = recording.marks_named(f"{name}: ended")

    def seconds(at_ns: int) -> float:
        return (at_ns - asked_ns) / 1e9

    shown_s = [seconds(mark.at_ns) for mark in shown]
    ends = list(accumulate(len(mark.detail) for mark in shown))
    times = []
    for end, at_ns in _text_tokens(parts, generated_ns):
        place = bisect_left(ends, end)
        times.append(TokenTime(end, seconds(at_ns), shown_s[place] if place < len(ends) else None))
    return AnswerTimes(
        name, asked_ns, tuple(mark.detail for mark in shown), tuple(shown_s), tuple(times),
        seconds(ended[-1].at_ns if ended else shown[-1].at_ns),
    )  # fmt: skip


def _text_tokens(parts: Sequence[ProducedPart], generated_ns: Sequence[int]) -> Iterable[tuple[int, int]]:
    """Of each token of the text: how many code points there are with the part that it is in, and when it was made.

    A part may hold several tokens: those of a cut character, or all of a batch. Without marks of single tokens, each
    has the time of its part.
    """
    texts = [part for part in parts if part.text and not part.is_arguments]
    if not texts:
        return
    # What it thought comes before all that it said. Of an answer that was broken off, the last tokens are in no part.
    before_first = bisect_right(generated_ns, texts[0].at_ns) - texts[0].tokens
    place = max(min(before_first, len(generated_ns) - sum(part.tokens for part in parts)), 0)
    end = 0
    for part in texts:
        end += len(part.text)
        for _ in range(part.tokens):
            yield end, generated_ns[place] if place < len(generated_ns) else part.at_ns
            place += 1

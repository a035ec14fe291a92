"""What a crowd of answers cost, read from a recording: what was lost or mixed up, each token's delay, the model's slip.

``scenarios/ai_many_answers.py`` makes the recording: for each reader what the model should say when, what it said, and
what came. Times are marks; all of them are made on one clock.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np

from lab_servers.errors import BadParameter
from lab_servers.measure.model_marks import ProducedPart, produced
from lab_servers.recording import Recording

MODEL, EXPECTED = "model", "expected"
ALONE, TOGETHER = "alone", "together"
QUANTILES = (0.5, 0.95, 0.99, 1.0)

_LABEL = re.compile(rf"({ALONE}|{TOGETHER}) ([0-9]{{1,9}}), ([^:]+): (.+)", re.DOTALL)


@dataclass(frozen=True)
class OneAnswer:
    """One reader.

    Attributes:
        crowd: ``"alone"`` or ``"together"``.
        way: How it read.
        run_id: Its run.
        parts: How many parts its answer should have.
        lost: How many of them never came.
        twice: How many came more than once.
        is_right: Whether each part that came is the one that its own question gets, and no other.
        delays_s: For each part that came, how long after the model could send it, seconds.
        slips_s: For each part, how much later than planned the model made it, counted from the part of this run that
            was least late, seconds.
        from_ns: When it was asked for.
        to_ns: When its last one came.
    """

    crowd: str
    way: str
    run_id: str
    parts: int
    lost: int
    twice: int
    is_right: bool
    delays_s: tuple[float, ...]
    slips_s: tuple[float, ...]
    from_ns: int
    to_ns: int


@dataclass(frozen=True)
class Crowd:
    """Some of the answers together."""

    answers: tuple[OneAnswer, ...]

    @property
    def delays_s(self) -> tuple[float, ...]:
        """The delays of all parts, in seconds."""
        return tuple(delay for one in self.answers for delay in one.delays_s)

    @property
    def slips_s(self) -> tuple[float, ...]:
        """How much later than planned the model made each part, in seconds."""
        return tuple(slip for one in self.answers for slip in one.slips_s)

    @property
    def parts(self) -> int:
        """How many parts there should be."""
        return sum(one.parts for one in self.answers)

    @property
    def lost(self) -> int:
        """How many never came."""
        return sum(one.lost for one in self.answers)

    @property
    def twice(self) -> int:
        """How many came more than once."""
        return sum(one.twice for one in self.answers)

    @property
    def mixed(self) -> int:
        """How many answers are not what their question gets, or are one run given to two readers."""
        runs = Counter(one.run_id for one in self.answers)
        return sum(not one.is_right or runs[one.run_id] > 1 for one in self.answers)

    @property
    def most_at_once(self) -> int:
        """How many answers were on their way at the same moment, at most."""
        steps = sorted([(one.from_ns, 1) for one in self.answers] + [(one.to_ns, -1) for one in self.answers])
        return int(np.cumsum([step for _, step in steps]).max()) if steps else 0

    def of(self, way: str) -> Crowd:
        """Those of one way."""
        return Crowd(tuple(one for one in self.answers if one.way == way))


def quantiles_ms(values_s: tuple[float, ...]) -> tuple[float, ...]:
    """Median, 95th and 99th percentile, and the largest, in milliseconds; not a number where nothing came."""
    if not values_s:
        return (math.nan,) * len(QUANTILES)
    found = np.quantile(np.asarray(values_s), QUANTILES) * 1e3
    return tuple(float(one) for one in found)


def many_answers(recording: Recording) -> dict[str, Crowd]:
    """The answers of a run, ``"alone"`` and ``"together"``.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    readers: dict[tuple[str, str, str], list[tuple[str, str, int]]] = defaultdict(list)
    for mark in recording.marks:
        label = _LABEL.fullmatch(mark.name)
        if label is not None:
            readers[label[1], label[2], label[3]].append((label[4], mark.detail, mark.at_ns))
    by_run: dict[str, dict[int, ProducedPart]] = defaultdict(dict)
    for part in produced(recording):
        by_run[part.run][part.sequence] = part
    found: dict[str, list[OneAnswer]] = {ALONE: [], TOGETHER: []}
    for (crowd, _, way), marks in readers.items():
        found[crowd].append(_answer(crowd, way, marks, by_run))
    if not all(found.values()):
        raise BadParameter("This recording has no answers alone and together: run the scenario ManyAnswers.")
    return {crowd: Crowd(tuple(answers)) for crowd, answers in found.items()}


def _answer(
    crowd: str, way: str, marks: list[tuple[str, str, int]], by_run: dict[str, dict[int, ProducedPart]]
) -> OneAnswer:
    due_s: dict[int, float] = {}
    expected: dict[int, str] = {}
    came: dict[int, int] = {}
    texts: dict[int, str] = {}
    run_id, twice, asked_ns = "", 0, 0
    for what, detail, at_ns in marks:
        if what == EXPECTED:
            number, due, text = detail.split(" ", 2)
            due_s[int(number)], expected[int(number)], asked_ns = float(due), text, at_ns
        elif what == "run known":
            run_id = detail
        elif what == "received":
            _, number, text = detail.split(" ", 2)
            came[int(number)], texts[int(number)] = at_ns, text
        elif what == "duplicate":
            twice += 1
    made = by_run.get(run_id, {})
    lateness = {number: part.at_ns / 1e9 - due_s[number] for number, part in made.items() if number in due_s}
    least = min(lateness.values(), default=0.0)
    return OneAnswer(
        crowd,
        way,
        run_id,
        len(expected),
        len(set(expected) - set(came)),
        twice,
        all(expected.get(number) == text for number, text in texts.items()),
        tuple((at_ns - made[number].at_ns) / 1e9 for number, at_ns in came.items() if number in made),
        tuple(late - least for late in lateness.values()),
        asked_ns,
        max(came.values(), default=0),
    )

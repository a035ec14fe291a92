"""How fast a person reads, held against how fast an answer arrives: when would its reader have to wait?

``answer_times.py`` has the arrivals. Alphabetic text is counted in words, Chinese in characters: there no space says
where a word ends, and studies count so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from lab_servers.measure.answer_times import AnswerTimes


@dataclass(frozen=True)
class Pace:
    """How fast somebody reads.

    Attributes:
        words_per_minute: Of words with spaces between them.
        characters_per_minute: Of Chinese characters.
        source: Where the two figures come from.
    """

    words_per_minute: float
    characters_per_minute: float
    source: str

    def seconds(self, unit: Unit) -> float:
        """How long one unit takes to read."""
        return 60 / (self.characters_per_minute if unit.is_chinese else self.words_per_minute)


ADULT = Pace(
    238,
    259.5,
    "238 words per minute is the average of adults who read English non-fiction silently, over 190 studies (M. "
    "Brysbaert, How many words do we read per minute?, Journal of Memory and Language 109, 2019, "
    "https://doi.org/10.1016/j.jml.2019.104047). 259.5 Chinese characters per minute is the average of the "
    "fastest that each of 30 students read, shown a bit of text at a time (C.-X. Wang, N. Lin and Y.-X. Guo, Visual "
    "requirement for Chinese reading with normal vision, 2019, https://doi.org/10.1002/brb3.1216). Most adults read "
    "English at 175 to 300 words per minute, so single readers differ from both.",
)


@dataclass(frozen=True)
class Unit:
    """What is read in one go: a word, or one Chinese character.

    Attributes:
        end: How many code points of the text there are with it.
        is_chinese: Whether it is a Chinese character.
    """

    end: int
    is_chinese: bool


# The unified ideographs of Unicode's main block, extension A and the compatibility block; their punctuation is no unit.
_CHINESE = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_UNIT = re.compile(rf"[{_CHINESE}]|[^\s{_CHINESE}]+")


def units_of(text: str) -> tuple[Unit, ...]:
    """The words and Chinese characters of a text; what has no letter or digit, as an emoji, is taken in passing."""
    return tuple(
        Unit(found.end(), re.match(f"[{_CHINESE}]", found[0]) is not None)
        for found in _UNIT.finditer(text)
        if any(character.isalnum() for character in found[0])
    )


@dataclass(frozen=True)
class Reading:
    """Somebody who reads an answer while it arrives; all times in seconds since the question.

    Attributes:
        name: The way of the answer.
        arrived_s: When each unit was there.
        begun_s: When the reader began with each unit.
        read_s: When each unit had been read.
        first_wait_s: From the question until there was something to read.
        later_waits_s: How long the reader then waited before each further unit that was not there yet.
    """

    name: str
    arrived_s: tuple[float, ...]
    begun_s: tuple[float, ...]
    read_s: tuple[float, ...]
    first_wait_s: float
    later_waits_s: tuple[float, ...]

    @property
    def waited_s(self) -> float:
        """All waiting."""
        return self.first_wait_s + sum(self.later_waits_s)

    @property
    def done_s(self) -> float:
        """When all was read."""
        return self.read_s[-1] if self.read_s else self.first_wait_s


def reading(times: AnswerTimes, pace: Pace = ADULT) -> Reading:
    """Read an answer as it arrived, unit by unit and never ahead of what was there."""
    units = units_of(times.text)
    arrived = arrivals_of(units, times)
    begun: list[float] = []
    read: list[float] = []
    waits: list[float] = []
    for unit, at_s in zip(units, arrived, strict=True):
        ready_s = read[-1] if read else at_s
        if at_s > ready_s:
            waits.append(at_s - ready_s)
        begun.append(max(at_s, ready_s))
        read.append(begun[-1] + pace.seconds(unit))
    first_s = arrived[0] if arrived else times.first_s
    return Reading(times.name, arrived, tuple(begun), tuple(read), first_s, tuple(waits))


def arrivals_of(units: Sequence[Unit], times: AnswerTimes) -> tuple[float, ...]:
    """When the last code point of each unit was there."""
    ends = list(accumulate(len(piece) for piece in times.pieces))
    found, place = [], 0
    for unit in units:
        while ends[place] < unit.end:
            place += 1
        found.append(times.shown_s[place])
    return tuple(found)

"""The questions a learner answers before a run: a choice, a number or an order; the recording tells what is right.

``prediction.py`` asks them. A question holds no right answer: the run that follows decides it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from lab_servers.errors import BadParameter, require_between, shown
from lab_servers.recording import Recording

Answer = str | float | tuple[str, ...]

_THOUSANDS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+([.][0-9]+)?")


@dataclass(frozen=True)
class Option:
    """One answer to choose.

    Attributes:
        text: What it says.
        misconception: The id (``misconceptions.py``) of what somebody believes who chooses it wrongly. Empty for the
            one that is right on every machine.
    """

    text: str
    misconception: str = ""


@dataclass(frozen=True)
class Question:
    """What every question has.

    Attributes:
        name: Its name in calls, which begins with the number of its notebook: ``"04-clean-end"``.
        text: The question.
        truth: The right answer, computed from the recording of the run.
        shows: One sentence on what this recording shows, computed from it.
    """

    name: str
    text: str
    truth: Callable[[Recording], Answer]
    shows: Callable[[Recording], str]

    def require(self, answer: Answer) -> Answer:
        """The answer as it is compared.

        Raises:
            BadParameter: it is none that can be given.
        """
        raise NotImplementedError

    def said(self, answer: Answer) -> str:
        """An answer in words."""
        return str(answer)

    @property
    def offered(self) -> tuple[str, ...]:
        """What can be answered, a line for each option, or one for the bounds."""
        raise NotImplementedError

    def is_right(self, answer: Answer, truth: Answer) -> bool:
        """Whether an answer fits what the recording shows."""
        return answer == truth

    def misconception_of(self, answer: Answer, truth: Answer) -> str:
        """The id of the misconception behind a wrong answer; empty if there is none on record."""
        raise NotImplementedError

    @property
    def misconceptions(self) -> tuple[str, ...]:
        """The ids of all misconceptions that its wrong answers belong to."""
        raise NotImplementedError


@dataclass(frozen=True)
class Choice(Question):
    """One of some answers; ``truth`` gives the text of one of the options."""

    options: tuple[Option, ...] = ()

    def require(self, answer: Answer) -> Answer:
        """One of the options' texts."""
        if not isinstance(answer, str) or answer not in self.offered:
            raise BadParameter(
                f"The prediction must be one of {', '.join(map(repr, self.offered))}, not {shown(answer)}."
            )
        return answer

    @property
    def offered(self) -> tuple[str, ...]:
        """The texts of the options."""
        return tuple(option.text for option in self.options)

    def misconception_of(self, answer: Answer, truth: Answer) -> str:
        """What stands beside the option."""
        return next((option.misconception for option in self.options if option.text == answer), "")

    @property
    def misconceptions(self) -> tuple[str, ...]:
        """Those of its options."""
        return tuple(option.misconception for option in self.options if option.misconception)


@dataclass(frozen=True)
class Number(Question):
    """A number in ``unit``, from ``least`` to ``most``; ``truth`` gives the number that was measured.

    Attributes:
        within: A guess is right up to this factor: 2 takes half to double; 1 takes the number itself alone.
        too_low: The misconception behind a guess that is too low.
        too_high: The misconception behind a guess that is too high.
    """

    unit: str = ""
    least: float = 0
    most: float = 1e12
    within: float = 1.0
    too_low: str = ""
    too_high: str = ""

    def require(self, answer: Answer) -> Answer:
        """A number within the bounds."""
        if not isinstance(answer, int | float):
            raise BadParameter(f"The prediction must be a number from {self.bounds}, not {shown(answer)}.")
        require_between("The prediction", answer, self.least, self.most, self.unit)
        return answer

    def read(self, text: str) -> Answer:
        """The number that somebody typed, as it is compared.

        Raises:
            BadParameter: it is none, or out of bounds.
        """
        # Thousands apart, as the bounds are written; a comma in any other place is no part of a number.
        plain = text.strip().replace(",", "") if _THOUSANDS.fullmatch(text.strip()) else text.strip()
        try:
            return self.require(int(plain) if plain.isascii() and plain.isdigit() else float(plain))
        except BadParameter:
            raise
        except ValueError:
            return self.require(text)  # which refuses it, with the text in its sentence

    @property
    def bounds(self) -> str:
        """``"0 to 100 bytes"``."""
        return f"{_plain(self.least)} to {_plain(self.most)} {self.unit}".rstrip()

    def said(self, answer: Answer) -> str:
        """The number with its unit."""
        assert not isinstance(answer, str | tuple)
        return f"{_plain(answer)} {self.unit}".rstrip()

    @property
    def offered(self) -> tuple[str, ...]:
        """The bounds."""
        return (f"a number from {self.bounds}",)

    def is_right(self, answer: Answer, truth: Answer) -> bool:
        """Whether it is within the factor."""
        assert not isinstance(answer, str | tuple)
        assert not isinstance(truth, str | tuple)
        return truth / self.within <= answer <= truth * self.within

    def misconception_of(self, answer: Answer, truth: Answer) -> str:
        """The one behind a guess that is too low, or too high."""
        assert not isinstance(answer, str | tuple)
        assert not isinstance(truth, str | tuple)
        return self.too_low if answer < truth else self.too_high

    @property
    def misconceptions(self) -> tuple[str, ...]:
        """Both."""
        return tuple(one for one in (self.too_low, self.too_high) if one)


@dataclass(frozen=True)
class Order(Question):
    """Some items in order, first to last; ``truth`` gives the order that was seen.

    Attributes:
        items: The items, in the order in which they are offered.
        wrong: The misconception behind any other order.
    """

    items: tuple[str, ...] = ()
    wrong: str = ""

    def require(self, answer: Answer) -> Answer:
        """All the items, each once."""
        given = tuple(answer) if isinstance(answer, tuple | list) else ()
        if not all(isinstance(one, str) for one in given) or sorted(given) != sorted(self.items):
            raise BadParameter(
                f"The prediction must be all of {', '.join(map(repr, self.items))}, each once, first to last, "
                f"not {shown(answer)}."
            )
        return given

    def said(self, answer: Answer) -> str:
        """The items, first to last."""
        return ", then ".join(answer) if isinstance(answer, tuple) else str(answer)

    @property
    def offered(self) -> tuple[str, ...]:
        """The items."""
        return self.items

    def misconception_of(self, answer: Answer, truth: Answer) -> str:
        """The one."""
        return self.wrong

    @property
    def misconceptions(self) -> tuple[str, ...]:
        """The one."""
        return (self.wrong,) if self.wrong else ()


def _plain(number: float) -> str:
    """A number as people write it: thousands apart, no more digits than a measurement has."""
    if float(number).is_integer() and abs(number) < 1e15:
        return f"{int(number):,}"
    return f"{number:,.1f}" if abs(number) >= 1_000 else f"{number:.4g}"

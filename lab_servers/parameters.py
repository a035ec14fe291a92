"""The parameters of a run, each declared once: name, unit, bounds, default and one sentence.

A leaf: scenarios (``scenarios/``) declare with it, panels (``views/``) make controls of it, and the command line
(``cli/``) reads text with it. All three give the same sentence for a bad value.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from lab_servers.errors import BadParameter, require_between, require_one_of, require_whole, shown

_KEY = "parameter"


@dataclass(frozen=True)
class Parameter:
    """What a person may choose about a run.

    Attributes:
        name: Its name in the call, with its unit: ``delay_s``.
        default: Its value when nothing is said.
        sentence: What it does.
    """

    name: str
    default: Any
    sentence: str

    @property
    def bounds(self) -> str:
        """What values it takes, in a few words: ``"0.02 to 5 seconds"``."""
        raise NotImplementedError

    def check(self, value: Any) -> None:
        """Refuse a value out of bounds.

        Raises:
            BadParameter: names the parameter, its bounds and its unit.
        """
        raise NotImplementedError

    def read(self, text: str) -> Any:
        """The value that a text on the command line stands for, checked.

        Raises:
            BadParameter: it stands for none, or for one out of bounds.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Number(Parameter):
    """A number in ``[least, most]``, in ``unit``."""

    least: float
    most: float
    unit: str

    @property
    def bounds(self) -> str:
        """What values it takes."""
        return f"{self.least:g} to {self.most:g} {self.unit}".rstrip()

    def check(self, value: Any) -> None:
        """Refuse a value out of bounds."""
        require_between(self.name, value, self.least, self.most, self.unit)

    def read(self, text: str) -> float:
        """The value that a text stands for, checked."""
        try:
            # float() also takes "1_000", and digits of other scripts.
            value: Any = float(text) if text.isascii() and "_" not in text else text
        except ValueError:
            value = text  # which check() refuses, with the text in its sentence
        self.check(value)
        return float(value) + 0.0  # which makes 0 of -0.0


@dataclass(frozen=True)
class Whole(Parameter):
    """A whole number in ``[least, most]``, in ``unit``."""

    least: int
    most: int
    unit: str

    @property
    def bounds(self) -> str:
        """What values it takes."""
        return f"{self.least:,} to {self.most:,} {self.unit}".rstrip()

    def check(self, value: Any) -> None:
        """Refuse a value out of bounds."""
        require_whole(self.name, value, self.least, self.most, self.unit)

    def read(self, text: str) -> int:
        """The value that a text stands for, checked."""
        # int() also takes "1_000", and digits of other scripts; it refuses thousands of them in its own way.
        plain = text.removeprefix("-")
        value: Any = int(text) if plain.isascii() and plain.isdigit() and len(plain) <= 18 else text
        self.check(value)
        return int(value)


@dataclass(frozen=True)
class Choice(Parameter):
    """One of some names."""

    options: tuple[str, ...]

    @property
    def bounds(self) -> str:
        """What values it takes."""
        return "one of " + ", ".join(self.options)

    def check(self, value: Any) -> None:
        """Refuse a value out of bounds."""
        require_one_of(self.name, value, self.options)

    def read(self, text: str) -> str:
        """The value that a text stands for, checked."""
        self.check(text)
        return text


@dataclass(frozen=True)
class Switch(Parameter):
    """Yes or no."""

    @property
    def bounds(self) -> str:
        """What values it takes."""
        return "True or False"

    def check(self, value: Any) -> None:
        """Refuse a value out of bounds."""
        if not isinstance(value, bool):
            raise BadParameter(f"{self.name} must be True or False, not {shown(value)}.")

    def read(self, text: str) -> bool:
        """The value that a text stands for, checked."""
        words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        self.check(words.get(text.lower(), text))
        return words[text.lower()]


def number(default: float, least: float, most: float, unit: str, sentence: str) -> float:
    """Declare a number as a dataclass field; it takes ``least`` to ``most``, in ``unit``."""
    declared: float = _declare(Number("", default, sentence, least, most, unit))
    return declared


def whole(default: int, least: int, most: int, unit: str, sentence: str) -> int:
    """Declare a whole number as a dataclass field; it takes ``least`` to ``most``, in ``unit`` (may be empty)."""
    declared: int = _declare(Whole("", default, sentence, least, most, unit))
    return declared


def choice(default: str, options: Iterable[str], sentence: str) -> str:
    """Declare a choice as a dataclass field."""
    declared: str = _declare(Choice("", default, sentence, tuple(options)))
    return declared


def switch(default: bool, sentence: str) -> bool:
    """Declare a yes or no as a dataclass field."""
    declared: bool = _declare(Switch("", default, sentence))
    return declared


def _declare(parameter: Parameter) -> Any:
    return field(default=parameter.default, metadata={_KEY: parameter})


def parameters_of(declaration: Any) -> tuple[Parameter, ...]:
    """The parameters that a dataclass or an instance of one declares, in order, each with its name."""
    return _declared(declaration if isinstance(declaration, type) else type(declaration))


@cache
def _declared(declaration: type) -> tuple[Parameter, ...]:
    # A class never changes what it declares, and a map asks thousands of jobs for theirs.
    return tuple(
        dataclasses.replace(one.metadata[_KEY], name=one.name)
        for one in dataclasses.fields(declaration)
        if _KEY in one.metadata
    )

"""How the model shall behave for one answer: the query parameters that every path of this server takes, with bounds.

They are no part of any dialect: a real vendor has no ``?stall_s=2``. They stand in the query because every client there
is can put them there, curl, an SDK and a browser's ``EventSource``. Neighbour: timeline, which makes moments of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import ClassVar

from ..query import BadValue, shown
from .texts import LANGUAGES

# Least and most of each; where both are whole numbers, only a whole number will do.
BOUNDS: dict[str, tuple[float, float]] = {
    "seed": (0, 2**31 - 1),
    "tokens": (1, 20_000),
    "ttft_s": (0.0, 60.0),
    "gap_s": (0.0, 10.0),
    "spread": (0.0, 2.0),
    "stall_every": (0, 20_000),
    "stall_s": (0.0, 60.0),
    "burst": (1, 1_000),
    "reasoning_tokens": (0, 20_000),
    "tool_calls": (0, 8),
    "fail_after": (0, 60_000),
    "batch_s": (0.0, 10.0),
    "heartbeat_s": (0.01, 60.0),
    "linger_s": (0.0, 3600.0),
}
CHOICES = {"language": LANGUAGES, "fail": ("no", "error", "cut")}


@dataclass(frozen=True)
class Settings:
    """The behaviour of the model for one answer.

    Attributes:
        seed: With the prompt, it decides every random choice.
        language: What the answer is written in.
        tokens: How many tokens its text has.
        ttft_s: Time to the first token, seconds.
        gap_s: The mean time between two tokens, seconds.
        spread: How much gaps differ: sigma of a log-normal distribution. With 0 all are alike.
        stall_every: After so many tokens the model stalls; 0: never.
        stall_s: For how long, seconds.
        burst: How many tokens come at the same moment; the mean pace stays.
        reasoning_tokens: How many tokens the model thinks before it says anything: generated, and never sent.
        tool_calls: How many tools it calls behind its text.
        fail: ``"error"``: it fails and says so; ``"cut"``: the connection breaks.
        fail_after: After how many generated tokens. An error after 0 tokens comes before the head of the response.
        batch_s: Text of so long a time travels as one part, seconds; 0: each as soon as it can be sent.
        heartbeat_s: After so long a silence a way that can sends a sign of life, seconds.
        linger_s: How long a run that is kept goes on without any reader, seconds.
    """

    seed: int = 0
    language: str = "mixed"
    tokens: int = 40
    ttft_s: float = 0.3
    gap_s: float = 0.03
    spread: float = 0.5
    stall_every: int = 0
    stall_s: float = 0.5
    burst: int = 1
    reasoning_tokens: int = 0
    tool_calls: int = 0
    fail: str = "no"
    fail_after: int = 0
    batch_s: float = 0.0
    heartbeat_s: float = 15.0
    linger_s: float = 60.0

    names: ClassVar[tuple[str, ...]] = (*BOUNDS, *CHOICES)

    @classmethod
    def from_values(cls, values: Mapping[str, object]) -> Settings:
        """Read those that are given, from a query's text or from JSON; the others keep their defaults.

        Raises:
            BadValue: a name is unknown or a value is out of its bounds.
        """
        unknown = next((name for name in values if name not in cls.names), None)
        if unknown is not None:
            raise BadValue(f"{shown(unknown)} is no setting: there are {', '.join(one.name for one in fields(cls))}.")
        read: dict[str, object] = {}
        for name, value in values.items():
            read[name] = _choice(name, value) if name in CHOICES else _number(name, value)
        return cls(**read)  # type: ignore[arg-type]

    @property
    def fails_before_head(self) -> bool:
        """Whether the request is refused with a status, as by a server that has no capacity left."""
        return self.fail == "error" and self.fail_after == 0


def _choice(name: str, value: object) -> str:
    allowed = CHOICES[name]
    if not isinstance(value, str) or value not in allowed:
        raise BadValue(f"{name} must be one of {', '.join(allowed)}, not {shown(value)}.")
    return value


def _number(name: str, value: object) -> float | int:
    least, most = BOUNDS[name]
    is_whole = isinstance(least, int)
    number = math.nan
    # The length first: Python reads thousands of digits, and refuses tens of thousands in a way of its own.
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        with suppress(OverflowError):
            number = float(value)
    elif isinstance(value, str) and value.isascii() and len(value) <= 40:
        with suppress(ValueError):
            number = float(value)
    # Every comparison with "nan" is false, so it fails here like any other value out of bounds.
    if not least <= number <= most or (is_whole and not number.is_integer()):
        kind = "a whole number" if is_whole else "a number of seconds" if name.endswith("_s") else "a number"
        raise BadValue(f"{name} must be {kind} from {least:g} to {most:.0f}, not {shown(value)}.")
    return int(number) if is_whole else number

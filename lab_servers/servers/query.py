"""Reads query parameters within bounds; every server here uses it, so that a mistake is named and not guessed at.

A value that makes no sense raises :class:`BadValue` with one sentence for the client; the aiohttp
servers send it with status 400 (``body.py``), the WebSocket server refuses the handshake with it.
"""

from __future__ import annotations

import math
from contextlib import suppress
from urllib.parse import parse_qsl


class BadValue(ValueError):
    """A value outside its bounds; the message is a sentence that names the parameter and its bounds."""


class Query:
    """The parameters of one request.

    Args:
        raw: The query of the request target, still percent-encoded.
        known: The names that this path understands.

    Raises:
        BadValue: a name is unknown, or occurs twice.
    """

    def __init__(self, raw: str, *known: str) -> None:
        self._values: dict[str, str] = {}
        for name, value in parse_qsl(raw, keep_blank_values=True):
            # A mistyped name that is silently ignored looks like a server that does not obey.
            if name not in known:
                takes = f"takes {', '.join(known)}" if known else "takes no query parameters"
                raise BadValue(f"{shown(name)} is an unknown query parameter: this path {takes}.")
            if name in self._values:
                raise BadValue(f"{name} must be given once, not several times.")
            self._values[name] = value

    @property
    def given(self) -> dict[str, str]:
        """What the request gives, as text, by name."""
        return dict(self._values)

    def number(self, name: str, default: float, least: float, most: float) -> float:
        """A number of seconds in ``[least, most]``."""
        return number_of_seconds(name, self._values.get(name, default), least, most)

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number in ``[least, most]``."""
        text = self._values.get(name, str(default))
        # The length first: int() takes thousands of digits, and refuses tens of thousands its own way.
        if not (text.isascii() and text.isdigit() and len(text) <= 18 and least <= int(text) <= most):
            raise BadValue(f"{name} must be a whole number from {least} to {most}, not {shown(text)}.")
        return int(text)

    def choice(self, name: str, *allowed: str) -> str:
        """One of ``allowed``; the first of them when the parameter is absent."""
        text = self._values.get(name, allowed[0])
        if text not in allowed:
            raise BadValue(f"{name} must be one of {', '.join(allowed)}, not {shown(text)}.")
        return text


def number_of_seconds(name: str, value: object, least: float, most: float) -> float:
    """Check a duration that came as text (a query) or as a JSON number.

    Raises:
        BadValue: it is no finite number in ``[least, most]``.
    """
    number = math.nan
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            number = float(value)
    # Every comparison with "nan" is false, so it fails here like any other value out of bounds.
    if not least <= number <= most:
        raise BadValue(f"{name} must be a number of seconds from {least:g} to {most:g}, not {shown(value)}.")
    return number


def shown(value: object) -> str:
    """The value as the client wrote it, short enough for a sentence."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:36]}…{text[-1]}"

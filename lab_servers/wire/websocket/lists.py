"""Lists in field values (RFC 9110 §5.6): tokens, and extensions with parameters that may be quoted (RFC 6455 §9.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_WHITESPACE = " \t"


@dataclass(frozen=True)
class Extension:
    """One element of ``Sec-WebSocket-Extensions``.

    Attributes:
        name: The extension.
        parameters: Names, and values without their quotes; ``None`` for a parameter without a value.
        source: The element as it stands there.
        is_broken: Whether it does not follow the grammar; what could be read of it is here all the same.
    """

    name: str
    parameters: tuple[tuple[str, str | None], ...]
    source: str
    is_broken: bool = False


def elements(values: Sequence[str]) -> Iterator[str]:
    """The elements of a list that may stand on many lines, stripped of white space and without empty ones."""
    for value in values:
        for part in _split(value, ","):
            if element := part.strip(_WHITESPACE):
                yield element


def has_token(values: Sequence[str], token: str) -> bool:
    """Whether a list of tokens holds this one; case does not matter."""
    return any(element.lower() == token for element in elements(values))


def is_token(text: str) -> bool:
    """Whether a text is a token (RFC 9110 §5.6.2)."""
    return _TOKEN.fullmatch(text) is not None


def extensions_of(values: Sequence[str]) -> list[Extension]:
    """The extensions that the lines of ``Sec-WebSocket-Extensions`` list."""
    return [_extension(element) for element in elements(values)]


def _extension(element: str) -> Extension:
    name, *rest = (part.strip(_WHITESPACE) for part in _split(element, ";"))
    is_broken = not is_token(name)
    parameters = []
    for part in rest:
        key, equals, raw = part.partition("=")
        key, raw = key.rstrip(_WHITESPACE), raw.lstrip(_WHITESPACE)
        value = _unquoted(raw) if equals else None
        # A quoted value must be a token too once its quotes are gone (RFC 6455 §9.1).
        is_broken = is_broken or not is_token(key) or (value is not None and not is_token(value))
        parameters.append((key, value))
    return Extension(name, tuple(parameters), element, is_broken)


def _split(text: str, separator: str) -> list[str]:
    """The parts between separators that stand in no quoted string. A quote that never closes reaches to the end."""
    parts = []
    start = 0
    is_quoted = is_escaped = False
    for at, char in enumerate(text):
        if is_escaped:
            is_escaped = False
        elif is_quoted and char == "\\":
            is_escaped = True
        elif char == '"':
            is_quoted = not is_quoted
        elif char == separator and not is_quoted:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def _unquoted(raw: str) -> str:
    if len(raw) >= 2 and raw[0] == raw[-1] == '"':
        return re.sub(r"\\(.)", r"\1", raw[1:-1], flags=re.DOTALL)
    return raw

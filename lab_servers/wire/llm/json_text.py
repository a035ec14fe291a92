"""Reads one JSON text that a stranger wrote (RFC 8259): an object, or a sentence why not.

The dialects ask it for members of the type that they need. ``splitting.py`` says where a JSON text ends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

MOST_DEPTH = 64
"""Objects and arrays within each other. What vendors send needs six or so, and a tool's arguments a few more."""

_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)


class BadJson(ValueError):
    """A JSON text that is none, or none that a reader takes. Its message says why."""


def read_object(text: str) -> dict[str, object]:
    """The object that ``text`` is.

    A name that stands twice has the last value, as with most readers (RFC 8259 §4 leaves it open).

    Raises:
        BadJson: It is no JSON, no object, too deep, or holds a number longer than Python takes.
    """
    if _is_deeper_than(text, MOST_DEPTH):
        raise BadJson(f"nested deeper than {MOST_DEPTH} levels")
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise BadJson("not JSON") from None
    if not isinstance(value, dict):
        raise BadJson("not a JSON object")
    return value


def write(value: object) -> str:
    """``value``, which ``read_object`` read, as compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def text_in(source: Mapping[str, object], name: str) -> str:
    """The string called ``name``; empty when there is none or it is something else."""
    value = source.get(name)
    return value if isinstance(value, str) else ""


def whole_in(source: Mapping[str, object], name: str) -> int | None:
    """The whole number from 0 on called ``name``; ``None`` when there is none or it is something else."""
    value = source.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def object_in(source: Mapping[str, object], name: str) -> dict[str, object]:
    """The object called ``name``; empty when there is none or it is something else."""
    value = source.get(name)
    return value if isinstance(value, dict) else {}


def objects_in(source: Mapping[str, object], name: str) -> list[dict[str, object]]:
    """The objects in the array called ``name``; none when there is no such array."""
    value = source.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _is_deeper_than(text: str, most: int) -> bool:
    if text.count("[") + text.count("{") <= most:
        return False
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        if found[0] in ("[", "{"):
            depth += 1
            if depth > most:
                return True
        elif found[0] in ("]", "}"):
            depth -= 1
    return False

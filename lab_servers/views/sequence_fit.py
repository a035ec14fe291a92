"""Cuts a label of the sequence picture to the width that there is for it.

Widths are those of matplotlib's own font, for ``sequence.py`` draws with that one; other fonts only
step in for the characters that it lacks.
"""

from __future__ import annotations

from functools import cache

from matplotlib.font_manager import findfont, get_font
from matplotlib.ft2font import FT2Font, LoadFlags

from lab_servers.views.sequence_words import Line

FONT_PT = 11.0


def fitted(line: Line, sign: str, width_pt: float) -> str:
    """A label no wider than this: what the capture says is cut first, then the name."""
    sign = f"{sign} " if sign else ""
    text = f"{sign}{line.text}"
    if _width(text) <= width_pt:
        return text
    room = width_pt - _width(f"{sign}{line.name}: …{line.tail}")
    if line.summary and room > 0:
        return f"{sign}{line.name}: {_cut(line.summary, room)}…{line.tail}"
    name = f"{sign}{line.name}"
    return f"{_cut(name, max(width_pt - _width(f'…{line.tail}'), 0))}…{line.tail}"


def _cut(text: str, width_pt: float) -> str:
    taken = 0.0
    for index, char in enumerate(text):
        taken += _char_width(char)
        if taken > width_pt:
            return text[:index]
    return text


def _width(text: str) -> float:
    return sum(map(_char_width, text))


@cache
def _font() -> FT2Font:
    return get_font(findfont("DejaVu Sans"))


@cache
def _char_width(char: str) -> float:
    """How wide matplotlib's font draws a character; of one that it lacks, as wide as fonts for it are."""
    font = _font()
    if ord(char) not in font.get_charmap():
        return FONT_PT * (1.0 if ord(char) < 0x1F000 else 1.4)
    font.set_size(FONT_PT, 72)
    return font.load_char(ord(char), flags=LoadFlags.NO_HINTING).linearHoriAdvance / 65536

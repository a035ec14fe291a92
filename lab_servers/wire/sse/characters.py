"""Finds characters that trouble the readers of an event stream: broken UTF-8, and line ends that are none here.

``notes.py`` says what they mean.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

# A run of well-formed characters, or the longest beginning of one, or a single byte that begins none: for each
# of the latter the Encoding standard's UTF-8 decoder gives one U+FFFD.
_UTF_8 = re.compile(
    rb"""(?:[\x00-\x7f]
          | [\xc2-\xdf][\x80-\xbf]
          | (?: \xe0[\xa0-\xbf] | [\xe1-\xec\xee\xef][\x80-\xbf] | \xed[\x80-\x9f] )[\x80-\xbf]
          | (?: \xf0[\x90-\xbf] | [\xf1-\xf3][\x80-\xbf] | \xf4[\x80-\x8f] )[\x80-\xbf]{2}
         )++
       | (?P<broken> (?: \xe0[\xa0-\xbf] | [\xe1-\xec\xee\xef][\x80-\xbf] | \xed[\x80-\x9f] )
                   | (?: \xf0[\x90-\xbf] | [\xf1-\xf3][\x80-\xbf] | \xf4[\x80-\x8f] )[\x80-\xbf]?
                   | [\x80-\xff] )""",
    re.VERBOSE,
)

_OTHER_LINE_ENDS = {
    b"\x0b": "VT",
    b"\x0c": "FF",
    b"\x1c": "FS",
    b"\x1d": "GS",
    b"\x1e": "RS",
    b"\xc2\x85": "U+0085",
    b"\xe2\x80\xa8": "U+2028",
    b"\xe2\x80\xa9": "U+2029",
}
_OTHER_LINE_END = re.compile(b"|".join(re.escape(each) for each in _OTHER_LINE_ENDS))


def broken_utf_8(data: bytes, *, is_growing: bool) -> Iterator[tuple[int, int]]:
    """Where ``data`` is not UTF-8: one range for each U+FFFD that a decoder puts there.

    Args:
        data: Bytes that begin where a character begins.
        is_growing: Whether a character that is cut off at the end may still be completed.
    """
    text, size = codecs.utf_8_decode(data, "replace", not is_growing)
    if "\ufffd" in text:
        for found in _UTF_8.finditer(data, 0, size):
            if found.lastgroup:
                yield found.span()


def other_line_ends(data: bytes) -> Iterator[tuple[int, int, str]]:
    """The characters that Unicode or Python take for line ends and HTML §9.2.5 does not: where, and its name."""
    for found in _OTHER_LINE_END.finditer(data):
        yield *found.span(), _OTHER_LINE_ENDS[found[0]]

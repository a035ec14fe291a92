r"""Bytes as text that a person can edit, and back without loss: as hexadecimal digits, or as text with escapes.

In the text form every byte that cannot be seen is an escape: ``\r``, ``\n``, ``\t``, and ``\x00`` to ``\xff`` for other
control bytes, for invisible characters and for what is no UTF-8; a backslash is ``\\``. A line break of the text
itself stands after each ``\n`` and is only layout. It has no byte, so one that does not follow ``\n`` is a
mistake and gets a sentence: whoever means to end a line of a message must say with which bytes.
``replay_widget.py`` puts both forms into a text area.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lab_servers.errors import BadParameter

BYTES_PER_LINE = 16

_NAMED = {"\r": r"\r", "\n": r"\n", "\t": r"\t", "\\": r"\\"}
_MEANT = {escape[1]: char.encode() for char, escape in _NAMED.items()}

_TOKEN = re.compile(r"(?:\\x[0-9A-Fa-f]{2})+|\\[rnt\\]|\\|\r\n|\r|\n|[\ud800-\udfff]")
_HEX_RUN = re.compile(r"\S+")
_NO_DIGIT = re.compile(r"[^0-9A-Fa-f]")


def hex_text(data: bytes) -> str:
    """Two digits for each byte, sixteen bytes to a line."""
    return "\n".join(data[start : start + BYTES_PER_LINE].hex(" ") for start in range(0, len(data), BYTES_PER_LINE))


def bytes_of_hex(text: str) -> bytes:
    """The bytes that digits stand for. White space may stand between bytes, anywhere and of any kind.

    Raises:
        BadParameter: a sign that is no digit, or a digit without its second one; the sentence says where.
    """
    try:
        return bytes.fromhex(text)  # many times as fast as a look at each run
    except ValueError:
        return b"".join(_runs_of_hex(text))


def _runs_of_hex(text: str) -> Iterator[bytes]:
    for run in _HEX_RUN.finditer(text):
        digits = run[0]
        wrong = _NO_DIGIT.search(digits)
        if wrong is not None:
            where = _where(text, run.start() + wrong.start())
            raise BadParameter(f"{where}: {_shown(wrong[0])} is no hexadecimal digit; a byte is two, such as 0a.")
        if len(digits) % 2:
            where = _where(text, run.end() - 1)
            raise BadParameter(f"{where}: the digit {digits[-1]} is alone; a byte is two, such as 0{digits[-1]}.")
        yield bytes.fromhex(digits)


def editable_text(data: bytes) -> str:
    """The bytes as text with escapes; :func:`bytes_of_text` gives the same bytes back."""
    # "surrogateescape" keeps each byte that is no UTF-8 as a character of its own.
    return data.decode("utf-8", "surrogateescape").translate(_Shown()).removesuffix("\n")


class _Shown(dict[int, str]):
    """How characters are shown, by their code points; each is worked out when it is first met."""

    def __missing__(self, code_point: int) -> str:
        shown = self[code_point] = _shown_as(chr(code_point))
        return shown


def _shown_as(char: str) -> str:
    if char == "\n":
        return "\\n\n"
    if char in _NAMED:
        return _NAMED[char]
    if char.isprintable():
        return char
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))


def bytes_of_text(text: str) -> bytes:
    r"""The bytes that text with escapes stands for. Characters that are no escape stand for their UTF-8.

    Raises:
        BadParameter: an unknown escape, a line break that no ``\n`` goes before, or what no UTF-8 can carry; the
            sentence says where.
    """
    parts = []
    done = 0
    ends_line = False  # whether what came just before was the byte LF, written as an escape
    for token in _TOKEN.finditer(text):
        start, said = token.start(), token[0]
        if start > done:
            parts.append(text[done:start].encode())
            ends_line = False
        done = token.end()
        if said in ("\r\n", "\r", "\n"):
            if not ends_line:
                raise BadParameter(_line_break_sentence(text, start))
            ends_line = False
            continue
        if len(said) == 1:
            raise BadParameter(_escape_sentence(text, start))
        parts.append(bytes.fromhex(said.replace("\\x", "")) if said[1] == "x" else _MEANT[said[1]])
        ends_line = parts[-1].endswith(b"\n")
    parts.append(text[done:].encode())
    return b"".join(parts)


def _line_break_sentence(text: str, position: int) -> str:
    where = _where(text, position)
    if position == 0 or text[position - 1] in "\r\n":
        return rf"{where}: this line is empty, which stands for no byte; write \r\n for an empty line of the message."
    return rf"{where}: this line ends without saying with which bytes; write \r\n before the line break."


def _escape_sentence(text: str, position: int) -> str:
    where = _where(text, position)
    if text[position] != "\\":
        return rf"{where}: {_shown(text[position])} is half a character and has no UTF-8; write bytes as \x00 to \xff."
    if text[position + 1 : position + 2] == "x":
        return rf"{where}: after \x two hexadecimal digits are expected, such as \x0a."
    following = text[position + 1 : position + 2]
    what = f"a backslash before {_shown(following)}" if following.strip() else "a backslash alone"
    return rf"{where}: {what} is no escape; write \\ for a backslash, or \r, \n, \t or \x00 to \xff for a byte."


def _shown(char: str) -> str:
    return f"“{char}”" if char.isprintable() else f"U+{ord(char):04X}"


def _where(text: str, position: int) -> str:
    before = re.split(r"\r\n|\r|\n", text[:position])
    return f"Line {len(before):,}, column {len(before[-1]) + 1:,}"

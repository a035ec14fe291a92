"""The head of an HTTP/1.1 message, read from a stream: what SSE and WebSocket both need of HTTP.

``http_body.py`` reads what follows it, where something does.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

# RFC 9110 §5.6.2: the characters of a field's name.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class BadHead(Exception):
    """The head breaks a rule; the message says which. A server answers it with 400."""


@dataclass(frozen=True)
class Head:
    """A request or a response without its body.

    Attributes:
        start_line: The three parts of the first line.
        fields: The values by name in lower case.
    """

    start_line: tuple[str, str, str]
    fields: dict[str, str]

    def value(self, name: str) -> str:
        """The value of a field; empty where it is missing."""
        return self.fields.get(name, "")

    def tokens(self, name: str) -> list[str]:
        """The elements of a field that is a list, in lower case."""
        # RFC 9110 §5.6.1: elements are separated by commas, and empty ones are ignored.
        return [one.strip().lower() for one in self.value(name).split(",") if one.strip()]


async def read_head(reader: asyncio.StreamReader) -> Head:
    """Read the head of the next message.

    Raises:
        BadHead: it breaks a rule, is longer than the reader's limit, or ends too soon.
    """
    try:
        # RFC 9112 §2.1: an empty line ends the head.
        data = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        raise BadHead("the head is too long") from None
    except asyncio.IncompleteReadError:
        raise BadHead("the connection ended before the head did") from None
    # RFC 9110 §5.5: values are bytes; as ISO-8859-1 none of them is lost.
    start, *lines = data[:-4].decode("latin-1").split("\r\n")
    parts = start.split(" ", 2)
    # RFC 9112 §3: a request line has three parts, with single spaces between (§4: so has a status line).
    if len(parts) != 3 or not parts[0] or not parts[1]:
        raise BadHead("the first line has not three parts")
    fields: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        # RFC 9112 §5.1: no white space before the colon; §5.2: no line that begins with it.
        if not colon or not _NAME.fullmatch(name):
            raise BadHead("a field line is no name, colon and value")
        # RFC 9110 §5.5: a value holds no CR, LF or NUL.
        if any(char in value for char in "\r\n\0"):
            raise BadHead("a field's value holds a control character")
        # RFC 9110 §5.1: names are the same in upper and lower case; §5.3: lines of one name are one list.
        name, value = name.lower(), value.strip(" \t")
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return Head((parts[0], parts[1], parts[2]), fields)


def require_host(head: Head) -> None:
    """Check that a request names one host.

    Raises:
        BadHead: it names none, or several.
    """
    # RFC 9112 §3.2: a request without Host, or with two, is answered with 400.
    if not head.value("host") or "," in head.value("host"):
        raise BadHead("a request must have one Host field")


def head_bytes(start_line: str, *fields: str) -> bytes:
    """A head as bytes; each field as ``"Name: value"``."""
    return "\r\n".join((start_line, *fields, "", "")).encode("latin-1")

"""Messages on both ends of a way: a feed of those that exist so far, and an inbox of those that arrived.

``feed.py`` (HTTP) and ``feed_websocket.py`` carry from a feed into an inbox; a client that speaks has a feed of its
own.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from .answer import Mark, no_mark
from .query import BadValue

# The largest message that is carried in any way: a JSON text in UTF-8.
MAX_MESSAGE_BYTES = 2 * 1024 * 1024


def as_text(value: object) -> str:
    """A message as it travels: JSON without line ends (RFC 8259), with its characters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def number_of(message: str) -> int:
    """The number of a message, ``{"n":17,…}``.

    Raises:
        BadValue: it is no JSON object with a whole number ``n``.
    """
    try:
        value = json.loads(message, parse_constant=_no_json)
    except (ValueError, RecursionError):
        value = None
    number = value.get("n") if isinstance(value, dict) else None
    if not isinstance(number, int) or isinstance(number, bool):
        raise BadValue('A message must be a JSON object with its number, such as {"n":1,"d":"世界"}.')
    return number


def _no_json(constant: str) -> None:
    """Refuse what Python's reader takes, and RFC 8259 §6 does not: ``NaN``, ``Infinity``, ``-Infinity``."""
    raise ValueError(f"{constant} is no JSON")


class Feed:
    """The messages that exist so far, numbered from 1; whoever carries them waits here for the next.

    Args:
        total: How many there will be.
        mark: Told ``"produced"`` and a message's number when it begins to exist.

    Attributes:
        asked: Set once somebody has asked for messages.
    """

    def __init__(self, total: int, mark: Mark = no_mark) -> None:
        self.total = total
        self.asked = asyncio.Event()
        self._mark = mark
        self._messages: list[str] = []
        self._grew = asyncio.Event()

    def produce(self, message: str) -> None:
        """Let the next message exist, and wake whoever waits for it."""
        self._messages.append(message)
        self._mark("produced", str(len(self._messages)))
        grew, self._grew = self._grew, asyncio.Event()
        grew.set()

    def after(self, number: int) -> list[str]:
        """Those after the first ``number`` that exist now; often there is none."""
        self.asked.set()
        return self._messages[number:]

    async def next_after(self, number: int) -> list[str]:
        """Those after the first ``number``, as soon as there is one; empty only if there will never be one."""
        while not (new := self.after(number)) and number < self.total:
            await self._grew.wait()
        return new

    async def whole(self) -> list[str]:
        """All of them, once the last one exists."""
        while len(self.after(0)) < self.total:
            await self._grew.wait()
        return self.after(0)

    async def each(self, after: int = 0) -> AsyncIterator[tuple[int, str]]:
        """One after the other, each with its number and as soon as it exists, until the last."""
        number = after
        while new := await self.next_after(number):
            for message in new:
                number += 1
                yield number, message


class Inbox:
    """The messages that arrived, in the order in which they did.

    Args:
        total: How many are expected; more are refused.
        mark: Told ``"delivered"`` and a message's number when the application has it.

    Attributes:
        messages: The messages, each as the text that was sent.
        complete: Set once all have arrived.
    """

    def __init__(self, total: int, mark: Mark = no_mark) -> None:
        self.total = total
        self.messages: list[str] = []
        self.complete = asyncio.Event()
        self._mark = mark
        if not total:
            self.complete.set()

    def receive(self, message: str) -> None:
        """Take one message.

        Raises:
            BadValue: it is none, or one more than expected.
        """
        number = number_of(message)
        if self.complete.is_set():
            raise BadValue(f"All {self.total} messages have arrived; no more are taken.")
        self._mark("delivered", str(number))
        self.messages.append(message)
        if len(self.messages) == self.total:
            self.complete.set()


class Lines:
    """Finds the lines of NDJSON in bytes that come in pieces: one JSON text to a line, ended by LF or CR LF."""

    def __init__(self) -> None:
        self._unfinished = bytearray()

    def feed(self, data: bytes) -> list[str]:
        """Take the next bytes; return the texts whose line they complete.

        Only LF ends a line: ``str.splitlines`` would also cut at U+2028, which JSON allows in a text.

        Raises:
            BadValue: a line is longer than a message may be, or is no UTF-8.
        """
        *complete, rest = data.split(b"\n")
        lines = []
        for part in complete:
            lines.append(bytes(self._unfinished + part).removesuffix(b"\r"))
            self._unfinished.clear()
        self._unfinished += rest
        if max(len(self._unfinished), *map(len, lines), 0) > MAX_MESSAGE_BYTES:
            raise BadValue(f"A line must not be longer than {MAX_MESSAGE_BYTES} bytes.")
        try:
            # A character is never cut here: no byte of a longer one equals LF.
            return [line.decode("utf-8") for line in lines]
        except UnicodeDecodeError:
            raise BadValue("A line must be UTF-8.") from None

    def end(self) -> None:
        """Say that no more bytes come.

        Raises:
            BadValue: the last line has no end, so nobody knows whether all of it came.
        """
        if self._unfinished:
            raise BadValue("The last line has no LF at its end, so it is not taken.")

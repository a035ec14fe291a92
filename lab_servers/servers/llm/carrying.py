"""What the vendors' answers have in common: parts encoded as they come, a head, a sign of life, and the end of a run.

A dialect is an :class:`Encoder`: a pure function of parts, with what it must remember between them. Neighbour:
``asking.py``, the way there.
"""

from __future__ import annotations

import random
import secrets
import string
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import HttpVersion11, web

from .answering import RUN_ID, as_text, cut
from .asking import JSON, Mistake, Wrong
from .parts import Cut, End, Failed, Part, Text, ToolArguments, ToolCall
from .run import Run

EVENT_STREAM = "text/event-stream"

# A comment: every reader of an event stream skips it (WHATWG HTML §9.2.6), and §9.2.7 suggests it against proxies
# that close a silent connection.
COMMENT = b": keep-alive\n\n"


class Encoder(Protocol):
    """One answer in one dialect, as a stream. What it gives, put together, is the body of the response."""

    content_type: str

    def begin(self) -> bytes:
        """What goes out with the head; if it is empty and ``waits``, the head goes out with the first part."""

    def part(self, part: Part) -> bytes:
        """What a part becomes; nothing, if the dialect has to wait for more. Never called with a ``Cut``."""

    def silence(self) -> bytes:
        """What is sent into a silence of ``heartbeat_s``; empty: this dialect has nothing for it."""


def event(value: object, name: str = "") -> bytes:
    """An event with JSON data, and with a type if the dialect names them (WHATWG HTML §9.2.6)."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {as_text(value)}\n\n".encode()


def request_id() -> str:
    """An id for one request, as vendors have it: what a client quotes when it asks them what went wrong."""
    return f"req_{secrets.token_hex(12)}"


async def carry(
    request: web.Request, run: Run, encoder: Encoder, headers: Mapping[str, str], *, head_at_once: bool = True
) -> web.StreamResponse:
    """Send a run as a stream, and leave it at the end, however that comes.

    Args:
        request: Who asked.
        run: What the model says.
        encoder: The dialect.
        headers: The dialect's own header fields.
        head_at_once: Whether the head goes out before the model has said anything. If not, a failure before the first
            part has no status yet, and is raised.

    Raises:
        Mistake: the model failed before the head was sent.
    """
    fields = {"Content-Type": encoder.content_type, "Cache-Control": "no-cache", RUN_ID: run.run_id, **headers}
    response = web.StreamResponse(headers=fields)
    if request.version < HttpVersion11:
        response.force_close()  # no chunks in HTTP/1.0: the end of the connection is the end of the body
    try:
        if head_at_once:
            await response.prepare(request)
            await _write(response, encoder.begin())
        async for numbered in run.parts_or_silence(0, run.settings.heartbeat_s):
            if numbered is not None and isinstance(numbered.part, Cut):
                cut(request)
                return response
            if not response.prepared:
                if numbered is None:
                    continue
                if isinstance(numbered.part, Failed):
                    raise Mistake(Wrong.FAILED, numbered.part.message)
                await response.prepare(request)
                await _write(response, encoder.begin())
            await _write(response, encoder.silence() if numbered is None else encoder.part(numbered.part))
    except ConnectionResetError:
        pass  # Nobody is there any more. Without aiohttp's handler_cancellation, a write is the first to notice.
    finally:
        run.leave()
    return response


async def _write(response: web.StreamResponse, data: bytes) -> None:
    # An empty write would be a chunk of length 0, which is the end (RFC 9112 §7.1).
    if data:
        await response.write(data)


@dataclass
class Call:
    """A tool call, put together.

    Attributes:
        index: Its place among the calls.
        call_id: Its id.
        name: The tool.
        arguments: JSON, if all of it came.
    """

    index: int
    call_id: str
    name: str
    arguments: str = ""


@dataclass
class Said:
    """What the model said, put together.

    Attributes:
        text: The whole text.
        calls: The tool calls.
        end: How it ended; ``None`` as long as it has not, or when the connection has to break.
        first_ns: When :func:`whole` got the first part: Unix time, nanoseconds.
    """

    text: str = ""
    calls: list[Call] = field(default_factory=list)
    end: End | None = None
    first_ns: int | None = None

    def add(self, part: Part) -> None:
        """Take one part more."""
        if isinstance(part, Text):
            self.text += part.text
        elif isinstance(part, ToolCall):
            self.calls.append(Call(part.index, part.call_id, part.name))
        elif isinstance(part, ToolArguments):
            self.calls[part.index].arguments += part.text
        elif isinstance(part, End):
            self.end = part


async def whole(run: Run) -> Said:
    """All that a run says, once it is there; leaves the run.

    Raises:
        Mistake: the model failed. Nothing was sent yet, so a status can say it.
    """
    said = Said()
    try:
        async for numbered in run.parts():
            if isinstance(numbered.part, Failed):
                raise Mistake(Wrong.FAILED, numbered.part.message)
            said.first_ns = said.first_ns or time.time_ns()
            said.add(numbered.part)
    finally:
        run.leave()
    return said


def document(request: web.Request, run: Run, said: Said, value: object, headers: Mapping[str, str]) -> web.Response:
    """A whole answer as one JSON document; where the run was cut, the connection breaks instead."""
    if said.end is None:
        cut(request)
    return web.Response(text=as_text(value), content_type=JSON, headers={RUN_ID: run.run_id, **headers})


def refusal(status: int, value: object, headers: Mapping[str, str]) -> web.Response:
    """An error as one JSON document."""
    return web.Response(status=status, text=as_text(value), content_type=JSON, headers=headers)


class Padding:
    """Characters that hide how long a token is from somebody who can only see how many bytes pass.

    Args:
        seed: Makes the same answer the same bytes; a real server must not be so predictable.
    """

    ALPHABET: Sequence[str] = string.ascii_letters + string.digits
    BLOCK = 16

    def __init__(self, seed: str) -> None:
        self._chance = random.Random(seed)

    def beside(self, text: str) -> str:
        """As many characters as fill up the bytes of ``text`` to the next multiple of ``BLOCK``."""
        size = -len(text.encode()) % self.BLOCK
        return "".join(self._chance.choice(self.ALPHABET) for _ in range(size))

"""A model's answer as an event stream: asked for by POST, read to its end, stopped, failing, cut off and resumed.

``proofs/answering.py`` reads from the recording what each of these is on the wire. The model is a counter of ours: what
a real one does with its work after a reader has left is not shown here.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import ClassVar

import aiohttp

from lab_servers.clients.session import body_of, open_session
from lab_servers.clients.sse import events_of
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import number, whole
from lab_servers.scenarios.scenario import Scenario
from lab_servers.scenarios.sse_peers import LAST_CHUNK, chunk, head, stream_head

SERVER = "model"
PROMPT = '{"prompt":"世界?"}'
WHOLE, STOPPED, FAILING, CUT, RESUMED = "to its end", "stopped", "failing", "cut off", "resumed"
# What each case asks for. One that was cut off is resumed at the same place, with the id of the last event.
TARGETS = {WHOLE: "/answer", STOPPED: "/answer/stopped", FAILING: "/answer/failing", CUT: "/answer/cut"}
_CASES = {target: case for case, target in TARGETS.items()}

_TEXT = "你好世界"
_PATIENCE_S = 600


@dataclass
class _Noted:
    """The marks of client and server, by case."""

    marks: dict[str, list[Mark]] = field(default_factory=dict)

    def note(self, case: str, what: str, detail: str = "") -> None:
        self.marks.setdefault(case, []).append(Mark(now_ns(), what, detail))


@dataclass(frozen=True)
class PromptedAnswer(Scenario):
    """What is on the wire when an answer is read to its end, stopped by its reader, failing, cut off, and resumed?

    Each case is a POST with a prompt, answered by an event stream with an id for each token.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ()

    tokens: int = whole(8, 4, 100, "tokens", "How many tokens a whole answer has.")
    broken_after: int = whole(
        3, 1, 99, "tokens", "After how many of them the reader stops, the model fails, and the connection is cut."
    )
    interval_s: float = number(0.04, 0.01, 5, "seconds", "How long the model needs for each token.")

    @property
    def about_s(self) -> float:
        """The longest of them, and what is resumed."""
        return (2 * self.tokens - self.broken_after) * self.interval_s + 0.2

    def require_fitting(self) -> None:
        """An answer must have tokens left when it breaks off."""
        if self.broken_after >= self.tokens:
            raise BadParameter(
                f"broken_after must be below the {self.tokens} tokens of the answer, not {self.broken_after}."
            )

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """All cases at once; the one that was cut off is resumed after that."""
        noted = _Noted()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, IndexError, ValueError, OSError):
                await self._answer(reader, writer, noted)

        url = await lab.host_async(SERVER, answer)

        async def cut_and_resumed() -> None:
            last_id = await self._read(url, CUT, noted)
            await self._read(url, RESUMED, noted, last_id)

        async with asyncio.TaskGroup() as all_at_once:
            for case in (WHOLE, STOPPED, FAILING):
                all_at_once.create_task(self._read(url, case, noted))
            all_at_once.create_task(cut_and_resumed())
        return noted.marks

    # --- the client ---------------------------------------------------------------------

    async def _read(self, url: str, case: str, noted: _Noted, last_id: str = "") -> str:
        """Ask and read; the reader of the stopped case leaves in the midst. Returns the id of the last event."""
        fields = {"Accept": "text/event-stream", "Content-Type": "application/json"}
        if last_id:
            fields["Last-Event-ID"] = last_id
        pieces: list[bytes] = []
        had, how = 0, "complete"
        noted.note(case, "asked", PROMPT)
        async with open_session(keep_alive=False) as session, asyncio.timeout(_PATIENCE_S):
            response = await session.post(url + TARGETS.get(case, TARGETS[CUT]), data=PROMPT.encode(), headers=fields)
            try:
                async for piece in body_of(response):
                    pieces.append(piece)
                    for event in events_of(pieces)[had:]:
                        had += 1
                        last_id = event.last_event_id
                        noted.note(case, "event", f"{event.type}: {event.data}")
                    if case == STOPPED and had >= self.broken_after:
                        how = "left"
                        break
            except (aiohttp.ClientError, OSError):
                how = "lost"
            noted.note(case, "ended", how)
            # Which closes the connection: the one way in HTTP/1.1 to cancel a request.
            response.close()
        return last_id

    # --- the server ---------------------------------------------------------------------

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, noted: _Noted) -> None:
        target, last_id = await _read_post(reader)
        case = RESUMED if last_id else _CASES.get(target)
        if case is None:
            writer.write(head("404 Not Found", "", "Content-Length: 0"))
            return
        writer.write(stream_head())
        leaving = asyncio.create_task(reader.read(1))
        try:
            for place in range(int(last_id or 0) + 1, self.tokens + 1):
                # Whoever leaves closes the connection, and that is read as the end of what he sends.
                done, _ = await asyncio.wait((leaving,), timeout=self.interval_s)
                if done:
                    noted.note(case, "server noticed", f"{place - 1} of {self.tokens} tokens")
                    return
                token = _TEXT[(place - 1) % len(_TEXT)]
                noted.note(case, "produced", token)
                writer.write(chunk(_block(json.dumps({"d": token}, ensure_ascii=False), event_id=str(place))))
                await writer.drain()
                if place == self.broken_after and case in (FAILING, CUT):
                    break
            if case == CUT:
                return  # which closes the connection without the last chunk
            if case == FAILING:
                writer.write(chunk(_block('{"error":"the model failed"}', event_type="error")))
            else:
                writer.write(chunk(_block("{}", event_type="done")))
            writer.write(LAST_CHUNK)
            await writer.drain()
        finally:
            leaving.cancel()


async def _read_post(reader: asyncio.StreamReader) -> tuple[str, str]:
    """The target and the ``Last-Event-ID`` of a request, which is read with its body."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace").split("\r\n")
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    await reader.readexactly(int(fields.get("content-length", "0")))
    last_id = fields.get("last-event-id", "")
    return lines[0].split(" ")[1], last_id if last_id.isascii() and last_id.isdigit() else ""


def _block(data: str, *, event_id: str = "", event_type: str = "") -> bytes:
    """One event as bytes, with its blank line."""
    id_line = f"id: {event_id}\n" if event_id else ""
    type_line = f"event: {event_type}\n" if event_type else ""
    return f"{id_line}{type_line}data: {data}\n\n".encode()

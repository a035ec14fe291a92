"""A reader leaves in the midst of an answer, on each way, before servers that notice it in different manners, or never.

``measure/waste.py`` counts what was generated for nobody, ``views/looks/ai_reader_leaves.py`` shows it. The servers
that notice worst are in ``ai_leaving_servers.py``; the others are the model's own (``servers/llm``).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from lab_servers.clients.session import open_session
from lab_servers.errors import BadParameter, ExchangeFailed
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import number, whole
from lab_servers.scenarios.ai_leaving_servers import host_speaking, host_threaded
from lab_servers.scenarios.ai_model import HostedModel, host_model
from lab_servers.scenarios.scenario import Scenario

PROMPT = "世界?"

WHOLE_WATCHED, WHOLE_UNWATCHED = "whole JSON, watched", "whole JSON, written at the end"
EVENTS_WATCHED, EVENTS_WRITE = "event stream, watched", "event stream, next write"
LINES_WATCHED, LINES_WRITE = "NDJSON, watched", "NDJSON, next write"
EVENTS_THREAD = "event stream, thread"
EVENTS_VANISHED = "event stream, no goodbye"
SOCKET_LISTENS, SOCKET_SPEAKS = "WebSocket, listens", "WebSocket, only speaks"
POLLING_KEPT, EVENTS_KEPT = "long polling, kept run", "event stream, kept run"

LANES = (
    EVENTS_WATCHED, LINES_WATCHED, WHOLE_WATCHED, SOCKET_LISTENS, EVENTS_WRITE, LINES_WRITE, EVENTS_THREAD,
    POLLING_KEPT, EVENTS_KEPT, WHOLE_UNWATCHED, SOCKET_SPEAKS, EVENTS_VANISHED,
)  # fmt: skip
_UNWATCHED = (WHOLE_UNWATCHED, EVENTS_WRITE, LINES_WRITE)
_PATHS = {
    EVENTS_WATCHED: "/api/answer", EVENTS_WRITE: "/api/answer", EVENTS_THREAD: "/api/answer",
    EVENTS_VANISHED: "/api/answer", LINES_WATCHED: "/api/answer/lines", LINES_WRITE: "/api/answer/lines",
    WHOLE_WATCHED: "/api/answer/whole", WHOLE_UNWATCHED: "/api/answer/whole",
}  # fmt: skip


@dataclass(frozen=True)
class ReaderLeaves(Scenario):
    """How many tokens does a model generate for nobody after its reader has left, and when does its server notice?

    Twelve readers ask for the same kind of answer, and each leaves when its model has generated ``leave_after`` tokens.
    What differs is the way of carrying, and how the server learns of it: it watches the socket for its end, or its next
    write fails, or a limit passes, or nothing tells it.

    Raises:
        BadParameter: a parameter is out of its bounds, or the reader would leave behind the last token.
    """

    tokens: int = whole(40, 2, 2_000, "tokens", "How many tokens the answer's text has.")
    leave_after: int = whole(10, 1, 2_000, "tokens", "The reader leaves when the model has generated so many.")
    gap_s: float = number(0.02, 0.005, 2, "seconds", "The mean time between two tokens.")
    reasoning_tokens: int = whole(0, 0, 2_000, "tokens", "Tokens that the model generates first and never sends.")
    batch_s: float = number(0, 0, 10, "seconds", "Text of so long a time is written at once; 0 writes each part.")
    heartbeat_s: float = number(15, 0.01, 60, "seconds", "A stream that is silent for so long sends a comment.")
    linger_s: float = number(0.3, 0.05, 60, "seconds", "How long a kept run goes on without a reader.")
    close_timeout_s: float = number(10, 0.05, 60, "seconds", "How long a WebSocket client waits for a Close frame.")
    seed: int = whole(0, 0, 1_000_000, "", "What the answers and their gaps are drawn with.")

    def require_fitting(self) -> None:
        """The reader must leave before the end."""
        if self.leave_after >= self.tokens + self.reasoning_tokens:
            raise BadParameter(
                f"leave_after must be less than {self.tokens + self.reasoning_tokens}, as many tokens as are "
                f"generated, not {self.leave_after}: leave earlier, or ask for more tokens."
            )

    @property
    def about_s(self) -> float:
        """The whole answer, since some server generates all of it."""
        return 0.5 + (self.tokens + self.reasoning_tokens) * self.gap_s

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """All twelve at the same time, each with a model of its own."""
        models = {lane: await self._host(lab, lane, f"e{place}") for place, lane in enumerate(LANES, 1)}
        async with asyncio.timeout(self.about_s * 3 + 30), asyncio.TaskGroup() as together:
            readers = {lane: together.create_task(self._read(lane, model)) for lane, model in models.items()}
        return {lane: [*models[lane].marks, *reader.result()] for lane, reader in readers.items()}

    async def _host(self, lab: Lab, lane: str, epoch: str) -> HostedModel:
        if lane == SOCKET_SPEAKS:
            return await host_speaking(lab, lane, epoch)
        if lane == EVENTS_THREAD:
            return await host_threaded(lab, lane, epoch)
        return await host_model(lab, [lane], epoch=epoch, handler_cancellation=lane not in _UNWATCHED)

    @property
    def _settings(self) -> dict[str, object]:
        return {
            "tokens": self.tokens, "gap_s": self.gap_s, "ttft_s": 5 * self.gap_s, "seed": self.seed,
            "reasoning_tokens": self.reasoning_tokens, "batch_s": self.batch_s, "heartbeat_s": self.heartbeat_s,
            "linger_s": self.linger_s,
        }  # fmt: skip

    async def _read(self, lane: str, model: HostedModel) -> list[Mark]:
        """Read until it is time to leave, leave, and wait until the model has finished."""
        url, query = model.urls[lane], urlencode(self._settings)
        if lane in (SOCKET_LISTENS, SOCKET_SPEAKS):
            return await self._read_socket(model, f"{url.replace('http', 'ws', 1)}/ws", query, lane)
        if lane == EVENTS_VANISHED:
            return await self._vanish(model, url, f"{_PATHS[lane]}?{query}")
        if lane in _PATHS:
            reading = asyncio.create_task(_read_post(f"{url}{_PATHS[lane]}?{query}"))
        else:
            reading = asyncio.create_task(_read_kept(url, query, in_turns=lane == POLLING_KEPT))
        await self._time_to_leave(model, reading)
        left = Mark(now_ns(), "left")
        reading.cancel()
        await asyncio.wait([reading])
        await model.until("finished")
        return [left]

    async def _time_to_leave(self, model: HostedModel, reading: asyncio.Task[None]) -> None:
        enough = asyncio.create_task(model.until("token", self.leave_after))
        await asyncio.wait([enough, reading], return_when=asyncio.FIRST_COMPLETED)
        if not enough.done():
            enough.cancel()
            await reading  # which raises what kept it from reading
            raise ExchangeFailed("An answer ended before its reader could leave it: raise linger_s, or leave earlier.")

    async def _read_socket(self, model: HostedModel, url: str, query: str, lane: str) -> list[Mark]:
        target = url if lane == SOCKET_LISTENS else f"{url}?{query}"
        async with connect(target, proxy=None, compression=None, ping_interval=None, max_queue=None) as connection:
            connection.close_timeout = self.close_timeout_s
            await connection.send(json.dumps({"type": "ask", "prompt": PROMPT, "settings": self._settings}))
            await model.until("token", self.leave_after)
            left = Mark(now_ns(), "left")
            # Says Close, 1001 (RFC 6455 §7.4.1: going away), and waits for the other's Close before it lets go.
            with suppress(ConnectionClosed):
                await connection.close(1001)
        await model.until("finished")
        return [left]

    async def _vanish(self, model: HostedModel, url: str, target: str) -> list[Mark]:
        """Ask, and read no more: no FIN, no RST. The socket goes when all is over, so that nothing is left open."""
        host, port = urlsplit(url).hostname, urlsplit(url).port
        _, writer = await asyncio.open_connection(host, port)
        try:
            body = json.dumps({"prompt": PROMPT}).encode()
            head = f"POST {target} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            await model.until("token", self.leave_after)
            left = Mark(now_ns(), "left")
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            await model.until("finished")
        finally:
            writer.transport.abort()
        return [left]


async def _read_post(url: str) -> None:
    """POST the prompt and read what comes of it."""
    async with open_session(keep_alive=False) as session, session.post(url, json={"prompt": PROMPT}) as response:
        async for _ in response.content.iter_any():
            pass


async def _read_kept(url: str, query: str, *, in_turns: bool) -> None:
    """Begin a run that is kept, and read it: as one stream, or by asking again and again."""
    async with open_session(keep_alive=False) as session:
        async with session.post(f"{url}/api/runs?{query}", json={"prompt": PROMPT}) as created:
            run = (await created.json())["run"]
        if not in_turns:
            async with session.get(f"{url}/api/runs/{run}/events") as response:
                async for _ in response.content.iter_any():
                    pass
            return
        after, is_done = 0, False
        while not is_done:
            async with session.get(f"{url}/api/runs/{run}?after={after}&hold_s=10") as answer:
                news = await answer.json()
            is_done = news["done"]
            after = max([after, *(part["n"] for part in news["parts"])])

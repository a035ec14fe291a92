"""Disconnect, stop and resume on one timeline: what each of the three words does to a run, said in five ways.

``views/looks/ai_stop_or_leave.py`` shows it. The model is ``servers/llm``, its runs are tied to a request or kept.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from urllib.parse import urlencode

import aiohttp
from websockets.asyncio.client import ClientConnection, connect

from lab_servers.clients.session import open_session
from lab_servers.clients.sse import events_in
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import number, whole
from lab_servers.scenarios.ai_model import HostedModel, host_model
from lab_servers.scenarios.scenario import Scenario

_Asking = AbstractAsyncContextManager[aiohttp.ClientResponse]

PROMPT = "世界?"
LIMIT_BYTES = 1024 * 1024

TIED_CLOSE = "tied run: close the stream"
KEPT_CLOSE = "kept run: close the stream"
KEPT_RESUME = "kept run: close, come back"
KEPT_STOP = "kept run: POST …/stop"
SOCKET_STOP = 'kept run: WebSocket "stop"'
LANES = (TIED_CLOSE, KEPT_CLOSE, KEPT_RESUME, KEPT_STOP, SOCKET_STOP)


@dataclass(frozen=True)
class StopOrLeave(Scenario):
    """Closing a stream, asking to stop, coming back: which of them ends what the model is doing?

    Five readers read until the model has generated ``after_tokens`` tokens. Then one closes a stream that its run is
    tied to; the others have a run that is kept, so closing says nothing about it: there a stop is a message of its own.

    Raises:
        BadParameter: a parameter is out of its bounds, or the reader would act behind the last token.
    """

    tokens: int = whole(40, 2, 2_000, "tokens", "How many tokens the answer has.")
    after_tokens: int = whole(12, 1, 2_000, "tokens", "The reader acts when the model has generated so many.")
    gap_s: float = number(0.02, 0.005, 2, "seconds", "The mean time between two tokens.")
    away_s: float = number(0.25, 0, 60, "seconds", "How long the reader that comes back stays away.")
    linger_s: float = number(60, 0.05, 3600, "seconds", "How long a kept run goes on without a reader.")
    seed: int = whole(0, 0, 1_000_000, "", "What the answer and its gaps are drawn with.")

    def require_fitting(self) -> None:
        """The reader must act before the end."""
        if self.after_tokens >= self.tokens:
            raise BadParameter(
                f"after_tokens must be less than {self.tokens}, as many tokens as are generated, not "
                f"{self.after_tokens}: act earlier, or ask for more tokens."
            )

    @property
    def about_s(self) -> float:
        """The whole answer, and what follows a late return."""
        return 0.5 + self.tokens * self.gap_s + self.away_s

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """All five at the same time, each with a model of its own."""
        models = {lane: await host_model(lab, [lane], epoch=f"e{place}") for place, lane in enumerate(LANES, 1)}
        async with asyncio.timeout(self.about_s * 3 + 30), asyncio.TaskGroup() as together:
            readers = {
                lane: together.create_task(self._act(lane, model, model.urls[lane])) for lane, model in models.items()
            }
        return {lane: [*models[lane].marks, *reader.result()] for lane, reader in readers.items()}

    async def _act(self, lane: str, model: HostedModel, url: str) -> list[Mark]:
        marks: list[Mark] = []
        if lane == SOCKET_STOP:
            await self._stop_by_message(model, url, marks)
        else:
            async with open_session(keep_alive=False) as session:
                await self._act_over_http(lane, model, session, url, marks)
        await model.until("finished")
        return marks

    @property
    def _settings(self) -> dict[str, object]:
        return {
            "tokens": self.tokens, "gap_s": self.gap_s, "ttft_s": 5 * self.gap_s, "seed": self.seed,
            "linger_s": self.linger_s,
        }  # fmt: skip

    async def _act_over_http(
        self, lane: str, model: HostedModel, session: aiohttp.ClientSession, url: str, marks: list[Mark]
    ) -> None:
        query = urlencode(self._settings)
        if lane == TIED_CLOSE:
            asking = session.post(f"{url}/api/answer?{query}", json={"prompt": PROMPT})
            await self._read_until_left(model, asking, marks)
            return
        async with session.post(f"{url}/api/runs?{query}", json={"prompt": PROMPT}) as created:
            run = (await created.json())["run"]
        events = f"{url}/api/runs/{run}/events"
        if lane == KEPT_STOP:
            reading = asyncio.create_task(_read_to_end(session.get(events), marks))
            await self._until_time(model, reading)
            marks.append(Mark(now_ns(), "asked to stop"))
            # A session keeps to one connection; the stop needs another, as the stream holds the first.
            async with open_session(keep_alive=False) as other, other.post(f"{url}/api/runs/{run}/stop") as answer:
                await answer.read()
            await reading
            return
        last_id = await self._read_until_left(model, session.get(events), marks)
        if lane == KEPT_RESUME:
            await asyncio.sleep(self.away_s)
            marks.append(Mark(now_ns(), "came back", last_id))
            await _read_to_end(session.get(events, headers={"Last-Event-ID": last_id} if last_id else {}), marks)

    async def _read_until_left(self, model: HostedModel, asking: _Asking, marks: list[Mark]) -> str:
        """Read until it is time to leave, and close the stream; return the last event's id."""
        reading = asyncio.create_task(_read_to_end(asking, marks))
        await self._until_time(model, reading)
        marks.append(Mark(now_ns(), "left"))
        reading.cancel()
        await asyncio.wait([reading])
        if not reading.cancelled():
            reading.result()
        return next((mark.detail for mark in reversed(marks) if mark.name == "read"), "")

    async def _until_time(self, model: HostedModel, reading: asyncio.Task[None]) -> None:
        """Until the reader acts: when so many tokens are generated, or when its answer ends before that."""
        enough = asyncio.create_task(model.until("token", self.after_tokens))
        await asyncio.wait([enough, reading], return_when=asyncio.FIRST_COMPLETED)
        enough.cancel()
        await asyncio.wait([enough])

    async def _stop_by_message(self, model: HostedModel, url: str, marks: list[Mark]) -> None:
        ask = {"type": "ask", "prompt": PROMPT, "settings": self._settings, "kept": True}
        async with connect(
            f"{url.replace('http', 'ws', 1)}/ws", proxy=None, compression=None, ping_interval=None
        ) as connection:
            await connection.send(json.dumps(ask))
            stopping = asyncio.create_task(self._send_stop(model, connection, marks))
            async for text in connection:
                said = json.loads(text)
                if said["type"] == "end":
                    marks.append(Mark(now_ns(), "ended", said["finish"]))
                    break
                if "n" in said:
                    marks.append(Mark(now_ns(), "read", f"{said['run']}.{said['n']}"))
            await stopping

    async def _send_stop(self, model: HostedModel, connection: ClientConnection, marks: list[Mark]) -> None:
        await model.until("token", self.after_tokens)
        marks.append(Mark(now_ns(), "asked to stop"))
        await connection.send(json.dumps({"type": "stop", "run": f"{model.epoch}-1"}))


async def _read_to_end(asking: _Asking, marks: list[Mark]) -> None:
    """Read an event stream to its end, with a mark for each part ("read") and one for the last ("ended")."""
    async with asking as response, aclosing(_events(response)) as events:
        async for event_id, said in events:
            if said["type"] == "end":
                marks.append(Mark(now_ns(), "ended", str(said["finish"])))
            else:
                marks.append(Mark(now_ns(), "read", event_id))


async def _events(response: aiohttp.ClientResponse) -> AsyncGenerator[tuple[str, dict[str, object]], None]:
    async for event in events_in(response, limit_bytes=LIMIT_BYTES):
        yield event.last_event_id, json.loads(event.data)

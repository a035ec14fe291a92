"""The three ways of a conversation with many tool turns, server and client of each. ``ai_tool_turns.py`` runs them.

The model asks for a tool, the client answers with its result, and so on. What differs is what must travel for the model
to know what came before: nothing more, an id, or all of it again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from random import Random

import aiohttp
from aiohttp import web
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection

from lab_servers.clients.session import open_session
from lab_servers.clients.sse import events_in
from lab_servers.errors import ExchangeFailed
from lab_servers.marks import Mark, now_ns
from lab_servers.measure.tool_turns import DONE, FIRST, SENDS

TOKENS_EACH = 4  # of a tool call's arguments
LIMIT_BYTES = 32 * 1024 * 1024
_WORDS = ["file", "line", "test", "error", "value", "result", "path", "index", "note", "table"]


@dataclass
class Work:
    """One conversation.

    Attributes:
        turns: How often the model asks for a tool.
        system_bytes: How long instructions and descriptions of tools are.
        result_bytes: How long a tool's result is.
        ttft_s: Time to the model's first token in each turn, seconds.
        gap_s: The time between two tokens, seconds.
        seed: What the results are drawn with.
        marks: What happened at the client.
    """

    turns: int
    system_bytes: int
    result_bytes: int
    ttft_s: float
    gap_s: float
    seed: int
    marks: list[Mark] = field(default_factory=list)

    def note(self, name: str) -> None:
        """Something happens now, at the client."""
        self.marks.append(Mark(now_ns(), name))

    def task(self) -> list[dict[str, object]]:
        """What the conversation begins with."""
        return [
            {"role": "system", "content": self._text(self.system_bytes, 0)},
            {"role": "user", "content": "Find out why the test fails, and mend it."},
        ]

    def result(self, turn: int) -> dict[str, object]:
        """What the tool gave in that turn, from 1."""
        return {"role": "tool", "tool_call_id": f"call_{turn}", "content": self._text(self.result_bytes, turn)}

    def _text(self, size: int, place: int) -> str:
        random = Random(self.seed * 10_007 + place)
        text = ""
        while len(text) < size:
            text += random.choice(_WORDS) + str(random.randrange(1000)) + " "
        return text[:size]

    # --- the model ---

    async def says(self, results: int) -> AsyncIterator[str]:
        """What the model says once it knows so many results, as JSON texts; the last of them ends the turn."""
        clock = asyncio.get_running_loop()
        begun_s = clock.time() + self.ttft_s
        for number in range(TOKENS_EACH):
            await asyncio.sleep(max(begun_s + number * self.gap_s - clock.time(), 0))
            yield compact({"turn": results + 1, "d": f"token{number} "})
        yield compact({"turn": results + 1, "end": "tool_call" if results < self.turns else "stop"})


def compact(value: object) -> str:
    """JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def asked(turn: int) -> dict[str, object]:
    """The model's tool call of that turn, as the history has it."""
    arguments = "".join(f"token{number} " for number in range(TOKENS_EACH))
    return {"role": "assistant", "tool_calls": [{"id": f"call_{turn}", "name": "run", "arguments": arguments}]}


def results_in(messages: object) -> int:
    """How many results of tools a list of messages has."""
    if not isinstance(messages, list):
        return 0
    return sum(isinstance(one, dict) and one.get("role") == "tool" for one in messages)


# --- WebSocket ------------------------------------------------------------------------------------------


def websocket_handler(work: Work) -> Callable[[ServerConnection], Awaitable[None]]:
    """The connection is the conversation: the server counts what came on it."""

    async def serve(connection: ServerConnection) -> None:
        results = 0
        async for message in connection:
            results += results_in(json.loads(message)["messages"])
            async for text in work.says(results):
                await connection.send(text)

    return serve


async def over_websocket(url: str, work: Work) -> None:
    """Send the task, and then each result alone, on one connection."""
    work.note("opens")
    async with connect(url, proxy=None, compression=None, ping_interval=None, max_size=LIMIT_BYTES) as connection:
        for turn in range(work.turns + 1):
            messages = [work.result(turn)] if turn else work.task()
            work.note(SENDS)
            await connection.send(compact({"messages": messages}))
            is_first = True
            while True:
                text = str(await connection.recv())
                if is_first:
                    work.note(FIRST)
                    is_first = False
                if '"end"' in text:
                    break
            work.note(DONE)


# --- POST and an event stream each turn ---------------------------------------------------------------


def http_app(work: Work) -> web.Application:
    """Serves turns over HTTP. With a conversation's id it remembers; without, all must be in the request."""
    known: dict[str, int] = {}

    async def turn(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        results = results_in(body["messages"])
        conversation = body.get("conversation")
        if conversation is not None:
            results = known[conversation] = known.get(conversation, 0) + results
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await response.prepare(request)
        async for text in work.says(results):
            await response.write(f"data: {text}\n\n".encode())
        return response

    app = web.Application(client_max_size=LIMIT_BYTES)
    app.add_routes([web.post("/api/turns", turn)])
    return app


async def with_conversation(url: str, work: Work) -> None:
    """Each request has the conversation's id and what is new."""
    await _post_turns(url, work, lambda turn: {
        "conversation": "c1", "messages": [work.result(turn)] if turn else work.task(),
    })  # fmt: skip


async def with_history(url: str, work: Work) -> None:
    """Each request has all that was said before, as an API that keeps nothing needs it."""
    history = work.task()

    def body(turn: int) -> Mapping[str, object]:
        if turn:
            history.extend((asked(turn), work.result(turn)))
        return {"messages": history}

    await _post_turns(url, work, body)


async def _post_turns(url: str, work: Work, body: Callable[[int], Mapping[str, object]]) -> None:
    work.note("opens")
    # Keep-alive: the connection of the first turn carries all of them.
    async with open_session(keep_alive=True) as session:
        for turn in range(work.turns + 1):
            data = compact(body(turn)).encode()
            work.note(SENDS)
            await _post(session, url, data, work)
            work.note(DONE)


async def _post(session: aiohttp.ClientSession, url: str, data: bytes, work: Work) -> None:
    headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
    is_first = True
    async with session.post(f"{url}/api/turns", data=data, headers=headers) as response:
        if response.status != 200:
            raise ExchangeFailed(f"A turn was answered {response.status}.", status=response.status)
        async for _ in events_in(response, limit_bytes=LIMIT_BYTES):
            if is_first:
                work.note(FIRST)
                is_first = False

"""The clients of the evidence table: a visit, a cut and three jobs, each as one does it by HTTP, SSE or WebSocket.

``choosing_servers.py`` answers them; ``choosing_evidence.py`` runs them all.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import ClientSession
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from lab_servers.clients import event_source, get, read_events, request
from lab_servers.clients.http import exchange
from lab_servers.clients.session import open_session
from lab_servers.errors import ExchangeFailed
from lab_servers.measure.evidence import HTTP, SSE, WEBSOCKET, Part
from lab_servers.scenarios.choosing_servers import Pace, message

PROMPT = '{"prompt":"世界?"}'
CHANGE = {"name": "张三", "age": 26}

# An HTTP client that asks for news waits so many intervals between two questions.
POLL_INTERVALS = 3
PIECES = ("三个", "人一起", "写")


def dial(url: str) -> connect:
    """A WebSocket without compression and without pings; no variable of the environment leads it away."""
    return connect(url, proxy=None, compression=None, ping_interval=None, close_timeout=1)


# --- what each of the three was made for ---------------------------------------------------------------------


async def talk(urls: dict[str, str], pace: Pace) -> None:
    """One exchange, one stream, and a chat in which the server speaks while the client says one message slowly."""
    await get(urls[HTTP] + "/api/user/info")
    await read_events(f"{urls[SSE]}/api/stream?interval_s={pace.interval_s / 2:g}")

    async def slowly() -> AsyncIterator[str]:
        for piece in PIECES:
            yield piece
            await asyncio.sleep(pace.interval_s * 1.5)

    async with dial(urls[WEBSOCKET] + "/ws/room") as connection:
        await connection.recv()  # the room's welcome
        speaking = asyncio.create_task(connection.send(slowly()))
        async for text in connection:
            if '"said"' in str(text):
                break
        await speaking


# --- a visit in which two answers are wanted -----------------------------------------------------------------


async def visit_http(url: str, pace: Pace) -> None:
    """Ask for what is there, at the begin and at the end, each time on a connection of its own."""
    await get(url + "/visit/each")
    await _until_the_second_question(pace)
    await get(url + "/visit/each")


async def visit_http_kept(url: str, pace: Pace) -> None:
    """The same on one connection."""
    async with open_session(keep_alive=True) as session:
        await exchange(session, "GET", url + "/visit/kept")
        await _until_the_second_question(pace)
        await exchange(session, "GET", url + "/visit/kept")


async def visit_http_whole(url: str, pace: Pace) -> None:
    """Wait for two whole AI answers."""
    await get(url + "/visit/whole")
    await asyncio.sleep(pace.messages * pace.interval_s / 2)
    await get(url + "/visit/whole")


async def visit_sse(url: str, pace: Pace) -> None:
    """Read two streams to their ends."""
    await read_events(url + "/visit/each")
    await asyncio.sleep(pace.messages * pace.interval_s / 2)
    await read_events(url + "/visit/each")


async def visit_websocket(url: str, pace: Pace) -> None:
    """Ask twice on one connection."""
    async with dial(url + "/visit/each") as connection:
        for number in range(2):
            await asyncio.sleep(number * pace.messages * pace.interval_s / 2)
            await connection.send(PROMPT)
            for _ in range(pace.messages):
                await connection.recv()


async def _until_the_second_question(pace: Pace) -> None:
    await asyncio.sleep(2.5 * pace.messages * pace.interval_s)


# --- a cut ---------------------------------------------------------------------------------------------------


async def cut_http(url: str, pace: Pace) -> None:
    """A client that is cut off, and an application that asks again."""
    with suppress(ExchangeFailed):
        await get(url + "/cut/first")
    with suppress(ExchangeFailed):
        await get(url + "/cut/by-hand")
    await asyncio.sleep(pace.interval_s)
    await get(url + "/cut/by-hand")


async def cut_sse(url: str) -> None:
    """An EventSource, left to itself."""
    await event_source(url + "/cut/first", most_requests=6)


async def cut_websocket(url: str, pace: Pace) -> None:
    """A client that is cut off, and an application that opens another connection and says where it was."""
    await _listen(url + "/cut/first")
    had = await _listen(url + "/cut/by-hand")
    await asyncio.sleep(pace.interval_s)
    async with dial(url + "/cut/by-hand") as connection:
        await connection.send(json.dumps({"resume_after": had}))
        await connection.recv()


async def _listen(url: str) -> int:
    """Until the connection breaks off: how many messages came."""
    had = 0
    with suppress(ConnectionClosed):
        async with dial(url) as connection:
            async for _ in connection:
                had += 1
    return had


# --- three jobs ----------------------------------------------------------------------------------------------


async def change(urls: dict[str, str], pace: Pace) -> None:
    """Change one thing, and see it as it is then."""
    for column in (HTTP, SSE):
        answer = await request("PUT", urls[column] + "/job/change", json=CHANGE)
        pace.noted.note(column, Part.CRUD, "delivered", answer.text.removeprefix("data: ").strip())
    async with dial(urls[WEBSOCKET] + "/job/change") as connection:
        await connection.send(json.dumps(CHANGE, ensure_ascii=False))
        pace.noted.note(WEBSOCKET, Part.CRUD, "delivered", str(await connection.recv()))


async def answer_http(url: str, pace: Pace) -> None:
    """A prompt, and its whole answer."""
    answer = await request("POST", url + "/job/answer", body=PROMPT.encode())
    for token in answer.json():
        pace.noted.note(HTTP, Part.AI_ANSWER, "delivered", as_sent(token))


async def answer_sse(url: str, pace: Pace) -> None:
    """A prompt, and its answer as a stream. EventSource could not send it: it knows no POST."""
    async with open_session(keep_alive=False) as session, session.post(url + "/job/answer", data=PROMPT) as response:
        for _ in range(pace.messages):
            block = (await response.content.readuntil(b"\n\n")).decode()
            pace.noted.note(SSE, Part.AI_ANSWER, "delivered", block.removeprefix("data: ").strip())
        await response.read()


async def answer_websocket(url: str, pace: Pace) -> None:
    """A prompt and its answer as messages."""
    async with dial(url + "/job/answer") as connection:
        await connection.send(PROMPT)
        with suppress(ConnectionClosed):
            async for text in connection:
                pace.noted.note(WEBSOCKET, Part.AI_ANSWER, "delivered", str(text))


async def chat_http(url: str, pace: Pace) -> None:
    """Say something with each POST, and ask for what the others said."""
    async with open_session(keep_alive=True) as asking, asyncio.TaskGroup() as group:
        group.create_task(_say_by_post(url, pace))
        had = 0
        while had < pace.messages:
            answer = await exchange(asking, "GET", f"{url}/job/chat?after={had}")
            for text in answer.json():
                pace.noted.note(HTTP, Part.CHAT, "delivered", as_sent(text))
                had += 1
            await asyncio.sleep(POLL_INTERVALS * pace.interval_s)


async def chat_sse(url: str, pace: Pace) -> None:
    """Say something with each POST, and listen to a stream."""
    async with asyncio.TaskGroup() as group:
        listening = group.create_task(read_events(url + "/job/chat"))
        group.create_task(_say_by_post(url, pace))
    for mark in listening.result().marks:
        if mark.name == "event received":
            pace.noted.add(SSE, Part.CHAT, mark.at_ns, "delivered", mark.detail)


async def chat_websocket(url: str, pace: Pace) -> None:
    """Say and hear on one connection."""
    async with dial(url + "/job/chat") as connection, asyncio.TaskGroup() as group:
        group.create_task(_say_by_frame(connection, pace))
        for _ in range(pace.messages):
            pace.noted.note(WEBSOCKET, Part.CHAT, "delivered", str(await connection.recv()))


async def _say_by_post(url: str, pace: Pace) -> None:
    async with open_session(keep_alive=True) as session:
        async for text in _said(pace):
            await _post(session, url + "/job/chat", text)


async def _post(session: ClientSession, url: str, text: str) -> None:
    await exchange(session, "POST", url, body=text.encode())


async def _say_by_frame(connection: ClientConnection, pace: Pace) -> None:
    async for text in _said(pace):
        await connection.send(text)


async def _said(pace: Pace) -> AsyncIterator[str]:
    """What this client says, at the same pace as the others."""
    for number in range(1, pace.messages + 1):
        await asyncio.sleep(pace.interval_s)
        yield message(number)


def as_sent(value: object) -> str:
    """A message out of an array, as the text that it was."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

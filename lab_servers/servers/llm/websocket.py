"""The model over WebSocket (RFC 6455): ask, resume and stop as messages, several runs on one connection.

The payload of a part is the same text as in ``runs.py``; what differs is who may speak, and when. This socket is served
by aiohttp, on the port of all other ways.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from aiohttp import HttpVersion11, WSCloseCode, WSMsgType, web

from ..query import BadValue, Query
from .answering import MOST_KEY_CHARACTERS, as_text, payload
from .model import GoneEpoch, Model, Overloaded, UnknownRun
from .parts import Cut
from .run import Run
from .settings import Settings

MAX_MESSAGE_BYTES = 1024 * 1024
MOST_RUNS_EACH = 100
CLOSE_WITHIN_S = 60.0
# A server that ends does not wait so long: whoever has not answered its Close frame by then is left.
GO_WITHIN_S = 0.2

# RFC 9110 §15.5.22 and RFC 6455 §4.2.2: 426 says which protocol would be spoken here, and in which version.
NO_HANDSHAKE = "Here a WebSocket is spoken: the request must be its opening handshake, in version 13 and over HTTP/1.1."
WHAT_WOULD_BE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}

_FIELDS = {
    "ask": {"prompt", "settings", "kept", "key"},
    "resume": {"run", "after"},
    "stop": {"run"},
}


class Conversation:
    """One open socket: what its client asks for, and the runs that it is being sent.

    Args:
        model: Whom it asks.
        socket: The socket, open.
        request: Its handshake.
    """

    def __init__(self, model: Model, socket: web.WebSocketResponse, request: web.Request) -> None:
        self._model = model
        self._socket = socket
        self._request = request
        self._carrying: set[asyncio.Task[None]] = set()

    @property
    def is_idle(self) -> bool:
        """Whether no run is being sent."""
        return not self._carrying

    async def go_away(self) -> None:
        """Say that the server ends: 1001, "going away" (RFC 6455 §7.4.1)."""
        with suppress(ConnectionError):
            await self._socket.close(code=WSCloseCode.GOING_AWAY)

    async def listen(self) -> None:
        """Obey each message until the client leaves. Parts go down meanwhile: that is what a WebSocket is for."""
        try:
            async for message in self._socket:
                if message.type is not WSMsgType.TEXT:
                    # RFC 6455 §7.4.1: 1003, data of a type that it cannot accept
                    await self._socket.close(code=WSCloseCode.UNSUPPORTED_DATA)
                    return
                await self._obey(message.data)
        finally:
            # Listening has ended, so the client has left, or broke off: what it asked for ends with it.
            for task in self._carrying:
                task.cancel()
            await asyncio.gather(*self._carrying, return_exceptions=True)

    async def _obey(self, text: str) -> None:
        try:
            fields = _fields_of(text)
            match fields["type"]:
                case "ask":
                    self._ask(fields)
                case "resume":
                    run = self._model.run(_run_id(fields))
                    run.enter()
                    self._carry(run, _after(fields))
                case _:
                    self._model.run(_run_id(fields)).stop()
        except GoneEpoch:
            await self._say({"type": "gone", "run": fields.get("run"), "epoch": self._model.epoch})
        except (BadValue, UnknownRun, Overloaded) as mistake:
            await self._say({"type": "refused", "message": str(mistake)})

    def _ask(self, fields: dict[str, object]) -> None:
        prompt, key = fields.get("prompt"), fields.get("key", "")
        if not isinstance(prompt, str) or not prompt:
            raise BadValue('An ask must have a prompt, such as {"type":"ask","prompt":"世界?"}.')
        if not isinstance(key, str) or len(key) > MOST_KEY_CHARACTERS:
            raise BadValue(f"key must be a text of at most {MOST_KEY_CHARACTERS} characters.")
        given = fields.get("settings", {})
        if not isinstance(given, dict):
            raise BadValue('settings must be an object, such as {"tokens":40}.')
        kept = fields.get("kept") is True
        run = self._model.begin(prompt, Settings.from_values(given), kept=kept, key=key)
        if kept:
            run.enter()
        self._carry(run, 0)

    def _carry(self, run: Run, after: int) -> None:
        if len(self._carrying) >= MOST_RUNS_EACH:
            run.leave()
            raise BadValue(f"One connection carries at most {MOST_RUNS_EACH} runs at a time.")
        task = asyncio.get_running_loop().create_task(self._send_parts(run, after))
        self._carrying.add(task)
        task.add_done_callback(self._carrying.discard)

    async def _send_parts(self, run: Run, after: int) -> None:
        try:
            # A server that only sends learns of a client that left when a write fails; this one also listens.
            with suppress(ConnectionError):
                # The run's id goes out at once: whoever is cut off before the first part can still come back.
                await self._say({"run": run.run_id, "type": "run"})
                async for numbered in run.parts_or_silence(after, run.settings.heartbeat_s):
                    if numbered is None:
                        await self._socket.ping()  # RFC 6455 §5.5.2: a keepalive, answered by a Pong
                    elif isinstance(numbered.part, Cut):
                        if self._request.transport is not None:
                            self._request.transport.close()
                    else:
                        await self._socket.send_str(payload(run.run_id, numbered.sequence, numbered.part))
        finally:
            run.leave()

    async def _say(self, value: dict[str, object]) -> None:
        with suppress(ConnectionError):
            await self._socket.send_str(as_text(value))


def _fields_of(text: str) -> dict[str, object]:
    try:
        fields: dict[str, object] = json.loads(text)
        text.encode("utf-8")
        as_text(fields).encode("utf-8")  # a lone surrogate ("\ud800") is within JSON's grammar, and no UTF-8 carries it
    except (ValueError, RecursionError):
        raise BadValue("A message must be JSON in UTF-8.") from None
    kind = fields.get("type") if isinstance(fields, dict) else None
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise BadValue('A message must be an object whose type is "ask", "resume" or "stop".')
    unknown = next((name for name in fields if name != "type" and name not in _FIELDS[kind]), None)
    if unknown is not None:
        raise BadValue(f"{unknown[:40]!r} is no field of {kind!r}: it takes {', '.join(sorted(_FIELDS[kind]))}.")
    return fields


def _run_id(fields: dict[str, object]) -> str:
    run = fields.get("run")
    if not isinstance(run, str):
        raise BadValue("run must be the id of a run, as text.")
    return run


def _after(fields: dict[str, object]) -> int:
    after = fields.get("after", 0)
    if not isinstance(after, int) or isinstance(after, bool) or not 0 <= after < 10_000_000:
        raise BadValue("after must be the last sequence number that you have, or 0.")
    return after


OPEN: web.AppKey[set[Conversation]] = web.AppKey("OPEN", set)


async def go_away(app: web.Application) -> None:
    """Close the sockets that are silent when the server ends; those in the midst of a run break off with it."""
    goodbyes = [asyncio.ensure_future(one.go_away()) for one in app[OPEN] if one.is_idle]
    if goodbyes:
        _, late = await asyncio.wait(goodbyes, timeout=GO_WITHIN_S)
        for goodbye in late:
            goodbye.cancel()


def routes(model: Model) -> list[web.RouteDef]:
    """The path of the socket. The application has its conversations as ``OPEN``."""

    async def websocket(request: web.Request) -> web.WebSocketResponse:
        Query(request.rel_url.raw_query_string)
        socket = web.WebSocketResponse(compress=False, max_msg_size=MAX_MESSAGE_BYTES, timeout=CLOSE_WITHIN_S)
        # An Upgrade in a request of HTTP/1.0 must be ignored (RFC 9110 §7.8).
        if request.version < HttpVersion11 or not socket.can_prepare(request):
            raise web.HTTPUpgradeRequired(text=NO_HANDSHAKE, headers=WHAT_WOULD_BE)
        await socket.prepare(request)
        conversation = Conversation(model, socket, request)
        request.app[OPEN].add(conversation)
        try:
            await conversation.listen()
        finally:
            request.app[OPEN].discard(conversation)
        return socket

    return [web.get("/ws", websocket, allow_head=False)]

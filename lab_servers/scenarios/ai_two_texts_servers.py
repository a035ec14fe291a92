"""Two small servers of the Model Context Protocol, one as each text has it, with the same slow tool behind both.

They are for ``ai_two_texts.py``, and hold of the protocol what a call and its end need. Sections are those of the
specification's revisions 2025-11-25 ("Transports", "Cancellation") and 2026-07-28 ("Streamable HTTP", "Cancellation").
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from lab_servers.servers.guard import refuse_strangers

OLD, NEW = "2025-11-25", "2026-07-28"
TOOL = "count_slowly"
LARGEST_BODY_BYTES = 64 * 1024

METHOD_NOT_FOUND, INVALID_PARAMS, HEADER_MISMATCH, UNSUPPORTED_VERSION = -32601, -32602, -32020, -32022
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"

# Told of each step that the tool has done, with the id of the request that it was done for.
Tell = Callable[[str, str], None]
Message = dict[str, Any]


class Call:
    """One ``tools/call``: the tool at work in a task of its own, and the messages that it has for its client.

    Args:
        request: The JSON-RPC request.
        steps: How many steps the tool takes.
        step_s: How long each takes, seconds.
        tell: Told of each step.
    """

    def __init__(self, request: Message, steps: int, step_s: float, tell: Tell) -> None:
        self.request_id = request["id"]
        self.messages: list[Message] = []
        self.is_over = False
        self._grew = asyncio.Event()
        self._tell = tell
        self._task = asyncio.get_running_loop().create_task(self._work(request, steps, step_s))

    async def _work(self, request: Message, steps: int, step_s: float) -> None:
        meta = request.get("params", {}).get("_meta", {})
        progress_token = meta.get("progressToken")
        for step in range(1, steps + 1):
            await asyncio.sleep(step_s)
            self._tell("worked", f"{self.request_id} {step}")
            if progress_token is not None and step < steps:
                params = {"progressToken": progress_token, "progress": step, "total": steps}
                self._add({"jsonrpc": "2.0", "method": "notifications/progress", "params": params})
        result: Message = {"content": [{"type": "text", "text": f"counted to {steps}"}], "isError": False}
        if VERSION_KEY in meta:
            result["resultType"] = "complete"  # 2026-07-28 asks for it in every result
        self._add({"jsonrpc": "2.0", "id": self.request_id, "result": result})
        self._end("complete")

    def _add(self, message: Message) -> None:
        self.messages.append(message)
        self._wake()

    def _end(self, why: str) -> None:
        self.is_over = True
        self._tell("ended", f"{self.request_id} {why}")
        self._wake()

    def _wake(self) -> None:
        grew, self._grew = self._grew, asyncio.Event()
        grew.set()

    def cancel(self) -> None:
        """Stop the tool. No response is sent for a cancelled request (both texts, "Behavior Requirements")."""
        if not self.is_over:
            self._task.cancel()
            self._end("cancelled")

    async def next_after(self, number: int) -> list[Message]:
        """The messages behind that number, once there are any; empty when there will be none."""
        while len(self.messages) <= number and not self.is_over:
            await self._grew.wait()
        return self.messages[number:]


class _Server:
    """What both have: an endpoint that takes POST, and calls that end with the server."""

    def __init__(self, steps: int, step_s: float, tell: Tell) -> None:
        self.calls: dict[str, Call] = {}
        self._steps, self._step_s, self._tell = steps, step_s, tell

    def app(self) -> web.Application:
        """The application, with the guard that both texts ask for: Origin is validated."""
        app = web.Application(middlewares=[refuse_strangers], client_max_size=LARGEST_BODY_BYTES)
        app.add_routes([web.post("/mcp", self.post), web.get("/mcp", self.get, allow_head=False)])
        app.on_shutdown.append(self._close)
        return app

    async def _close(self, app: web.Application) -> None:
        for call in self.calls.values():
            call.cancel()

    def _begin(self, message: Message) -> Call:
        call = Call(message, self._steps, self._step_s, self._tell)
        self.calls[str(call.request_id)] = call
        return call

    async def post(self, request: web.Request) -> web.StreamResponse:
        """One JSON-RPC message."""
        raise NotImplementedError

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Whatever a GET means, if anything."""
        raise NotImplementedError


class OldServer(_Server):
    """Revision 2025-11-25: a stream may be resumed, and a disconnection cancels nothing."""

    async def post(self, request: web.Request) -> web.StreamResponse:
        """A request is answered; a notification is accepted with 202."""
        message = await _message(request)
        if message is None:
            return web.Response(status=400)
        if request.headers.get("MCP-Protocol-Version", OLD) != OLD:
            return web.Response(status=400)  # "Protocol Version Header": invalid or unsupported
        method = message.get("method")
        if method == "initialize":
            return _result(message, {"protocolVersion": OLD, "capabilities": {"tools": {}}, "serverInfo": _INFO})
        if method == "notifications/cancelled":
            # "To cancel, the client SHOULD explicitly send an MCP CancelledNotification."
            # One that names no call of ours is ignored (Cancellation, "Error Handling").
            named = str(message.get("params", {}).get("requestId"))
            if named in self.calls:
                self.calls[named].cancel()
        if "id" not in message:
            return web.Response(status=202)
        if method != "tools/call":
            return _error(message, METHOD_NOT_FOUND, "Method not found", 200)
        if str(message["id"]) in self.calls:
            return _error(message, INVALID_PARAMS, "This id was used before", 200)
        return await self._stream(request, self._begin(message), 0, is_new=True)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Resume a stream behind ``Last-Event-ID``; without it there is nothing to listen to here: 405."""
        stream, _, number = request.headers.get("Last-Event-ID", "").rpartition("/")
        call = self.calls.get(stream)
        if call is None or not (number.isascii() and number.isdigit() and len(number) < 9):
            return web.Response(status=405, headers={"Allow": "POST"})
        return await self._stream(request, call, int(number), is_new=False)

    async def _stream(self, request: web.Request, call: Call, number: int, *, is_new: bool) -> web.StreamResponse:
        response = _event_stream()
        await response.prepare(request)
        if is_new:
            # "The server SHOULD immediately send an SSE event consisting of an event ID and an empty data field".
            await response.write(f"id: {call.request_id}/0\ndata:\n\n".encode())
        # If the client goes, this handler ends and the call does not: "Disconnection SHOULD NOT be interpreted as the
        # client cancelling its request."
        while messages := await call.next_after(number):
            for message in messages:
                number += 1
                await response.write(f"id: {call.request_id}/{number}\ndata: {_text(message)}\n\n".encode())
        return response


class NewServer(_Server):
    """Revision 2026-07-28: closing the stream is the cancellation, and nothing is resumed."""

    async def post(self, request: web.Request) -> web.StreamResponse:
        """A request, whose head must say what its body says."""
        message = await _message(request)
        if message is None or "id" not in message:
            return web.Response(status=400)
        method, params = message.get("method"), message.get("params", {})
        said = (params.get("_meta", {}).get(VERSION_KEY), method, params.get("name"))
        if tuple(request.headers.get(name) for name in ("MCP-Protocol-Version", "Mcp-Method", "Mcp-Name")) != said:
            return _error(message, HEADER_MISMATCH, "Header mismatch", 400)
        if said[0] != NEW:
            # "… an UnsupportedProtocolVersionError listing its supported versions."
            versions = {"supported": [NEW], "requested": said[0]}
            return _error(message, UNSUPPORTED_VERSION, "Unsupported protocol version", 400, versions)
        if method != "tools/call":
            return _error(message, METHOD_NOT_FOUND, "Method not found", 404)
        if str(message["id"]) in self.calls:
            return _error(message, INVALID_PARAMS, "This id was used before", 400)
        call = self._begin(message)
        response = _event_stream()
        response.headers["X-Accel-Buffering"] = "no"
        number = 0
        try:
            await response.prepare(request)
            while messages := await call.next_after(number):
                for message in messages:
                    number += 1
                    await response.write(f"data: {_text(message)}\n\n".encode())
        finally:
            # "Closing the SSE response stream MUST be treated by the server as cancellation of that request."
            call.cancel()
        return response

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Earlier Streamable HTTP Revisions: "HTTP GET …: respond with 405", and a ``Last-Event-ID`` is ignored."""
        return web.Response(status=405, headers={"Allow": "POST"})


_INFO = {"name": "two-texts", "version": "1"}


def make_old_app(steps: int, step_s: float, tell: Tell) -> web.Application:
    """The server as the text of 2025-11-25 has it."""
    return OldServer(steps, step_s, tell).app()


def make_new_app(steps: int, step_s: float, tell: Tell) -> web.Application:
    """The server as the text of 2026-07-28 has it."""
    return NewServer(steps, step_s, tell).app()


async def _message(request: web.Request) -> Message | None:
    try:
        message = json.loads(await request.text())
    except (ValueError, RecursionError):
        return None
    is_call = isinstance(message, dict) and message.get("jsonrpc") == "2.0"
    params = message.get("params", {}) if is_call else None
    has_meta = isinstance(params, dict) and isinstance(params.get("_meta", {}), dict)
    return message if has_meta and isinstance(message.get("id", 0), (int, str)) else None


def _event_stream() -> web.StreamResponse:
    return web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})


def _text(message: Message) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def _result(request: Message, result: Message) -> web.Response:
    text = _text({"jsonrpc": "2.0", "id": request.get("id"), "result": result})
    return web.Response(text=text, content_type="application/json")


def _error(request: Message, code: int, message: str, status: int, data: Message | None = None) -> web.Response:
    error: Message = {"code": code, "message": message}
    if data is not None:
        error["data"] = data
    text = _text({"jsonrpc": "2.0", "id": request.get("id"), "error": error})
    return web.Response(text=text, content_type="application/json", status=status)

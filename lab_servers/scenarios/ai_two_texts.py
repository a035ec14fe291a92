"""One client, one disconnect, and two texts of the Model Context Protocol that want opposite things of it.

``views/looks/ai_two_texts.py`` shows it beside what both texts say; the servers are in ``ai_two_texts_servers.py``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from lab_servers.clients.session import open_session
from lab_servers.clients.sse import events_in
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.lab.hosting import ProblemLog, start_application
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import choice, number, whole
from lab_servers.scenarios.ai_two_texts_servers import NEW, OLD, TOOL, VERSION_KEY, Tell, make_new_app, make_old_app
from lab_servers.scenarios.scenario import Scenario

TEXTS = (OLD, NEW)
COME_BACK, CANCEL, STAY_AWAY = "come back", "cancel", "stay away"
LIMIT_BYTES = 64 * 1024
_ACCEPT = "application/json, text/event-stream"
_CLIENT = {"name": "one-client", "version": "1"}


@dataclass(frozen=True)
class TwoTexts(Scenario):
    """What does the same disconnect do to a tool call under the MCP text of 2025-11-25, and under that of 2026-07-28?

    The client calls a slow tool, reads ``leave_after`` progress notifications, and its connection ends. Then it does
    what its text lets it do: under the old one it resumes the stream; under the new one it asks anew.

    Raises:
        BadParameter: a parameter is out of its bounds, or the client would leave behind the last notification.
    """

    steps: int = whole(20, 2, 500, "steps", "How many steps the tool takes.")
    step_s: float = number(0.03, 0.005, 5, "seconds", "How long each step takes.")
    leave_after: int = whole(5, 1, 499, "messages", "After how many progress notifications the connection ends.")
    away_s: float = number(0.2, 0, 60, "seconds", "How long the client is away.")
    then: str = choice(COME_BACK, (COME_BACK, CANCEL, STAY_AWAY), "What the client does afterwards.")

    def require_fitting(self) -> None:
        """The connection must end before the result."""
        if self.leave_after >= self.steps:
            raise BadParameter(
                f"leave_after must be less than {self.steps}, as many steps as the tool takes, not {self.leave_after}: "
                "leave earlier, or give the tool more steps."
            )

    @property
    def about_s(self) -> float:
        """A call that is broken off, and one that is whole."""
        return 0.3 + (self.steps + self.leave_after) * self.step_s + self.away_s

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Both texts at the same time."""
        async with asyncio.timeout(self.about_s * 3 + 30), asyncio.TaskGroup() as both:
            clients = {text: both.create_task(self._call(lab, text)) for text in TEXTS}
        return {text: client.result() for text, client in clients.items()}

    async def _call(self, lab: Lab, text: str) -> list[Mark]:
        worked: list[Mark] = []
        over = asyncio.Event()

        def tell(what: str, detail: str) -> None:
            worked.append(Mark(now_ns(), what, detail))
            if what == "ended":
                over.set()

        make: Callable[[int, float, Tell], web.Application] = make_old_app if text == OLD else make_new_app
        app = make(self.steps, self.step_s, tell)
        url = await lab.adopt(
            text, lambda: start_application(app, ProblemLog().logger), speaks=f"MCP {text} over HTTP and SSE"
        )
        async with open_session(keep_alive=False) as session:
            client = _Client(session, f"{url}/mcp", text)
            await client.greet()
            await client.call(1, leave_after=self.leave_after)
            client.mark("left")
            if self.then != STAY_AWAY:
                await asyncio.sleep(self.away_s)
            if self.then == CANCEL:
                await client.cancel(1)
            elif self.then == COME_BACK and not await client.resume():
                # Changelog of 2026-07-28: the client MUST re-issue it "as a new request with a new request ID".
                await client.call(2)
        await over.wait()
        return [*worked, *client.marks]


class _Client:
    """A client that obeys both texts: what differs between them it sends as its text has it.

    Args:
        session: Carries its requests.
        url: The MCP endpoint.
        text: Which text.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str, text: str) -> None:
        self.marks: list[Mark] = []
        self._session, self._url, self._text = session, url, text
        self._last_event_id = ""

    def mark(self, name: str, detail: str = "") -> None:
        """Note a moment."""
        self.marks.append(Mark(now_ns(), name, detail))

    async def greet(self) -> None:
        """Initialize, where the text has that: "Lifecycle" of 2025-11-25. The other makes every request stand alone."""
        if self._text == NEW:
            return
        params = {"protocolVersion": OLD, "capabilities": {}, "clientInfo": _CLIENT}
        async with self._post({"id": 0, "method": "initialize", "params": params}) as response:
            await response.read()
        async with self._post({"method": "notifications/initialized"}) as response:
            await response.read()

    async def call(self, request_id: int, leave_after: int | None = None) -> None:
        """Call the tool and read its stream: to the end, or until so many notifications have come."""
        meta: dict[str, Any] = {"progressToken": request_id}
        if self._text == NEW:
            meta |= {
                VERSION_KEY: NEW,
                "io.modelcontextprotocol/clientInfo": _CLIENT,
                "io.modelcontextprotocol/clientCapabilities": {},
            }
        params = {"name": TOOL, "arguments": {}, "_meta": meta}
        self.mark("called", str(request_id))
        async with self._post({"id": request_id, "method": "tools/call", "params": params}) as response:
            await self._read(response, leave_after)

    async def resume(self) -> bool:
        """GET the stream behind the last event that came; tell whether the server takes that up."""
        headers = {"Accept": "text/event-stream", "MCP-Protocol-Version": self._text}
        if self._last_event_id:
            headers["Last-Event-ID"] = self._last_event_id
        self.mark("came back", self._last_event_id)
        async with self._session.get(self._url, headers=headers) as response:
            if response.status != 200:
                self.mark("refused", str(response.status))
                return False
            await self._read(response, None)
        return True

    async def cancel(self, request_id: int) -> None:
        """Say that the request is cancelled. Under 2026-07-28 the closed stream has said it: nothing is sent."""
        if self._text == NEW:
            return
        params = {"requestId": request_id, "reason": "the person pressed stop"}
        self.mark("cancelled", str(request_id))
        async with self._post({"method": "notifications/cancelled", "params": params}) as response:
            await response.read()

    async def _read(self, response: aiohttp.ClientResponse, leave_after: int | None) -> None:
        notified = 0
        async for event in events_in(response, limit_bytes=LIMIT_BYTES):
            self._last_event_id = event.last_event_id
            if not event.data:
                continue  # it only brought an id
            message = json.loads(event.data)
            if "result" in message:
                self.mark("result", str(message["id"]))
            else:
                notified += 1
                self.mark("notified", str(message["params"]["progress"]))
            if notified == leave_after:
                return

    def _post(self, message: dict[str, Any]) -> Any:
        headers = {"Accept": _ACCEPT}
        if message["method"] != "initialize":
            headers["MCP-Protocol-Version"] = self._text
        if self._text == NEW:
            headers |= {"Mcp-Method": message["method"], "Mcp-Name": message["params"]["name"]}
        return self._session.post(self._url, json={"jsonrpc": "2.0", **message}, headers=headers)

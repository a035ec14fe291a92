"""Requests for a WebSocket that are not quite right, one connection each: what a server answers to them.

Two are sent to a server written by hand as well, which is unlike the lab's own: it does not look at Origin, and it says
which version it speaks. ``views/looks/handshake_refused.py`` shows the answers beside the rules.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import ClassVar

from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import choice, whole
from lab_servers.scenarios.handshake_peers import KEY, accept_value, ask, head, read_request, see_out, switching
from lab_servers.scenarios.scenario import Scenario

ALL = "all"

# A foreign page whose address begins like this machine's: who compares beginnings lets it in.
FOREIGN_ORIGIN = "http://127.0.0.1.evil.example"
FOREIGN_HOST = "127.0.0.1.evil.example"
BY_HAND = "by hand"

_VERSION, _UPGRADE, _CONNECTION = "Sec-WebSocket-Version", "Upgrade", "Connection"


@dataclass(frozen=True)
class Case:
    """One request.

    Attributes:
        happens: What is wrong with it.
        changes: What its fields have instead of what is right; ``None`` for a field that is left out.
        line: Method and target, and the version.
        server: Who is asked: the lab's own server, or the one written by hand.
    """

    happens: str
    changes: Mapping[str, str | None] = field(default_factory=dict)
    line: str = "GET /ws/chat HTTP/1.1"
    server: str = "websocket"


CASES = {
    "right": Case("Nothing: this is how it should be"),
    "plain-get": Case(
        "A plain GET: nothing asks for a WebSocket", dict.fromkeys((_UPGRADE, _CONNECTION, KEY, _VERSION))
    ),
    "no-connection": Case("Upgrade without Connection: Upgrade", {_CONNECTION: None}),
    "post": Case("POST in place of GET", line="POST /ws/chat HTTP/1.1"),
    "unknown-path": Case("A path that this server does not know", line="GET /ws/nothing HTTP/1.1"),
    "no-host": Case("No Host", {"Host": None}),
    "no-key": Case("No key", {KEY: None}),
    "short-key": Case("A key of 15 bytes", {KEY: base64.b64encode(bytes(range(15))).decode()}),
    "old-version": Case("Version 8, from before the standard", {_VERSION: "8"}),
    "old-version-by-hand": Case("The same, to the server written by hand", {_VERSION: "8"}, server=BY_HAND),
    "foreign-origin": Case("A page of another site asks", {"Origin": FOREIGN_ORIGIN}),
    "foreign-origin-by-hand": Case(
        "The same, to the server written by hand", {"Origin": FOREIGN_ORIGIN}, server=BY_HAND
    ),
    "foreign-host": Case("Host names another machine", {"Host": FOREIGN_HOST}),
}


@dataclass(frozen=True)
class RefusedUpgrades(Scenario):
    """What does a server answer to a request that does not ask for a WebSocket as it should?

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ("websocket",)

    case: str = choice(ALL, (ALL, *CASES), "The one request to send, or all, each on a connection of its own.")
    seed: int = whole(1, 0, 1_000_000, "", "Where the keys come from.")

    @property
    def about_s(self) -> float:
        """A connection for each."""
        return 0.02 * (len(CASES) if self.case == ALL else 1) + 0.1

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Send each request, one after the other, and read each answer to its end."""
        urls = {
            "websocket": lab.url("websocket"),
            BY_HAND: await lab.host_async(BY_HAND, answer_by_hand, scheme="ws"),
        }
        random, told = Random(self.seed), {}
        for name, case in CASES.items():
            key = base64.b64encode(random.randbytes(16)).decode()
            if self.case in (ALL, name):
                marks = [Mark(now_ns(), "happens", case.happens)]
                port = await ask(urls[case.server], request_of(case, urls[case.server].partition("//")[2], key))
                told[name] = [*marks, Mark(now_ns(), "port", str(port))]
        return told


def request_of(case: Case, host: str, key: str) -> bytes:
    """The bytes of a request: the right one, with what the case changes."""
    right = {"Host": host, _UPGRADE: "websocket", _CONNECTION: "Upgrade", KEY: key, _VERSION: "13"}
    fields = {**right, **case.changes}
    return head(case.line, [(name, value) for name, value in fields.items() if value is not None])


async def answer_by_hand(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that names its version to those who speak another (RFC 6455 §4.4), and looks at no Origin."""
    with suppress(asyncio.IncompleteReadError, OSError):
        request = await read_request(reader)
        if request.fields.get(_VERSION.lower()) != "13":
            # Who sends Upgrade also names it in Connection, in a refusal too (RFC 9110 §7.8).
            fields = ((_CONNECTION, "Upgrade, close"), (_VERSION, "13"), ("Content-Length", "0"))
            writer.write(head("HTTP/1.1 426 Upgrade Required", [(_UPGRADE, "websocket"), *fields]))
            await writer.drain()
            return
        writer.write(switching(accept_value(request.key)))
        await writer.drain()
        await see_out(reader, writer)

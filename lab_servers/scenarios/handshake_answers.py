"""Answers to a right request that are not quite right, one connection each: what a client must make of them.

The client is the ``websockets`` library; the server is written by hand, since no library would answer like this.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import choice
from lab_servers.scenarios.handshake_peers import (
    ACCEPT,
    PROTOCOL,
    accept_value,
    head,
    let_library_open,
    read_request,
    see_out,
    switching,
)
from lab_servers.scenarios.scenario import Scenario

ALL = "all"

# The key that RFC 6455 has as its example: the value that belongs to it has been in print since 2011.
ANOTHER_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
_STATUS = "HTTP/1.1 101 Switching Protocols"
_UPGRADE, _CONNECTION = ("Upgrade", "websocket"), ("Connection", "Upgrade")


class Case(NamedTuple):
    """One answer: what is wrong with it, and its bytes for the key of the request."""

    happens: str
    answer: Callable[[str], bytes]


CASES = {
    "right": Case("Nothing: this is how it should be", lambda key: switching(accept_value(key))),
    "value-of-another-key": Case(
        "The accept value belongs to another key", lambda key: switching(accept_value(ANOTHER_KEY))
    ),
    "key-sent-back": Case("The key itself comes back as the accept value", switching),
    "no-accept": Case("No accept value", lambda key: head(_STATUS, (_UPGRADE, _CONNECTION))),
    "no-upgrade": Case("No Upgrade", lambda key: head(_STATUS, (_CONNECTION, (ACCEPT, accept_value(key))))),
    "status-200": Case(
        "Status 200, with all the right fields",
        lambda key: head(
            "HTTP/1.1 200 OK", (_UPGRADE, _CONNECTION, (ACCEPT, accept_value(key)), ("Content-Length", "0"))
        ),
    ),
    "uninvited-extension": Case(
        "An extension that the client did not offer",
        lambda key: switching(accept_value(key), ("Sec-WebSocket-Extensions", "permessage-deflate")),
    ),
    "uninvited-subprotocol": Case(
        "A subprotocol that the client did not offer",
        lambda key: switching(accept_value(key), (PROTOCOL, "chat.v9.lab")),
    ),
}


@dataclass(frozen=True)
class WrongAnswers(Scenario):
    """What must a client make of an answer that is not quite the right 101?

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    case: str = choice(ALL, (ALL, *CASES), "The one answer to give, or all, each on a connection of its own.")

    @property
    def about_s(self) -> float:
        """A connection for each."""
        return 0.02 * (len(CASES) if self.case == ALL else 1) + 0.1

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Ask for each answer, one after the other."""
        url = await lab.host_async("odd answers", answer_oddly, scheme="ws")
        told = {}
        for name, case in CASES.items():
            if self.case in (ALL, name):
                marks = [Mark(now_ns(), "happens", case.happens)]
                told[name] = [*marks, *(await let_library_open(f"{url}/{name}")).marks]
        return told


async def answer_oddly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that answers as the path of the request says. It has no secret, and remembers nothing."""
    with suppress(asyncio.IncompleteReadError, OSError):
        request = await read_request(reader)
        case = CASES.get(request.target.removeprefix("/"), CASES["right"])
        writer.write(case.answer(request.key))
        await writer.drain()
        await see_out(reader, writer)

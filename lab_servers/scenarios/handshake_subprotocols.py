"""What two sides agree to talk about: subprotocols offered by a client and chosen by a server (RFC 6455 §1.9).

The first offers go to the lab's own server, which knows two. The last go to one written by hand, which names what it
must not. The client is the ``websockets`` library.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import choice
from lab_servers.scenarios.handshake_peers import (
    PROTOCOL,
    accept_value,
    let_library_open,
    read_request,
    see_out,
    switching,
)
from lab_servers.scenarios.scenario import Scenario

ALL = "all"
NOWHERE_OFFERED = "chat.v9.lab"


class Case(NamedTuple):
    """One negotiation: what is offered, and what the server written by hand names (else the lab's server is asked)."""

    happens: str
    offered: tuple[str, ...]
    named: str = ""


CASES = {
    "one-offered": Case("The server knows the one that is offered", ("chat.v1.lab",)),
    "two-offered": Case("The server knows both, and prefers the newer", ("chat.v1.lab", "chat.v2.lab")),
    "none-offered": Case("The client offers none", ()),
    "none-in-common": Case("The server does not know what is offered", ("chat.v3.lab",)),
    "other-case": Case("Upper case where the server has lower case", ("CHAT.V1.LAB",)),
    "not-offered": Case("The server names one that was not offered", ("chat.v1.lab",), NOWHERE_OFFERED),
    "named-unasked": Case("The server names one, though none was offered", (), "chat.v1.lab"),
    "named-two": Case("The server names both", ("chat.v1.lab", "chat.v2.lab"), "chat.v2.lab, chat.v1.lab"),
}


@dataclass(frozen=True)
class Subprotocols(Scenario):
    """Which subprotocol do a client and a server agree on, and when must the client fail the connection?

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ("websocket",)

    case: str = choice(ALL, (ALL, *CASES), "The one negotiation to see, or all, each on a connection of its own.")

    @property
    def about_s(self) -> float:
        """A connection for each."""
        return 0.02 * (len(CASES) if self.case == ALL else 1) + 0.1

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Open each, one after the other."""
        by_hand = await lab.host_async("naming by hand", name_by_hand, scheme="ws")
        told = {}
        for name, case in CASES.items():
            if self.case in (ALL, name):
                marks = [Mark(now_ns(), "happens", case.happens)]
                url = f"{by_hand}/{name}" if case.named else lab.url("websocket", "/ws/chat")
                told[name] = [*marks, *(await let_library_open(url, case.offered)).marks]
        return told


async def name_by_hand(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that names a subprotocol whatever was offered; the path of the request says which."""
    with suppress(asyncio.IncompleteReadError, OSError):
        request = await read_request(reader)
        case = CASES.get(request.target.removeprefix("/"))
        named = ((PROTOCOL, case.named),) if case else ()
        writer.write(switching(accept_value(request.key), *named))
        await writer.drain()
        await see_out(reader, writer)

"""One model behind a relay for each way that asks it, so that each way is recorded alone. Used by the ``ai_*`` runs.

All relays lead to the same server: the same tokens, the same meter, and a network of its own for each way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from aiohttp import web

from lab_servers.lab import Lab
from lab_servers.lab.hosting import ProblemLog, Started, start_application
from lab_servers.marks import Mark, now_ns
from lab_servers.servers.llm.app import make_app

SERVER = "llm"


class HostedModel:
    """A model that runs in a lab. Made by :func:`host_model`.

    Attributes:
        urls: The URL of each way's relay, by the way's name.
        marks: What the model said of itself, named as those of the lab's own: "token by llm", "produced by llm",
            "finished by llm". Return them from ``perform``.
        epoch: The name of the model's present life.
        address: Where the model itself listens, without a relay; the same in each of its lives.
    """

    def __init__(self, *, handler_cancellation: bool, make: Callable[..., web.Application] = make_app) -> None:
        self.urls: dict[str, str] = {}
        self.marks: list[Mark] = []
        self.epoch = ""
        self._handler_cancellation = handler_cancellation
        self._make = make
        self.address: tuple[str, int] = ("", 0)
        self._stop: Callable[[], Coroutine[Any, Any, None]] | None = None
        self._marked = asyncio.Event()

    async def until(self, what: str, count: int = 1) -> None:
        """Wait until the model has said something so often in all: "token", "produced" or "finished"."""
        while sum(mark.name == f"{what} by {SERVER}" for mark in self.marks) < count:
            self._marked.clear()
            await self._marked.wait()

    async def start(self, epoch: str) -> None:
        """Begin a life; with :meth:`stop` before it, a new one at the same address."""
        self.epoch = epoch
        app = self._make(self._mark, epoch=epoch)
        self.address, self._stop = await start_application(
            app,
            ProblemLog().logger,  # what goes wrong in the server shows in its clients
            handler_cancellation=self._handler_cancellation,
            port=self.address[1],
        )

    async def stop(self) -> None:
        """End this life: its runs are lost, and its connections are closed. The relays stay."""
        stop, self._stop = self._stop, None
        if stop is not None:
            await stop()

    async def restart(self, epoch: str) -> None:
        """End this life, and begin a new one."""
        await self.stop()
        await self.start(epoch)

    async def host(self, lab: Lab, names: Sequence[str]) -> None:
        """Put a relay of each name in front of it. It belongs to all of them: the first that is stopped stops it."""

        async def started() -> Started:
            return self.address, self.stop

        try:
            for name in names:
                self.urls[name] = await lab.adopt(name, started, speaks="a model's answer")
        except BaseException:
            await self.stop()
            raise

    def _mark(self, what: str, detail: str) -> None:
        self.marks.append(Mark(now_ns(), f"{what} by {SERVER}", detail))
        self._marked.set()


async def host_model(
    lab: Lab, names: Sequence[str], *, epoch: str = "e1", handler_cancellation: bool = True
) -> HostedModel:
    """Start a model on the lab's loop, behind one relay for each name.

    Args:
        lab: The lab.
        names: What recordings call the relays; servers of these names are replaced.
        epoch: The name of the model's life, part of every run's id.
        handler_cancellation: Whether the server's handlers are cancelled when their client leaves.
    """
    model = HostedModel(handler_cancellation=handler_cancellation)
    await model.start(epoch)
    await model.host(lab, names)
    return model

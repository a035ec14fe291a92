"""Several ways through one network after the other, all at once. The frame of ``ai_barge_in`` and ``ai_tool_turns``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from lab_servers.errors import ExchangeFailed
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns


class Errand(Protocol):
    """What one way is to do on one network; both of its ends write their marks there."""

    marks: list[Mark]


E = TypeVar("E", bound=Errand)


@dataclass(frozen=True)
class Ways(Generic[E]):
    """How each way is served and asked.

    Attributes:
        host: Starts the server of a way in the lab, and returns its URL.
        clients: The client of each way, given the URL and its errand.
    """

    host: Callable[[Lab, str, E], Coroutine[Any, Any, str]]
    clients: Mapping[str, Callable[[str, E], Coroutine[Any, Any, None]]]

    async def through_each(
        self, lab: Lab, networks: Sequence[str], make: Callable[[], E], *, begins: str, within_s: float, too_late: str
    ) -> Mapping[str, Sequence[Mark]]:
        """Run all ways through one network after the other; their marks, and those with which each network begins.

        Args:
            lab: The lab.
            networks: The networks, by name.
            make: Makes the errand of one way on one network.
            begins: The mark before each network; its detail is the network's name.
            within_s: How long one network may take, seconds.
            too_late: What to say when it takes longer.

        Raises:
            ExchangeFailed: a way broke, or it took too long.
        """
        marks: dict[str, list[Mark]] = {"run": [], **{way: [] for way in self.clients}}
        for network in networks:
            # Hosted anew, so that each network has connections of its own; they begin after this mark.
            marks["run"].append(Mark(now_ns(), begins, network))
            errands = {way: make() for way in self.clients}
            try:
                async with asyncio.timeout(within_s), asyncio.TaskGroup() as all_at_once:
                    urls = {way: await self.host(lab, way, errand) for way, errand in errands.items()}
                    for way, errand in errands.items():
                        await lab.network_async(way, network)
                        all_at_once.create_task(self.clients[way](urls[way], errand))
            except TimeoutError:
                raise ExchangeFailed(too_late) from None
            except ExceptionGroup as broken:
                error = broken.exceptions[0]
                raise ExchangeFailed(f"A way broke ({type(error).__name__}: {error}): run it again.") from broken
            for way, errand in errands.items():
                marks[way] += errand.marks
        return marks

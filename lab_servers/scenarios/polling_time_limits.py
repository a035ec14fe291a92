"""One held question on its way through a proxy, with a time limit at each of the three: who runs out of patience first?

The proxy is a small one of ours (``polling_proxy.py``) between two relays, so both of its sides are recorded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from lab_servers.clients import get
from lab_servers.errors import ExchangeFailed
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import number
from lab_servers.scenarios.polling_job import start_job
from lab_servers.scenarios.polling_proxy import PatientProxy
from lab_servers.scenarios.scenario import Scenario

# The job of the run writes nothing while the question is held: its first token comes so much after every limit.
_SILENCE_S = 1.0
_TOKENS = 4


@dataclass(frozen=True)
class TimeLimits(Scenario):
    """What does a client get for a held question when server, proxy and client each wait only so long?

    Nothing happens while the question is held, so whichever limit is the shortest decides.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ("polling",)

    hold_s: float = number(0.2, 0.02, 20, "seconds", "How long the server holds the question when nothing happens.")
    proxy_s: float = number(0.4, 0.02, 20, "seconds", "How long the proxy waits for the server's answer.")
    client_s: float = number(0.6, 0.02, 20, "seconds", "How long the client waits for any answer.")

    @property
    def about_s(self) -> float:
        """The shortest limit ends it."""
        return min(self.hold_s, self.proxy_s, self.client_s) + 0.1

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        """Start a job that is silent for long enough, and ask for its events through the proxy."""
        silent_s = max(self.hold_s, self.proxy_s, self.client_s) + _SILENCE_S
        job = await start_job(lab, "answer", _TOKENS * silent_s)
        server = urlsplit(lab.url("polling"))
        proxy = PatientProxy(str(server.hostname), server.port or 0, self.proxy_s)
        url = await lab.host_async("proxy", proxy.handle)
        question = f"{url}{job}/events?after=0&hold_s={self.hold_s:g}"
        marks = [Mark(now_ns(), "asked")]
        try:
            answer = await get(question, timeout_s=self.client_s)
            marks.append(Mark(now_ns(), "answered", str(answer.status)))
        except ExchangeFailed:
            marks.append(Mark(now_ns(), "gave up"))
        # The proxy lets go of the server only after it has seen the client leave.
        await asyncio.wait_for(proxy.idle.wait(), timeout=5)
        return {"client": marks}

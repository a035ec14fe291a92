"""The clients that people really use, all on one model: the vendors' SDKs, httpx-sse, curl and Node.

``ai_sdks.py`` and ``ai_programs.py`` have the clients, ``ai_sdks_ready.py`` what happens before anything is timed,
``ai_tidy_hop.py`` the hop that hides a cut;
``measure/users.py`` reads what users saw, and ``views/looks/ai_real_clients.py`` shows it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.parameters import choice, number, whole
from lab_servers.scenarios.ai_model import HostedModel, host_model
from lab_servers.scenarios.ai_programs import PROGRAMS, Program, ask_node
from lab_servers.scenarios.ai_sdks import SDKS, Sdk
from lab_servers.scenarios.ai_sdks_ready import lacking
from lab_servers.scenarios.ai_tidy_hop import start_tidy_hop
from lab_servers.scenarios.ai_user import Question, User
from lab_servers.scenarios.scenario import Scenario

TO_ITS_END, INTERRUPTED, ERROR, CUT, HIDDEN, REFUSED = (
    "to its end", "interrupted", "error in mid-stream", "cut", "cut, hidden by a proxy", "error before the head",
)  # fmt: skip
CASES = (TO_ITS_END, INTERRUPTED, ERROR, CUT, HIDDEN, REFUSED)

# Behind the tidy hop, in the recording of the case that has it.
MODEL_BEHIND = "model behind the proxy"

# In seconds; a server that does not notice at all would go on to the end of its answer.
NOTICES_WITHIN_S = 60

CLIENTS: dict[str, Sdk | Program] = {**SDKS, **PROGRAMS}

BOTH, NEITHER = "both", "neither"
VENDORS = ("openai", "anthropic")


@dataclass(frozen=True)
class RealClients(Scenario):
    """What do the users of real clients see of one answer: to its end, interrupted, or broken off in mid-stream?

    Every client that is installed here asks the same model at the same time, as its documentation says: the SDKs of two
    vendors, httpx-sse, curl, and fetch and EventSource of Node. Each has a relay of its own. No key is needed, and
    nothing leaves this machine.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    case: str = choice(TO_ITS_END, CASES, "What becomes of the answer.")
    sdks: str = choice(
        BOTH, (BOTH, *VENDORS, NEITHER), "Whose SDKs ask, too; the first run with them has to import them."
    )
    tokens: int = whole(24, 8, 400, "tokens", "How many tokens the answer has.")
    gap_s: float = number(0.03, 0.002, 1, "seconds", "The mean time between two tokens.")
    seed: int = whole(8, 0, 9999, "", "Decides what is said, and when.")

    @property
    def about_s(self) -> float:
        """The answer and the start of the programs; the first run in a process imports the SDKs, too."""
        return 2.5 + self.tokens * self.gap_s

    @property
    def clients(self) -> dict[str, Sdk | Program]:
        """The clients that ask in this run, by their names."""
        left_out = {vendor for vendor in VENDORS if self.sdks not in (BOTH, vendor)}
        return {
            name: client
            for name, client in CLIENTS.items()
            if not (isinstance(client, Sdk) and client.package in left_out)
        }  # fmt: skip

    @property
    def question(self) -> Question:
        """What every client asks in this case."""
        settings: dict[str, object] = {
            "seed": self.seed, "tokens": self.tokens, "gap_s": self.gap_s, "ttft_s": 0.2, "language": "mixed",
        }  # fmt: skip
        if self.case in (CUT, HIDDEN):
            settings |= {"fail": "cut", "fail_after": self.tokens // 2}
        elif self.case == ERROR:
            settings |= {"fail": "error", "fail_after": self.tokens // 2}
        elif self.case == REFUSED:
            settings |= {"fail": "error", "fail_after": 0}
        return Question("世界?", settings, self.tokens // 3 if self.case == INTERRUPTED else 0)

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        """Get ready what is there, then let all clients ask at once."""
        clients = self.clients
        remedies, _ = await asyncio.gather(
            lacking(client for client in clients.values() if isinstance(client, Sdk)), asyncio.to_thread(ask_node)
        )
        model, urls = await self._hosted(lab)
        users = {name: User(self.question) for name in clients}
        async with asyncio.TaskGroup() as all_at_once:
            for name, client in clients.items():
                user = users[name]
                user.calls(client.code)
                if isinstance(client, Sdk) and client.package in remedies:
                    user.lacks(remedies[client.package])
                else:
                    all_at_once.create_task(_serve(client, urls[name], user))
        answered = sum(any(mark.name == "saw" for mark in user.marks) for user in users.values())
        # A model notices a little later than its reader that the reader has left.
        async with asyncio.timeout(NOTICES_WITHIN_S):
            await model.until("finished", answered)
        marks: dict[str, Sequence[Mark]] = {name: user.marks for name, user in users.items()}
        return marks | {"model": model.marks}

    async def _hosted(self, lab: Lab) -> tuple[HostedModel, dict[str, str]]:
        """A relay for each client, in front of the model or of the hop that hides what happens to it."""
        if self.case != HIDDEN:
            model = await host_model(lab, tuple(self.clients))
            return model, model.urls
        model = await host_model(lab, (MODEL_BEHIND,))
        upstream = model.urls[MODEL_BEHIND]
        urls = {
            name: await lab.adopt(name, lambda: start_tidy_hop(upstream), speaks="a model's answer")
            for name in self.clients
        }
        return model, urls


async def _serve(client: Sdk | Program, url: str, user: User) -> None:
    """Let one user ask; whatever their client raises is what they see."""
    try:
        await client.ask(url, user)
    except Exception as error:
        user.raised(error)

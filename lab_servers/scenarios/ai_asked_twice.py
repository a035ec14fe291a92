"""A POST whose answer is lost is sent again: what the model then generates, with an Idempotency-Key and without.

``views/looks/ai_asked_twice.py`` shows it. draft-ietf-httpapi-idempotency-key-header-07 §2 describes the header. It
expired in April 2026 as a work in progress, so what a server does with a key is still its own to say. The draft has a
repetition that comes while the first request is still at work answered with a conflict, 409 (§2.6 and §2.7). This
model lets it join the run instead, and a finished run is read again, which is what the draft has for that (§2.6).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

import aiohttp

from lab_servers.clients.session import open_session
from lab_servers.errors import BadParameter, ExchangeFailed
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import number, whole
from lab_servers.scenarios.ai_model import HostedModel, host_model
from lab_servers.scenarios.scenario import Scenario

PROMPT = "世界?"
# §2.1: the value is a String of Structured Fields, so it stands in quotes. §2.2 recommends a UUID or a similar random
# value; this one is fixed so that two recordings of a run can be compared.
KEY = '"8e03978e-40d5-43e8-bc93-6894a57f9324"'

LOST, LOST_KEY = "answer lost", "answer lost, with a key"
IMPATIENT, IMPATIENT_KEY = "time limit", "time limit, with a key"
WATCHED, WATCHED_KEY = "time limit, watched", "time limit, watched, with a key"
LANES = (LOST, LOST_KEY, IMPATIENT, IMPATIENT_KEY, WATCHED, WATCHED_KEY)
_KEYED = (LOST_KEY, IMPATIENT_KEY, WATCHED_KEY)
HOP = " (model)"


@dataclass(frozen=True)
class AskedTwice(Scenario):
    """How often does a model generate one answer when its POST is repeated, and what does an Idempotency-Key change?

    Two clients lose the answer to a POST that begins a run: a hop drops it. Four clients have a time limit that is
    shorter than the answer takes, and repeat by themselves, as SDKs do. One client of each kind sends a key.

    Raises:
        BadParameter: a parameter is out of its bounds, or the time limit is longer than the answer takes.
    """

    tokens: int = whole(40, 2, 2_000, "tokens", "How many tokens the answer has.")
    gap_s: float = number(0.02, 0.005, 2, "seconds", "The mean time between two tokens.")
    time_limit_s: float = number(0.4, 0.05, 60, "seconds", "How long an impatient client waits for its answer.")
    retries: int = whole(2, 0, 10, "", "How often it repeats its request by itself.")
    backoff_s: float = number(0.05, 0, 10, "seconds", "How long it waits before the first repetition; then twice that.")
    seed: int = whole(0, 0, 1_000_000, "", "What the answer and its gaps are drawn with.")

    def require_fitting(self) -> None:
        """An impatient client must be impatient."""
        if self.time_limit_s > self._answer_s / 1.5:
            raise BadParameter(
                f"time_limit_s must be at most {self._answer_s / 1.5:.2g} seconds, well below the "
                f"{self._answer_s:.2g} that the answer takes, not {self.time_limit_s:g}: ask for more tokens."
            )

    @property
    def _answer_s(self) -> float:
        return float((self.tokens + 4) * self.gap_s)

    @property
    def about_s(self) -> float:
        """All attempts, and the answer to the last."""
        waits_s = sum(self.backoff_s * 2.0**place for place in range(self.retries))
        return 0.5 + self.retries * self.time_limit_s + waits_s + self._answer_s

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """All six at the same time, each with a model of its own."""
        async with asyncio.timeout(self.about_s * 3 + 30), asyncio.TaskGroup() as together:
            clients = {
                lane: together.create_task(self._ask(lab, lane, f"e{place}")) for place, lane in enumerate(LANES, 1)
            }
        return {lane: client.result() for lane, client in clients.items()}

    async def _ask(self, lab: Lab, lane: str, epoch: str) -> list[Mark]:
        is_lost = lane in (LOST, LOST_KEY)
        is_watched = is_lost or lane in (WATCHED, WATCHED_KEY)
        name = lane + HOP if is_lost else lane
        model = await host_model(lab, [name], epoch=epoch, handler_cancellation=is_watched)
        url = await lab.host_async(lane, _Hop(model.urls[name]).handle) if is_lost else model.urls[name]
        marks: list[Mark] = []
        headers = {"Idempotency-Key": KEY} if lane in _KEYED else {}
        query = urlencode(
            {"tokens": self.tokens, "gap_s": self.gap_s, "ttft_s": 5 * self.gap_s, "spread": 0.3, "seed": self.seed}
        )
        async with open_session(keep_alive=False) as session:
            if is_lost:
                await _begin_until_known(session, f"{url}/api/runs?{query}", headers, marks)
                await _read_run(session, url, marks)
            else:
                await self._retry(session, f"{url}/api/answer/whole?{query}", headers, marks)
        await _all_finished(model)
        return [*model.marks, *marks]

    async def _retry(
        self, session: aiohttp.ClientSession, url: str, headers: Mapping[str, str], marks: list[Mark]
    ) -> None:
        """What an SDK does without being asked: a time limit for each attempt, and a few attempts."""
        wait_s = self.backoff_s
        for attempt in range(1, self.retries + 2):
            marks.append(Mark(now_ns(), "asked", str(attempt)))
            try:
                async with (
                    asyncio.timeout(self.time_limit_s),
                    session.post(url, json={"prompt": PROMPT}, headers=headers) as answer,
                ):
                    said = json.loads(await answer.read())
                marks.append(Mark(now_ns(), "answered", str(said["run"])))
                return
            except (TimeoutError, aiohttp.ClientError, ValueError) as error:
                why = "time limit" if isinstance(error, TimeoutError) else "connection closed"
                marks.append(Mark(now_ns(), "failed", why))
            if attempt <= self.retries:
                await asyncio.sleep(wait_s)
                wait_s *= 2


async def _begin_until_known(
    session: aiohttp.ClientSession, url: str, headers: Mapping[str, str], marks: list[Mark]
) -> None:
    """POST until an answer comes: whether a request arrived whose answer did not is nothing that a client can know."""
    for attempt in range(1, 6):
        marks.append(Mark(now_ns(), "asked", str(attempt)))
        try:
            async with session.post(url, json={"prompt": PROMPT}, headers=headers) as created:
                run = (await created.json())["run"]
        except aiohttp.ClientError:
            marks.append(Mark(now_ns(), "failed", "connection closed"))
            continue
        marks.append(Mark(now_ns(), "learned", run))
        return
    raise ExchangeFailed("A run could not be begun: five requests in a row were not answered. Run it again.")


async def _read_run(session: aiohttp.ClientSession, url: str, marks: list[Mark]) -> None:
    run = marks[-1].detail
    async with session.get(f"{url}/api/runs/{run}/events") as events:
        await events.read()
    marks.append(Mark(now_ns(), "answered", run))


async def _all_finished(model: HostedModel) -> None:
    """Until every run that the model has begun is over: what it still generates costs, too."""
    host, port = model.address
    # The meter knows of a run before its first token; asked past the relay, so that it is in no capture.
    async with open_session(keep_alive=False) as session, session.get(f"http://{host}:{port}/api/meter") as answer:
        begun = (await answer.json())["runs"]
    await model.until("finished", begun)


class _Hop:
    """A hop that passes everything on, but for the first answer: that one it drops, and the connection with it.

    Args:
        upstream: The URL of what is behind it.
    """

    def __init__(self, upstream: str) -> None:
        self._host, self._port = urlsplit(upstream).hostname, urlsplit(upstream).port
        self._has_dropped = False

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with suppress(OSError):
            from_server, to_server = await asyncio.open_connection(self._host, self._port)
            try:
                sending = asyncio.create_task(_pump(reader, to_server))
                if self._has_dropped:
                    await _pump(from_server, writer)
                else:
                    self._has_dropped = True
                    await from_server.read(1)  # the server has answered: it has done what it was asked
                sending.cancel()
                await asyncio.wait([sending])
            finally:
                to_server.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(64 * 1024):
            writer.write(data)
            await writer.drain()

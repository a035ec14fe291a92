"""The model: begins answers, finds them again by id or by key, and bounds what it keeps. Neighbour: run, one answer."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from ..answer import Mark, no_mark
from ..query import BadValue
from .run import Meter, Run
from .settings import Settings
from .timeline import FAILURE, moments_of

MOST_RUNNING = 2_000
# What all running answers may come to: some 300 bytes of memory for each token that is still to be generated.
MOST_PLANNED_TOKENS = 1_000_000
MOST_KEPT_PARTS = 500_000
MOST_PROMPT_CHARACTERS = 100_000


class Overloaded(Exception):
    """No answer begins: the request is to be refused with a status (RFC 9110 §15.6.4: 503)."""

    def __init__(self, message: str = FAILURE) -> None:
        super().__init__(message)


class UnknownRun(Exception):
    """This server never had such a run, or has forgotten it."""


class GoneEpoch(UnknownRun):
    """The run belongs to an earlier life of the server: its log went with it."""


class KeyReused(BadValue):
    """The same Idempotency-Key came with another request."""


class Model:
    """All runs of one life of a server.

    Args:
        mark: Told of each token ("token"), each part ("produced") and each end ("finished").
        epoch: The name of this life, part of every run's id; empty: a random one.
    """

    def __init__(self, mark: Mark = no_mark, epoch: str = "") -> None:
        self.epoch = epoch or secrets.token_hex(3)
        self.meter = Meter()
        self._mark = mark
        self._is_closed = False
        self._runs: dict[str, Run] = {}
        self._keys: dict[str, tuple[object, Run]] = {}

    def begin(
        self,
        prompt: str,
        settings: Settings,
        *,
        kept: bool = False,
        most_tokens: int | None = None,
        tools: Sequence[str] = (),
        key: str = "",
        where: str = "",
    ) -> Run:
        """Begin to answer a prompt; of a run that is not kept, the caller is a reader, and says when it leaves.

        Args:
            prompt: The prompt, at most ``MOST_PROMPT_CHARACTERS``.
            settings: How to behave.
            kept: Whether the run goes on without readers, so that one can come back to it.
            most_tokens: How many tokens it may generate.
            tools: Names of tools that it may call.
            key: An Idempotency-Key: a repeated request with the same key gets the run that the first one began.
            where: The path that the key was sent to, if what it answers is told by no other path.

        Raises:
            Overloaded: the settings say so, or too much is going on.
            BadValue: the prompt is too long.
            KeyReused: the key came with another prompt, other settings or to another path.
        """
        if len(prompt) > MOST_PROMPT_CHARACTERS:
            raise BadValue(f"The prompt must not be longer than {MOST_PROMPT_CHARACTERS} characters.")
        fingerprint = (prompt, settings, kept, most_tokens, tuple(tools), where)
        if key in self._keys:
            before, run = self._keys[key]
            if before != fingerprint:
                raise KeyReused("This Idempotency-Key was used for another request: take a new one.")
            if not kept:
                run.enter()
            return run
        if settings.fails_before_head or self._is_closed or self._is_full(settings):
            raise Overloaded
        self._forget_oldest()
        self.meter.runs += 1
        moments = moments_of(prompt, settings, most_tokens=most_tokens, tools=tools)
        run = Run(f"{self.epoch}-{self.meter.runs}", prompt, settings, moments, self.meter, self._mark, kept=kept)
        self._runs[run.run_id] = run
        if not kept:
            run.enter()
        if key:
            self._keys[key] = (fingerprint, run)
        return run

    def run(self, run_id: str) -> Run:
        """The run of that id.

        Raises:
            GoneEpoch: it was begun in an earlier life of this server.
            UnknownRun: there is none, or it was forgotten.
        """
        if run_id in self._runs:
            return self._runs[run_id]
        epoch, _, number = run_id.rpartition("-")
        if epoch and epoch != self.epoch and number.isascii() and number.isdigit():
            raise GoneEpoch(f"This server is {self.epoch}; the run {run_id[:40]} was of an earlier one.")
        raise UnknownRun(f"There is no run {run_id[:40]!r}.")

    def close(self) -> None:
        """End every run, and begin no more: a connection that is still open may ask once again."""
        self._is_closed = True
        for run in self._runs.values():
            run.close()

    def _is_full(self, settings: Settings) -> bool:
        running = [run.planned for run in self._runs.values() if not run.is_done]
        more = settings.reasoning_tokens + settings.tokens
        return len(running) >= MOST_RUNNING or sum(running) + more > MOST_PLANNED_TOKENS

    def _forget_oldest(self) -> None:
        """Drop finished runs, oldest first, once their logs are too long together."""
        size = sum(run.size + 16 for run in self._runs.values())
        for run_id, run in list(self._runs.items()):
            if size <= MOST_KEPT_PARTS:
                break
            if run.is_done:
                size -= run.size + 16
                del self._runs[run_id]
                self._keys = {key: kept for key, kept in self._keys.items() if kept[1] is not run}

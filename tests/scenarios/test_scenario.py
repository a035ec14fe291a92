"""What every scenario gets from its declaration: checks, its call as text, runs to be awaited or cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pytest

from lab_servers.clients import get
from lab_servers.errors import BadParameter, ExchangeFailed, LabNotRunning, WouldDeadlock
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.parameters import number, whole
from lab_servers.scenarios import Scenario
from tests.waiting import until_sync


@dataclass(frozen=True)
class Asking(Scenario):
    """How does ``asking`` go?

    More words.
    """

    servers: ClassVar[tuple[str, ...]] = ("http",)

    times: int = whole(1, 1, 5, "requests", "How often it asks.")
    pause_s: float = number(0.0, 0, 60, "seconds", "How long it waits after each answer.")

    def require_fitting(self) -> None:
        if self.times > 3 and self.pause_s > 30:
            raise BadParameter("times and pause_s together make too long a run: lower one of them.")

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        marks: list[Mark] = []
        for _ in range(self.times):
            marks += (await get(lab.url("http", "/api/user/info"))).marks
            await asyncio.sleep(self.pause_s)
        return {"client": marks}


@dataclass(frozen=True)
class Nested(Scenario):
    """What if a run runs another, in its own lab or in another one?"""

    other: ClassVar[Lab | None] = None

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        await Asking().run_async(self.other or lab)
        return {}


@dataclass(frozen=True)
class Failing(Scenario):
    """What if one of several clients gets no answer?"""

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        async def fail() -> None:
            await asyncio.sleep(0)
            raise ExchangeFailed("Nobody answered.")

        async with asyncio.TaskGroup() as clients:
            clients.create_task(asyncio.sleep(60))
            clients.create_task(fail())
        return {}


@dataclass(frozen=True)
class Complaining(Scenario):
    """What if its client has something to say about its end?"""

    async def perform(self, lab: Lab) -> dict[str, Sequence[Mark]]:
        url = await lab.host_async("silent", silent)
        try:
            await get(f"{url}/")
        except asyncio.CancelledError:
            raise ExchangeFailed("The client was not done.") from None
        return {}


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that answers nothing."""
    await asyncio.Event().wait()


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["http"]) as running:
        yield running


def test_a_run_yields_a_recording_with_its_name_parameters_connections_and_marks(lab: Lab) -> None:
    recording = Asking(times=2).run(lab)
    assert (recording.name, recording.parameters) == ("Asking", {"times": 2, "pause_s": 0.0})
    assert len(recording.of("http")) == 2
    assert len(recording.marks_named("client: body complete")) == 2


def test_it_can_be_awaited_on_any_loop(lab: Lab) -> None:
    assert len(asyncio.run(Asking().run_async(lab))) == 1


def test_the_call_names_what_is_not_at_its_default_and_makes_the_same_scenario() -> None:
    assert Asking().call() == "Asking().run(lab)"
    assert Asking(times=3).call() == "Asking(times=3).run(lab)"
    assert eval(Asking(2, 0.5).call().removesuffix(".run(lab)"), {"Asking": Asking}) == Asking(2, 0.5)


def test_its_sentence_is_the_first_line_of_its_docstring_without_markup() -> None:
    assert Asking.sentence() == "How does asking go?"


def test_bounds_are_checked_when_it_is_made_and_so_is_what_must_fit_together() -> None:
    with pytest.raises(BadParameter, match=r"^times must be a whole number from 1 to 5 requests, not 6[.]$"):
        Asking(times=6)
    with pytest.raises(BadParameter, match="lower one of them"):
        Asking(times=4, pause_s=31)


def test_a_cancelled_run_ends_at_once_and_leaves_the_lab_as_it_was(lab: Lab) -> None:
    job = Asking(pause_s=60).start(lab)
    until_sync(lambda: len(lab.recording()) == 1)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        job.result()
    assert len(Asking().run(lab)) == 1


def test_scenarios_take_turns_so_that_none_records_what_another_does(lab: Lab) -> None:
    jobs = [Asking(times=times, pause_s=0.01).start(lab) for times in (3, 1, 2)]
    assert [len(job.result()) for job in jobs] == [3, 1, 2]


def test_a_run_inside_another_would_wait_for_itself_and_says_so(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WouldDeadlock, match="cannot run inside another: run one after the other"):
        Nested().run(lab)
    with Lab(["http"]) as other:
        monkeypatch.setattr(Nested, "other", other)
        assert len(Nested().run(lab)) == 0
    assert len(Asking().run(lab)) == 1


def test_a_run_that_waits_for_its_turn_can_be_cancelled_and_holds_nobody_up(lab: Lab) -> None:
    first = Asking(pause_s=60).start(lab)
    until_sync(lambda: len(lab.recording()) == 1)
    second, third = Asking(pause_s=60).start(lab), Asking().start(lab)
    second.cancel()
    first.cancel()
    for cancelled in (first, second):
        with pytest.raises(asyncio.CancelledError):
            cancelled.result()
    assert len(third.result()) == 1


def test_without_its_server_or_a_running_lab_it_says_what_to_do() -> None:
    with Lab(["sse"]) as other, pytest.raises(BadParameter, match=r"Asking asks the server 'http'.*start_lab\(\)"):
        Asking().run(other)
    with pytest.raises(LabNotRunning, match="start it"):
        Asking().run(Lab(["http"]))


def test_a_lab_that_is_stopped_during_the_run_is_said_in_one_sentence() -> None:
    lab = Lab(["http"]).start()
    job = Asking(pause_s=60).start(lab)
    until_sync(lambda: len(lab.recording()) == 1)
    lab.stop()
    with pytest.raises(LabNotRunning):
        job.result()


def test_a_client_that_loses_its_server_to_the_stop_is_not_blamed_for_it() -> None:
    with Lab([]) as lab:
        job = Complaining().start(lab)
        until_sync(lambda: any(hosted.relay.open_connections for hosted in lab.hosted))
        lab.stop()
        with pytest.raises(LabNotRunning, match="stopped while this was under way"):
            job.result()
        assert lab.problems == ()
        assert not lab.is_stopping


def test_a_run_that_complains_while_it_is_cancelled_is_cancelled_all_the_same() -> None:
    with Lab([]) as lab:
        job = Complaining().start(lab)
        until_sync(lambda: any(hosted.relay.open_connections for hosted in lab.hosted))
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            job.result()


def test_what_one_of_several_clients_met_is_what_the_run_fails_with(lab: Lab) -> None:
    with pytest.raises(ExchangeFailed, match=r"^Nobody answered\.$"):
        Failing().run(lab)
    Asking().run(lab)

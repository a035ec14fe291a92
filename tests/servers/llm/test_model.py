"""A run generates by itself, into a log; what its readers do decides only whether it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from lab_servers.servers.llm import model as module
from lab_servers.servers.llm.model import GoneEpoch, KeyReused, Model, Overloaded, UnknownRun
from lab_servers.servers.llm.parts import Cut, End, Finish, Text
from lab_servers.servers.llm.settings import Settings
from lab_servers.servers.query import BadValue
from tests.waiting import until

AT_ONCE = Settings(tokens=8, ttft_s=0, gap_s=0)
NEVER = Settings(tokens=8, ttft_s=60)


def with_model(work: Callable[[Model, list[tuple[str, str]]], Awaitable[None]]) -> None:
    """Run it with a model, and check that nothing of the model goes on when it is closed."""

    async def main() -> None:
        marks: list[tuple[str, str]] = []
        model = Model(lambda name, detail: marks.append((name, detail)), "e1")
        async with asyncio.timeout(10):
            await work(model, marks)
            model.close()
            await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})

    asyncio.run(main())


def test_every_reader_gets_the_same_log_from_wherever_it_begins() -> None:
    async def work(model: Model, marks: list) -> None:
        run = model.begin("x", AT_ONCE, kept=True)
        whole = [each async for each in run.parts()]
        assert [each.sequence for each in whole] == list(range(1, len(whole) + 1))
        assert isinstance(whole[-1].part, End)
        for after in range(len(whole) + 2):
            assert [each async for each in run.parts(after)] == whole[after:]

    with_model(work)


def test_marks_count_each_token_each_part_and_each_end() -> None:
    async def work(model: Model, marks: list) -> None:
        run = model.begin("x", AT_ONCE)
        parts = [each async for each in run.parts()]
        assert [detail for name, detail in marks if name == "token"] == [f"e1-1 {n}" for n in range(1, 9)]
        texts = [(each.sequence, each.part) for each in parts if isinstance(each.part, Text)]
        produced = [detail for name, detail in marks if name == "produced"]
        assert produced[: len(texts)] == [f"e1-1 {n} {text.tokens} {text.text}" for n, text in texts]
        await until(lambda: run.is_done)
        assert marks[-1] == ("finished", "e1-1 8 complete")
        assert (model.meter.runs, model.meter.tokens, run.generated) == (1, 8, 8)

    with_model(work)


def test_a_tied_run_ends_with_its_last_reader() -> None:
    async def work(model: Model, marks: list) -> None:
        run = model.begin("x", NEVER, key="k")
        assert model.begin("x", NEVER, key="k") is run  # a second reader
        run.leave()
        assert not run.is_done
        run.leave()
        assert run.is_done
        assert marks == [("produced", "e1-1 1 0 "), ("finished", "e1-1 0 reader left")]
        assert [each.part async for each in run.parts()] == [Cut()]

    with_model(work)


def test_a_kept_run_goes_on_without_readers_until_nobody_has_listened_for_long() -> None:
    async def work(model: Model, marks: list) -> None:
        stays = model.begin("x", NEVER, kept=True)
        stays.enter()
        stays.leave()
        assert not stays.is_done
        left = model.begin("y", Settings(ttft_s=60, linger_s=0), kept=True)
        await until(lambda: left.is_done)
        assert marks[-1] == ("finished", "e1-2 0 nobody listened")
        assert not stays.is_done
        stays.stop()
        assert marks[-1] == ("finished", "e1-1 0 stopped")
        [last] = [each.part async for each in stays.parts()]
        assert isinstance(last, End)
        assert last.finish is Finish.STOPPED

    with_model(work)


def test_a_reader_that_waits_is_told_of_silence_and_of_a_stop() -> None:
    async def work(model: Model, marks: list) -> None:
        run = model.begin("x", NEVER)
        heard = run.parts_or_silence(0, 0.001)
        assert await anext(heard) is None
        assert await anext(heard) is None
        run.stop()
        while (last := await anext(heard)) is None:
            pass
        assert isinstance(last.part, End)
        with pytest.raises(StopAsyncIteration):
            await anext(heard)

    with_model(work)


def test_a_key_that_comes_again_gets_the_run_that_it_began_and_costs_nothing() -> None:
    async def work(model: Model, marks: list) -> None:
        first = model.begin("x", AT_ONCE, key="k")
        await until(lambda: first.is_done)
        assert model.begin("x", AT_ONCE, key="k") is first
        assert model.begin("x", AT_ONCE) is not first
        with pytest.raises(KeyReused):
            model.begin("y", AT_ONCE, key="k")
        with pytest.raises(KeyReused):
            model.begin("x", AT_ONCE, key="k", where="/v1/messages")
        assert model.meter.runs == 2

    with_model(work)


def test_a_run_of_another_life_is_gone_and_one_that_never_was_is_unknown() -> None:
    async def work(model: Model, marks: list) -> None:
        for run_id in ("e0-1", "other-99"):
            with pytest.raises(GoneEpoch):
                model.run(run_id)
        for run_id in ("e1-1", "", "-1", "x", "e0-x"):
            with pytest.raises(UnknownRun) as unknown:
                model.run(run_id)
            assert not isinstance(unknown.value, GoneEpoch)

    with_model(work)


def test_what_cannot_begin_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(model: Model, marks: list) -> None:
        with pytest.raises(Overloaded):
            model.begin("x", Settings(fail="error"))
        with pytest.raises(BadValue):
            model.begin("x" * 100_001, AT_ONCE)
        monkeypatch.setattr(module, "MOST_RUNNING", 1)
        model.begin("x", NEVER)
        with pytest.raises(Overloaded):
            model.begin("x", NEVER)

    with_model(work)


def test_answers_that_would_fill_the_memory_together_are_refused_until_one_of_them_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_PLANNED_TOKENS", 100)
    thirty = Settings(tokens=20, reasoning_tokens=10, ttft_s=60)

    async def work(model: Model, marks: list) -> None:
        running = [model.begin("x", thirty) for _ in range(3)]
        assert sum(run.planned for run in running) >= 3 * 30
        with pytest.raises(Overloaded):
            model.begin("x", thirty)
        running[0].stop()
        assert running[0].planned == 0
        model.begin("x", thirty)

    with_model(work)


def test_a_model_that_is_closed_begins_nothing() -> None:
    async def work(model: Model, marks: list) -> None:
        model.close()
        with pytest.raises(Overloaded):
            model.begin("x", NEVER, kept=True)

    with_model(work)


def test_the_oldest_runs_are_forgotten_when_logs_are_too_long_and_none_that_still_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_KEPT_PARTS", 60)

    async def work(model: Model, marks: list) -> None:
        slow = model.begin("x", NEVER)
        done = [model.begin("x", AT_ONCE, key=str(n)) for n in range(3)]
        await until(lambda: all(run.is_done for run in done))
        model.begin("x", NEVER)
        with pytest.raises(UnknownRun):
            model.run(done[0].run_id)
        assert model.run(slow.run_id) is slow
        assert model.run(done[2].run_id) is done[2]
        assert model.begin("x", AT_ONCE, key="0") is not done[0]

    with_model(work)

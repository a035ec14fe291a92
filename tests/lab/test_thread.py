"""Work on the lab's thread can be waited for, awaited, interrupted and cancelled from anywhere."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
from types import FrameType
from typing import Any

import pytest

from lab_servers.capture.capture import Side
from lab_servers.clients import get, read_events
from lab_servers.errors import LabError, LabNotRunning, WouldDeadlock
from lab_servers.lab import Lab
from tests.lab.asking import USER, user_info
from tests.waiting import until_sync

# --- from wherever ------------------------------------------------------------------------


def test_a_plain_call_blocks_until_the_answer_is_there(lab: Lab) -> None:
    assert user_info(lab) == USER


def test_a_cell_that_awaits_gets_the_same(lab: Lab) -> None:
    async def cell() -> object:
        return (await lab.submit(get(lab.url("http", "/api/user/info")))).json()

    assert asyncio.run(cell()) == USER


def test_a_cell_that_blocks_inside_a_running_loop_gets_the_same(lab: Lab) -> None:
    async def cell() -> object:
        return user_info(lab)

    assert asyncio.run(cell()) == USER


def test_a_widget_callback_on_another_thread_with_its_own_loop_gets_the_same(lab: Lab) -> None:
    seen: list[object] = []

    async def callback() -> None:
        seen.append(user_info(lab))

    thread = threading.Thread(target=lambda: asyncio.run(callback()))
    thread.start()
    thread.join()
    assert seen == [USER]


def test_a_lab_can_be_opened_by_async_with() -> None:
    async def cell() -> object:
        async with Lab(["http"]) as lab:
            return (await lab.submit(get(lab.url("http", "/api/user/info")))).json()

    assert asyncio.run(cell()) == USER


def test_blocking_on_the_labs_own_thread_is_refused_in_one_sentence(lab: Lab) -> None:
    async def on_the_labs_thread() -> None:
        lab.run(get(lab.url("http", "/api/user/info")))

    with pytest.raises(WouldDeadlock, match="use await instead"):
        lab.run(on_the_labs_thread())


def test_the_servers_go_on_while_the_calling_thread_computes(lab: Lab) -> None:
    job = lab.submit(read_events(lab.url("sse", "/api/stream?interval_s=0.01")))
    until_sync(lambda: job.done() or sum(range(1000)) < 0)
    assert [event.data for event in job.result().events] == [f'{{"d":"{c}"}}' for c in "你好世界"]


# --- the stop button ------------------------------------------------------------------------


def test_an_interrupt_cancels_what_was_waited_for_and_the_lab_stays_usable(lab: Lab) -> None:
    started, cancelled = threading.Event(), threading.Event()

    async def for_ever() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    def press_stop() -> None:
        started.wait()
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press_stop)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        lab.run(for_ever())
    thread.join()
    assert cancelled.wait(timeout=20)
    assert user_info(lab) == USER


def test_a_cancelled_client_closes_its_connection(lab: Lab) -> None:
    job = lab.submit(read_events(lab.url("sse", "/api/build/log")))
    (sse,) = [hosted for hosted in lab.hosted if hosted.kind.name == "sse"]
    until_sync(lambda: any(capture.bytes_from(Side.SERVER) for capture in lab.recording().captures))
    job.cancel()
    until_sync(lambda: sse.relay.open_connections == 0)
    assert lab.problems == ()


# An interrupt before the work was handed over leaves it unawaited, which Python remarks on.
@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
def test_an_interrupt_at_any_step_of_waiting_does_not_freeze_the_lab(lab: Lab) -> None:
    def interrupt_at(step: int) -> bool:
        """Run a job, interrupt it at that line of the waiting code, and tell whether it came so far."""
        seen = 0

        def trace(frame: FrameType, event: str, arg: object) -> Any:
            nonlocal seen
            if not frame.f_code.co_filename.endswith("thread.py"):
                return None
            if event == "line":
                seen += 1
                if seen == step:
                    raise KeyboardInterrupt
            return trace

        sys.settrace(trace)
        try:
            lab.run(asyncio.sleep(0.001))
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(None)
        return False

    step = 1
    while interrupt_at(step):
        assert lab.run(asyncio.sleep(0, "alive")) == "alive"
        step += 1
    assert step > 10


def test_an_interrupt_while_the_lab_starts_leaves_nothing_running() -> None:
    script = """
        import os, signal, sys, threading, time
        from lab_servers import Lab
        delay_s = float(sys.argv[1])
        lab = Lab()
        try:
            threading.Thread(target=lambda: (time.sleep(delay_s), os.kill(os.getpid(), signal.SIGINT))).start()
            lab.start()
            threading.Event().wait(20)
        except KeyboardInterrupt:
            pass
        print(lab.is_running == (len(lab.hosted) == 5 and lab.is_running))
        lab.start()
        print(len(lab.hosted), lab.url("http")[:7])
        lab.stop()
        print([one.name for one in threading.enumerate() if one.name.startswith("lab-")])
    """
    for delay_ms in range(0, 24, 3):
        command = [sys.executable, "-c", textwrap.dedent(script), str(delay_ms / 1000)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert ended.stdout == "True\n5 http://\n[]\n", ended.stderr


# --- how work ends ---------------------------------------------------------------------------


def test_awaited_work_ends_with_a_sentence_too_when_the_lab_stops() -> None:
    lab = Lab(["http"]).start()

    async def cell() -> None:
        job = lab.submit(asyncio.Event().wait())
        await asyncio.gather(job, lab.stop_async())

    with pytest.raises(LabNotRunning, match="stopped while this was under way"):
        asyncio.run(cell())


def test_a_cell_that_is_cancelled_while_it_awaits_cancels_its_job(lab: Lab) -> None:
    cancelled = threading.Event()

    async def for_ever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async def cell() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(lab.submit(for_ever()), 0.05)

    asyncio.run(cell())
    assert cancelled.wait(timeout=20)


def test_a_result_can_be_waited_for_with_a_limit_and_again(lab: Lab) -> None:
    gate = lab.run(make_event())
    job = lab.submit(gate.wait())
    with pytest.raises(TimeoutError, match=r"not done after 0\.01 s"):
        job.result(timeout_s=0.01)
    lab.run(set_event(gate))
    assert (job.result(), job.result(), job.done()) == (True, True, True)


async def make_event() -> asyncio.Event:
    return asyncio.Event()


async def set_event(event: asyncio.Event) -> None:
    event.set()


def test_work_under_way_when_the_lab_stops_ends_with_a_sentence() -> None:
    lab = Lab(["http"]).start()
    job = lab.submit(asyncio.Event().wait())
    lab.stop()
    with pytest.raises(LabNotRunning, match="stopped while this was under way"):
        job.result()


def test_stopping_on_the_labs_own_thread_is_refused_and_changes_nothing(lab: Lab) -> None:
    async def stop() -> None:
        lab.stop()

    with pytest.raises(WouldDeadlock, match="use await instead"):
        lab.run(stop())
    assert user_info(lab) == USER


def test_a_loop_that_cannot_be_made_is_an_error_and_no_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more_files() -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("lab_servers.lab.thread.asyncio.Runner", no_more_files)
    with pytest.raises(LabError, match=r"cannot be made .*Too many open files"):
        Lab().start()


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_an_exit_in_work_ends_the_lab_without_a_word_on_stderr_and_it_can_be_started_again(
    error: type[BaseException], capfd: pytest.CaptureFixture[str]
) -> None:
    async def leave() -> None:
        raise error

    lab = Lab([]).start()
    with pytest.raises(error):
        lab.run(leave())
    until_sync(lambda: not lab.is_running)
    lab.stop()
    with lab:
        assert lab.is_running
    assert capfd.readouterr().err == ""

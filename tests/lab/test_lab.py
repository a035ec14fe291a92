"""A lab serves whoever calls from wherever, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import psutil
import pytest

from lab_servers.capture.capture import Side
from lab_servers.clients import converse, get, long_poll, post, read_events
from lab_servers.errors import BadParameter, LabError, LabNotRunning, PortUnavailable, WouldDeadlock
from lab_servers.lab import Lab, start_lab
from tests.tools import require_tool
from tests.waiting import until_sync

USER = {"name": "张三", "age": 25}


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


def user_info(lab: Lab) -> object:
    return lab.run(get(lab.url("http", "/api/user/info"))).json()


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
        print(lab.is_running == (len(lab.hosted) == 4 and lab.is_running))
        lab.start()
        print(len(lab.hosted), lab.url("http")[:7])
        lab.stop()
        print([one.name for one in threading.enumerate() if one.name.startswith("lab-")])
    """
    for delay_ms in range(0, 24, 3):
        command = [sys.executable, "-c", textwrap.dedent(script), str(delay_ms / 1000)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert ended.stdout == "True\n4 http://\n[]\n", ended.stderr


# --- starting and stopping ------------------------------------------------------------------


def test_a_stopped_lab_says_what_to_do() -> None:
    lab = Lab(["http"]).start()
    lab.stop()
    lab.stop()
    with pytest.raises(LabNotRunning, match=r"start it with start_lab\(\)"):
        lab.url("http")
    with pytest.raises(LabNotRunning, match=r"start it with start_lab\(\)"):
        lab.run(asyncio.sleep(0))


def test_a_stopped_lab_can_be_started_again() -> None:
    lab = Lab(["http"])
    for _ in range(2):
        with lab:
            assert user_info(lab) == USER


def act_at_once(action: Callable[[], object], barrier: threading.Barrier, failures: list[BaseException]) -> None:
    barrier.wait()
    try:
        action()
    except BaseException as error:
        failures.append(error)


def test_two_threads_may_start_and_stop_one_lab_at_the_same_time() -> None:
    lab = Lab(["http"])
    before = threading.active_count()
    for action in (lab.start, lab.stop) * 5:
        failures: list[BaseException] = []
        barrier = threading.Barrier(2)

        threads = [threading.Thread(target=act_at_once, args=(action, barrier, failures)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
    assert threading.active_count() == before


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


def test_running_the_start_cell_again_replaces_the_lab_even_on_fixed_ports() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    first = start_lab(["http"], ports={"http": port})
    second = start_lab(["http"], ports={"http": port})
    try:
        assert not first.is_running
        assert second.url("http") == f"http://127.0.0.1:{port}"
        assert user_info(second) == USER
    finally:
        second.stop()


def test_a_taken_port_leaves_nothing_running() -> None:
    before = threading.active_count()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortUnavailable, match=f"Port {port} for sse"):
            Lab(ports={"sse": port}).start()
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"servers": ["ftp"]}, "There is no server 'ftp': choose from http, polling, sse, websocket."),
        ({"ports": {"http": 70000}}, "the port of http must be a number from 0 to 65535, not 70000."),
        ({"limit_bytes": -1}, "limit_bytes must be a number from 0 to 4294967296 bytes, not -1."),
    ],
)
def test_bad_arguments_are_named_with_their_bounds(arguments: dict, sentence: str) -> None:
    with pytest.raises(BadParameter) as error:
        Lab(**arguments)
    assert sentence in str(error.value)


def open_every_kind_of_stream(lab: Lab, count: int) -> None:
    job = lab.run(post(lab.url("polling", "/api/jobs"), json={"kind": "build", "duration_s": 300}))
    events = lab.url("polling", f"{job.header('Location')}/events?after=99&hold_s=60")
    for _ in range(count):
        lab.submit(read_events(lab.url("sse", "/api/build/log")))
        lab.submit(converse(lab.url("websocket", "/ws/room"), expect=1000))
        lab.submit(get(events))
    until_sync(lambda: sum(hosted.relay.open_connections for hosted in lab.hosted) == 3 * count)


def test_start_and_stop_with_open_streams_leave_no_thread_and_no_file_descriptor() -> None:
    process = psutil.Process()

    def cycle() -> None:
        with Lab() as lab:
            open_every_kind_of_stream(lab, 3)

    cycle()  # whatever is made once is made here
    before = (threading.active_count(), process.num_fds() if hasattr(process, "num_fds") else 0)
    for _ in range(5):
        cycle()
    assert (threading.active_count(), process.num_fds() if hasattr(process, "num_fds") else 0) == before
    assert not [one for one in process.net_connections() if one.status == psutil.CONN_LISTEN]


def test_an_interpreter_that_ends_without_stopping_its_lab_ends_quietly() -> None:
    script = """
        from lab_servers import read_events, start_lab
        lab = start_lab()
        job = lab.submit(read_events(lab.url("sse", "/api/build/log")))
        print(lab.url("http"))
    """
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("http://127.0.0.1:")


# --- what it says and what it keeps to itself -----------------------------------------------


def test_every_curl_line_of_the_table_works_whatever_proxy_the_environment_names(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_tool("curl")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    for hosted in lab.hosted:
        assert hosted.curl in repr(lab)
        said = subprocess.run(hosted.curl, shell=True, capture_output=True, text=True, timeout=30).stdout
        assert said.startswith("HTTP/1.1 "), hosted.curl
        assert int(said.split(" ")[1]) in (101, 200, 202), hosted.curl


def test_every_path_of_the_table_is_served(lab: Lab) -> None:
    lab.run(post(lab.url("polling", "/api/jobs"), json={"kind": "answer", "duration_s": 0.1}))
    paths = {hosted.kind.name: hosted.kind.endpoints for hosted in lab.hosted}
    for path in (*paths["http"], *(path for path in paths["polling"] if not path.startswith("POST"))):
        server = "http" if path in paths["http"] else "polling"
        assert lab.run(get(lab.url(server, path))).status == 200, path
    for path in paths["sse"]:
        assert lab.run(read_events(lab.url("sse", path), limit=1)).events, path
    for path in paths["websocket"]:
        assert lab.run(converse(lab.url("websocket", path), ["hello"], expect=1)).messages, path


def test_the_table_is_html_with_headers_and_shows_the_same(lab: Lab) -> None:
    html = lab._repr_html_()
    for hosted in lab.hosted:
        assert hosted.url in html
    assert html.count('<th scope="row"') == 4
    assert html.count('<th scope="col"') == 4


def test_proxy_variables_of_the_environment_do_not_touch_loopback_traffic(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "ws_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:9")
    assert user_info(lab) == USER
    assert lab.run(converse(lab.url("websocket", "/ws/chat"), ["hi"], expect=1)).messages == ("收到:hi",)
    job = lab.run(post(lab.url("polling", "/api/jobs"), json={"kind": "answer", "duration_s": 0.1}))
    assert lab.run(long_poll(lab.url("polling", f"{job.header('Location')}/events"))).state == "done"


def test_ordinary_disconnects_are_no_problems_and_nothing_is_printed(lab: Lab, capfd: pytest.CaptureFixture) -> None:
    for hosted in lab.hosted:
        with socket.create_connection(hosted.relay.address) as rude:
            rude.sendall(b"GET /api/build/log HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        with socket.create_connection(hosted.relay.address) as ruder:
            ruder.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
    until_sync(lambda: all(hosted.relay.open_connections == 0 for hosted in lab.hosted))
    lab.stop()
    assert lab.problems == ()
    assert capfd.readouterr() == ("", "")


def test_a_servers_own_error_is_shown_by_the_lab_and_not_printed(lab: Lab, capfd: pytest.CaptureFixture) -> None:
    async def fail() -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 / 0)

    lab.run(fail())
    until_sync(lambda: lab.problems)
    assert "ZeroDivisionError" in lab.problems[0]
    assert "ZeroDivisionError" in repr(lab)
    assert "ZeroDivisionError" in lab._repr_html_()
    assert capfd.readouterr() == ("", "")

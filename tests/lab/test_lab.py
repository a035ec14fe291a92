"""A lab starts, serves, stops and leaves nothing behind."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable

import psutil
import pytest

from lab_servers.clients import converse, get, long_poll, post, read_events
from lab_servers.errors import BadParameter, LabNotRunning, PortUnavailable
from lab_servers.lab import Lab, start_lab
from tests.lab.asking import USER, user_info
from tests.tools import require_tool
from tests.waiting import until_sync

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
        ({"servers": ["ftp"]}, "There is no server 'ftp': choose from http, polling, sse, websocket, llm."),
        ({"ports": {"http": 70000}}, "the port of http must be a number from 0 to 65,535, not 70000."),
        ({"limit_bytes": -1}, "limit_bytes must be a number from 0 to 4,294,967,296 bytes, not -1."),
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


SAID = {"model": "lab-model-1", "messages": [{"role": "user", "content": "世界?"}]}
# The least that each of the model's paths takes.
ASKED = {
    "POST /api/answer": {"prompt": "世界?"},
    "POST /v1/chat/completions": SAID,
    "POST /v1/messages": SAID | {"max_tokens": 9},
}


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
    for path in paths["llm"]:
        if path.startswith("POST "):
            url = lab.url("llm", path.removeprefix("POST ") + "?tokens=8&ttft_s=0&gap_s=0")
            answer = lab.run(post(url, json=ASKED[path]))
            assert (answer.status, "Here" in answer.text) == (200, True), path
        else:
            ask = '{"type":"ask","prompt":"世界?","settings":{"tokens":1,"ttft_s":0}}'
            url = lab.url("llm", path).replace("http:", "ws:")
            assert str(lab.run(converse(url, [ask], expect=1)).messages[0]).startswith('{"run":'), path


def test_the_table_is_html_with_headers_and_shows_the_same(lab: Lab) -> None:
    html = lab._repr_html_()
    for hosted in lab.hosted:
        assert hosted.url in html
    assert html.count('<th scope="row"') == len(lab.hosted)
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

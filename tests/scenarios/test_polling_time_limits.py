"""Of three limits on a held question the shortest decides what the client gets, as both sides of the proxy show."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.clients.raw import send_bytes
from lab_servers.lab import Lab
from lab_servers.scenarios import TimeLimits
from lab_servers.scenarios.polling_proxy import PatientProxy
from lab_servers.views.heads import heads
from lab_servers.views.looks.polling_time_limits import CLIENT, NO_ANSWER, PROXY, SERVER, outcome, passed, telling


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["polling"]) as running:
        yield running


def test_hold_below_proxy_below_client_gives_an_answer_of_the_servers(lab: Lab) -> None:
    recording = TimeLimits(hold_s=0.05, proxy_s=5, client_s=10).run(lab)
    assert outcome(recording) == "204 No Content"
    assert [(one.sender, one.receiver) for one in telling(recording)] == [
        (CLIENT, PROXY), (PROXY, SERVER), (SERVER, PROXY), (PROXY, CLIENT),
    ]  # fmt: skip


def test_a_hold_above_the_proxys_limit_gives_504_while_the_server_still_holds(lab: Lab) -> None:
    recording = TimeLimits(hold_s=10, proxy_s=0.05, client_s=15).run(lab)
    assert outcome(recording) == "504 Gateway Timeout"
    ends = [one for one in passed(recording) if {one.sender, one.receiver} == {PROXY, SERVER}]
    assert [(one.sender, one.what) for one in ends[1:2]] == [(PROXY, "FIN")]
    assert not any(one.sender == SERVER and one.is_message for one in ends)


def test_a_client_below_the_hold_leaves_and_the_proxy_passes_that_on(lab: Lab) -> None:
    recording = TimeLimits(hold_s=10, proxy_s=15, client_s=0.05).run(lab)
    assert outcome(recording) == NO_ANSWER
    assert [(one.sender, one.is_message) for one in telling(recording)[2:]] == [(CLIENT, False), (PROXY, False)]
    assert [mark.name for mark in recording.marks if mark.name.startswith("client")] == [
        "client: asked",
        "client: gave up",
    ]


def test_the_proxy_says_in_the_request_that_it_passed_there(lab: Lab) -> None:
    recording = TimeLimits(hold_s=0.05).run(lab)
    asked = [
        request
        for server in ("proxy", "polling")
        for capture in recording.of(server)
        for request in heads(capture, Side.CLIENT)
        if "/events" in request.target
    ]
    assert [request.values("Via") for request in asked] == [[], ["1.1 lab-proxy"]]
    assert len({request.start_line for request in asked}) == 1


def test_a_connection_without_a_request_leaves_the_proxy_as_it_was(lab: Lab) -> None:
    async def half_a_request() -> bool:
        proxy = PatientProxy("127.0.0.1", 1, 5)
        host, port = (await lab.host_async("proxy", proxy.handle)).removeprefix("http://").split(":")
        await send_bytes(host, int(port), b"GET / HT", quiet_s=0.02)
        await proxy.idle.wait()
        return True

    assert lab.run(half_a_request())
    assert lab.problems == ()
    assert outcome(TimeLimits(hold_s=0.05).run(lab)) == "204 No Content"

"""A take records one run; the lab's bound holds, and a recording says what it lacks."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Callable, Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.clients import get
from lab_servers.errors import LabNotRunning
from lab_servers.lab import Lab, Take
from tests.waiting import until_sync


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab(["http"]) as running:
        yield running


def ask(lab: Lab) -> None:
    lab.run(get(lab.url("http", "/api/user/info")))


def test_a_take_has_the_connections_of_its_run_whole_and_no_others(lab: Lab) -> None:
    ask(lab)
    with lab.record("one question", framing="chunked") as take:
        ask(lab)
    (capture,) = take.recording.captures
    assert capture.bytes_from(Side.CLIENT).startswith(b"GET /api/user/info HTTP/1.1\r\n")
    assert capture.closed_ns is not None
    assert take.recording.notices == ()
    assert take.recording.comment == "one question(framing='chunked')"


def test_what_was_recorded_outside_of_a_take_stays_with_the_lab(lab: Lab) -> None:
    ask(lab)
    with lab.record("inside"):
        ask(lab)
    assert len(lab.recording()) == 1
    lab.forget()
    assert len(lab.recording()) == 0


def test_takes_that_overlap_each_see_their_own_time(lab: Lab) -> None:
    with lab.record("outer") as outer:
        ask(lab)
        with lab.record("inner") as inner:
            ask(lab)
        ask(lab)
    assert (len(inner.recording), len(outer.recording), len(lab.recording())) == (1, 3, 0)


def test_a_take_can_be_awaited(lab: Lab) -> None:
    async def cell() -> int:
        async with lab.record("awaited") as take:
            await lab.submit(get(lab.url("http", "/api/user/info")))
        return len(take.recording)

    assert asyncio.run(cell()) == 1


def test_a_take_under_way_has_no_recording_yet(lab: Lab) -> None:
    with lab.record("under way") as take, pytest.raises(LabNotRunning, match="after the with block"):
        _ = take.recording


def test_an_error_in_the_body_of_a_take_comes_out_as_it_is_even_with_the_lab_stopped(lab: Lab) -> None:
    def fail_after(action: Callable[[], object], take: Take) -> None:
        with take:
            action()
            raise ZeroDivisionError

    failed = lab.record("failed")
    with pytest.raises(ZeroDivisionError):
        fail_after(lambda: ask(lab), failed)
    assert len(failed.recording) == 1
    with pytest.raises(ZeroDivisionError):
        fail_after(lab.stop, lab.record("stopped"))


def test_a_stopped_lab_still_has_what_it_recorded_with_the_ends_that_the_stop_made(lab: Lab) -> None:
    with socket.create_connection(lab.hosted[0].relay.address) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert idle.recv(1)
        assert lab.recording().notices == ("http connection 1 was still open.",)
        lab.stop()
    recording = lab.recording()
    assert len(recording) == 1
    assert recording.notices == ()


def test_marks_beyond_their_bound_are_counted_and_said(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab_servers.lab.kept.MARKS_LIMIT", 2)
    for number in range(5):
        lab.mark("tick", str(number))
    recording = lab.recording()
    assert [mark.detail for mark in recording.marks] == ["0", "1"]
    assert recording.notices == ("The bound on marks was reached: 3 came after it.",)


def test_a_connection_that_stays_open_is_recorded_so_far_and_named(lab: Lab) -> None:
    with socket.socket() as idle, lab.record("idle", settle_s=0) as take:
        idle.connect(lab.hosted[0].relay.address)
        idle.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert idle.recv(1)
    assert take.recording.notices == ("http connection 1 was still open.",)


def test_marks_of_the_application_stand_in_the_recording_in_order(lab: Lab) -> None:
    with lab.record("marked") as take:
        lab.mark("clicked", "Run")
        ask(lab)
        lab.mark("shown")
    clicked, shown = take.recording.marks
    assert (clicked.name, clicked.detail, shown.name) == ("clicked", "Run", "shown")
    (capture,) = take.recording.captures
    assert clicked.at_ns < capture.opened_ns < shown.at_ns


def test_at_the_bound_the_lab_goes_on_and_every_recording_says_so() -> None:
    with Lab(["http"], limit_bytes=2_500) as lab:
        for _ in range(3):
            assert lab.run(get(lab.url("http", "/api/user/info"))).status == 200
        recording = lab.recording()
    assert len(recording) == 1
    assert any("bytes from the server of http connection 1 passed unrecorded" in line for line in recording.notices)
    assert any("2 connections passed unrecorded" in line for line in recording.notices)
    for shown in (str(recording), recording._repr_html_()):
        assert "passed unrecorded" in shown


def test_a_recording_without_gaps_does_not_tell_of_gaps_before_it() -> None:
    with Lab(["http"], limit_bytes=2_500) as lab:
        for _ in range(3):
            ask(lab)
        assert "2 connections passed unrecorded" in str(lab.recording())
        lab.forget()
        with lab.record("afterwards") as take:
            ask(lab)
        assert take.recording.unrecorded_connections == 0
        assert lab.recording().notices == ()


def test_a_connection_that_outlives_its_take_is_forgotten_when_it_closes(lab: Lab) -> None:
    with socket.socket() as idle:
        with lab.record("idle", settle_s=0):
            idle.connect(lab.hosted[0].relay.address)
            idle.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert idle.recv(1)
        assert len(lab.recording()) == 1
    until_sync(lambda: len(lab.recording()) == 0)


def test_a_take_that_never_ends_does_not_keep_what_others_hand_over(lab: Lab) -> None:
    lab.record("interrupted").__enter__()
    gc.collect()
    with lab.record("whole"):
        ask(lab)
    assert len(lab.recording()) == 0


def test_taking_many_recordings_never_reaches_the_bound() -> None:
    with Lab(["http"], limit_bytes=10_000) as lab:
        for _ in range(20):
            with lab.record("again") as take:
                ask(lab)
            assert take.recording.notices == ()


def test_a_take_in_a_lab_without_servers_is_empty_and_ends() -> None:
    with Lab([]) as lab:
        with lab.record("computed") as take:
            pass
        assert take.recording.captures == ()


def test_a_lab_without_servers_records_marks_alone() -> None:
    with Lab([]) as lab:
        with lab.record("nothing asked") as take:
            lab.mark("thought", "of something")
        assert [mark.name for mark in take.recording.marks] == ["thought"]
        assert len(take.recording) == 0

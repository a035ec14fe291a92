"""The same bytes arrive in one read and in five: constructed, so that it holds on every machine and at every load."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import SendsAndReads
from lab_servers.views.looks.tcp_sends_and_reads import Way, ways

AT_ONCE, LATE, SMALL, ONE_SEND = (
    "many sends, read at once",
    "many sends, read late",
    "many sends, small reads",
    "one send, small reads",
)
ALL = "message 1message 2message 3message 4message 5"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def recording(lab: Lab) -> Recording:
    return SendsAndReads().run(lab)


def by_label(recording: Recording) -> dict[str, Way]:
    return {way.label: way for way in ways(recording)}


def test_five_sends_arrive_as_one_read(recording: Recording) -> None:
    late = by_label(recording)[LATE]
    assert (late.sends, late.reads) == ((9,) * 5, (45,))


def test_one_send_arrives_as_five_reads(recording: Recording) -> None:
    one = by_label(recording)[ONE_SEND]
    assert (one.sends, one.reads) == ((45,), (10, 10, 10, 10, 5))


def test_small_reads_cut_messages_wherever_they_like(recording: Recording) -> None:
    small = by_label(recording)[SMALL]
    assert small.pieces(small.sends)[0] == b"message 1"
    assert small.pieces(small.reads) == (b"message 1m", b"essage 2me", b"ssage 3mes", b"sage 4mess", b"age 5")


def test_a_reader_that_reads_at_once_gets_all_of_it_in_reads_of_the_systems_choice(recording: Recording) -> None:
    at_once = by_label(recording)[AT_ONCE]
    assert at_once.sends == (9,) * 5
    assert sum(at_once.reads) == 45
    assert 1 <= len(at_once.reads) <= 45


def test_the_bytes_are_the_same_in_every_way(recording: Recording) -> None:
    found = ways(recording)
    assert [way.label for way in found] == [AT_ONCE, LATE, SMALL, ONE_SEND]
    assert {way.data for way in found} == {ALL.encode()}
    assert len({way.fingerprint for way in found}) == 1
    assert {sum(way.relay_reads) for way in found} == {len(ALL)}


@pytest.mark.parametrize(
    ("framing", "stream"),
    [
        ("none", b"message 1message 2"),
        ("length prefix", b"\x00\x09message 1\x00\x09message 2"),
        ("line end", b"message 1\nmessage 2\n"),
    ],
)
def test_each_framing_marks_where_a_message_ends(lab: Lab, framing: str, stream: bytes) -> None:
    found = ways(SendsAndReads(sends=2, pause_s=0, framing=framing).run(lab))
    assert {way.data for way in found} == {stream}


@pytest.mark.parametrize("size_bytes", [1, 3, 300])
def test_messages_have_the_size_that_was_asked_for(lab: Lab, size_bytes: int) -> None:
    run = SendsAndReads(sends=3, size_bytes=size_bytes, pause_s=0, read_at_most_bytes=7).run(lab)
    for way in ways(run):
        assert len(way.data) == 3 * size_bytes
        assert set(way.sends) <= {size_bytes, 3 * size_bytes}


def test_the_client_ends_each_connection_and_the_server_says_nothing(recording: Recording) -> None:
    for capture in recording.of("plain TCP"):
        assert capture.bytes_from(Side.SERVER) == b""
        assert capture.finished == (Side.CLIENT, Side.SERVER)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"sends": 50, "size_bytes": 4000}, "sends times size_bytes may be 16,384 bytes at most, not 200,000."),
        (
            {"sends": 10, "size_bytes": 1000, "read_at_most_bytes": 1},
            "read_at_most_bytes must be at least 20 bytes for 10,000 bytes in all, not 1.",
        ),
        ({"framing": "magic"}, "framing must be one of none, length prefix, line end, not 'magic'."),
    ],
)
def test_parameters_that_do_not_fit_each_other_are_refused(parameters: dict, sentence: str) -> None:
    with pytest.raises(BadParameter) as error:
        SendsAndReads(**parameters)
    assert str(error.value) == sentence


def test_it_can_be_cancelled_and_run_again(lab: Lab) -> None:
    job = SendsAndReads(sends=50, pause_s=0.5).start(lab)
    job.cancel()
    assert len(ways(SendsAndReads(pause_s=0).run(lab))) == 4
    assert lab.problems == ()

"""Who ended a connection first stands in the capture's transitions; what the applications were told, in the marks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import WhoClosed
from lab_servers.scenarios.tcp_who_closed import END, ENDINGS, RESET
from lab_servers.views.looks.tcp_who_closed import FIN, RST, ending_named, endings


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def recording(lab: Lab) -> Recording:
    return WhoClosed().run(lab)


def test_every_ending_has_a_connection_of_its_own(recording: Recording) -> None:
    assert tuple(one.name for one in endings(recording)) == ENDINGS


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("client-fin", (Side.CLIENT, FIN)),
        ("server-fin", (Side.SERVER, FIN)),
        ("half-close", (Side.CLIENT, FIN)),
        ("client-reset", (Side.CLIENT, RST)),
        ("server-reset", (Side.SERVER, RST)),
    ],
)
def test_the_side_that_ended_it_first_is_named(recording: Recording, name: str, first: tuple[Side, str]) -> None:
    ending = ending_named(recording, name)
    assert ending.first == first
    assert sum(one.what == RST for one in ending.passed) == (1 if first[1] == RST else 0)
    assert ending.capture.closed_ns is not None


def test_an_answer_still_comes_after_the_clients_fin(recording: Recording) -> None:
    ending = ending_named(recording, "half-close")
    told = [(one.by, one.what) for one in ending.passed]
    assert [one for one in told if "bytes" not in one[1]] == [(Side.CLIENT, FIN), (Side.SERVER, FIN)]
    fin_ns = next(one.at_ns for one in ending.passed if one.what == FIN)
    assert ending.capture.time_of(Side.SERVER, 0) > fin_ns
    assert ending.client_got == len(ending.capture.bytes_from(Side.SERVER)) > 0


def test_a_fin_is_told_as_the_end_of_the_stream_and_a_reset_as_an_error(recording: Recording) -> None:
    told = {one.name: one.told for one in endings(recording)}
    assert told["client-fin"] == {Side.SERVER: END}
    assert told["server-fin"] == {Side.CLIENT: END}
    assert told["half-close"] == {Side.CLIENT: END, Side.SERVER: END}
    assert told["client-reset"] == {Side.SERVER: RESET}
    assert told["server-reset"] == {Side.CLIENT: RESET}


def test_one_ending_can_be_seen_alone(lab: Lab) -> None:
    (only,) = endings(WhoClosed(ending="server-fin").run(lab))
    assert (only.name, only.first) == ("server-fin", (Side.SERVER, FIN))
    assert lab.problems == ()

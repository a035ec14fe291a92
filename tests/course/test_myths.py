"""Myths: settled by recordings alone, so another recording may give another verdict, and none gives none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.course import myths_settled as settled
from lab_servers.course.myths import MYTHS, myth_table, settle
from lab_servers.course.myths_settled import DEPENDS, FALSE, OPEN, TRUE
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import BufferedHop, Latencies, SideBySide


@pytest.fixture(scope="module")
def runs() -> Iterator[dict[str, Recording]]:
    with Lab() as lab:
        yield {
            "slow": SideBySide(messages=8, interval_s=0.04, poll_every_s=0.02).run(lab),
            "fast": SideBySide(messages=80, interval_s=0.005, poll_every_s=0.15).run(lab),
            "both": SideBySide(messages=4, interval_s=0.01, direction="both ways").run(lab),
            "one": SideBySide(messages=1).run(lab),
            "slowed": Latencies(messages=30, warm_up=5, slowed="SSE", added_s=0.01).run(lab),
            "hop": BufferedHop(tokens=5, interval_s=0.03).run(lab),
        }


def test_with_all_recordings_every_myth_is_settled_and_names_its_bytes(runs: dict[str, Recording]) -> None:
    table = myth_table(*runs.values())
    assert len(table.rows) == len(MYTHS)
    for says, verdict, shows, where in table.rows:
        assert verdict in (TRUE, FALSE, DEPENDS), says
        assert any(letter.isdigit() for letter in shows)
        assert shows.endswith(".")
        assert "connection" in where


def test_without_recordings_nothing_is_settled_and_each_says_what_to_run() -> None:
    for _, verdict, shows, where in myth_table().rows:
        assert (verdict, where) == (OPEN, "")
        assert "run the scenario" in shows


def test_headers_pass_once_for_all_events(runs: dict[str, Recording]) -> None:
    found = settled.headers_with_each([runs["slow"]])
    assert found.verdict == FALSE
    assert "8 messages passed as events, and before them 1 response head" in found.shows
    assert settled.headers_with_each([runs["one"]]).verdict == OPEN, "one event cannot tell"


def test_a_delay_on_one_lane_turns_the_verdict(runs: dict[str, Recording]) -> None:
    assert settled.websocket_is_faster([runs["slowed"]]).verdict == TRUE


def test_whether_polling_wastes_depends_on_how_much_happens_between_two_questions(runs: dict[str, Recording]) -> None:
    assert settled.polling_is_wasteful([runs["slow"]]).verdict == TRUE
    assert settled.polling_is_wasteful([runs["fast"]]).verdict == FALSE
    assert settled.polling_is_wasteful([runs["slow"], runs["fast"]]).verdict == DEPENDS
    assert settled.polling_is_wasteful([runs["both"]]).verdict == OPEN


def test_a_websocket_pays_its_handshake_back_after_some_messages(runs: dict[str, Recording]) -> None:
    found = settled.websocket_is_smaller([runs["slow"]])
    assert found.verdict == DEPENDS
    assert "costs less from message" in found.shows


def test_requests_share_a_connection_and_the_client_of_a_stream_speaks_on_another(runs: dict[str, Recording]) -> None:
    assert settled.connection_for_each([runs["slow"]]).verdict == FALSE
    assert (
        "8 requests, one for each message, passed on 1 connection," in settled.connection_for_each([runs["slow"]]).shows
    )
    assert settled.client_is_mute([runs["both"]]).verdict == FALSE
    assert settled.client_is_mute([runs["slow"]]).verdict == OPEN


def test_streaming_gains_the_first_text_and_a_hop_takes_it_away(runs: dict[str, Recording]) -> None:
    assert settled.streaming_is_done_sooner([runs["hop"]]).verdict == FALSE
    assert settled.status_means_streaming([runs["hop"]]).verdict == FALSE


def test_the_recordings_of_a_myth_are_those_of_its_scenario(runs: dict[str, Recording]) -> None:
    for myth in MYTHS:
        others = [one for one in runs.values() if one.name != myth.scenario]
        assert settle(myth, others).verdict == OPEN

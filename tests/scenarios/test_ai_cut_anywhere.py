"""Answers in every dialect, really cut: the wire does what is computed for every offset that a cut fell on."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.measure.cut_anywhere import CHUNKED, CLOSE, SERVER_NAME, answer_of, answers, real_cuts
from lab_servers.measure.truncation import CutBy, Outcome, Strategy, counted
from lab_servers.recording import Recording
from lab_servers.scenarios import CutAnywhere
from lab_servers.scenarios.ai_cut_anywhere import WAYS, delimited_by_close, ended_well
from lab_servers.wire.http1.message import Framing
from lab_servers.wire.llm.ways import Way


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def recording(lab: Lab) -> Recording:
    return CutAnywhere(cuts=3, tokens=12).run(lab)


def test_the_same_text_is_read_from_every_dialect_in_both_framings(recording: Recording) -> None:
    found = answers(recording)
    assert set(found) == {(way, framing) for way in WAYS for framing in (CLOSE, CHUNKED)}
    assert len({answer.full.text for answer in found.values()}) == 1
    assert all(answer.full.is_complete for answer in found.values())


def test_each_cut_that_happened_did_what_is_computed_for_its_offset(recording: Recording) -> None:
    cuts, whole = real_cuts(recording), answers(recording)
    assert {cut.cut_by for cut in cuts} == set(CutBy)
    assert {(cut.way, cut.framing) for cut in cuts} == set(whole)
    assert [cut for cut in cuts if not cut.agrees] == []
    # A cut behind the text is the one at which careful strategies differ from the truth.
    assert any(cut.at >= whole[cut.way, cut.framing].text_end for cut in cuts)


def test_a_hop_that_adds_a_last_chunk_makes_a_client_of_http_accept_what_is_cut(recording: Recording) -> None:
    deceived = [cut for cut in real_cuts(recording) if cut.cut_by is CutBy.LAST_CHUNK]
    assert deceived
    assert all(cut.accepted for cut in deceived)


def test_until_the_close_a_client_of_http_accepts_what_ends_with_a_fin_and_refuses_it_in_chunks(
    recording: Recording,
) -> None:
    whole = answers(recording)
    for cut in real_cuts(recording):
        answer = whole[cut.way, cut.framing]
        if cut.cut_by is CutBy.FIN and answer.head_end <= cut.at < len(answer.wire):
            assert cut.accepted == (cut.framing == CLOSE)


def test_only_who_requires_what_the_dialect_sends_last_never_lies(recording: Recording) -> None:
    for answer in answers(recording).values():
        for cut_by in CutBy:
            for strategy in (Strategy.TERMINATOR, Strategy.FINISH_REASON):
                assert not counted(answer, strategy, cut_by)[Outcome.LIE]
        assert counted(answer, Strategy.END_OF_FILE, CutBy.FIN)[Outcome.LIE]


def test_usage_that_comes_with_every_chunk_says_nothing_about_the_end(recording: Recording) -> None:
    assert counted(answer_of(recording, Way.GEMINI), Strategy.USAGE, CutBy.FIN)[Outcome.LIE]
    assert not counted(answer_of(recording, Way.NDJSON), Strategy.USAGE, CutBy.FIN)[Outcome.LIE]


def test_the_same_seed_cuts_at_the_same_places(lab: Lab) -> None:
    def targets(seed: int) -> list[str]:
        run = CutAnywhere(way="NDJSON", cuts=2, tokens=6, seed=seed).run(lab)
        return [mark.name for mark in run.marks if mark.name.startswith("client: ")]

    first = targets(3)
    assert sorted(first) == sorted(targets(3))
    assert sorted(first) != sorted(targets(4))


def test_a_response_until_the_close_has_the_same_content_and_no_length(recording: Recording) -> None:
    chunked, close = answer_of(recording, Way.CHAT, CHUNKED), answer_of(recording, Way.CHAT, CLOSE)
    assert close.wire == delimited_by_close(chunked)
    assert (chunked.framing, close.framing) == (Framing.CHUNKED, Framing.CLOSE)
    assert chunked.content == close.content
    assert (chunked.framing_end, close.framing_end) == (len(chunked.wire), None)


def test_a_hop_may_have_nothing_but_a_last_chunk_to_send(recording: Recording) -> None:
    answer = answer_of(recording)
    assert ended_well(answer, answer.head_end) == answer.wire[: answer.head_end] + b"0\r\n\r\n"


@pytest.mark.parametrize("target", ["/", "/pigeon?framing=chunked", "/NDJSON", "/NDJSON?framing=chunked&cut=x", "//["])
def test_a_request_that_no_run_makes_is_not_found(lab: Lab, target: str) -> None:
    CutAnywhere(way="NDJSON", cuts=1, tokens=4).run(lab)
    address = urlsplit(lab.url(SERVER_NAME))
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 404 ")


def test_a_way_that_the_run_has_not_is_a_sentence(lab: Lab) -> None:
    run = CutAnywhere(way="NDJSON", cuts=1, tokens=4).run(lab)
    with pytest.raises(BadParameter, match="choose from NDJSON"):
        answer_of(run, Way.CHAT)
    with pytest.raises(BadParameter, match="run the scenario CutAnywhere"):
        answers(Recording("CutAnywhere", ()))

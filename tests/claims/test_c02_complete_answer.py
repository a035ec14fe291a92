"""C02: one request, one complete answer, over when the body is; what each framing tells when it was cut short."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab_servers.capture.capture import Side
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import Connections, CutShort, OneExchange
from lab_servers.views.heads import heads
from lab_servers.views.looks.http_connections import ANEW, KEPT, connections
from lab_servers.views.looks.http_cut_short import (
    FORMAT,
    FRAMINGS,
    WIRE,
    capture_of,
    clients,
    content_of,
    matrix,
    who_notices,
)
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_bytes
from tests.tools import require_tool

DOCUMENT = '{"name": "张三", "age": 25}'.encode()


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["http"]) as running:
        yield running


@pytest.fixture(scope="module")
def cut(lab: Lab) -> Recording:
    require_tool("curl")
    return CutShort(missing_bytes=2).run(lab)


@pytest.mark.parametrize("framing", FRAMINGS)
def test_one_request_gets_one_complete_answer_in_each_framing(lab: Lab, framing: str) -> None:
    (capture,) = OneExchange(framing=framing).run(lab).captures
    (request,), (answer,) = heads(capture, Side.CLIENT), heads(capture, Side.SERVER)
    assert request.target.startswith("/api/user/info")
    assert (answer.framing.value, answer.is_complete) == (framing, True)
    assert json.loads(content_of(capture)) == {"name": "张三", "age": 25}
    assert answer.end == len(capture.bytes_from(Side.SERVER)), "the exchange ends with the body"


def test_the_connection_may_live_on_after_the_exchange(lab: Lab) -> None:
    found = connections(Connections(requests=3, delay_s=0, pause_s=0.01).run(lab))
    assert [len(one.exchanges_s) for one in found if one.way == KEPT] == [3]
    assert [len(one.exchanges_s) for one in found if one.way == ANEW] == [1, 1, 1]
    for (_, ended_s), (begun_s, _) in zip(found[0].exchanges_s, found[0].exchanges_s[1:], strict=False):
        assert found[0].opened_s < ended_s < begun_s < found[0].closed_s


def test_each_framing_is_cut_after_the_same_byte_of_the_same_body(cut: Recording) -> None:
    for framing in FRAMINGS:
        capture = capture_of(cut, framing)
        assert heads(capture, Side.SERVER)[0].framing.value == framing
        assert heads(capture, Side.SERVER)[0].status == 200
        assert content_of(capture) == DOCUMENT[:-2]


def test_the_bytes_tell_that_it_was_cut_under_a_length_and_under_chunks_and_not_without_a_framing(
    cut: Recording,
) -> None:
    on_the_wire = matrix(cut)[WIRE]
    assert {framing: on_the_wire[framing].notices for framing in FRAMINGS} == {
        "content-length": True, "chunked": True, "close": False,
    }  # fmt: skip


def test_where_the_close_is_the_end_no_client_notices(cut: Recording) -> None:
    assert who_notices(cut)["close"] == ()
    assert len(clients(cut)) == 6
    for framing in ("content-length", "chunked"):
        careful = {"get() of this lab", "aiohttp", "http.client, one read()", "curl"}
        assert careful <= set(who_notices(cut)[framing])


def test_a_client_that_does_not_count_believes_every_framing(cut: Recording) -> None:
    naive = clients(cut)["reads until the end"]
    assert not any(naive[framing].notices for framing in FRAMINGS)


def test_curl_tells_by_its_exit_status(cut: Recording) -> None:
    by_curl = clients(cut)["curl"]
    assert "exit status 18" in by_curl["content-length"].words
    assert "exit status 18" in by_curl["chunked"].words


def test_only_the_format_of_the_body_can_tell_then_and_not_every_format_does(lab: Lab, cut: Recording) -> None:
    assert matrix(cut)[FORMAT]["close"].notices
    as_csv = matrix(CutShort(body="CSV", missing_bytes=2).run(lab))[FORMAT]["close"]
    assert not as_csv.notices
    assert as_csv.words == "a line: 张三,2"


def test_nothing_is_noticed_where_nothing_is_missing(lab: Lab) -> None:
    whole = CutShort(missing_bytes=0).run(lab)
    assert set(who_notices(whole).values()) == {()}
    assert not any(cell.notices for row in matrix(whole).values() for cell in row.values())


def test_a_reset_is_no_ordinary_end_so_that_it_shows_in_every_framing(lab: Lab) -> None:
    reset = CutShort(cut_by="RST").run(lab)
    assert all(cell.notices for cell in matrix(reset)[WIRE].values())
    assert {"http.client, one read()", "reads until the end"} <= set(who_notices(reset)["close"])


# --- its trial: the same judge that `claims` asks ------------------------------------------------------


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C02")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C02", recordings)


def test_another_framing_than_claimed_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    length, chunked, close, kept, cut = recordings
    assert "Framed by" in contradicted(assert_fails("C02", chunked, length, close, kept, cut))


def test_another_document_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    length, *rest = recordings
    assert_fails("C02", with_bytes(length, Side.SERVER, b'"age": 25', b'"age": 52'), *rest)


def test_an_answer_that_was_not_cut_contradicts_the_correction(lab: Lab, recordings: tuple[Recording, ...]) -> None:
    whole = CutShort(missing_bytes=0).run(lab)
    assert "the bytes do not show it" in contradicted(assert_fails("C02", *recordings[:-1], whole))


def test_a_connection_for_each_exchange_alone_contradicts_the_correction(recordings: tuple[Recording, ...]) -> None:
    length, chunked, close, kept, cut = recordings
    anew = replace(kept, captures=kept.captures[1:])
    assert "kept" in contradicted(assert_fails("C02", length, chunked, close, anew, cut))

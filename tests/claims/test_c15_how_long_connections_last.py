"""C15: short for HTTP, as long as the answer for SSE, as long as the session for WebSocket; and keep-alive."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab_servers.measure.evidence import COLUMNS, HTTP, SSE, WEBSOCKET, Part, relay_name, required
from lab_servers.measure.evidence_probes import open_ms
from lab_servers.recording import Recording
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_servers


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C15")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C15", recordings)


def test_each_connection_of_one_lasts_longer_than_each_of_the_one_before(recordings: tuple[Recording, ...]) -> None:
    longest = {column: max(map(open_ms, required(recordings[0], column, Part.VISIT))) for column in COLUMNS}
    shortest = {column: min(map(open_ms, required(recordings[0], column, Part.VISIT))) for column in COLUMNS}
    assert longest[HTTP] < shortest[SSE] <= longest[SSE] < shortest[WEBSOCKET]


def test_correction_a_kept_connection_of_plain_http_lasts_longer_than_an_event_stream(
    recordings: tuple[Recording, ...],
) -> None:
    (kept,) = required(recordings[0], HTTP, Part.VISIT_KEPT)
    assert open_ms(kept) > max(map(open_ms, required(recordings[0], SSE, Part.VISIT)))


def test_a_websocket_that_lasts_as_short_as_a_request_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    names = {relay_name(HTTP): relay_name(WEBSOCKET), relay_name(WEBSOCKET): relay_name(HTTP)}
    swapped = with_servers(recordings[0], names)
    # What was kept stays with plain HTTP, so that only the claim is contradicted.
    kept = required(recordings[0], HTTP, Part.VISIT_KEPT)[0].capture
    swapped = replace(swapped, captures=(*swapped.captures, kept))
    assert "WebSocket, SSE, HTTP" in contradicted(assert_fails("C15", swapped))


def test_a_kept_connection_that_was_closed_after_its_first_answer_contradicts_the_correction(
    recordings: tuple[Recording, ...],
) -> None:
    (run,) = recordings
    kept = required(run, HTTP, Part.VISIT_KEPT)[0].capture
    first = kept.bytes_from(kept.chunks[0].sender).find(b"GET", 1)
    asked_again = next(one for one in kept.chunks if one.sender is kept.chunks[0].sender and one.offset >= first)
    until_then = tuple(one for one in kept.chunks if one.at_ns < asked_again.at_ns)
    end_ns = until_then[-1].at_ns
    ended = tuple(replace(one, at_ns=min(one.at_ns, end_ns)) for one in kept.transitions)
    closed = replace(kept, chunks=until_then, transitions=ended)
    captures = tuple(closed if one is kept else one for one in run.captures)
    assert "With keep-alive" in contradicted(assert_fails("C15", replace(run, captures=captures)))

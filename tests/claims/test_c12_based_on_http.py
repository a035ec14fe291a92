"""C12: plain HTTP and SSE are based on HTTP, of WebSocket only the handshake; over HTTP/2 even that is another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab_servers.capture.capture import Side
from lab_servers.dissection import dissect
from lab_servers.recording import Recording
from lab_servers.views.looks.handshake_share import ALL, HANDSHAKE_ONLY, based_on_http, connections
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_bytes, with_servers
from tests.repository.project import ROOT


@pytest.fixture(scope="module")
def share(recordings: tuple[Recording, ...]) -> Recording:
    return recordings[0]


def test_it_is_computed_from_where_the_http_dissector_stops(share: Recording) -> None:
    found = {kind: based_on_http(one.capture) for kind, one in connections(share).items()}
    assert found == {"HTTP": ALL, "SSE": ALL, "WebSocket": HANDSHAKE_ONLY}


def test_of_http_and_sse_every_byte_lies_in_a_record_of_http(share: Recording) -> None:
    for kind in ("HTTP", "SSE"):
        capture = connections(share)[kind].capture
        for side in Side:
            records = dissect(capture).records(side, "http")
            assert sum(stop - start for one in records for start, stop in one.pieces) == len(capture.bytes_from(side))


def test_of_a_websocket_only_the_two_heads_do(share: Recording) -> None:
    found = connections(share)["WebSocket"]
    for side in Side:
        (head,) = found.records(side, "http")
        assert 0 < head.pieces[-1][1] < len(found.capture.bytes_from(side))


def test_correction_a_wish_for_an_upgrade_belongs_to_http_1_1(share: Recording) -> None:
    # What RFC 8441 leaves out of the handshake over HTTP/2 is all here: a method GET, Upgrade, Connection and a key.
    request = connections(share)["WebSocket"].conversation.messages("client")[0]
    assert (request.method, request.version) == ("GET", "HTTP/1.1")
    assert all(request.values(name) for name in ("Upgrade", "Connection", "Sec-WebSocket-Key"))


def test_correction_the_notebook_tells_the_other_handshake_with_its_section() -> None:
    text = (ROOT / "notebooks" / "05_websocket_handshake.ipynb").read_text(encoding="utf-8")
    assert "https://www.rfc-editor.org/rfc/rfc8441#section-5" in text


# --- its trial: the same judge that `claims` asks ------------------------------------------------------


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C12")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C12", recordings)


def test_a_websocket_in_the_place_of_an_event_stream_contradicts_it(share: Recording) -> None:
    swapped = with_servers(share, {"sse": "websocket", "websocket": "sse"})
    told = contradicted(assert_fails("C12", swapped))
    assert "SSE: only the handshake" in told
    assert "WebSocket: yes" in told


def test_an_upgrade_asked_for_in_http_1_0_contradicts_the_correction(share: Recording) -> None:
    assert_fails("C12", with_bytes(share, Side.CLIENT, b"GET /ws/chat HTTP/1.1", b"GET /ws/chat HTTP/1.0"))


@pytest.mark.parametrize("server", ["http", "sse"])
def test_a_server_that_sent_nothing_is_not_based_on_http(share: Recording, server: str) -> None:
    silent = tuple(
        replace(one, chunks=tuple(one.chunks_from(Side.CLIENT))) if one.server == server else one
        for one in share.captures
    )
    assert "0 of 0 from the server" in contradicted(assert_fails("C12", replace(share, captures=silent)))


def test_plain_http_in_the_place_of_an_event_stream_contradicts_it(share: Recording) -> None:
    (plain,) = share.of("http")
    kept = tuple(one for one in share.captures if one.server != "sse")
    assert "SSE: yes" in contradicted(
        assert_fails("C12", replace(share, captures=(*kept, replace(plain, server="sse"))))
    )

"""A band is all that a side sent: one part of HTTP, then one for each frame, and words that fit behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.dissection import dissect
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import EarlyFrame, Handshake, RefusedUpgrades
from lab_servers.views.bands import HTTP, WEBSOCKET, Band, band_of, draw_bands
from lab_servers.views.looks.handshake import http_ends, upgraded
from tests.views.recorded import REQUEST, capture, exchange


@pytest.fixture(scope="module")
def opened() -> Iterator[Recording]:
    with Lab(["websocket"]) as lab:
        yield Handshake().run(lab)


def test_a_band_tiles_what_a_side_sent() -> None:
    with Lab(["websocket"]) as lab:
        recordings = [RefusedUpgrades().run(lab), EarlyFrame(early=2).run(lab)]
    for one in (one for recording in recordings for one in recording.captures):
        for side in Side:
            band = band_of(dissect(one), side, "")
            assert [part.start for part in band.parts] == [0, *(part.stop for part in band.parts[:-1])]
            assert band.end == band.reads[-1] == len(one.bytes_from(side))


def test_after_the_upgrade_a_band_has_one_part_for_each_frame(opened: Recording) -> None:
    connection = upgraded(opened)
    for side in Side:
        band = band_of(dissect(connection), side, "")
        assert [part.kind for part in band.parts] == [HTTP, WEBSOCKET, WEBSOCKET]
        assert band.http_bytes == http_ends(connection)[side.value]


def test_without_an_upgrade_all_of_a_band_is_http() -> None:
    band = band_of(dissect(exchange()), Side.CLIENT, "client")
    assert [part.kind for part in band.parts] == [HTTP]
    assert band.http_bytes == band.end == len(REQUEST)


def test_a_side_that_sent_nothing_has_an_empty_band_and_is_drawn() -> None:
    band = band_of(dissect(capture((1, Side.CLIENT, REQUEST))), Side.SERVER, "server")
    assert (band.parts, band.end, band.http_bytes) == ((), 0, 0)
    assert drawn_words(band) == {"server", "nothing", "HTTP", "WebSocket, frame by frame"}


def test_behind_a_band_stands_where_http_ends_and_what_else_is_to_say(opened: Recording) -> None:
    connection = upgraded(opened)
    band = band_of(dissect(connection), Side.SERVER, "server", "$opens$")
    assert f"$opens$; HTTP ends at byte {http_ends(connection)['server']}" in drawn_words(band)


def drawn_words(*bands: Band) -> set[str]:
    figure = draw_bands(bands)
    (axes,) = figure.axes
    labels = [*axes.get_yticklabels(), *axes.texts, *(text for one in figure.legends for text in one.get_texts())]
    return {label.get_text() for label in labels if label.get_text()}

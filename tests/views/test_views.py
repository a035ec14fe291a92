"""Views say what the recording holds, in a picture, in words and in a table, and escape what was captured."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from lab_servers.capture.capture import Side, Transition, TransitionKind
from lab_servers.errors import BadParameter, SaveFailed
from lab_servers.recording import Recording
from lab_servers.views import Table, arrival_picture, arrival_table, byte_table, head_table, sequence_picture
from lab_servers.views.arrivals import lanes
from lab_servers.views.heads import heads
from lab_servers.views.sequence import sequence_table
from tests.views.recorded import BODY, HEAD, MS, REQUEST, answer_over, capture, exchange, two_ways

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>"


# --- arrivals -------------------------------------------------------------------------------


def test_lanes_are_seconds_since_each_question() -> None:
    whole, stream = lanes(two_ways(), ["whole", "stream"])
    assert (whole.pieces, whole.shown_s) == (("你好",), (0.21,))
    assert (stream.pieces, stream.produced_s, stream.shown_s) == (("你", "好"), (0.1, 0.2), (0.101, 0.201))


def test_the_arrival_picture_says_in_words_what_it_shows() -> None:
    picture = arrival_picture(two_ways(), ["whole", "stream"])
    assert picture.text == (
        "Until the first text was shown: whole 0.21 s, stream 0.10 s. "
        "Until all of it was shown: whole 0.21 s, stream 0.20 s."
    )


def test_the_arrival_table_has_every_time_of_the_picture() -> None:
    assert arrival_table(two_ways(), ["whole", "stream"]).rows == (
        ("whole", "0.210", "0.210", "你好 at 0.210"),
        ("stream", "0.101", "0.201", "你 at 0.101, 好 at 0.201"),
    )


def test_a_recording_without_such_an_answer_is_named() -> None:
    with pytest.raises(BadParameter, match="no answer over 'SSE'"):
        arrival_picture(two_ways(), ["SSE"])


# --- bytes and heads ------------------------------------------------------------------------


def test_the_byte_table_holds_every_byte_once_and_the_time_of_each_read() -> None:
    table = byte_table(exchange(), Side.SERVER)
    shown = b"".join(bytes.fromhex(row[1]) for row in table.rows)
    assert shown == HEAD + BODY
    assert [row[3] for row in table.rows if row[3]] == ["51.00 ms", "61.00 ms"]
    assert next(int(row[0]) for row in table.rows if row[3] == "61.00 ms") == len(HEAD) + 11


@pytest.mark.parametrize(("start", "limit"), [(0, 1), (5, 7), (10, 1_000), (50, 3)])
def test_a_part_of_the_bytes_can_be_shown(start: int, limit: int) -> None:
    table = byte_table(exchange(), Side.SERVER, start=start, limit_bytes=limit)
    assert b"".join(bytes.fromhex(row[1]) for row in table.rows) == (HEAD + BODY)[start : start + limit]


@pytest.mark.parametrize(("options", "name"), [({"start": -1}, "start"), ({"limit_bytes": 0}, "limit_bytes")])
def test_bad_bounds_are_named(options: dict, name: str) -> None:
    with pytest.raises(BadParameter, match=f"{name} must be a whole number from"):
        byte_table(exchange(), Side.SERVER, **options)


def test_the_head_table_takes_the_start_line_apart_and_lists_the_field_lines() -> None:
    assert head_table(exchange(), Side.CLIENT).rows == (
        ("method", "GET"),
        ("request target", "/api/user/info"),
        ("version", "HTTP/1.1"),
        ("Host", "127.0.0.1"),
    )
    assert head_table(exchange(), Side.SERVER).rows[1] == ("status code", "200")


def test_a_head_that_is_not_there_is_said_in_words() -> None:
    assert str(head_table(capture(), Side.SERVER)).startswith("There is no response number 0 on this connection")


# --- every view -----------------------------------------------------------------------------


def test_a_bound_that_was_reached_is_said_by_every_view_of_the_recording() -> None:
    cut = exchange(unrecorded=99)
    recording = Recording("cut", (cut,), two_ways().marks)
    shown = [
        arrival_picture(recording, ["whole"])._repr_html_(),
        str(arrival_picture(recording, ["whole"])),
        arrival_table(recording, ["whole"])._repr_html_(),
        byte_table(cut, Side.SERVER)._repr_html_(),
        head_table(cut, Side.SERVER)._repr_html_(),
        sequence_picture(cut)._repr_html_(),
        str(sequence_table(cut)),
        recording._repr_html_(),
        str(recording),
    ]
    for one in shown:
        assert "99" in one
        assert "passed unrecorded" in one


def test_captured_markup_is_text_in_every_view() -> None:
    request = f"GET /{MARKUP.replace(' ', '/')} HTTP/1.1\r\n{MARKUP}: {MARKUP}\r\n\r\n".encode()
    hostile = capture((1, Side.CLIENT, request))
    for view in (
        byte_table(hostile, Side.CLIENT),
        head_table(hostile, Side.CLIENT),
        sequence_picture(hostile),
        sequence_table(hostile),
        Table(MARKUP, (MARKUP,), ((MARKUP,),), notices=(MARKUP,)),
        Recording(MARKUP, (hostile,), parameters={MARKUP: MARKUP}),
    ):
        html = view._repr_html_()
        assert "<script" not in html
        assert "<img" not in html


def test_the_svg_is_well_formed_loads_nothing_and_follows_the_theme() -> None:
    svg = sequence_picture(exchange()).svg()
    root = ET.fromstring(svg)
    assert root.attrib["role"] == "img"
    assert sequence_picture(exchange()).text in root.attrib["aria-label"]
    assert "var(--jp-content-font-color1, #1a1a1a)" in svg
    assert not re.findall(r'(?:href|src)="(?!#)', svg)
    assert {url for url in re.findall(r"https?://[^\"' ]+", svg) if "w3.org" not in url} == set()


@pytest.mark.parametrize("name", ["picture.png", "picture.svg"])
def test_a_picture_can_be_saved(tmp_path: Path, name: str) -> None:
    saved = arrival_picture(two_ways(), ["whole", "stream"]).save(tmp_path / name)
    assert saved.stat().st_size > 1_000


def test_a_picture_that_cannot_be_saved_says_so(tmp_path: Path) -> None:
    picture = sequence_picture(exchange())
    with pytest.raises(SaveFailed, match="choose another place"):
        picture.save(tmp_path / "nowhere" / "picture.png")
    with pytest.raises(SaveFailed, match=r"and \.png or \.svg"):
        picture.save(tmp_path / "picture.xyz")


def test_a_body_until_the_close_is_not_complete_after_a_reset() -> None:
    cut = capture((1, Side.CLIENT, REQUEST), (2, Side.SERVER, b"HTTP/1.1 200 OK\r\n\r\nhalf"), closed=False)
    reset = (*cut.transitions, Transition(3 * MS, TransitionKind.RESET, Side.SERVER))
    (response,) = heads(replace(cut, transitions=reset), Side.SERVER)
    assert not response.is_complete


def test_dollar_signs_in_an_answer_are_no_formulas() -> None:
    marks = answer_over("$a$", [1, 2], [3, 4], "$$")
    assert "$a$" in arrival_picture(Recording("money", (), tuple(marks)), ["$a$"]).svg()

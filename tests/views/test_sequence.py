"""The sequence picture: which steps a capture has and what they say, drawn to scale, and the same in a table."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from lab_servers.capture.capture import Capture, Side, Transition, TransitionKind
from lab_servers.errors import BadParameter
from lab_servers.views import sequence_picture
from lab_servers.views.sequence import MAX_STEPS, WIDTH_PT, sequence_table, steps
from tests.views.recorded import BODY, HEAD, MS, REQUEST, capture, exchange
from tests.views.spoken import (
    CHUNKED,
    CLIENT,
    CLOSED,
    EVENT_STREAM,
    LAST_CHUNK,
    RST,
    SERVER,
    SWITCHING,
    UPGRADE,
    Read,
    by_client,
    chat,
    chunk,
    closed_at,
    connection,
    event_stream,
)
from tests.wire.websocket_frames import TEXT, frame

CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def labels(one: Capture, **options: str | int) -> list[str]:
    return [step.label for step in steps(one, **options)]  # type: ignore[arg-type]


def sent(one: Capture, side: Side) -> int:
    return len(one.bytes_from(side))


# --- which steps there are ------------------------------------------------------------------


def test_the_steps_of_an_exchange_are_its_heads_reads_and_ends_in_order_of_time() -> None:
    assert [(round(step.at_s * 1e3), step.by, step.label) for step in steps(exchange())] == [
        (0, CLIENT, "opens the connection"),
        (1, CLIENT, f"request head: GET /api/user/info HTTP/1.1 ({len(REQUEST)} bytes)"),
        (51, SERVER, f"response head: HTTP/1.1 200 OK ({len(HEAD)} bytes)"),
        (51, SERVER, "body, 11 of 15 bytes"),
        (61, SERVER, "body, 15 of 15 bytes, complete"),
        (62, SERVER, "FIN: has no more to send"),
        (63, CLIENT, "FIN: has no more to send"),
    ]


def test_a_body_that_came_in_one_read_is_shown() -> None:
    one = connection((1, CLIENT, REQUEST), (2, SERVER, HEAD + BODY), ends=closed_at(3))
    assert labels(one)[3] == 'body: {"name": "张"} (15 bytes)'


def test_a_body_up_to_the_close_has_no_total_until_then() -> None:
    reads: list[Read] = [(1, CLIENT, REQUEST), (2, SERVER, b"HTTP/1.1 200 OK\r\n\r\nha"), (3, SERVER, b"lf")]
    assert labels(connection(*reads, ends=closed_at(4)))[3:5] == [
        "body, 2 bytes so far",
        "body, 4 bytes, up to the close, complete",
    ]


def test_chunks_are_steps_and_the_last_chunk_is_one_with_its_trailer_section() -> None:
    trailers = b"0\r\nDigest: abc\r\n\r\n"
    one = connection(
        (1, CLIENT, REQUEST), (2, SERVER, CHUNKED + chunk(b"hello")), (3, SERVER, LAST_CHUNK),
        (4, CLIENT, REQUEST), (5, SERVER, CHUNKED + trailers), ends=closed_at(6),
    )  # fmt: skip
    found = labels(one)
    assert found[3:5] == ["chunk: hello (10 bytes)", "last chunk: the end of the body (5 bytes)"]
    assert found[7] == f"last chunk: with trailer fields Digest ({len(trailers)} bytes)"


def test_an_event_is_a_step_and_says_in_which_chunks_it_came() -> None:
    one = connection(
        (1, CLIENT, REQUEST), (2, SERVER, EVENT_STREAM + chunk(b"data: 1\n\n")), (3, SERVER, chunk(b"data: 2\n")),
        (4, SERVER, chunk(b"\n")), (5, SERVER, chunk(b"data: 3\n\n: ping\n\n")), (6, SERVER, LAST_CHUNK),
    )  # fmt: skip
    assert labels(one)[3:] == [
        "event: message: 1 (9 bytes in 1 chunk)",
        "event: message: 2 (9 bytes in 2 chunks, 2 reads)",
        "event: message: 3 (9 bytes in part of 1 chunk)",
        "comment: : ping (8 bytes in part of 1 chunk)",
        "last chunk: the end of the body (5 bytes)",
    ]
    assert [round(step.at_s * 1e3) for step in steps(one)[3:]] == [2, 4, 5, 5, 6]


def test_the_chunks_of_an_event_stream_are_shown_on_request() -> None:
    found = labels(event_stream(3), layer="http")
    assert sum(label.startswith("chunk: ") for label in found) == 3
    assert not [label for label in found if label.startswith("event")]


def test_the_bare_reads_are_shown_on_request_and_no_rule_of_http_is_applied_to_them() -> None:
    one = connection((1, CLIENT, b"hello\n"), (2, SERVER, b"\xe4"), (3, SERVER, b"!"), ends=closed_at(9))
    found = steps(one, layer="tcp")
    told = [step.label for step in found][1:4]
    assert told == [r"read: hello\n (6 bytes)", r"read: \xe4 (1 byte)", "read: ! (1 byte)"]
    assert not [note for step in found for note in step.notes]
    assert "forbidden" not in str(sequence_picture(one, layer="tcp"))
    assert not [step for step in steps(chat(2), layer="tcp") if step.ends_http]


def test_an_event_stream_without_chunks_names_none() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    one = connection((1, CLIENT, REQUEST), (2, SERVER, head + b"data: 1\n\n"), ends=closed_at(3))
    assert labels(one)[3] == "event: message: 1 (9 bytes)"


def test_the_end_of_http_is_a_step_and_says_what_came_with_the_101() -> None:
    one = connection((1, CLIENT, UPGRADE), (2, SERVER, SWITCHING + frame(TEXT, b"hi")), ends=closed_at(9))
    ending = next(step for step in steps(one) if step.ends_http)
    assert ending.lines[0].text == f"HTTP ends here: client byte {len(UPGRADE)}, server byte {len(SWITCHING)}"
    assert ending.lines[1].text == "came with the 101: 4 bytes in the same read"
    assert labels(one)[2:5] == [
        f"response head: HTTP/1.1 101 Switching Protocols ({len(SWITCHING)} bytes)",
        ending.label,
        'text frame: "hi", 2 bytes (4 bytes on the wire)',
    ]
    assert ending.label in sequence_picture(one).text


def test_nothing_came_with_a_101_that_was_read_alone() -> None:
    assert "same read" not in sequence_picture(chat()).text


def test_what_is_not_http_is_not_called_http() -> None:
    one = connection((1, CLIENT, b"\x81\x82\n\x00\x00\x00hi"), ends=closed_at(2))
    assert labels(one)[1] == "bytes that are not HTTP, 8 bytes ⚠ forbidden"


def test_what_the_relay_did_is_a_step_of_its_own() -> None:
    refused = Transition(5 * MS, TransitionKind.REFUSED, None)
    opened = capture(closed=False)
    one = replace(opened, transitions=(*opened.transitions, refused))
    assert [(step.by, step.label) for step in steps(one)][1:] == [(None, "the relay cannot reach the server")]
    assert "✕ the relay cannot reach the server" in sequence_picture(one).svg()
    assert sequence_table(one).rows[1][1] == "relay"


# --- what is not complete, and what is wrong ------------------------------------------------


def test_after_a_reset_what_was_cut_off_is_incomplete_and_on_an_open_connection_not_complete_yet() -> None:
    reads: list[Read] = [(1, CLIENT, REQUEST), (2, SERVER, HEAD + BODY[:11])]
    broken = connection(*reads, ends=((3, RST, SERVER), (4, CLOSED, None)))
    assert labels(broken)[3:] == ["body, 11 of 15 bytes, incomplete ⚠ forbidden", "RST: gives the connection up"]
    assert labels(connection(*reads))[3] == "body, 11 of 15 bytes, not complete yet"
    for one in (broken, connection(*reads)):
        assert "The last HTTP message of the server is not complete." in sequence_picture(one).text


@pytest.mark.parametrize(
    ("tail", "label"),
    [
        (b"5\r\nhel", "chunk: hel (6 bytes, not complete yet)"),
        (b"0\r\n", "last chunk: the end of the body (3 bytes, not complete yet)"),
        (b"0\r\nA: b\r\n", "last chunk: with trailer fields A (9 bytes, not complete yet)"),
    ],
)
def test_a_chunked_body_that_still_grows_says_so(tail: bytes, label: str) -> None:
    assert labels(connection((1, CLIENT, REQUEST), (2, SERVER, CHUNKED + tail)))[-1] == label


def test_a_side_that_sent_its_fin_has_no_more_to_come() -> None:
    fin = ((3, TransitionKind.HALF_CLOSED, SERVER),)
    one = connection((1, CLIENT, REQUEST), (2, SERVER, CHUNKED + b"5\r\nhel"), ends=fin)
    assert labels(one)[3] == "chunk: hel (6 bytes, incomplete) ⚠ forbidden"


def test_where_the_bound_on_recording_was_reached_nothing_is_called_incomplete() -> None:
    reads: list[Read] = [(1, CLIENT, REQUEST), (2, SERVER, HEAD + BODY[:11])]
    one = connection(*reads, ends=closed_at(3), unrecorded=4)
    assert labels(one)[3] == "body, 11 of 15 bytes, not complete yet"
    assert "passed unrecorded" in sequence_picture(one).notices[0]


def test_the_worst_note_is_a_sign_and_a_word_and_the_table_has_all_of_it() -> None:
    one = connection((1, CLIENT, UPGRADE), (2, SERVER, SWITCHING), (3, CLIENT, frame(TEXT, b"hi")))
    assert labels(one)[-1] == 'text frame: "hi", 2 bytes (4 bytes on the wire) ⚠ forbidden'
    assert sequence_table(one).rows[-1][3].startswith("forbidden: ")
    assert "RFC 6455 §5.1" in sequence_table(one).rows[-1][3]
    assert "Steps that break a rule (⚠ forbidden): 1." in sequence_picture(one).text


# --- too many to draw one by one ------------------------------------------------------------


@pytest.mark.parametrize("layer", ["sse", "http", "tcp"])
@pytest.mark.parametrize("one", [event_stream(300), chat(200)], ids=["events", "chat"])
def test_gathered_steps_lose_no_byte_and_no_step(one: Capture, layer: str) -> None:
    found = steps(one, layer=layer)
    assert len(found) <= MAX_STEPS
    assert max(step.count for step in found) > 1
    alone = steps(one, layer=layer, max_steps=500)
    many = sum(step.count for step in found)
    assert many == sum(step.count for step in alone)
    assert sum(step.size_bytes for step in found) == sum(step.size_bytes for step in alone)
    picture = sequence_picture(one, layer=layer)
    assert picture.text.startswith(f"{many:,} steps in ")
    hidden = re.search(r"Of the server's, ([\d,]+) bytes are the framing around the events", picture.text)
    framing = int(hidden[1].replace(",", "")) if hidden else 0
    assert sum(step.size_bytes for step in found) + framing == sent(one, CLIENT) + sent(one, SERVER)
    assert bool(framing) == (layer == "sse" and "event" in labels(one)[-4])


def test_like_steps_are_gathered_and_rare_ones_stand_alone() -> None:
    found = labels(event_stream(300, every_ms=10, pause_ms=10))
    size = 300 * len('data: {"token": }\n\n') + 10 * 1 + 90 * 2 + 200 * 3
    assert found[3:5] == [f"300 events, {size:,} bytes, over 2.99 s", "last chunk: the end of the body (5 bytes)"]
    both_ways = labels(chat(200, every_ms=10))
    assert [label for label in both_ways if label.startswith(("ping", "pong"))] == [
        "ping frame: 0 bytes (2 bytes on the wire)",
        "pong frame: 0 bytes (6 bytes on the wire)",
    ]
    assert sum(label.startswith("close frame") for label in both_ways) == 2


def test_gathered_steps_of_both_sides_have_a_line_for_each() -> None:
    gathered = next(step for step in steps(chat(200, every_ms=10)) if step.count > 1)
    assert gathered.by is None
    assert [line.by for line in gathered.lines] == [CLIENT, SERVER]
    assert re.fullmatch(
        r"[\d,]+ text frames, [\d,]+ bytes; [\d,]+ text frames, [\d,]+ bytes, over [\d.]+ s", gathered.label
    )


def test_a_long_pause_parts_what_is_gathered() -> None:
    counts = [step.count for step in steps(event_stream(300, every_ms=10, pause_ms=5000)) if step.count > 1]
    assert counts == [150, 150]


def test_what_is_gathered_lasted_from_its_first_to_its_last() -> None:
    one = event_stream(300, every_ms=10, pause_ms=10)
    gathered = next(step for step in steps(one) if step.count > 1)
    assert gathered.times_s[0] == gathered.at_s
    assert gathered.times_s[-1] == gathered.until_s
    assert gathered.until_s - gathered.at_s == pytest.approx(2.99)


def test_many_kinds_in_turn_are_still_few_steps() -> None:
    pair: list[Read] = []
    for number in range(200):
        pair += [(1 + number * 2, CLIENT, REQUEST), (2 + number * 2, SERVER, HEAD + BODY)]
    found = steps(connection(*pair))
    assert len(found) <= MAX_STEPS
    assert "200 request heads" in found[1].label
    assert "200 response heads, 200 reads of a body" in found[1].label


def test_the_picture_says_what_was_gathered() -> None:
    (notice,) = sequence_picture(event_stream(300, every_ms=10, pause_ms=10)).notices
    assert notice.startswith("Of 306 steps, 300 are gathered in 1 bracket, which say how many")


@pytest.mark.parametrize(
    ("options", "name"),
    [({"max_steps": 5}, "max_steps"), ({"max_steps": 501}, "max_steps"), ({"layer": "tls"}, "layer")],
)
def test_bad_arguments_are_named(options: dict, name: str) -> None:
    with pytest.raises(BadParameter, match=name):
        sequence_picture(exchange(), **options)


# --- the drawing ----------------------------------------------------------------------------


def boxes(figure: Figure, *kinds: str) -> list[Bbox]:
    """Where the renderer puts the texts of these kinds, in points, from the top down."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font")
        renderer = FigureCanvasAgg(figure).get_renderer()
        found = [text.get_window_extent(renderer) for text in figure.axes[0].texts if text.get_gid() in kinds]
    scale = 72 / figure.dpi
    return sorted((Bbox(box.get_points() * scale) for box in found), key=lambda box: -box.y1)


def leaders(figure: Figure) -> list[tuple[float, float]]:
    """For each step: its place on the scale, and its row, in points."""
    lines = [line for line in figure.axes[0].lines if line.get_gid() == "leader"]
    return [(float(line.get_ydata()[0]), float(line.get_ydata()[1])) for line in lines]  # type: ignore[index, arg-type]


at_ms = st.lists(
    st.one_of(st.floats(0, 1e5), st.integers(0, 30).map(float), st.sampled_from([0.0, 50.0, 50.1])),
    min_size=1,
    max_size=30,
)


@given(at_ms)
@settings(max_examples=25, deadline=None)
def test_no_two_labels_overlap_whatever_the_times(times: list[float]) -> None:
    reads: list[Read] = [(at, SERVER, b"data\n") for at in sorted(times)]
    picture = sequence_picture(connection((0, CLIENT, REQUEST), (0, SERVER, b"HTTP/1.1 200 OK\r\n\r\n"), *reads))
    for kinds in (("label",), ("tick",), ("fold",)):
        for upper, lower in pairwise(boxes(picture.figure, *kinds)):
            assert lower.y1 < upper.y0
    height_pt = picture.figure.get_figheight() * 72
    for box in boxes(picture.figure, "label", "tick", "fold"):
        assert 0 <= box.x0 < box.x1 <= WIDTH_PT
        assert 0 <= box.y0 < box.y1 <= height_pt


@given(at_ms)
@settings(max_examples=25, deadline=None)
def test_rows_keep_the_order_of_time_and_lead_to_their_true_places(times: list[float]) -> None:
    reads: list[Read] = [(at, SERVER, b"data\n") for at in sorted(times)]
    one = connection((0, CLIENT, REQUEST), (0, SERVER, b"HTTP/1.1 200 OK\r\n\r\n"), *reads)
    drawn = leaders(sequence_picture(one).figure)
    assert [row for _, row in drawn] == sorted(row for _, row in drawn)
    places = [place for place, _ in drawn]
    assert places == sorted(places)
    found = steps(one)
    assert len(found) == len(drawn)
    # Wherever time passed, the picture goes down; steps at one time stand at one place.
    for (earlier, upper), (later, lower) in pairwise(zip(found, places, strict=True)):
        assert (lower > upper) == (later.at_s > earlier.at_s)


def test_without_a_fold_places_are_proportional_to_times() -> None:
    drawn, found = leaders(sequence_picture(exchange()).figure), steps(exchange())
    (first, _), (last, _) = drawn[0], drawn[-1]
    for step, (place, _) in zip(found, drawn, strict=True):
        assert place - first == pytest.approx(step.at_s / found[-1].at_s * (last - first))


def test_ticks_stand_where_their_number_says() -> None:
    figure = sequence_picture(exchange()).figure
    ticks = {
        float(text.get_text()): text.get_position()[1] for text in figure.axes[0].texts if text.get_gid() == "tick"
    }
    assert list(ticks) == [0, 20, 40, 60]
    at = {round(step.at_s * 1e3): place for step, (place, _) in zip(steps(exchange()), leaders(figure), strict=True)}
    per_ms = (at[63] - at[1]) / 62
    assert [ticks[tick] for tick in (0, 20, 60)] == pytest.approx([at[0], at[1] + 19 * per_ms, at[61] - per_ms])


def test_a_fold_is_marked_and_says_how_long_the_gap_was() -> None:
    picture = sequence_picture(event_stream(12, every_ms=100, pause_ms=2300))
    marks = [text.get_text() for text in picture.figure.axes[0].texts if text.get_gid() == "fold"]
    assert marks == ["2.30 s\nfolded"]
    assert "Gaps that are folded: 1 (2.30 s)." in picture.text
    # The break is drawn on the scale and on both lifelines: a line with a zigzag has six points.
    assert sum(len(line.get_xdata()) == 6 for line in picture.figure.axes[0].lines) == 3  # type: ignore[arg-type]


def test_a_long_text_is_cut_so_that_its_size_and_its_sign_stay_in_the_picture() -> None:
    one = connection((1, CLIENT, b"GET /" + b"W" * 500 + b" HTTP/1.1\r\nHost : x\r\n\r\n"))
    picture = sequence_picture(one)
    label = next(text.get_text() for text in picture.figure.axes[0].texts if "request head" in text.get_text())
    assert re.fullmatch(r"→ request head: GET /W+… \(\d+ bytes\) ⚠ forbidden", label)
    assert all(box.x1 <= WIDTH_PT for box in boxes(picture.figure, "label"))


def test_chinese_text_has_the_room_that_it_needs() -> None:
    one = connection((1, CLIENT, UPGRADE), (2, SERVER, SWITCHING), (3, CLIENT, by_client(TEXT, ("你好" * 40).encode())))
    picture = sequence_picture(one)
    assert "你好" in picture.svg()
    assert all(box.x1 <= WIDTH_PT for box in boxes(picture.figure, "label"))


# --- in words -------------------------------------------------------------------------------


def test_the_sentence_counts_the_bytes_and_says_whose_clock_it_is() -> None:
    text = sequence_picture(exchange()).text
    assert text.startswith("7 steps in 63.00 ms")
    assert f"the client sent {len(REQUEST)} bytes and the server sent {len(HEAD + BODY)} bytes" in text
    assert "the time at which the relay saw the last byte of each" in text


def test_an_empty_connection_draws_without_complaint() -> None:
    picture = sequence_picture(capture(closed=False))
    assert picture.text.startswith("1 step in 0.00 ms")
    assert "opens the connection" in picture.svg()


@pytest.mark.parametrize("one", [exchange(), event_stream(300), chat(4)], ids=["exchange", "events", "chat"])
def test_the_table_has_the_steps_of_the_picture(one: Capture) -> None:
    rows = sequence_table(one).rows
    assert [row[2] for row in rows] == labels(one)
    assert len(rows) == len(leaders(sequence_picture(one).figure))
    assert sequence_table(one).notices == sequence_picture(one).notices


# --- hostile bytes --------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from(Side), st.binary(min_size=1, max_size=60)), max_size=12), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_bytes_give_steps_that_account_for_each_of_them(sent_by: list[tuple[Side, bytes]], ended: bool) -> None:
    starts = {CLIENT: UPGRADE, SERVER: SWITCHING}
    reads: list[Read] = [(1, side, starts[side]) for side in Side]
    reads += [(2 + number, side, data) for number, (side, data) in enumerate(sent_by)]
    one = connection(*reads, ends=closed_at(99) if ended else ())
    found = steps(one)
    assert sum(step.size_bytes for step in found) == sent(one, CLIENT) + sent(one, SERVER)
    assert [step.at_s for step in found] == sorted(step.at_s for step in found)
    assert not CONTROLS.search("".join(labels(one)))


@given(st.binary(max_size=200), st.binary(max_size=200))
@settings(max_examples=20, deadline=None)
def test_any_bytes_can_be_drawn(client: bytes, server: bytes) -> None:
    reads = [(at, side, data) for at, side, data in ((1, CLIENT, client), (2, SERVER, server)) if data]
    assert sequence_picture(connection(*reads, ends=closed_at(3))).svg()


def test_markup_and_dollar_signs_are_text() -> None:
    text = f"$\\frac{{1}}$$ {MARKUP}"
    one = connection((1, CLIENT, UPGRADE), (2, SERVER, SWITCHING), (3, CLIENT, by_client(TEXT, text.encode())))
    svg = sequence_picture(one).svg()
    assert "$\\frac{1}$$" in svg
    for shown in (svg, sequence_table(one)._repr_html_()):
        assert not re.search(r"<script|<img", shown)


def test_what_would_turn_the_direction_of_writing_or_steer_a_terminal_is_written_out() -> None:
    one = connection((1, CLIENT, "GET /\u202eevil\x1b[31m HTTP/1.1\r\nHost: x\r\n\r\n".encode()))
    assert labels(one)[1].startswith("request head: GET /\\u202eevil\\x1b[31m HTTP/1.1")
    for shown in (sequence_picture(one).svg(), sequence_table(one)._repr_html_(), *labels(one)):
        assert not {"\u202e", "\x1b"} & set(shown)


def test_marks_that_would_pile_up_on_one_character_are_written_out() -> None:
    piled = ("e" + "\u0301" * 20).encode()
    one = connection((1, CLIENT, UPGRADE), (2, SERVER, SWITCHING), (3, CLIENT, by_client(TEXT, piled)))
    assert labels(one)[-1].startswith('text frame: "e\u0301\u0301\\u0301\\u0301')


def test_a_hundred_thousand_records_are_a_handful_of_steps() -> None:
    reads: list[Read] = [(1, CLIENT, UPGRADE), (2, SERVER, SWITCHING)]
    data = frame(TEXT, b"token") * 1_000
    reads += [(3 + number, SERVER, data) for number in range(100)]
    one = connection(*reads)
    assert len(steps(one)) == 5
    assert "100,000 text frames, 700.0 kB, over 99.0 ms" in sequence_picture(one).svg()

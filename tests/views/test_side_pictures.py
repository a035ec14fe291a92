"""The pictures of a comparison: what they say is computed from the marks and bytes, whatever there are of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from lab_servers.errors import BadParameter
from lab_servers.measure.accounting import accounts
from lab_servers.measure.transports import Direction, Lane, Transport
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.side.lane_style import style_of
from lab_servers.views.side.lanes import directions_of, lanes_of
from lab_servers.views.side.latency import latency_curves, latency_table
from lab_servers.views.side.raster import arrival_raster, arrival_rows
from lab_servers.views.side.reading import read_so_far, reading_table, waiting
from lab_servers.views.side.stacks import byte_rows, byte_stacks
from lab_servers.views.side.staleness import staleness_curves, staleness_of, staleness_table
from lab_servers.views.table import Table
from tests.views.side_lanes import HTTPX_SSE, POLLING, SSE, WEBSOCKET, WHOLE, carried, comparison, every_lane

PICTURES: tuple[Callable[[Recording], Picture], ...] = (arrival_raster, read_so_far, latency_curves)
TABLES: tuple[Callable[[Recording], Table], ...] = (arrival_rows, reading_table, latency_table)

TWO = {SSE: ([0, 100, 200], [1, 102, 203]), WHOLE: ([5, 105, 205], [210, 210, 210])}


@pytest.mark.parametrize("draw", PICTURES)
@pytest.mark.parametrize("count", [1, 2, 24])
def test_a_picture_has_a_drawing_and_a_sentence(draw: Callable[[Recording], Picture], count: int) -> None:
    picture = draw(every_lane(count))
    assert "<svg" in picture._repr_html_()
    assert picture.text.endswith(".")
    assert all(lane.lane.name in picture.text for lane in lanes_of(every_lane(count)))


@pytest.mark.parametrize("make", TABLES)
def test_a_table_has_a_row_for_each_lane_in_the_order_of_the_transports(make: Callable[[Recording], Table]) -> None:
    table = make(comparison({WEBSOCKET: ([0], [1]), HTTPX_SSE: ([0], [1]), SSE: ([0], [1]), WHOLE: ([0], [1])}))
    assert [row[0] for row in table.rows] == [WHOLE, SSE, HTTPX_SSE, WEBSOCKET]
    assert all(len(row) == len(table.columns) for row in table.rows)


@pytest.mark.parametrize("draw", [*PICTURES, *TABLES, byte_stacks, byte_rows])
def test_a_recording_without_lanes_is_refused_with_what_to_run(draw: Callable[[Recording], object]) -> None:
    with pytest.raises(BadParameter, match="run the scenario SideBySide"):
        draw(Recording("OneStream", ()))


def test_lanes_count_from_their_own_first_message() -> None:
    sse, whole = lanes_of(comparison(TWO))[::-1]
    assert sse.produced_s.tolist() == pytest.approx([0, 0.1, 0.2])
    assert whole.delivered_s.tolist() == pytest.approx([0.205] * 3)
    assert sse.late_s.tolist() == pytest.approx([0.001, 0.002, 0.003])


def test_a_message_that_never_came_is_said_and_drawn_as_produced_alone() -> None:
    recording = comparison({SSE: ([0, 100], [1, None]), POLLING: ([0, 100], [None, None])})
    assert f"Not delivered while the recording ran: {POLLING} 2 and {SSE} 1." in arrival_raster(recording).text
    assert [row[-1] for row in arrival_rows(recording).rows] == ["2", "1"]
    assert [row[-1] for row in latency_table(recording).rows] == ["2", "1"]
    for draw in PICTURES:
        assert "<svg" in draw(recording)._repr_html_()


def test_what_goes_up_is_another_series_than_what_goes_down() -> None:
    up = comparison(TWO, direction=Direction.UP)
    assert directions_of(up) == (Direction.UP,)
    assert len(lanes_of(up, Direction.UP)) == 2
    assert f"{SSE}, up 1.0 ms" in arrival_raster(up).text
    both = Recording("SideBySide", (), (*up.marks, *comparison(TWO).marks))
    assert [row[0] for row in arrival_rows(both).rows] == [WHOLE, f"{WHOLE}, up", SSE, f"{SSE}, up"]
    assert "upstream" in latency_curves(up, Direction.UP).title
    with pytest.raises(BadParameter, match="no messages down"):
        lanes_of(up)


def test_the_sentences_order_the_lanes_by_what_was_measured() -> None:
    recording = comparison(TWO)
    assert latency_curves(recording).text == (
        f"Half of the messages were delivered within, least first: {SSE} 2.0 ms and {WHOLE} 105 ms."
    )
    assert arrival_raster(recording).text == (
        f"The first message was delivered after: {SSE} 1.0 ms and {WHOLE} 205 ms. "
        "Each tick stands for up to 3 messages; none is left out."
    )


def test_waiting_is_the_area_between_produced_and_delivered_over_the_time() -> None:
    whole, sse = lanes_of(comparison(TWO))
    assert waiting(whole) == pytest.approx((205 + 105 + 5) / 205)
    assert waiting(sse) == pytest.approx(6 / 203)


def test_a_warm_up_is_left_out_of_the_curves_and_of_the_figures() -> None:
    recording = comparison({SSE: ([0, 100, 200], [50, 101, 201])})
    assert f"{SSE} 1.0 ms" in latency_curves(recording, warm_up=1).text
    assert latency_table(recording, warm_up=1).rows[0][1:3] == ("2", "1.0 ms")


def test_many_messages_are_joined_and_the_sentence_says_so() -> None:
    recording = comparison({SSE: (range(9_000), [at + 1 for at in range(9_000)])})
    assert "Each tick stands for up to 13 messages; none is left out." in arrival_raster(recording).text
    assert "stands for" not in arrival_raster(comparison(TWO | {WHOLE: ([0, 100, 200], [210, 310, 410])})).text


def test_bytes_in_the_bars_are_those_of_the_account() -> None:
    recording = carried(4)
    table = byte_rows(recording)
    for row, (name, one) in zip(table.rows, accounts(recording).items(), strict=True):
        assert row[0] == name
        sums = [int(cell.replace(",", "")) for cell in row[2:6]]
        assert sum(sums[:3]) == sums[3] == one.both.total
    picture = byte_stacks(recording)
    axes = picture.figure.axes[0]
    drawn = sum(patch.get_width() for patch in axes.patches)  # type: ignore[attr-defined]
    assert drawn * 4 == pytest.approx(sum(one.both.total for one in accounts(recording).values()))
    assert "A message has 20.0 bytes of payload." in picture.text


def test_payload_bytes_are_looked_up_where_they_passed() -> None:
    recording = carried(4)
    picture = read_so_far(recording, unit="bytes")
    (_, sse) = picture.figure.axes[0].lines
    assert max(np.asarray(sse.get_ydata())) == 4 * 20
    with pytest.raises(BadParameter, match="unit"):
        read_so_far(recording, unit="pages")
    with pytest.raises(BadParameter, match="count messages"):
        read_so_far(comparison(TWO), unit="bytes")


def test_staleness_is_measured_at_the_rate_that_was_measured() -> None:
    slow = comparison({SSE: ([0, 1_000, 2_000], [10, 1_020, 2_030])})
    quick = comparison({SSE: ([0, 10, 20], [1, 11, 21]), POLLING: ([0], [5])})
    points = staleness_of([quick, slow])
    assert [(one.lane.name, one.rate_per_s, one.count) for one in points] == [(SSE, 1.0, 3), (SSE, 100.0, 3)]
    assert points[0].mean_s == pytest.approx(0.02)
    assert points[0].worst_s == pytest.approx(0.03)
    picture = staleness_curves(points)
    assert "<svg" in picture._repr_html_()
    assert picture.text == f"Late on average at 1 and at 100 messages per second: {SSE} 20 ms and 1.0 ms."
    assert staleness_table(points).rows[0] == (SSE, "1 per second", "3", "20 ms", "30 ms", "0.02")
    with pytest.raises(BadParameter, match="nothing to draw"):
        staleness_curves([])


def test_no_two_lanes_look_alike_even_in_grey() -> None:
    lanes = [Lane(one) for one in Transport]
    signs = [(style_of(one).marker, style_of(one).is_filled) for one in [*lanes, *(Lane(x, "y") for x in Transport)]]
    assert len(set(signs)) == 2 * len(Transport)
    for color in {style_of(one).color for one in lanes}:
        own = [style_of(one).dashes for one in lanes if style_of(one).color == color]
        assert len(set(map(str, own))) == len(own), "lanes of one colour differ in their dashes"
        assert 0.1 < np.dot((0.2126, 0.7152, 0.0722), to_rgb(color)) < 0.7, "it is seen on white and on dark"


@pytest.mark.parametrize("draw", [*PICTURES, *TABLES])
def test_the_same_recording_gives_the_same_words(draw: Callable[[Recording], object]) -> None:
    recording = every_lane(5)
    assert str(draw(recording)) == str(draw(recording))

"""The look of growing work: three axes, each with a picture in words, a table, and every line, bend and limit named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab_servers.capture.capture import Side
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.measure.growth_steps import CLIENTS, RATE, SIZE, Limit, Step
from lab_servers.recording import Recording
from lab_servers.scenarios import Growth
from lab_servers.views.looks import look_of
from lab_servers.views.looks.side_growth import processor, statements
from tests.views.looks_rules import (
    assert_picture_with_words_and_table_with_rows,
    assert_refused_with_what_to_run,
    assert_same_again,
)

MS = 1_000_000


@pytest.fixture(scope="module")
def recordings() -> Iterator[dict[str, Recording]]:
    runs = (
        Growth(most=8, steps=3),
        Growth(axis=RATE, most=60, steps=3, repeats=1),
        Growth(axis=SIZE, most=20_000, steps=3),
    )
    with Lab([]) as lab:
        yield {run.axis: run.run(lab) for run in runs}


@pytest.mark.parametrize("axis", [CLIENTS, RATE, SIZE])
def test_each_axis_has_a_picture_with_words_and_a_table_with_rows(recordings: dict[str, Recording], axis: str) -> None:
    assert_picture_with_words_and_table_with_rows(recordings[axis])
    assert len(look_of(recordings[axis]).table.rows) == 5


@pytest.mark.parametrize("axis", [CLIENTS, RATE, SIZE])
def test_a_look_reads_the_same_from_the_same_recording(recordings: dict[str, Recording], axis: str) -> None:
    assert_same_again(recordings[axis])


def test_a_recording_of_something_else_is_refused_with_what_to_run() -> None:
    assert_refused_with_what_to_run("Growth")


def test_the_bytes_of_clients_are_told_as_a_straight_line(recordings: dict[str, Recording]) -> None:
    told = statements(recordings[CLIENTS])
    assert (
        "WebSocket, bytes for a message, from 1 to 8 clients: a straight line, 66 bytes per client; 3 steps are too"
        in (" ".join(told))
    )
    assert "WebSocket: no limit was met up to 8 clients." in told


# --- made by hand, so that what is found is known ---------------------------------------------------


def test_memory_is_told_for_each_connection_also_where_few_steps_let_no_line_be_found(
    recordings: dict[str, Recording],
) -> None:
    held = [float(row[6].removesuffix(" KiB")) for row in look_of(recordings[CLIENTS]).table.rows]
    measured = [
        max(json.loads(one.detail)["size_bytes"] for one in memory) / 8 / 1024
        for memory in (
            recordings[CLIENTS].marks_named(f"{row[0]}: memory") for row in look_of(recordings[CLIENTS]).table.rows
        )
    ]
    assert held == [pytest.approx(one, abs=0.06) for one in measured]
    assert min(held) > 1


def grown(cost_ms: dict[int, float], *, repeats: int = 3, limit: Limit | None = None) -> Recording:
    """SSE with these numbers of clients, and what one message to all of them took of the server, in milliseconds."""
    marks, at_ns = [], 0
    for repeat in range(repeats):
        for clients, took_ms in cost_ms.items():
            spent = round(took_ms * MS * (1 + 0.01 * repeat))
            step = Step(
                clients, repeat, clients, 1, 64 * clients, at_ns, at_ns + MS, at_ns + 2 * MS, at_ns + 3 * MS, MS, spent,
                MS, (MS,),
            )  # fmt: skip
            marks.append(step.mark())
            at_ns += 10 * MS
    if limit:
        marks.append(limit.mark(at_ns))
    named = tuple(replace(mark, name=f"SSE: {mark.name}") for mark in marks)
    return Recording("Growth", (), named, {"axis": CLIENTS})


def test_a_bend_is_named_with_its_place_in_table_and_words() -> None:
    clients = (1, 2, 5, 10, 20, 50, 100, 200)
    bent = grown({n: 0.2 + 0.1 * min(n, 20) + 0.8 * max(n - 20, 0) for n in clients})
    look = look_of(bent)
    assert look.picture is not None
    assert "A bend was found on SSE" in look.picture.text
    assert "beyond a bend at about 20 clients" in look.table.rows[0][4]


def test_no_bend_is_named_where_there_is_none() -> None:
    straight = look_of(grown({n: 0.2 + 0.1 * n for n in (1, 2, 5, 10, 20, 50, 100, 200)}))
    assert straight.picture is not None
    assert "No bend was found" in straight.picture.text
    assert "bend" not in straight.table.rows[0][4]


def test_where_no_bend_was_looked_for_none_is_said_to_be_missing() -> None:
    few = look_of(grown({1: 1, 10: 2, 100: 20}))
    assert few.picture is not None
    assert "3 steps are too few to look for a bend, which takes 6" in few.picture.text
    assert "No bend" not in few.picture.text


def test_a_limit_is_told_with_its_reason() -> None:
    limited = grown({1: 1, 10: 2, 100: 20}, limit=Limit(1_000, "a step with it was not done after 30 s"))
    assert "SSE, limit at 1,000 clients: a step with it was not done after 30 s." in statements(limited)
    look = look_of(limited)
    assert look.table.rows[0][-1] == "1,000 clients: a step with it was not done after 30 s"
    assert look.picture is not None
    assert "Limits: SSE at 1,000 clients" in look.picture.text


def test_bytes_that_were_not_all_recorded_are_not_counted(recordings: dict[str, Recording]) -> None:
    whole = recordings[SIZE]
    (last,) = [one for one in whole.captures if one is whole.of("SSE")[-1]]
    cut = replace(last, unrecorded_bytes={Side.CLIENT: 0, Side.SERVER: 5})
    missing = replace(whole, captures=tuple(cut if one is last else one for one in whole.captures))
    (row,) = [row for row in look_of(missing).table.rows if row[0] == "SSE"]
    assert row[3] == "not recorded whole"
    assert any("5 bytes" in notice for notice in look_of(missing).table.notices)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.5, "2.5 s"), (0.0123, "12 ms"), (36e-6, "36 µs"), (0.24e-6, "240 ns"), (0.0, "0 ns"), (-4.2e-3, "-4.2 ms")],
)
def test_processor_time_has_two_digits(seconds: float, text: str) -> None:
    assert processor(seconds) == text


def test_a_mark_of_another_kind_is_no_step() -> None:
    recording = grown({1: 1, 10: 2, 100: 20})
    noisy = replace(recording, marks=(*recording.marks, Mark(0, "SSE: said", "nothing")))
    assert str(look_of(noisy).table) == str(look_of(recording).table)


def test_a_clock_that_measured_nothing_can_be_drawn() -> None:
    idle = look_of(grown(dict.fromkeys((1, 10, 100), 0)))
    assert idle.picture is not None
    assert "<svg" in idle.picture._repr_html_()
    assert idle.table.rows[0][4] == "flat, 0 ns"


@pytest.mark.parametrize("detail", ["", "[]", "{}", '{"units": 1}', "[" * 100_000, "nan"])
@pytest.mark.parametrize(("name", "series"), [("Growth", "SSE: measured"), ("Growth", "SSE: memory")])
def test_marks_of_a_file_that_are_no_steps_are_refused_in_one_sentence(name: str, series: str, detail: str) -> None:
    broken = grown({1: 1, 10: 2})
    marks = (*broken.marks, Mark(0, series, detail))
    with pytest.raises(BadParameter, match="run its scenario anew"):
        look_of(replace(broken, marks=marks))

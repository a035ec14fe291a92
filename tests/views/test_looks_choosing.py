"""The looks of unit costs and of jobs, and the decision map: sentences, tables and areas that follow the recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from matplotlib.collections import PolyCollection

from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.measure.decision import CRITERIA, choose
from lab_servers.measure.jobs import JOBS, job_named
from lab_servers.measure.unit_costs import unit_costs
from lab_servers.recording import Recording
from lab_servers.scenarios import JobBothWays, UnitCosts
from lab_servers.views import crossing_table, decision_map
from lab_servers.views.decision_areas import direction_of, jobs_of
from lab_servers.views.looks import choosing_costs, choosing_job, look_of
from tests.views.looks_rules import (
    assert_picture_with_words_and_table_with_rows,
    assert_refused_with_what_to_run,
    assert_same_again,
)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def costs(lab: Lab) -> Recording:
    return UnitCosts(steps=2, batches=3).run(lab)


@pytest.fixture(scope="module")
def chat(lab: Lab) -> Recording:
    return JobBothWays.of(job_named("chat room"), duration_s=0.6).run(lab)


@pytest.mark.parametrize("which", ["costs", "chat"])
def test_a_run_is_shown_in_words_and_figures_and_the_same_twice(which: str, request: pytest.FixtureRequest) -> None:
    recording = request.getfixturevalue(which)
    assert_picture_with_words_and_table_with_rows(recording)
    assert_same_again(recording)


@pytest.mark.parametrize("name", ["UnitCosts", "JobBothWays"])
def test_a_recording_without_what_the_run_leaves_is_refused(name: str) -> None:
    assert_refused_with_what_to_run(name)


def test_marks_that_somebody_else_wrote_are_refused_in_a_sentence(costs: Recording) -> None:
    strange = tuple(
        replace(mark, detail="<b>much</b>") if mark.detail.startswith("0 ") else mark for mark in costs.marks
    )
    with pytest.raises(BadParameter, match="has no unit costs in it"):
        unit_costs(replace(costs, marks=strange))
    lonely = replace(costs, marks=(Mark(1, "SSE: opening", "0 1"),))
    with pytest.raises(BadParameter, match="run the scenario UnitCosts"):
        look_of(lonely)


def test_the_sentence_of_unit_costs_has_the_bytes_of_the_table(costs: Recording) -> None:
    polling = unit_costs(costs)[next(iter(unit_costs(costs)))]
    assert f"costs {polling.quiet.bytes:,.0f} bytes by polling" in choosing_costs.sentence(costs)
    assert f"1 request, {polling.quiet.bytes:,.0f} bytes" in str(choosing_costs.table(costs))


def test_model_and_run_stand_beside_each_other_at_each_point(costs: Recording, chat: Recording) -> None:
    table = choosing_job.against_model(costs, chat, chat)
    assert len(table.rows) == 6
    assert "at 6 points" in table.caption
    assert choosing_job.model_picture(costs, chat).text.startswith("Bytes per user and hour at 3 points")
    with pytest.raises(BadParameter, match="run the scenario JobBothWays"):
        choosing_job.against_model(costs, costs)
    for without_runs in (choosing_job.against_model, choosing_job.model_picture):
        with pytest.raises(BadParameter, match="needs runs to be held against"):
            without_runs(costs)


# --- the map ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["down", "up", "both ways"])
@pytest.mark.parametrize("criterion", list(CRITERIA))
def test_the_map_is_drawn_for_each_direction_and_criterion(costs: Recording, direction: str, criterion: str) -> None:
    picture = decision_map(costs, direction, criterion)
    assert criterion in picture.title
    assert picture.text.endswith(".")
    areas = [one for one in picture.figure.axes[0].collections if isinstance(one, PolyCollection)]
    assert areas, "filled, each once in its colour and once hatched"
    assert len(areas) % 2 == 0
    table = crossing_table(costs, direction, criterion)
    assert all(len(row) == len(table.columns) for row in table.rows)


def test_each_of_the_six_jobs_stands_on_one_map_with_its_own_choice(costs: Recording) -> None:
    placed = [job for direction in ("down", "up", "both ways") for job in jobs_of(direction)]
    assert sorted(job.name for job in placed) == sorted(job.name for job in JOBS)
    for direction in ("down", "both ways"):
        drawn = [text.get_text() for text in decision_map(costs, direction).figure.axes[0].texts]
        for job in jobs_of(direction):
            assert direction_of(job) == direction
            chosen = choose(job, unit_costs(costs)).chosen.value.removeprefix("short ")
            assert f"{job.name}: {chosen}" in drawn


def test_areas_differ_by_hatch_and_not_by_colour_alone(costs: Recording) -> None:
    picture = decision_map(costs, "both ways")
    hatches = {one.get_hatch() for one in picture.figure.axes[0].collections if isinstance(one, PolyCollection)}
    assert {"////", "...."} <= hatches


def test_a_map_of_nothing_is_refused(costs: Recording) -> None:
    with pytest.raises(BadParameter, match="direction must be one of"):
        decision_map(costs, "sideways")
    with pytest.raises(BadParameter, match="criterion must be one of"):
        decision_map(costs, "down", "beauty")
    with pytest.raises(BadParameter, match="run the scenario UnitCosts"):
        decision_map(Recording("Other", ()))


def test_what_is_no_recording_at_all_is_refused_in_a_sentence() -> None:
    nothing: Any = None
    with pytest.raises(BadParameter, match="read off a recording of UnitCosts, not None"):
        decision_map(nothing)


@pytest.mark.parametrize("direction", ["down", "up", "both ways"])
@pytest.mark.parametrize("factor", [1, 1.5])
def test_no_two_names_on_a_map_stand_upon_each_other(direction: str, factor: float, costs: Recording) -> None:
    figure = decision_map(costs, direction, CRITERIA["bytes"].with_rule(factor=factor)).figure
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert not [1 for one, other in combinations(boxes, 2) if one.overlaps(other)]

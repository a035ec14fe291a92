"""The trace is complete: no objective without a check, no claim without a cell and a test, nothing used nowhere."""

from __future__ import annotations

import ast
import json
import re

import jsonschema
import pytest

from lab_servers import course
from lab_servers.course.claims import CLAIMS, Claim
from lab_servers.course.lesson import Lesson
from lab_servers.course.lessons import LESSONS
from lab_servers.course.misconceptions import CATALOGUE
from lab_servers.course.question import Choice, Number, Order, Question
from lab_servers.wire.spec import spec_name
from tests.course.notebooks import LessonNotebook
from tests.repository.project import ROOT

SCHEMA = json.loads((ROOT / "lab_servers" / "course" / "trace.schema.json").read_text(encoding="utf-8"))
MOST_OBJECTIVES = 4
MOST_SOLUTION_LINES = 15

QUESTIONS = [question for lesson in LESSONS for question in lesson.questions]

every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.notebook)
every_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)


def repeated(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


# --- the whole --------------------------------------------------------------------------------


def test_the_trace_is_data_of_the_documented_shape() -> None:
    trace = json.loads(json.dumps(course.trace()))
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(trace, SCHEMA)
    assert len(trace["objectives"]) == sum(len(lesson.objectives) for lesson in LESSONS) > 0


def test_a_name_names_one_thing() -> None:
    names = [one.name for lesson in LESSONS for one in lesson.questions]
    names += [one.name for lesson in LESSONS for one in lesson.exercises]
    assert repeated(names) == []
    assert repeated([lesson.notebook for lesson in LESSONS]) == []


def test_every_notebook_has_a_lesson_and_every_lesson_a_notebook() -> None:
    assert [lesson.notebook for lesson in LESSONS] == sorted(one.stem for one in (ROOT / "notebooks").glob("*.ipynb"))


def test_the_tables_for_people_have_a_row_for_each() -> None:
    assert len(course.trace_table().rows) == len(course.trace()["objectives"])
    assert len(course.misconception_table().rows) == len(CATALOGUE)
    assert len(course.claim_table().rows) == len(CLAIMS)
    for lesson in LESSONS:
        assert lesson.question in str(course.course_map())
        assert "`" not in course.course_map()._repr_html_() + str(course.course_map())
        assert f'<a href="{lesson.notebook}.ipynb">' in course.course_map()._repr_html_()


# --- objectives and cells -----------------------------------------------------------------------


@every_lesson
def test_the_objectives_in_the_notebook_are_the_lessons_word_for_word(lesson: Lesson) -> None:
    assert LessonNotebook.of(lesson.notebook).objectives == [objective.text for objective in lesson.objectives]
    assert 1 <= len(lesson.objectives) <= MOST_OBJECTIVES


@every_lesson
def test_the_notebook_says_the_lessons_minutes(lesson: Lesson) -> None:
    title = next(iter(LessonNotebook.of(lesson.notebook).cells.values())).source
    assert f"Reading {lesson.reading_min} minutes, doing {lesson.doing_min} minutes" in re.sub(r"\s+", " ", title)


@every_lesson
def test_every_objective_has_cells_that_exist_and_a_check_of_this_lesson(lesson: Lesson) -> None:
    cells = LessonNotebook.of(lesson.notebook).cells
    for objective in lesson.objectives:
        assert objective.cells
        assert objective.checks
        assert set(objective.cells) - set(cells) == set(), objective.text
        assert set(objective.checks) - {one.name for one in lesson.exercises} == set(), objective.text
        assert set(objective.predictions) - {one.name for one in lesson.questions} == set(), objective.text


@every_lesson
def test_every_question_and_exercise_is_used_by_an_objective_and_by_a_code_cell(lesson: Lesson) -> None:
    notebook = LessonNotebook.of(lesson.notebook)
    questions, exercises = {one.name for one in lesson.questions}, {one.name for one in lesson.exercises}
    assert {name for one in lesson.objectives for name in one.predictions} == questions
    assert {name for one in lesson.objectives for name in one.checks} == exercises
    assert set(notebook.named_in_calls("predict")) == questions
    assert set(notebook.named_in_calls("check")) == exercises
    for function in ("hint", "solution"):
        assert set(notebook.named_in_calls(function)) <= exercises
    number = lesson.notebook[:2]
    assert [name for name in questions | exercises if not name.startswith(f"{number}-")] == []


@every_lesson
def test_a_learner_is_told_how_to_get_a_hint_and_a_solution(lesson: Lesson) -> None:
    text = "\n".join(cell.source for cell in LessonNotebook.of(lesson.notebook).cells.values())
    if lesson.exercises:
        assert "hint(" in text
        assert "solution(" in text


@every_lesson
def test_a_prediction_is_shown_by_its_cell_and_compared_by_a_later_one(lesson: Lesson) -> None:
    notebook = LessonNotebook.of(lesson.notebook)
    order = list(notebook.cells)
    for name, cell in notebook.named_in_calls("predict").items():
        source = notebook.cells[cell].source.strip()
        last = source.splitlines()[-1]
        shown = re.fullmatch(r"([a-z_0-9]+)", last) or re.search(r"; *([a-z_0-9]+)$", last)
        assert shown, f"{name}: the cell ends in the prediction, which then shows itself"
        compared = [
            other for other in order[order.index(cell) + 1 :] if f"{shown[1]}.compare(" in notebook.cells[other].source
        ]
        assert compared, f"{name}: no later cell compares it"


# --- questions and misconceptions ---------------------------------------------------------------


@every_question
def test_every_wrong_option_names_a_misconception_of_the_catalogue(question: Question) -> None:
    assert question.misconceptions
    assert set(question.misconceptions) - set(CATALOGUE) == set()
    match question:
        case Choice():
            texts = [option.text for option in question.options]
            assert repeated(texts) == []
            assert len(texts) > 2
            # One may be right on every machine; every other one can be wrong.
            assert sum(not option.misconception for option in question.options) <= 1
        case Number():
            assert question.least < question.most
            assert question.within >= 1
        case Order():
            assert repeated(list(question.items)) == []
            assert question.wrong
        case _:
            raise AssertionError("a question is a choice, a number or an order")


def test_every_misconception_belongs_to_an_option() -> None:
    used = {name for question in QUESTIONS for name in question.misconceptions}
    assert set(CATALOGUE) - used == set()


# --- exercises ------------------------------------------------------------------------------------


@every_lesson
def test_every_exercise_has_two_hints_and_a_short_solution(lesson: Lesson) -> None:
    for exercise in lesson.exercises:
        assert len(exercise.hints) == 2
        assert all(exercise.hints)
        lines = [line for line in exercise.solution.splitlines() if line.strip()]
        assert len(lines) <= MOST_SOLUTION_LINES, exercise.name
        assert max(map(len, lines)) <= 100, exercise.name


# --- claims -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=lambda claim: claim.id)
def test_every_claim_has_a_test_file_and_a_cell_of_its_notebook_if_it_has_one(claim: Claim) -> None:
    shown = [
        cell
        for lesson in LESSONS
        for objective in lesson.objectives
        for cell in objective.cells
        if claim.id in objective.claims and claim.notebook in ("", lesson.notebook)
    ]
    assert bool(shown) == bool(claim.notebook)
    assert claim.correction
    tests = list((ROOT / "tests" / "claims").glob(f"test_{claim.id.lower()}_*.py"))
    assert len(tests) == 1
    asserted = [node for node in ast.walk(ast.parse(tests[0].read_text(encoding="utf-8"))) if _is_test(node)]
    assert asserted, "the file asserts something"


def _is_test(node: ast.AST) -> bool:
    is_one = isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    return is_one and any(isinstance(inside, ast.Assert) for inside in ast.walk(node))


def test_every_claim_that_an_objective_names_is_in_the_catalogue() -> None:
    named = {claim for lesson in LESSONS for objective in lesson.objectives for claim in objective.claims}
    assert named - set(CLAIMS) == set()


def test_the_table_for_people_says_of_a_claim_without_a_notebook_that_it_is_not_shown_yet() -> None:
    shown_in = {row[0]: row[3] for row in course.claim_table().rows}
    assert shown_in == {one.id: one.notebook or "not shown yet" for one in CLAIMS.values()}


def test_no_test_file_of_a_claim_is_left_without_a_claim() -> None:
    files = [one.stem for one in (ROOT / "tests" / "claims").glob("test_c*.py")]
    assert {name.split("_")[1].upper() for name in files} == set(CLAIMS)


# --- sections -----------------------------------------------------------------------------------------


def test_every_section_is_one_that_can_be_named() -> None:
    sections = {section for lesson in LESSONS for objective in lesson.objectives for section in objective.sections}
    sections |= {one.section for one in CATALOGUE.values() if one.section}
    assert [section for section in sorted(sections) if not spec_name(section)] == []

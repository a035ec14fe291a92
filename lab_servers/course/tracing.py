"""The one trace of the course: objective, cells, predictions, checks, claims and sections, for machines and for people.

Everything comes from the lessons and the two catalogues. ``trace.schema.json`` beside this file says what it looks
like, and ``tests/course/test_trace.py`` holds that nothing in it leads nowhere.
"""

from __future__ import annotations

from typing import Any

from lab_servers.course.claims import CLAIMS
from lab_servers.course.finding import question_named
from lab_servers.course.lesson import Lesson, Objective
from lab_servers.course.lessons import LESSONS
from lab_servers.course.markup import section_text
from lab_servers.course.misconceptions import CATALOGUE
from lab_servers.views.table import Table


def trace() -> dict[str, Any]:
    """The whole course as data that ``json.dumps`` takes.

    Each objective names what teaches, asks, checks and proves it by id or name; questions, checks, misconceptions and
    claims stand in full beside them, once each.
    """
    return {
        "course": "lab_servers",
        "objectives": [
            _objective(lesson, objective, number)
            for lesson in LESSONS
            for number, objective in enumerate(lesson.objectives, 1)
        ],
        "predictions": [
            {"name": one.name, "question": one.text, "misconceptions": list(dict.fromkeys(one.misconceptions))}
            for lesson in LESSONS
            for one in lesson.questions
        ],
        "checks": [
            {"name": one.name, "task": one.task, "answer": one.answer} for lesson in LESSONS for one in lesson.exercises
        ],
        "claims": [
            {
                "id": one.id,
                "claim": one.sentence,
                "correction": one.correction,
                "notebook": one.notebook,
                "test": f"tests/claims/test_{one.id.lower()}_*.py",
            }
            for one in CLAIMS.values()
        ],
        "misconceptions": [
            {"id": one.id, "belief": one.belief, "correction": one.correction, "section": one.section}
            for one in CATALOGUE.values()
        ],
    }


def _objective(lesson: Lesson, objective: Objective, number: int) -> dict[str, Any]:
    return {
        "id": f"{lesson.notebook}-{number}",
        "notebook": f"notebooks/{lesson.notebook}.ipynb",
        "objective": objective.text,
        "cells": list(objective.cells),
        "predictions": list(objective.predictions),
        "checks": list(objective.checks),
        "claims": list(objective.claims),
        "sections": list(objective.sections),
    }


def trace_table() -> Table:
    """The same for people, one row for each objective."""
    rows = [
        (
            lesson.notebook,
            objective.text,
            ", ".join(objective.cells),
            ", ".join(objective.predictions),
            ", ".join(objective.checks),
            ", ".join(objective.claims),
            ", ".join(map(section_text, objective.sections)),
        )
        for lesson in LESSONS
        for objective in lesson.objectives
    ]
    columns = ("notebook", "objective", "cells", "predictions", "checks", "claims", "sections")
    return Table(f"{len(rows)} objectives, and what each of them rests on", columns, tuple(rows))


def misconception_table() -> Table:
    """What people believe, what is true instead, and which predictions ask for it."""
    asked: dict[str, list[str]] = {}
    for name in (one.name for lesson in LESSONS for one in lesson.questions):
        for misconception in dict.fromkeys(question_named(name).misconceptions):
            asked.setdefault(misconception, []).append(name)
    return Table(
        f"{len(CATALOGUE)} misconceptions that the predictions answer",
        ("name", "some believe", "what is true", "section", "asked in"),
        tuple(
            (one.id, one.belief, one.correction, section_text(one.section), ", ".join(asked.get(one.id, ())))
            for one in CATALOGUE.values()
        ),
    )


def claim_table() -> Table:
    """What the course claims, with the correction or limit of each, and where the bytes are shown."""
    return Table(
        f"{len(CLAIMS)} claims, each with its bytes and its limit",
        ("claim", "what is claimed", "correction or limit", "shown in"),
        tuple((one.id, one.sentence, one.correction, one.shown_in) for one in CLAIMS.values()),
    )

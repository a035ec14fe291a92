"""The map of the course: each notebook with its question, its minutes and its objectives, as links and as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from lab_servers.course.lesson import Lesson
from lab_servers.course.lessons import LESSONS

_CELL = "text-align:left;vertical-align:top;padding:0.4em 0.6em;white-space:normal"


@dataclass(frozen=True)
class CourseMap:
    """The notebooks in the order in which they build on each other.

    Attributes:
        lessons: One for each.
    """

    lessons: tuple[Lesson, ...]

    @property
    def sentence(self) -> str:
        """How many there are, and how long they take."""
        reading, doing = (sum(getattr(one, part) for one in self.lessons) for part in ("reading_min", "doing_min"))
        return (
            f"{len(self.lessons)} notebooks, each of which can be opened first: about {reading} minutes of reading and "
            f"{doing} of doing in all."
        )

    def __str__(self) -> str:
        return "\n".join((self.sentence, *self._lines()))

    def _lines(self) -> Iterator[str]:
        for lesson in self.lessons:
            yield f"\n{lesson.notebook} ({lesson.reading_min} + {lesson.doing_min} minutes): {lesson.question}"
            yield from (f"  - {objective.text.replace('`', '')}" for objective in lesson.objectives)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        columns = ("notebook", "the question it answers", "minutes", "after it you can")
        heads = "".join(f'<th scope="col" style="{_CELL}">{name}</th>' for name in columns)
        rows = "".join(map(_row, self.lessons))
        return (
            f"<p><strong>{escape(self.sentence)}</strong></p>"
            '<div style="overflow-x:auto">'
            '<table style="margin-left:0;max-width:75em" aria-label="The map of the course">'
            f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
        )


def _row(lesson: Lesson) -> str:
    name = escape(lesson.notebook)
    objectives = "".join(f"<li>{_with_code(one.text)}</li>" for one in lesson.objectives)
    return (
        f'<tr><th scope="row" style="{_CELL};white-space:nowrap"><a href="{name}.ipynb">{name}</a></th>'
        f'<td style="{_CELL}">{escape(lesson.question)}</td>'
        f'<td style="{_CELL};white-space:nowrap">{lesson.reading_min} reading,<br>{lesson.doing_min} doing</td>'
        f'<td style="{_CELL}"><ul style="margin:0;padding-left:1.2em">{objectives}</ul></td></tr>'
    )


def _with_code(markdown: str) -> str:
    """An objective as HTML; it stands in the notebook as well, where backquotes mark what is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(markdown))


def course_map() -> CourseMap:
    """The notebooks that there are, with question, minutes and objectives; each name is a link to it."""
    return CourseMap(LESSONS)

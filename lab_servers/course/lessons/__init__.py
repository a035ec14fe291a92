"""The content of the course: one lesson for each notebook, in the learner's order."""

from lab_servers.course.lesson import Lesson

LESSONS: tuple[Lesson, ...] = ()

__all__ = ["LESSONS"]

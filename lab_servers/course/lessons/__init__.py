"""The content of the course: one lesson for each notebook, in the learner's order."""

from lab_servers.course.lesson import Lesson
from lab_servers.course.lessons import n03_polling, n06_websocket_frames

LESSONS: tuple[Lesson, ...] = (n03_polling.LESSON, n06_websocket_frames.LESSON)

__all__ = ["LESSONS"]

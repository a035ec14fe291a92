"""The content of the course: one lesson for each notebook, in the learner's order."""

from lab_servers.course.lesson import Lesson
from lab_servers.course.lessons import (
    n00_start_here,
    n01_bytes_on_tcp,
    n02_http,
    n03_polling,
    n04_sse,
    n05_websocket_handshake,
    n06_websocket_frames,
    n07_side_by_side,
    n08_ai_streaming,
    n12_choosing,
)

LESSONS: tuple[Lesson, ...] = (
    n00_start_here.LESSON,
    n01_bytes_on_tcp.LESSON,
    n02_http.LESSON,
    n03_polling.LESSON,
    n04_sse.LESSON,
    n05_websocket_handshake.LESSON,
    n06_websocket_frames.LESSON,
    n07_side_by_side.LESSON,
    n08_ai_streaming.LESSON,
    n12_choosing.LESSON,
)

__all__ = ["LESSONS"]

"""What ``08_ai_streaming`` teaches: an answer on the wire, what its reader feels, whether it is complete, and leaving.

``n08_text.py``, ``n08_endings.py`` and ``n08_listening.py`` have the exercises, ``n08_questions*.py``
the predictions.
"""

from __future__ import annotations

from lab_servers.course.lesson import Lesson, Objective
from lab_servers.course.lessons.n08_endings import COMPLETENESS
from lab_servers.course.lessons.n08_listening import LISTENING
from lab_servers.course.lessons.n08_questions import ON_READING
from lab_servers.course.lessons.n08_questions_leaving import ON_LEAVING
from lab_servers.course.lessons.n08_text import READER, TEXT
from lab_servers.wire.spec import spec_url

LESSON = Lesson(
    notebook="08_ai_streaming",
    question="What should carry a model's answer as it is written, and what becomes of it when its reader leaves, the "
    "wire breaks, or the model fails?",
    objectives=(
        Objective(
            "read a model's answer off the wire in the dialects of the field, down to a character that is cut, and say "
            "what a token costs there",
            cells=("dialect-bytes", "bytes-stacks", "bytes-table", "bytes-compare"),
            predictions=("08-bytes",),
            checks=("08-text",),
            sections=(spec_url("Encoding §8.1.1"), spec_url("RFC 3629 §3"), spec_url("HTML §9.2.5")),
        ),
        Objective(
            "say what streaming changes for the reader of an answer, and what it leaves as it was",
            cells=("arrives-run", "arrives-look", "first-compare", "live", "batching-run", "batching-table"),
            predictions=("08-first",),
            checks=("08-reader",),
            claims=("C08", "C19"),
            sections=(spec_url("RFC 9112 §7.1"), spec_url("RFC 9110 §9.3.3")),
        ),
        Objective(
            "tell an answer that is complete from one that was cut off, that failed, or that only ended in good order",
            cells=("clients-run", "clients-table", "error-compare", "cut-run", "cut-slider"),
            predictions=("08-error", "08-cut"),
            checks=("08-complete",),
            claims=("C19",),
            sections=(spec_url("RFC 9112 §8"), spec_url("HTML §9.2.6")),
        ),
        Objective(
            "stop, leave and resume an answer, so that no token is generated for nobody, lost, or paid for twice",
            cells=("leave-run", "leave-table", "stop-run", "resume-run", "resume-table", "twice-run", "texts-run"),
            predictions=("08-leave", "08-stop", "08-twice"),
            checks=("08-listening",),
            claims=("C19",),
            sections=(spec_url("HTML §9.2.4"), spec_url("RFC 9110 §9.2.2"), spec_url("RFC 9112 §9.5")),
        ),
    ),
    questions=(*ON_READING, *ON_LEAVING),
    exercises=(TEXT, READER, COMPLETENESS, LISTENING),
    reading_min=30,
    doing_min=60,
)

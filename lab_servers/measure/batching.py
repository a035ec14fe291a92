"""What batching bought in a run of ``Batching``: bytes and events of each window, and how late each token was for them.

``answer_bytes.py`` counts, ``answer_times.py`` has the times. A buffer that is emptied late stands beside the windows.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab_servers.errors import BadParameter
from lab_servers.measure.answer_bytes import AnswerKinds, answer_bytes
from lab_servers.measure.answer_times import AnswerTimes, Spans, answer_times
from lab_servers.recording import Recording

LATE = "emptied late"


def batch_name(way: str, window_s: float) -> str:
    """What the reader of one window is called."""
    return f"{way}, {window_s * 1e3:g} ms"


@dataclass(frozen=True)
class Batch:
    """One reader.

    Attributes:
        name: Its way and its window.
        label: Its window alone: ``"50 ms"``, or that it was emptied late.
        is_late: Whether it is the one behind the buffer that is emptied late.
        tokens: How many tokens the text has.
        messages: How many JSON texts the server sent.
        moments: At how many moments new text was there.
        down: What the server sent.
        lateness: How long after it was generated each token was there.
    """

    name: str
    label: str
    is_late: bool
    tokens: int
    messages: int
    moments: int
    down: AnswerKinds
    lateness: Spans

    @property
    def each(self) -> float:
        """Bytes that the server sent for each token."""
        return self.down.total / max(self.tokens, 1)


def batches(recording: Recording) -> tuple[Batch, ...]:
    """The readers of a run, the smallest window first and the buffer that is emptied late last.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    try:
        times, counted = answer_times(recording), answer_bytes(recording)
    except BadParameter:
        times, counted = {}, {}
    found = []
    for name, read in times.items():
        _, _, label = name.partition(", ")
        if label and name in counted:
            found.append(_batch(label, read, counted[name].messages, counted[name].down))
    found.sort(key=lambda one: (one.is_late, _window_ms(one.label)))
    if len(found) < 2 or found[0].is_late:
        raise BadParameter("This recording has no answer in batches of several sizes: run the scenario Batching.")
    return tuple(found)


def _batch(label: str, read: AnswerTimes, messages: int, down: AnswerKinds) -> Batch:
    return Batch(read.name, label, label == LATE, len(read.tokens), messages, len(read.moments_s), down, read.lateness)


def _window_ms(label: str) -> float:
    number = label.removesuffix(" ms")
    return float(number) if number.replace(".", "", 1).isdigit() else 0.0

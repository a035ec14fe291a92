"""What became different between two connections, in a few sentences: answers, bytes, and rules broken.

``replay_widget.py`` shows them under the bytes that a learner changed; everything is computed from the captures.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import Dissection, dissect
from lab_servers.wire.model import Severity
from lab_servers.wire.printable import printable

# Notes are made from the bytes when they are asked for; so many records of each side are asked.
MAX_RECORDS = 2_000
MAX_STATUSES = 5
MAX_CHARACTERS = 120

_MISDIRECTED = "421"


class Told(NamedTuple):
    """What a connection comes down to.

    Attributes:
        answers: The statuses of the answers and the server's Close frame, in their order; empty where there is neither.
        sent_bytes: What each side sent.
        forbidden: How many notes say that a rule was broken.
        is_counted_whole: Whether all records were looked at for that.
    """

    answers: tuple[str, ...]
    sent_bytes: dict[Side, int]
    forbidden: int
    is_counted_whole: bool

    @classmethod
    def of(cls, capture: Capture) -> Told:
        """Look at one connection."""
        found = dissect(capture)
        records = [found.records(side)[:MAX_RECORDS] for side in Side]
        notes = [note for side in records for record in side for note in record.notes]
        return cls(
            tuple(islice(_answers(found), MAX_STATUSES + 1)),
            {side: len(capture.bytes_from(side)) + capture.unrecorded_bytes.get(side, 0) for side in Side},
            sum(note.severity is Severity.FORBIDDEN for note in notes),
            all(len(side) < MAX_RECORDS for side in records),
        )

    @property
    def answer(self) -> str:
        """The answers as one phrase."""
        more = ", …" if len(self.answers) > MAX_STATUSES else ""
        return ", ".join(self.answers[:MAX_STATUSES]) + more if self.answers else "none"

    @property
    def rules(self) -> str:
        """How many notes, as one phrase."""
        return f"{self.forbidden:,}" + ("" if self.is_counted_whole else " or more")


def _answers(found: Dissection) -> Iterator[str]:
    for message in found.conversation.messages(Side.SERVER.value):
        # The code as it stands on the wire, whatever it is.
        words = message.start_line.split(None, 2)
        yield printable(words[1], MAX_CHARACTERS) if len(words) > 1 else "a status line without a status"
    frames = found.conversation.frames(Side.SERVER.value)
    for record in frames.records if frames is not None else ():
        if record.name == "close frame":
            yield f"closed with {printable(record.summary, MAX_CHARACTERS)}"
            return


def compare(before: Capture, now: Capture) -> str:
    """Say in a few sentences what is different on ``now`` from what was on ``before``."""
    old, new = Told.of(before), Told.of(now)
    if old.answer == new.answer:
        sentences = [f"Answer: {new.answer}, as before."]
    else:
        sentences = [f"Answer: {new.answer}; before: {old.answer}."]
    for side in Side:
        sent, was = new.sent_bytes[side], old.sent_bytes[side]
        sentences.append(f"Bytes from the {side.value}: {sent:,}{_than(sent, was)}.")
    rules = "" if new.rules == old.rules else f"; before: {old.rules}"
    sentences.append(f"Notes on broken rules: {new.rules}{rules or ', as before'}.")
    return " ".join((*sentences, *_remarks(new)))


def _than(now: int, before: int) -> str:
    return ", as before" if now == before else f"; before: {before:,}"


def _remarks(new: Told) -> Iterator[str]:
    if _MISDIRECTED in new.answers:
        yield (
            "421 is about the Host field: these servers answer to 127.0.0.1, localhost and [::1] only, "
            "with the port of this or any earlier run."
        )
    if not new.sent_bytes[Side.SERVER]:
        yield (
            "The server sent nothing: it still waits for more bytes, or its answer is slower than quiet_s, "
            "the time that Replay listens."
        )

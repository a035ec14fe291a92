"""What the users of real clients saw of one answer: read from their marks, beside what passed and what the model did.

``scenarios/ai_user.py`` makes the marks; ``views/looks/ai_real_clients.py`` shows them. A mark is a text that anybody
may have written: one that cannot be read says nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from lab_servers.capture.capture import Side
from lab_servers.dissection import conversation_of
from lab_servers.marks import Mark
from lab_servers.measure.model_marks import FinishedRun, finished, produced
from lab_servers.recording import Recording

CALLS, ASKED, SAW, MET, ENDED, MISSING = "calls", "asked", "saw", "met", "ended", "missing"
# Of what an exception says, in words; an exception may quote a whole URL.
MOST_SHOWN_CHARACTERS = 120

OVER, ERROR, LEFT = "over", "error", "left"


@dataclass(frozen=True)
class Seen:
    """A piece of text that a user was shown, and when, on the clock of the recording."""

    text: str
    at_ns: int


@dataclass(frozen=True)
class UserSaw:
    """One client's user.

    Attributes:
        client: The client, by its name, which is its relay's name, too.
        code: What its user wrote.
        missing: What to do about a client that is not here; empty where it is.
        asked_ns: When the question went out; 0 for one that is not here.
        pieces: The text that was shown, piece by piece.
        met: The message of an error that came as data and that nothing raised; empty without one.
        how: How it ended: ``"over"``, ``"error"``, ``"left"``; empty where it did not.
        name: The exception, the exit status, or how the user left.
        message: What it says, or what a client has to show for the end; may be empty.
        ended_ns: When.
        requests_ns: When each request had passed.
        statuses: The status of each answer.
        model_made_ns: When the model made each piece of text of the answer that this user got.
        model_end: How the model's work on it ended; ``None`` where it never began.
    """

    client: str
    code: str
    missing: str
    asked_ns: int
    pieces: tuple[Seen, ...]
    met: str
    how: str
    name: str
    message: str
    ended_ns: int
    requests_ns: tuple[int, ...]
    statuses: tuple[int, ...]
    model_made_ns: tuple[int, ...]
    model_end: FinishedRun | None

    @property
    def text(self) -> str:
        """All that was shown."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def before_the_last(self) -> int:
        """How many pieces were shown before the model had made its last one."""
        last_ns = max(self.model_made_ns, default=0)
        return sum(piece.at_ns < last_ns for piece in self.pieces)

    @property
    def is_silent(self) -> bool:
        """Whether the answer is not whole and this user was told nothing at all: no exception, no error, no status."""
        is_whole = self.model_end is not None and self.model_end.reason in ("complete", "length")
        return self.how == OVER and not self.met and not is_whole

    @property
    def words(self) -> str:
        """What the user sees at the end, in words."""
        told = f"an error in the data: {_short(self.met)}; then " if self.met else ""
        if self.missing:
            return self.missing
        if self.how == ERROR:
            return f"{told}{self.name}: {_short(self.message)}"
        if self.how == LEFT:
            return f"{told}left by {self.name}"
        if self.how == OVER:
            return f"{told}the end, with {self.message}" if self.message else f"{told}the end, and nothing else"
        return f"{told}nothing"


def users(recording: Recording) -> tuple[UserSaw, ...]:
    """The users of a run, in the order in which the run names them; empty for a recording without any."""
    names: dict[str, dict[str, list[Mark]]] = {}
    for mark in recording.marks:
        client, _, what = mark.name.rpartition(": ")
        if client and what in (CALLS, ASKED, SAW, MET, ENDED, MISSING):
            names.setdefault(client, {}).setdefault(what, []).append(mark)
    ends = {one.run: one for one in finished(recording)}
    made: dict[str, list[int]] = {}
    for part in produced(recording):
        if part.text and not part.is_arguments:
            made.setdefault(part.run, []).append(part.at_ns)
    return tuple(
        _user(recording, client, marks, ends, made) for client, marks in names.items() if CALLS in marks
    )  # fmt: skip


def _user(
    recording: Recording,
    client: str,
    marks: dict[str, list[Mark]],
    ends: dict[str, FinishedRun],
    made: dict[str, list[int]],
) -> UserSaw:
    asked, ended = marks.get(ASKED, []), marks.get(ENDED, [])
    end = _end(ended[-1].detail) if ended else {}
    requests_ns: list[int] = []
    statuses: list[int] = []
    run = ""
    for capture in recording.of(client):
        found = conversation_of(capture)
        requests_ns += [
            capture.time_of(Side.CLIENT, message.head_end - 1) for message in found.messages(Side.CLIENT.value)
        ]
        for answer in found.messages(Side.SERVER.value):
            statuses.append(answer.status or 0)
            run = next(iter(answer.values("Run-Id")), run)
    return UserSaw(
        client,
        marks[CALLS][0].detail,
        marks[MISSING][0].detail if MISSING in marks else "",
        asked[0].at_ns if asked else 0,
        tuple(Seen(mark.detail, mark.at_ns) for mark in marks.get(SAW, [])),
        marks[MET][0].detail if MET in marks else "",
        end.get("how", ""),
        end.get("name", ""),
        end.get("message", ""),
        ended[-1].at_ns if ended else 0,
        tuple(sorted(requests_ns)),
        tuple(statuses),
        tuple(made.get(run, ())),
        ends.get(run),
    )


def _short(message: str) -> str:
    """A message in a cell or a sentence; the mark has more of it."""
    text = message if len(message) <= MOST_SHOWN_CHARACTERS else f"{message[: MOST_SHOWN_CHARACTERS - 1]}…"
    return text.rstrip(".")


def _end(detail: str) -> dict[str, str]:
    try:
        found = json.loads(detail)
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str)}

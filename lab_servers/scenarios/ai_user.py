"""What the user of one client sees of one answer, as marks: each piece of text, and how it ended for them.

The clients (``ai_sdks.py``, ``ai_programs.py``) tell it; ``measure/users.py`` reads it back from a recording.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from lab_servers.clients.failures import one_line
from lab_servers.marks import Mark, now_ns

MOST_MESSAGE_CHARACTERS = 300


@dataclass(frozen=True)
class Question:
    """What every client asks.

    Attributes:
        prompt: The prompt.
        settings: How the model shall behave, as query parameters.
        leave_after: After how many pieces of text the user leaves; 0: never.
    """

    prompt: str
    settings: Mapping[str, object]
    leave_after: int = 0

    @property
    def query(self) -> str:
        """The settings as a query, without its question mark."""
        return urlencode({name: str(value) for name, value in self.settings.items()})


class User:
    """One user in front of one client.

    Args:
        question: What is asked, and when to leave.

    Attributes:
        marks: What happened so far: "calls", "asked", "saw", "met", "ended", "missing".
    """

    def __init__(self, question: Question) -> None:
        self.question = question
        self.marks: list[Mark] = []
        self._pieces = 0

    def calls(self, code: str) -> None:
        """Say what the user wrote: the call, or the command line."""
        self._mark("calls", code)

    def asks(self) -> None:
        """The question goes out."""
        self._mark("asked")

    def sees(self, text: str) -> bool:
        """The user is shown a piece of text; tell whether it is enough, and the user leaves."""
        self._mark("saw", text)
        self._pieces += 1
        return self._pieces == self.question.leave_after

    def leaves(self, how: str) -> None:
        """The user has left, by these means."""
        self._end("left", how, "")

    def is_told_of_an_error(self, message: str) -> None:
        """An error came as data, and whoever wrote the loop must look at it: nothing is raised."""
        self._mark("met", one_line(message, MOST_MESSAGE_CHARACTERS))

    def gets_the_end(self, last: str) -> None:
        """The client says, or lets pass, that the answer is over: no exception, no error.

        Args:
            last: What it has to show for it, such as a finish reason or a terminator; empty if nothing.
        """
        self._end("over", "", last)

    def gets_an_error(self, name: str, message: str) -> None:
        """The client raises, or a program says that something went wrong."""
        self._end("error", name, message)

    def lacks(self, remedy: str) -> None:
        """There is no such client here; what to do about it."""
        self._mark("missing", remedy)

    def raised(self, error: BaseException) -> None:
        """An exception reached the user's loop."""
        kind = type(error)
        message = one_line(str(error), MOST_MESSAGE_CHARACTERS) or "(no message)"
        self.gets_an_error(f"{kind.__module__.partition('.')[0]}.{kind.__qualname__}", message)

    def _end(self, how: str, name: str, message: str) -> None:
        self._mark("ended", json.dumps({"how": how, "name": name, "message": message}, ensure_ascii=False))

    def _mark(self, name: str, detail: str = "") -> None:
        self.marks.append(Mark(now_ns(), name, detail))

"""What ``doctor`` found: one :class:`Check` per matter, and how all of them are shown."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass

from lab_servers.cli.terminal import counted
from lab_servers.views.table import Table
from lab_servers.wire.printable import printable

MAX_TEXT_CHARACTERS = 500


class Status(enum.Enum):
    """How a check ended; a later member is worse."""

    OK = "ok"
    WARNING = "warning"  # something works less well, or only a part of the course needs it
    PROBLEM = "problem"  # the servers or the notebooks do not work


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What was looked at; scripts find a check by it.
        status: How it ended.
        found: What was found.
        remedy: What to do; empty where nothing needs to be done.
    """

    name: str
    status: Status
    found: str
    remedy: str = ""


@dataclass(frozen=True)
class Report:
    """All checks, in the order in which they are read. It shows itself as a table of text."""

    checks: tuple[Check, ...]

    @property
    def status(self) -> Status:
        """The worst status of all checks."""
        order = list(Status)
        return max((check.status for check in self.checks), key=order.index, default=Status.OK)

    @property
    def has_problem(self) -> bool:
        """Whether something does not work."""
        return self.status is Status.PROBLEM

    def as_json(self) -> str:
        """One line of JSON."""
        checks = [
            {"name": check.name, "status": check.status.value, "found": check.found, "remedy": check.remedy}
            for check in self.checks
        ]
        return json.dumps({"status": self.status.value, "checks": checks})

    def __str__(self) -> str:
        width = max((len(check.name) for check in self.checks), default=0)
        lines = []
        for check in self.checks:
            # An environment variable or a file can hold anything.
            found, remedy = (printable(text, MAX_TEXT_CHARACTERS) for text in (check.found, check.remedy))
            lines.append(f"{check.status.value:<8} {check.name:<{width}}  {found}")
            if remedy:
                lines.append(f"{'':<8} {'':<{width}}  → {remedy}")
        return "\n".join([*lines, "", self._conclusion()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = tuple(
            (check.name, check.status.value, check.found + (f" → {check.remedy}" if check.remedy else ""))
            for check in self.checks
        )
        return Table(self._conclusion(), ("what", "status", "found"), rows)._repr_html_()

    def _conclusion(self) -> str:
        counts = {status: sum(check.status is status for check in self.checks) for status in Status}
        problems = counted(counts[Status.PROBLEM], "problem")
        warnings = counted(counts[Status.WARNING], "warning")
        if self.status is Status.OK:
            return "Everything is in place."
        if self.status is Status.WARNING:
            return f"Everything that the servers and notebooks need is in place; {warnings}."
        return f"{problems}, {warnings}."

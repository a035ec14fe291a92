"""What a check found: how many tries there were, and which rules were broken, with the smallest input for each."""

from __future__ import annotations

from dataclasses import dataclass

from lab_servers.course.exercise import Case
from lab_servers.views.table import Table


@dataclass(frozen=True)
class Failure:
    """One broken rule.

    Attributes:
        case: The smallest case that shows it.
        given: What the learner's answer gave, as text.
        count: How many cases broke the rule.
    """

    case: Case
    given: str
    count: int


@dataclass(frozen=True)
class Verdict:
    """The result of a check.

    Attributes:
        task: What was asked.
        tried: How many cases were tried.
        failures: One for each broken rule; empty if all is well.
        problem: Why nothing could be tried; empty otherwise.
    """

    task: str
    tried: int
    failures: tuple[Failure, ...] = ()
    problem: str = ""

    @property
    def passed(self) -> bool:
        """Whether every case came out right."""
        return not self.failures and not self.problem and self.tried > 0

    def table(self) -> Table:
        """The same as a table."""
        if self.problem:
            return Table(f"✗ Not yet. {self.problem}", ("rule", "input", "expected", "given"), ())
        if self.passed:
            return Table(f"✓ Passed: {self.tried} of {self.tried} cases. {self.task}", ("rule",), ())
        rows = tuple(
            (one.case.rule, ", ".join(map(repr, one.case.args)), repr(one.case.expected), one.given)
            for one in self.failures
        )
        failed = sum(one.count for one in self.failures)
        return Table(
            f"✗ Not yet: {failed} of {self.tried} cases came out wrong. {self.task}",
            ("broken rule", "smallest input", "expected", "given"),
            rows,
            code=frozenset({1, 2, 3}),
        )

    def __repr__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()

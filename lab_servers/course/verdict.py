"""What a check found: how many tries there were, and which rules were broken, with the smallest input for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape

from lab_servers.course.exercise import Case
from lab_servers.course.markup import CODE, OPEN, RIGHT, WRONG, box, section_link, section_text
from lab_servers.course.shown import hexadecimal, literal
from lab_servers.views.table import Table

MAX_RULES = 6

_CELL = "text-align:left;vertical-align:top;padding:0.15em 0.6em"


@dataclass(frozen=True)
class Failure:
    """One broken rule.

    Attributes:
        case: The smallest case that shows it.
        given: What the learner's answer gave, as text.
        count: How many cases broke the rule.
        difference: Where the given value parts from the expected one; empty where that is no question.
    """

    case: Case
    given: str
    count: int
    difference: str = ""


@dataclass(frozen=True)
class Verdict:
    """The result of a check.

    Attributes:
        task: What was asked.
        tried: How many cases were tried.
        failures: One for each broken rule; empty if all is well.
        problem: Why nothing could be tried; empty otherwise.
        answer: The name of the learner's function or value.
        notice: What else the learner must know; empty as a rule.
    """

    task: str
    tried: int
    failures: tuple[Failure, ...] = ()
    problem: str = ""
    answer: str = ""
    notice: str = ""

    @property
    def passed(self) -> bool:
        """Whether every case came out right."""
        return not self.failures and not self.problem and self.tried > 0

    def with_notice(self, notice: str) -> Verdict:
        """A copy that says this as well."""
        return replace(self, notice=" ".join(filter(None, (self.notice, notice))))

    @property
    def headline(self) -> str:
        """The verdict in one sentence."""
        if self.problem:
            return f"✗ Not yet. {self.problem}"
        if self.passed:
            return f"✓ Passed: {self.tried:,} of {self.tried:,} cases."
        failed = sum(one.count for one in self.failures)
        rules = "one rule is" if len(self.failures) == 1 else f"{len(self.failures)} rules are"
        return f"✗ Not yet: {failed:,} of {self.tried:,} cases came out wrong, and {rules} broken."

    def table(self) -> Table:
        """The broken rules as a table."""
        return Table(
            f"{self.headline} {self.task}",
            ("broken rule", "section", "smallest input", "expected", "given"),
            tuple(
                (one.case.rule, section_text(one.case.section), self._call(one), literal(one.case.expected), one.given)
                for one in self.failures
            ),
            code=frozenset({2, 3, 4}),
        )

    def _call(self, failure: Failure) -> str:
        """The smallest input as the call that makes it."""
        return f"{self.answer}({', '.join(map(literal, failure.case.args))})" if failure.case.args else ""

    def _rows(self, failure: Failure) -> Iterator[tuple[str, str]]:
        case = failure.case
        if case.args:
            yield f"smallest input ({case.source})", self._call(failure)
            yield from (("as hex", shown) for shown in map(hexadecimal, case.args) if shown)
        yield "expected", literal(case.expected)
        yield "given", failure.given
        if failure.difference:
            yield "first difference", failure.difference

    @property
    def _rest(self) -> str:
        more = len(self.failures) - MAX_RULES
        return f"Broken as well: {more} other {'rule' if more == 1 else 'rules'}. Mend these first." if more > 0 else ""

    # --- how it shows itself ----------------------------------------------------------------------

    def __str__(self) -> str:
        lines = [self.headline, self.task]
        for failure in self.failures[:MAX_RULES]:
            where = f" ({section_text(failure.case.section)})" if failure.case.section else ""
            lines += ["", f"{failure.case.rule}{where}: {_cases(failure.count)}"]
            lines += [f"  {name}: {value}" for name, value in self._rows(failure)]
        return "\n".join([*lines, *filter(None, (self._rest, self.notice))])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        head = f'<p style="margin:0"><strong>{escape(self.headline)}</strong> {escape(self.task)}</p>'
        rules = "".join(map(self._failure_html, self.failures[:MAX_RULES]))
        tail = "".join(f'<p style="margin:0.5em 0 0">{escape(one)}</p>' for one in (self._rest, self.notice) if one)
        colour = RIGHT if self.passed else WRONG if self.failures else OPEN
        return box(colour, head + rules + tail, style="max-width:75em;overflow-wrap:anywhere")

    def _failure_html(self, failure: Failure) -> str:
        rows = "".join(
            f'<tr><th scope="row" style="{_CELL};min-width:8em">{escape(name)}</th>'
            f'<td style="{_CELL};{CODE}">{escape(value)}</td></tr>'
            for name, value in self._rows(failure)
        )
        rule = escape(failure.case.rule, quote=True)
        return (
            f'<p style="margin:0.8em 0 0.2em"><strong>{rule}</strong> '
            f"{section_link(failure.case.section)} ({_cases(failure.count)})</p>"
            f'<table style="margin:0" aria-label="{rule}"><tbody>{rows}</tbody></table>'
        )


def _cases(count: int) -> str:
    return "1 case" if count == 1 else f"{count:,} cases"

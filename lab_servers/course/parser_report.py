"""What “Break my parser” found, as a page and as text: each broken rule, its smallest input, and who else broke it.

``break_parser.py`` makes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import pairwise

from lab_servers.course.conformance import Dispatched
from lab_servers.course.conformance_rules import RULES, Incident, Rule
from lab_servers.course.markup import CODE, OPEN, RIGHT, WRONG, box, section_link, section_text
from lab_servers.course.shown import literal
from lab_servers.views.table import Table

_CELL = "text-align:left;vertical-align:top;padding:0.3em 0.5em"
_HEADS = ("broken rule", "smallest input that shows it", "expected", "given", "happened in")


@dataclass(frozen=True)
class Broken:
    """One broken rule.

    Attributes:
        rule: The rule.
        data: The smallest stream that shows it.
        cuts: Where that was cut; empty if it fails in one piece.
        expected: What it dispatches.
        given: What the parser gave, as text.
        count: How many readings broke this rule.
    """

    rule: Rule
    data: bytes
    cuts: tuple[int, ...]
    expected: tuple[Dispatched, ...]
    given: str
    count: int

    @property
    def where(self) -> str:
        """How it was cut, in words."""
        if not self.cuts:
            return "in one piece"
        if len(self.cuts) == 1:
            return f"cut before byte {self.cuts[0]}"
        return "byte by byte" if len(self.cuts) == len(self.data) - 1 else f"cut before bytes {self.cuts}"

    @property
    def pieces(self) -> str:
        """The pieces that the parser was given, as Python writes them."""
        edges = (0, *self.cuts, len(self.data))
        if len(self.cuts) > 2:
            return literal(self.data)
        return ", ".join(literal(self.data[start:stop]) for start, stop in pairwise(edges))


@dataclass(frozen=True)
class ParserReport:
    """The result.

    Attributes:
        readings: How many times a stream was read.
        broken: One for each broken rule, the plainest first.
        is_complete: Whether everything was tried.
        problem: Why nothing could be tried; empty otherwise.
        notices: What else must be known, one sentence each.
    """

    readings: int = 0
    broken: tuple[Broken, ...] = ()
    is_complete: bool = False
    problem: str = ""
    notices: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether no rule is broken, and everything was tried."""
        return self.is_complete and not self.broken and not self.problem

    @property
    def headline(self) -> str:
        """The result in one sentence or two."""
        if self.problem:
            return f"✗ {self.problem}"
        if self.passed:
            return f"✓ Not broken: {self.readings:,} readings, all {len(RULES)} rules kept."
        if not self.broken:
            return f"✗ Not all was tried: {self.readings:,} readings came out right."
        count = "1 rule is" if len(self.broken) == 1 else f"{len(self.broken)} of {len(RULES)} rules are"
        wrong = sum(one.count for one in self.broken)
        readings = "1 reading" if wrong == 1 else f"{wrong:,} readings"
        first = self.broken[0].rule
        return (
            f"✗ Broken: {count} broken, by {readings} of {self.readings:,}. Mend this first: {first.sentence} "
            f"({section_text(first.section)})"
        )

    def table(self) -> Table:
        """The broken rules as a table."""
        rows = tuple(
            (
                f"{one.rule.sentence} ({section_text(one.rule.section)})",
                f"{one.pieces} ({one.where})",
                literal(list(one.expected)),
                one.given,
                "; ".join(f"{incident.name}: {incident.what}" for incident in one.rule.incidents),
            )
            for one in self.broken
        )
        return Table(self.headline, _HEADS, rows, frozenset({1, 2, 3}), self.notices)

    # --- how it shows itself ----------------------------------------------------------------------

    def __str__(self) -> str:
        lines = [self.headline]
        for one in self.broken:
            lines += [
                "",
                f"{one.rule.sentence} ({section_text(one.rule.section)})",
                f"  smallest input: {one.pieces} ({one.where})",
                f"  expected: {literal(list(one.expected))}",
                f"  given: {one.given}",
                *(
                    f"  happened in {incident.name}: {incident.what} ({incident.url})"
                    for incident in one.rule.incidents
                ),
            ]
        return "\n".join([*lines, *self.notices])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        head = f'<p style="margin:0"><strong>{escape(self.headline)}</strong></p>'
        tail = "".join(f'<p style="margin:0.5em 0 0">{escape(notice)}</p>' for notice in self.notices)
        colour = RIGHT if self.passed else WRONG if self.broken else OPEN
        return box(colour, head + self._table_html() + tail, style="max-width:100em")

    def _table_html(self) -> str:
        if not self.broken:
            return ""
        # The incidents stand below their rule: a column of their own would be cut off on a narrow page.
        heads = "".join(f'<th scope="col" style="{_CELL}">{name}</th>' for name in _HEADS[:-1])
        rows = "".join(map(_row_html, self.broken))
        return (
            '<div style="overflow-x:auto"><table style="margin:0.6em 0 0" aria-label="Broken rules">'
            f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
        )


def _row_html(one: Broken) -> str:
    code = f"{_CELL};{CODE};min-width:7em"
    incidents = "<br>".join(map(_incident_html, one.rule.incidents))
    happened = f'<div style="margin-top:0.3em">{_HEADS[-1].capitalize()} {incidents}</div>' if incidents else ""
    return (
        f'<tr><th scope="row" style="{_CELL};width:38%;min-width:9em;font-weight:normal">'
        f"<strong>{escape(one.rule.sentence)}</strong> {section_link(one.rule.section)}{happened}</th>"
        f'<td style="{code}">{escape(one.pieces)}<br>({escape(one.where)})</td>'
        f'<td style="{code}">{escape(literal(list(one.expected)))}</td><td style="{code}">{escape(one.given)}</td></tr>'
    )


def _incident_html(incident: Incident) -> str:
    return f'<a href="{escape(incident.url, quote=True)}">{escape(incident.name)}</a>: {escape(incident.what)}'

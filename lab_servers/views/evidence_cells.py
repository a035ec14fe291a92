"""The evidence table: seven questions put to HTTP, SSE and WebSocket, each cell computed and each with its bytes.

``measure/evidence_probes.py`` and ``measure/evidence_costs.py`` compute the cells. Here they become a table that can
be projected, and each cell opens the byte inspector where its deciding bytes are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape

from lab_servers.capture.capture import Side
from lab_servers.errors import require_one_of
from lab_servers.measure.evidence import COLUMNS, Cell, Dimension, Exhibit
from lab_servers.measure.evidence_costs import JOBS, cheapest, job_costs, typical_use
from lab_servers.measure.evidence_probes import (
    based_on_http,
    browser_api,
    direction_of,
    duration,
    new_protocol,
)
from lab_servers.measure.evidence_reconnection import reconnection
from lab_servers.recording import Recording
from lab_servers.views.hexdump import printable as ascii_text
from lab_servers.views.inspector_widget import Inspector, inspector
from lab_servers.views.table import Table
from lab_servers.wire.printable import printable
from lab_servers.wire.spec import spec_url

PROBES: dict[Dimension, Callable[[Recording, str], Cell]] = {
    Dimension.BASED_ON_HTTP: based_on_http,
    Dimension.NEW_PROTOCOL: new_protocol,
    Dimension.DIRECTION: direction_of,
    Dimension.DURATION: duration,
    Dimension.BROWSER_API: browser_api,
    Dimension.RECONNECTION: reconnection,
    Dimension.TYPICAL_USE: typical_use,
}

_SHOWN_EXHIBITS = 4
_SHOWN_BYTES = 24
_SHOWN_CHARACTERS = 72
_CELL = "text-align:left;vertical-align:top;padding:0.45em 0.6em;border-top:1px solid var(--jp-border-color2,#c4c4c4)"
_CODE = "font-family:var(--jp-code-font-family,monospace);white-space:pre-wrap;overflow-wrap:anywhere"


@dataclass(frozen=True, repr=False)
class EvidenceCell:
    """One cell: what stands in it, why, and the bytes that it rests on.

    Attributes:
        cell: What the probe found.
    """

    cell: Cell

    @property
    def value(self) -> str:
        """What stands in the table, in a few words."""
        return self.cell.value

    @property
    def sentence(self) -> str:
        """Why, with the figures of this recording."""
        return self.cell.sentence

    @property
    def correction(self) -> str:
        """What the short answer leaves out, with the figures that show it; may be empty."""
        return self.cell.correction

    @property
    def exhibits(self) -> tuple[Exhibit, ...]:
        """The bytes that decide, the most telling first."""
        return self.cell.exhibits

    def show(self) -> Inspector:
        """The byte inspector on the connections that decide, with the most telling bytes selected."""
        captures = list({id(one.capture): one.capture for one in self.exhibits}.values())
        shown = inspector(Recording(self._title, tuple(captures)))
        decisive = self.exhibits[0]
        shown.selection = {"sender": decisive.side.value, "offset": decisive.start}
        return shown

    @property
    def _title(self) -> str:
        return f"{self.cell.dimension.value}, {self.cell.column}: {self.value}"

    def __str__(self) -> str:
        lines = [self._title, self.sentence, self.correction, self.cell.spec]
        return "\n".join([*filter(None, lines), *(f"  {_place(one)}: {_excerpt(one)}" for one in self._some)])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<p><strong>{escape(self._title)}</strong></p><p>{escape(self.sentence)}</p>{self.proof()}"

    @property
    def _some(self) -> tuple[Exhibit, ...]:
        return self.exhibits[:_SHOWN_EXHIBITS]

    def proof(self) -> str:
        """The correction, the section and the deciding bytes, as HTML."""
        url = spec_url(self.cell.spec)
        link = f'<a href="{escape(url, quote=True)}" target="_blank" rel="noopener noreferrer">' if url else ""
        spec = f"<p>{link}{escape(self.cell.spec)}{'</a>' if link else ''}</p>" if self.cell.spec else ""
        correction = f"<p><strong>But:</strong> {escape(self.correction)}</p>" if self.correction else ""
        told = "".join(
            f'<p>{escape(_place(one))}:<br><code style="{_CODE}">{escape(_excerpt(one))}</code></p>'
            for one in self._some
        )
        left = len(self.exhibits) - len(self._some)
        more = f"<p>… and {left} more: .show() opens them all.</p>" if left else ""
        return f"{correction}{spec}{told}{more}"


@dataclass(frozen=True, repr=False)
class EvidenceTable:
    """The comparison of HTTP, SSE and WebSocket; no cell of it is written down anywhere.

    Attributes:
        cells: All cells by row and column, row by row.
        notices: What the reader must know about the recording, one sentence each.
    """

    cells: Mapping[tuple[Dimension, str], EvidenceCell]
    notices: tuple[str, ...] = ()

    def cell(self, dimension: str, column: str) -> EvidenceCell:
        """One cell.

        Args:
            dimension: The name of a row, such as ``"direction"``.
            column: ``"HTTP"``, ``"SSE"`` or ``"WebSocket"``.

        Raises:
            BadParameter: there is no such row or column.
        """
        require_one_of("dimension", dimension, tuple(one.value for one in Dimension))
        require_one_of("column", column, COLUMNS)
        return self.cells[Dimension(dimension), column]

    @property
    def table(self) -> Table:
        """The values alone."""
        rows = tuple((one.value, *(self.cells[one, column].value for column in COLUMNS)) for one in Dimension)
        return Table(_CAPTION, ("", *COLUMNS), rows, notices=self.notices)

    def __str__(self) -> str:
        why = [
            f"{dimension.value}, {column}: {cell.value}. {cell.sentence} {cell.correction}".rstrip()
            for (dimension, column), cell in self.cells.items()
        ]
        return "\n".join((str(self.table), "", *why))

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        heads = "".join(f'<th scope="col" style="{_CELL};font-size:1.2em">{escape(one)}</th>' for one in ("", *COLUMNS))
        rows = "".join(f"<tr>{self._row(one)}</tr>" for one in Dimension)
        notices = "".join(f"<p>{escape(notice)}</p>" for notice in self.notices)
        return (
            f'<p><strong>{escape(_CAPTION)}</strong></p><div style="overflow-x:auto">'
            f'<table style="margin-left:0;min-width:42em;width:100%;table-layout:fixed" '
            f'aria-label="{escape(_CAPTION, quote=True)}"><colgroup><col style="width:8.4em"><col><col><col></colgroup>'
            f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>{notices}"
        )

    def _row(self, dimension: Dimension) -> str:
        head = f'<th scope="row" style="{_CELL}">{escape(dimension.value)}</th>'
        return head + "".join(_html_of(self.cells[dimension, column]) for column in COLUMNS)


_CAPTION = "Seven questions, answered from the bytes of one run"


def _html_of(cell: EvidenceCell) -> str:
    what = "the bytes, and a but" if cell.correction else "the bytes"
    return (
        f'<td style="{_CELL};white-space:normal;overflow-wrap:anywhere">'
        f'<strong style="font-size:1.2em">{escape(cell.value)}</strong><br>'
        f'<span>{escape(cell.sentence)}</span><details style="margin-top:0.3em"><summary>{what}</summary>'
        f"{cell.proof()}</details></td>"
    )


def _place(one: Exhibit) -> str:
    arrow = "client → server" if one.side is Side.CLIENT else "server → client"
    server = printable(one.capture.server, 40)
    return f"{arrow}, bytes {one.start:,} to {one.stop - 1:,} of {server} connection {one.capture.number}"


def _excerpt(one: Exhibit) -> str:
    """The first of its bytes: as text where they are UTF-8 text, else in hexadecimal with what can be read."""
    data = one.data
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if text and all(char.isprintable() or char in "\r\n\t" for char in text):
        return printable(text, _SHOWN_CHARACTERS)
    more = " …" if len(data) > _SHOWN_BYTES else ""
    return f"{data[:_SHOWN_BYTES].hex(' ')}{more}  {ascii_text(data[:_SHOWN_BYTES])}"


def evidence_table(recording: Recording) -> EvidenceTable:
    """The comparison, computed from a recording of the scenario ``Evidence``.

    Raises:
        BadParameter: the recording lacks a part of that run.
    """
    cells = {
        (dimension, column): EvidenceCell(probe(recording, column))
        for dimension, probe in PROBES.items()
        for column in COLUMNS
    }
    return EvidenceTable(cells, recording.notices)


def job_table(recording: Recording) -> Table:
    """What each job cost on each transport.

    Raises:
        BadParameter: the recording lacks a job.
    """
    costs = job_costs(recording)
    rows = tuple(
        (
            JOBS[one.job],
            one.column + (" ◄ first choice" if cheapest(costs, one.job) is one else ""),
            f"{one.requests}",
            f"{one.connections}",
            f"{one.round_trips}",
            f"{one.up_bytes:,}",
            f"{one.down_bytes:,}",
            f"{one.stale_s * 1e3:,.1f} ms",
            f"{one.fresh} of {one.messages}",
        )
        for one in costs
    )
    heads = (
        "job", "by", "requests", "connections", "round trips first", "bytes up", "bytes down", "staleness (median)",
        "fresh",
    )  # fmt: skip
    return Table("Three jobs, each done in three ways", heads, rows, notices=recording.notices)

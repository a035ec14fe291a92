"""A table that reads the same as HTML, as text and in a saved page. Every other view that is no picture is one."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import zip_longest

_CELL = "text-align:left;vertical-align:top;padding:0.25em 0.5em"
_CODE = "font-family:var(--jp-code-font-family,monospace);white-space:pre;"
# As long as the longest names of field lines; what is longer is a sentence.
_NAME_CHARACTERS = 27


@dataclass(frozen=True)
class Table:
    """Rows of text under named columns.

    Attributes:
        caption: What the table shows, in one sentence.
        columns: The heads.
        rows: One tuple of cells per row; captured bytes in them are text and never markup.
        code: Which columns hold bytes or code, by position.
        notices: What the reader must know about the recording, one sentence each.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    code: frozenset[int] = frozenset()
    notices: tuple[str, ...] = ()

    def __str__(self) -> str:
        # A cell may have several lines, as bytes that are broken into rows do.
        lined = [
            line
            for row in (self.columns, *self.rows)
            for line in zip_longest(*(cell.split("\n") for cell in row), fillvalue="")
        ]
        widths = [max(len(line[i]) for line in lined) for i in range(len(self.columns))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lined
        ]
        return "\n".join((self.caption, *lines, *self.notices))

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        heads = "".join(f'<th scope="col" style="{_CELL}">{escape(name)}</th>' for name in self.columns)
        rows = "".join(f"<tr>{self._cells(row)}</tr>" for row in self.rows)
        notices = "".join(f"<p>{escape(notice)}</p>" for notice in self.notices)
        return (
            # Not a <caption>: it would scroll away with a wide table, and wrap to the width of a narrow one.
            f'<p><strong>{escape(self.caption)}</strong></p><div style="overflow-x:auto">'
            f'<table style="margin-left:0" aria-label="{escape(self.caption, quote=True)}">'
            f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>{notices}"
        )

    def _cells(self, row: tuple[str, ...]) -> str:
        cells = []
        for position, cell in enumerate(row):
            style = _CELL + (";" + _CODE if position in self.code else "")
            if position == 0:
                # A name stays on one line; a sentence must not push the other columns off a narrow page.
                width = "white-space:nowrap" if len(cell) <= _NAME_CHARACTERS else "min-width:9em"
                cells.append(f'<th scope="row" style="{style};{width}">{escape(cell)}</th>')
            else:
                cells.append(f'<td style="{style}">{escape(cell)}</td>')
        return "".join(cells)

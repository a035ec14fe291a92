"""How a lab shows itself: one row per server, as text and as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from lab_servers.lab.hosting import Hosted

_CELL = "text-align:left;vertical-align:top;padding:0.4em 0.9em"
_CODE = "white-space:pre-wrap;overflow-wrap:anywhere"


def text_table(hosted: Sequence[Hosted], problems: Sequence[str]) -> str:
    """The lab as plain text."""
    lines = []
    for one in hosted:
        lines += [
            f"{one.kind.name:<10} {one.url:<24} {one.kind.speaks}",
            f"{'':<10} try: {'  '.join(one.kind.endpoints)}",
            f"{'':<10} {one.curl}",
        ]
    lines += [f"problem: {line}" for line in problems]
    return "\n".join(lines)


def html_table(hosted: Sequence[Hosted], problems: Sequence[str]) -> str:
    """The lab as an HTML table that needs no script and no style sheet."""
    rows = []
    for one in hosted:
        paths = "<br>".join(f"<code>{escape(path)}</code>" for path in one.kind.endpoints)
        rows.append(
            f'<tr><th scope="row" style="{_CELL}">{escape(one.kind.name)}</th>'
            f'<td style="{_CELL}">{escape(one.kind.speaks)}</td>'
            f'<td style="{_CELL}"><code>{escape(one.url)}</code></td>'
            f'<td style="{_CELL}">{paths}</td>'
            f'<td style="{_CELL}"><code style="{_CODE}">{escape(one.curl)}</code></td></tr>'
        )
    heads = "".join(
        f'<th scope="col" style="{_CELL}">{head}</th>'
        for head in ("server", "speaks", "URL", "paths to try", "in a terminal")
    )
    table = (
        '<div style="overflow-x:auto"><table><caption style="text-align:left">The lab: every byte that '
        "passes these addresses is recorded.</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
    listed = "".join(f"<li>{escape(line)}</li>" for line in problems)
    return table + (f"<p>Problems that servers reported:</p><ul>{listed}</ul>" if problems else "")

"""How a lab shows itself: one row per server, as text and as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from lab_servers.capture.conditions.network import LOOPBACK_NETWORK
from lab_servers.lab.hosting import Hosted

_CELL = "text-align:left;vertical-align:top;padding:0.3em 0.6em"


def text_table(hosted: Sequence[Hosted], problems: Sequence[str]) -> str:
    """The lab as plain text."""
    lines = []
    for one in hosted:
        lines += [
            f"{one.kind.name:<10} {one.url:<24} {_speaks(one)}",
            f"{'':<10} try: {'  '.join(one.kind.endpoints)}",
            f"{'':<10} {one.curl}",
        ]
    lines += [f"problem: {line}" for line in problems]
    return "\n".join(lines)


def html_table(hosted: Sequence[Hosted], problems: Sequence[str]) -> str:
    """The lab as an HTML table that needs no script and no style sheet."""
    rows = []
    for one in hosted:
        paths = "<br>".join(f'<code style="white-space:nowrap">{escape(path)}</code>' for path in one.kind.endpoints)
        rows.append(
            f'<tr><th scope="row" style="{_CELL}">{escape(one.kind.name)}</th>'
            f'<td style="{_CELL}">{escape(_speaks(one))}</td>'
            f'<td style="{_CELL}"><code style="white-space:nowrap">{escape(one.url)}</code></td>'
            f'<td style="{_CELL}">{paths}</td></tr>'
        )
    heads = "".join(
        f'<th scope="col" style="{_CELL}">{head}</th>' for head in ("server", "speaks", "URL", "paths to try")
    )
    table = (
        "<p><strong>The lab: every byte that passes these addresses is recorded.</strong></p>"
        '<div style="overflow-x:auto"><table style="margin-left:0">'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
    lines = escape("\n".join(one.curl for one in hosted))
    table += f'<p>To paste into a terminal:</p><pre style="overflow-x:auto">{lines}</pre>'
    listed = "".join(f"<li>{escape(line)}</li>" for line in problems)
    return table + (f"<p>Problems that servers reported:</p><ul>{listed}</ul>" if problems else "")


def _speaks(hosted: Hosted) -> str:
    """What it speaks and, where that is not the machine alone, the network that its clients are behind."""
    behind = "" if hosted.network is LOOPBACK_NETWORK else f", over {hosted.network.name}"
    return hosted.kind.speaks + behind

"""The words of the replay panel that need no widget: the call that does the same, and the plain forms.

``replay_widget.py`` shows them live; a saved page and a terminal get them from here. All of them are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape

from lab_servers.views.byte_text import editable_text

MAX_CODE_LINES = 24
MAX_CODE_BYTES = 1_200
MAX_SHOWN_BYTES = 4_000

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_PRE = "font-family:var(--jp-code-font-family,monospace);white-space:pre-wrap;overflow-wrap:anywhere"


def call_text(server: str, data: bytes) -> str:
    """The call that sends these bytes, as code to copy; of many bytes, one that takes them from the panel."""
    lines = _LINE.findall(data)
    if len(data) > MAX_CODE_BYTES or len(lines) > MAX_CODE_LINES:
        return f"Replay({server!r}, panel.data).run(lab)  # {len(data):,} bytes; panel = replay_panel(…)"
    if len(lines) <= 1:
        return f"Replay({server!r}, {data!r}).run(lab)"
    # Adjacent literals are one, so that each line of the message has a line of its own.
    written = "\n".join(f"    {line!r}" for line in lines)
    return f"Replay(\n    {server!r},\n{written},\n).run(lab)"


def stream_text(data: bytes) -> str:
    """The beginning of the client's bytes as text with escapes, and how many more there are."""
    more = f"\n… {len(data) - MAX_SHOWN_BYTES:,} bytes more" if len(data) > MAX_SHOWN_BYTES else ""
    return editable_text(data[:MAX_SHOWN_BYTES]) + more


def as_text(server: str, data: bytes, status: str, comparison: str) -> str:
    """The panel for a terminal."""
    lines = (f"Edit and replay: what the client sends to {server}", stream_text(data), status, call_text(server, data))
    return "\n".join(line for line in (*lines, comparison) if line)


def as_html(server: str, data: bytes, status: str, comparison: str, shown: Mapping[str, str]) -> str:
    """The panel for a saved page: no script, no style sheet; ``shown`` has the HTML of each connection."""
    return "".join(_html(server, data, status, comparison, shown))


def _html(server: str, data: bytes, status: str, comparison: str, shown: Mapping[str, str]) -> Iterator[str]:
    yield f"<p><strong>{escape(f'Edit and replay: what the client sends to {server}')}</strong></p>"
    yield f'<pre style="{_PRE}">{escape(stream_text(data))}</pre><p>{escape(status)}</p>'
    yield f'<pre style="{_PRE}">{escape(call_text(server, data))}</pre>'
    if comparison:
        yield f"<p>{escape(comparison)}</p>"
    for heading, page in shown.items():
        yield f"<p><strong>{escape(heading)}</strong></p>{page}"

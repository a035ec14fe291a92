"""Pieces of HTML that predictions and verdicts share: framed boxes, and links to sections of specifications.

Colours are decoration: each keeps 3 to 1 on both of JupyterLab's themes, and the text beside it says the same in words.
"""

from __future__ import annotations

from html import escape

from lab_servers.views.style import BLUE, GREEN, PURPLE, VERMILION
from lab_servers.wire.spec import spec_name

RIGHT, WRONG, NEUTRAL, OPEN = GREEN, VERMILION, BLUE, PURPLE

CODE = "font-family:var(--jp-code-font-family,monospace);white-space:pre-wrap;overflow-wrap:anywhere"


def box(colour: str, inner: str, *, style: str = "") -> str:
    """A frame around HTML, with a thick edge of this colour."""
    edge = f"border:1px solid #8a8a8a;border-left:6px solid {colour};border-radius:4px;padding:0.6em 1em"
    return f'<div style="{edge};{style}">{inner}</div>'


def section_link(url: str) -> str:
    """A link to a section, named as people name it; empty for no address."""
    if not url.startswith("https://"):
        return escape(url)
    style = ' style="white-space:nowrap"' if spec_name(url) else ""
    return f'<a href="{escape(url, quote=True)}"{style}>{escape(section_text(url))}</a>'


def section_text(url: str) -> str:
    """The name of a section: ``"RFC 9112 §7.1"``; of another address, the address."""
    return spec_name(url) or url.removeprefix("https://")

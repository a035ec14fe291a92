"""A matplotlib figure with the words that say the same, drawn so that it fits both JupyterLab themes.

``style.py`` gives the colours; the views that draw (``arrivals.py``, ``sequence.py``) make figures.
"""

from __future__ import annotations

import io
import logging
import os
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.text import Text

from lab_servers.errors import SaveFailed
from lab_servers.views.style import THEMED

# While it draws, settings of matplotlib and of warnings are changed that all threads share; a panel draws on its own.
_DRAWING = threading.Lock()

# A drawing that would be narrower than this, or its smallest text than so many CSS pixels, scrolls instead.
MIN_WIDTH = "40em"
MIN_WIDTH_PX = 560.0  # the same at the size of text that JupyterLab has
LEAST_TEXT_PX = 9.5


@dataclass(frozen=True)
class Picture:
    """A figure and its text.

    Attributes:
        figure: The drawing.
        title: What it shows, in a few words.
        text: The sentence, computed from the same data, that says what can be seen.
        notices: What the reader must know about the recording, one sentence each.
    """

    figure: Figure
    title: str
    text: str
    notices: tuple[str, ...] = ()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the drawing to a file; its ending (``.png``, ``.svg``, ``.pdf``) chooses the format.

        Raises:
            SaveFailed: the file cannot be written, or its format is unknown.
        """
        target = Path(path)
        try:
            with _drawing():
                self.figure.savefig(target, facecolor="white")
        except (OSError, ValueError) as error:
            raise SaveFailed(f"{target} cannot be written ({error}): choose another place, and .png or .svg.") from None
        return target

    def svg(self) -> str:
        """The drawing as an SVG element that takes its text colours from the page around it."""
        buffer = io.StringIO()
        with _drawing():
            self.figure.savefig(buffer, format="svg", transparent=True)
        svg = re.sub(r"<metadata>.*?</metadata>", "", buffer.getvalue(), flags=re.DOTALL)
        svg = svg[svg.index("<svg") :]
        for plain, themed in THEMED.items():
            svg = svg.replace(plain, f"var({themed}, {plain})")
        # The size in points would keep a small window from shrinking it.
        width = re.search(r'<svg[^>]* width="([\d.]+)pt"', svg)
        width_pt = float(width[1]) if width else 720.0
        size = f"width:100%;min-width:{self._min_width(width_pt)};max-width:{width_pt:.0f}pt;height:auto"
        svg = re.sub(r'(<svg[^>]*?) width="[\d.]+pt"', r"\1", svg, count=1)
        svg = re.sub(r'(<svg[^>]*?) height="[\d.]+pt"', r"\1", svg, count=1)
        label = escape(f"{self.title}. {self.text}", quote=True)
        return svg.replace("<svg", f'<svg role="img" aria-label="{label}" style="{size}"', 1)

    def _min_width(self, width_pt: float) -> str:
        """How narrow it may become, as CSS; ``width_pt`` is its own width, in points of 4/3 CSS pixels."""
        sizes = [
            float(text.get_fontsize()) for text in self.figure.findobj(Text) if text.get_visible() and text.get_text()
        ]
        least_px = min(width_pt * 4 / 3, width_pt * LEAST_TEXT_PX / min(sizes, default=LEAST_TEXT_PX * 2))
        return MIN_WIDTH if least_px <= MIN_WIDTH_PX else f"{least_px:.0f}px"

    def _repr_html_(self) -> str:
        notices = "".join(f"<p>{escape(notice)}</p>" for notice in self.notices)
        return (
            f'<figure style="margin:0.5em 0"><div style="overflow-x:auto">{self.svg()}</div>'
            f'<figcaption style="max-width:60em">{escape(self.text)}</figcaption></figure>{notices}'
        )

    def __str__(self) -> str:
        return "\n".join((self.title, self.text, *self.notices))

    def __repr__(self) -> str:
        return str(self)


@contextmanager
def _drawing() -> Iterator[None]:
    """One drawing at a time, with its text as text."""
    with _DRAWING, _quiet_about_fonts(), mpl.rc_context({"svg.fonttype": "none"}):
        yield


@contextmanager
def _quiet_about_fonts() -> Iterator[None]:
    """Keep remarks about fonts out of the reader's notebook.

    The text stays text in the SVG, and the reader's browser has the glyphs that matplotlib's font
    lacks; a Chinese font often comes in one weight only, which matplotlib reports each time.
    """
    log = logging.getLogger("matplotlib.font_manager")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font")
            yield
    finally:
        log.setLevel(level)

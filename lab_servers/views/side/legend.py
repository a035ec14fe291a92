"""The one legend of the comparison's pictures: beside the drawing, in the order of the drawing."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.artist import Artist
from matplotlib.figure import Figure

from lab_servers.views.style import INK


def legend_beside(figure: Figure, handles: Sequence[Artist], words: Sequence[str], title: str = "") -> None:
    """Put it right of the drawing, one line for each lane."""
    legend = figure.legend(
        handles, words, loc="outside right upper", frameon=False, fontsize=11, handlelength=2.8, labelspacing=0.55,
        title=title or None, title_fontsize=11, alignment="left",
    )  # fmt: skip
    for text in (*legend.get_texts(), legend.get_title()):
        text.set_color(INK)


def legend_above(figure: Figure, handles: Sequence[Artist], words: Sequence[str]) -> None:
    """Put it over the drawing, in one row."""
    legend = figure.legend(
        handles, words, loc="outside upper center", ncols=len(words), frameon=False, fontsize=11, columnspacing=1.4
    )
    for text in legend.get_texts():
        text.set_color(INK)

"""One style for every picture: colours that differ in grey and for colour-blind eyes, text that fits both themes."""

from __future__ import annotations

from functools import cache

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

INK = "#1a1a1a"
FAINT = "#757575"
GRID = "#c4c4c4"

# In a page these three follow the theme of the page; a saved file keeps them as they are.
THEMED = {INK: "--jp-content-font-color1", FAINT: "--jp-content-font-color2", GRID: "--jp-border-color2"}

# Okabe and Ito's set, of which these keep a contrast of 3 to 1 on white and on JupyterLab's dark ground.
BLUE = "#0072b2"
VERMILION = "#d55e00"
GREEN = "#009e73"
PURPLE = "#b86796"

SERIES = (BLUE, VERMILION, GREEN, PURPLE)
MARKERS = ("o", "s", "D", "^")

# Where four colours are not enough, a line is told by its dashes and an area by its hatch; both survive grey print.
SOLID, DASHED, DOTTED, DASH_DOT = "-", (0, (5, 2)), (0, (1, 1.4)), (0, (6, 2, 1, 2))
HATCHES = ("", "////", "....", "xxxx")


# Matplotlib's own font has no Chinese glyphs; each system brings another font that has.
_CHINESE_FONTS = (
    "Noto Sans CJK SC",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Arial Unicode MS",
)


@cache
def payload_fonts() -> tuple[str, ...]:
    """Font families for captured text: matplotlib's own, then what this system has for Chinese."""
    installed = {font.name for font in fontManager.ttflist}
    return ("DejaVu Sans", *(name for name in _CHINESE_FONTS if name in installed))


def new_figure(width_in: float, height_in: float) -> tuple[Figure, Axes]:
    """A figure with one axes, not known to pyplot, whose global state is unsafe in a widget's callback."""
    figure, (axes,) = new_panels(width_in, height_in, 1)
    return figure, axes


def new_panels(width_in: float, height_in: float, count: int) -> tuple[Figure, tuple[Axes, ...]]:
    """The same with several axes beside each other."""
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    panels = tuple(figure.add_subplot(1, count, place + 1) for place in range(count))
    for axes in panels:
        axes.tick_params(colors=INK, labelsize=11)
        axes.xaxis.label.set_color(INK)
        axes.yaxis.label.set_color(INK)
        axes.xaxis.label.set_fontsize(12)
        axes.yaxis.label.set_fontsize(12)
        axes.title.set_color(INK)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axes.spines[side].set_color(FAINT)
    return figure, panels

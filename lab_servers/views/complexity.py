"""The course's own SSE and WebSocket, counted: a table with each part, and a picture of the sums.

``measure/complexity.py`` counts them from their source.
"""

from __future__ import annotations

from dataclasses import astuple

from matplotlib.figure import Figure

from lab_servers.measure.complexity import BOTH, PARTS, Complexity, End, count_part, lines_with_libraries, total
from lab_servers.measure.evidence import SSE, WEBSOCKET
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, FAINT, INK, VERMILION
from lab_servers.views.table import Table

_MEASURES = ("lines of code", "states", "rules to obey", "ways to be wrong")


def complexity_sentence() -> str:
    """The sums, in words, and what they leave out."""
    told = [
        f"{what}: {_versus(total(SSE, end), total(WEBSOCKET, end))}"
        for what, end in (("A server alone", End.SERVER), ("Both ends", None))
    ]
    return (
        f"SSE and WebSocket from scratch. {'. '.join(told)}. A browser has both clients built in. With "
        f"libraries one writes {lines_with_libraries(SSE)} and {lines_with_libraries(WEBSOCKET)} lines for the same "
        f"job. SSE's count has ids, a log and coming back, without which a cut loses events; WebSocket's has none of "
        f"them."
    )


def _versus(sse: Complexity, websocket: Complexity) -> str:
    pairs = zip(_MEASURES, astuple(sse), astuple(websocket), strict=True)
    return ", ".join(f"{word} {mine:,} and {theirs:,}" for word, mine, theirs in pairs)


def complexity_table() -> Table:
    """Each part of both, from its source."""
    rows = []
    for of in (BOTH, SSE, WEBSOCKET):
        parts = [part for part in PARTS if part.of == of]
        rows += [(of, part.end.value, f"{part.name} ({part.file})", *_figures(count_part(part))) for part in parts]
        if of != BOTH:
            rows.append((of, "", "a server alone", *_figures(total(of, End.SERVER))))
            rows.append((of, "", "both ends", *_figures(total(of))))
            rows.append((of, "", "the same job with libraries", f"{lines_with_libraries(of)}", "", "", ""))
    heads = ("", "needed by", "part", *_MEASURES)
    caption = "What there is to build, counted from its source"
    return Table(caption, heads, tuple(rows), notices=(complexity_sentence(),))


def complexity_picture() -> Picture:
    """The sums side by side, each measure on its own scale: a server alone, and both ends."""
    figure = Figure(figsize=(10.5, 3.6), layout="constrained")
    ends = {"server\nalone": End.SERVER, "both\nends": None}
    for place, (axes, measure) in enumerate(zip(figure.subplots(1, len(_MEASURES)), _MEASURES, strict=True)):
        for which, (of, color, hatch) in enumerate(((SSE, BLUE, None), (WEBSOCKET, VERMILION, "//"))):
            values = [astuple(total(of, end))[place] for end in ends.values()]
            xs = [x + which * 0.42 for x in range(len(ends))]
            bars = axes.bar(xs, values, color=color, width=0.4, edgecolor="white", hatch=hatch, label=of)
            axes.bar_label(bars, fontsize=12, color=INK, padding=2)
        axes.set_title(measure, fontsize=13, color=INK)
        axes.set_xticks([x + 0.21 for x in range(len(ends))], list(ends))
        axes.tick_params(colors=INK, labelsize=11.5, length=0)
        axes.set_yticks([])
        axes.margins(y=0.15)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.spines["bottom"].set_color(FAINT)
    handles, words = figure.axes[0].get_legend_handles_labels()
    legend = figure.legend(handles, words, loc="outside upper center", ncols=2, frameon=False)
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(12)
    return Picture(figure, "What there is to build", complexity_sentence())


def _figures(one: Complexity) -> tuple[str, ...]:
    return tuple(f"{value:,}" for value in astuple(one))

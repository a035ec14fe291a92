"""Which client strategy lies about a cut answer, and at which bytes: strips over the offsets of the wire, and a table.

``scenarios/ai_cut_anywhere.py`` makes the recording, ``measure/truncation.py`` computes what each strategy says.
``views/truncation_slider_widget.py`` shows one offset at a time.
"""

from __future__ import annotations

from collections import Counter

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from lab_servers.measure.cut_anywhere import CHUNKED, CLOSE, answers, real_cuts, way_in
from lab_servers.measure.truncated_answer import TruncatedAnswer
from lab_servers.measure.truncation import CutBy, Outcome, Strategy, counted, stretches
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, FAINT, GREEN, GRID, INK, PURPLE, VERMILION, new_panels
from lab_servers.views.table import Table
from lab_servers.wire.llm.ways import Way

# Told by height and hatch as well as by colour: a lie is the tallest, and the only one with strokes this way.
LOOKS: dict[Outcome, tuple[str, str, float]] = {
    Outcome.INCOMPLETE: (GRID, "", 0.16),
    Outcome.COMPLETE: (BLUE, "", 0.5),
    Outcome.LIE: (VERMILION, "////", 0.84),
    Outcome.ALARM: (PURPLE, "....", 0.5),
    Outcome.AGAIN: (GREEN, "\\\\\\", 0.34),
}
HOWS = (
    (CLOSE, CutBy.FIN, "body until the close, ended by a FIN"),
    (CHUNKED, CutBy.FIN, "body in chunks, ended by a FIN"),
    (CHUNKED, CutBy.LAST_CHUNK, "body in chunks, and a hop adds the last chunk"),
)


def picture(recording: Recording, way: Way | str | None = None) -> Picture:
    """The strips of one answer; of the first way in the recording unless told.

    Raises:
        BadParameter: the recording has no answer on this way.
    """
    found = answers(recording)
    chosen = way_in(found, way)
    shown = {framing: found[chosen, framing] for framing in (CLOSE, CHUNKED)}
    panels = _stacked(len(HOWS))
    for axes, (framing, cut_by, title) in zip(panels, HOWS, strict=True):
        _draw(axes, shown[framing], cut_by, title)
    panels[-1].set_xlabel("cut after so many bytes of the response")
    figure = panels[0].figure
    assert isinstance(figure, Figure)
    handles = [
        Patch(facecolor=colour, hatch=hatch, edgecolor="white", label=outcome.value)
        for outcome, (colour, hatch, _) in LOOKS.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize=11, labelcolor=INK)
    name = shown[CHUNKED].name
    return Picture(figure, f"Which strategy lies about a cut answer: {name}", _sentence(shown), recording.notices)


def table(recording: Recording) -> Table:
    """For every answer and how it was cut: at how many of the offsets each strategy says something false."""
    whole = answers(recording)
    cuts = real_cuts(recording, whole)
    agreeing = sum(cut.agrees for cut in cuts)
    rows = []
    for (way, framing), answer in whole.items():
        for of_framing, cut_by, _ in HOWS:
            if of_framing == framing:
                counts = [counted(answer, strategy, cut_by) for strategy in Strategy]
                ended = "last chunk added" if cut_by is CutBy.LAST_CHUNK else cut_by.value
                rows.append((way.value, f"{framing}, {ended}: {len(answer.wire):,}", *map(_false, counts)))
    caption = (
        f"At how many bytes a cut makes each strategy say something false: lies (complete, and something is missing) "
        f"and false alarms. {len(cuts)} cuts really happened; in {agreeing} of them the wire did what is computed here."
    )
    columns = ("answer", "how it ends: bytes", *(strategy.value for strategy in Strategy))
    return Table(caption, columns, tuple(rows), notices=recording.notices)


def _false(counts: Counter[Outcome]) -> str:
    said = [
        f"{counts[outcome]:,} {word}"
        for outcome, word in ((Outcome.LIE, "lies"), (Outcome.ALARM, "alarms"))
        if counts[outcome]
    ]
    return ", ".join(said) or ("none: asks" if counts[Outcome.AGAIN] else "none")


def _stacked(count: int) -> tuple[Axes, ...]:
    figure, (first,) = new_panels(9.6, 2.5 * count + 0.9, 1)
    first.remove()
    panels: list[Axes] = []
    for place in range(count):
        axes = figure.add_subplot(count, 1, place + 1, sharex=panels[0] if panels else None)
        axes.tick_params(colors=INK, labelsize=11)
        axes.xaxis.label.set_color(INK)
        axes.xaxis.label.set_fontsize(12)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        axes.spines["bottom"].set_color(FAINT)
        panels.append(axes)
    return tuple(panels)


def _draw(axes: Axes, answer: TruncatedAnswer, cut_by: CutBy, title: str) -> None:
    for row, strategy in enumerate(Strategy):
        for start, stop, outcome in stretches(answer, strategy, cut_by):
            colour, hatch, height = LOOKS[outcome]
            axes.barh(
                row, stop - start, left=start, height=height, color=colour, hatch=hatch, edgecolor="white", linewidth=0
            )
    axes.axvline(answer.text_end, color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
    axes.text(
        answer.text_end, -0.62, "all text has come ", ha="right", va="bottom", fontsize=10.5, color=INK, clip_on=False
    )
    axes.set_yticks(range(len(Strategy)), [strategy.value for strategy in Strategy])
    axes.set_ylim(len(Strategy) - 0.5, -0.6)
    axes.set_xlim(0, len(answer.wire))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.tick_params(axis="y", length=0)
    axes.set_title(title, loc="left", fontsize=12, color=INK, pad=14)


def _sentence(shown: dict[str, TruncatedAnswer]) -> str:
    """What the picture shows, in words."""
    said = []
    for framing, cut_by, title in HOWS:
        answer = shown[framing]
        lies = {one: counted(answer, one, cut_by)[Outcome.LIE] for one in Strategy}
        lying = [f"“{one.value}” at {count:,}" for one, count in lies.items() if count]
        said.append(f"{title}: " + (", ".join(lying) if lying else "none"))
    chunked = shown[CHUNKED]
    careful = counted(chunked, Strategy.TERMINATOR, CutBy.FIN)
    lying_bytes = sum(counted(shown[framing], Strategy.TERMINATOR, cut_by)[Outcome.LIE] for framing, cut_by, _ in HOWS)
    terminator = f"“{Strategy.TERMINATOR.value}” lies at {lying_bytes:,} bytes"
    if not lying_bytes:
        terminator = f"“{Strategy.TERMINATOR.value}” never does"
        if careful[Outcome.ALARM]:
            terminator += (
                f"; in chunks it is too careful at {careful[Outcome.ALARM]:,} bytes, where only the ending is missing"
            )
    again = chunked.full.usage.output_tokens if chunked.full.usage else None
    cost = f" Asking again costs {again} tokens each time." if again is not None else ""
    return (
        f"An answer of {len(shown[CLOSE].wire):,} bytes with its body until the close, or {len(chunked.wire):,} in "
        f"chunks. Strategies that call it complete while something is missing, and at how many bytes: "
        f"{'; '.join(said)}. {terminator}.{cost}"
    )

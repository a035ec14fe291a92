"""What the bytes of an answer were for, per token: the text, the JSON around it, framing, headers; a bar for each way.

``measure/answer_bytes.py`` counts them, exactly.
"""

from __future__ import annotations

from dataclasses import fields

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from lab_servers.measure.answer_bytes import AnswerBytes, AnswerKinds, answer_bytes
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.side.legend import legend_above
from lab_servers.views.side.stacks import few
from lab_servers.views.side.words import listed
from lab_servers.views.style import BLUE, FAINT, GREEN, GRID, HATCHES, INK, PURPLE, VERMILION, new_figure
from lab_servers.views.table import Table
from lab_servers.wire.llm.pieces import Kind

_LOOKS = {
    "text": ("text", INK, ""),
    "around": ("JSON around it", GREEN, HATCHES[0]),
    "alone": ("JSON without new text", PURPLE, HATCHES[3]),
    "framing": ("framing", VERMILION, HATCHES[1]),
    "headers": ("headers", BLUE, HATCHES[2]),
    "other": ("other", FAINT, HATCHES[3]),
    "unrecorded": ("unrecorded", FAINT, HATCHES[0]),
}
KINDS = tuple(one.name for one in fields(AnswerKinds))


def bytes_per_token(recording: Recording) -> Picture:
    """Two stacked bars for each way: above, what the server sent for each token; below, what the client sent.

    Raises:
        BadParameter: no way of this recording has bytes of an answer.
    """
    found = answer_bytes(recording)
    figure, axes = new_figure(9.6, 1.6 + 0.56 * len(found))
    for row, one in enumerate(found.values()):
        _bar(axes, one.down, one.tokens, -row + 0.19, "from the server")
        _bar(axes, one.up, one.tokens, -row - 0.19, "from the client")
    axes.set_yticks([-row for row in range(len(found))], list(found), fontsize=12)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(-len(found) + 0.4, 0.6)
    axes.set_xlim(0, 1.24 * max(_each(kinds, one) for one in found.values() for kinds in (one.down, one.up)))
    axes.set_xlabel("bytes per token of the text")
    axes.grid(axis="x", color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    used = [kind for kind in KINDS if any(getattr(one.both, kind) for one in found.values())]
    patches = [Patch(facecolor=_LOOKS[kind][1], hatch=_LOOKS[kind][2], edgecolor="white") for kind in used]
    legend_above(figure, patches, [_LOOKS[kind][0] for kind in used])
    return Picture(
        figure, "What the bytes of each token were for", _sentence(found, _what(recording)), recording.notices
    )


def bytes_per_token_table(recording: Recording) -> Table:
    """The bytes of the picture, whole and per token; the kinds add up to what the relay counted.

    Raises:
        BadParameter: no way of this recording has bytes of an answer.
    """
    rows = tuple(
        (
            one.name,
            *(f"{getattr(one.down, kind):,}" for kind in ("text", "around", "alone", "framing", "headers")),
            f"{one.down.total:,}",
            few(_each(one.down, one)),
            f"{one.up.total:,}",
            f"{one.requests:,}",
        )
        for one in answer_bytes(recording).values()
    )
    return Table(
        "Bytes that the server sent for one answer, by what they were for",
        (
            "way", "text", "JSON around it", "JSON without new text", "framing", "headers", "in all", "per token",
            "the client sent", "requests",
        ),
        rows,
        notices=recording.notices,
    )  # fmt: skip


def _each(kinds: AnswerKinds, one: AnswerBytes) -> float:
    return kinds.total / max(one.tokens, 1)


def _bar(axes: Axes, kinds: AnswerKinds, tokens: int, y: float, sender: str) -> None:
    left = 0.0
    for kind in KINDS:
        width = getattr(kinds, kind) / max(tokens, 1)
        _, color, hatch = _LOOKS[kind]
        if width:
            axes.barh(y, width, 0.33, left=left, color=color, hatch=hatch, edgecolor="white", linewidth=0.5)
        left += width
    axes.annotate(f"{few(left)} {sender}", (left, y), (5, 0), textcoords="offset points", va="center", color=INK,
                  fontsize=9.5)  # fmt: skip


def _what(recording: Recording) -> str:
    """What the bytes called text are."""
    has_calls = any(mark.name.endswith(f": {Kind.TOOL_ARGUMENTS.value}") for mark in recording.marks)
    return "text and tool arguments" if has_calls else "text"


def _sentence(found: dict[str, AnswerBytes], what: str) -> str:
    ordered = sorted(found.values(), key=lambda one: _each(one.down, one))
    told = listed([f"{one.name} {few(_each(one.down, one))}" for one in ordered])
    first = ordered[0]
    text = few(first.down.text / max(first.tokens, 1))
    return f"For each token of its text the answer has {text} bytes of {what}, and the server sent, in bytes: {told}."

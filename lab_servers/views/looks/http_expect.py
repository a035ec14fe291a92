"""Who sent what when, where a client asks before it sends a body and where it does not: one lane for each upload.

``scenarios/http_expect.py`` makes the recording.
"""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lab_servers.capture.capture import Capture, Side
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.heads import heads
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, GREEN, GRID, INK, VERMILION, new_figure
from lab_servers.views.table import Table

REFUSED, REFUSED_UNASKED = "asks, is refused", "does not ask, is refused"
# The lanes from top to bottom: the path of the request, and whether the first request asks.
_LANES = {
    "asks, is told to go on": ("/takes", True),
    REFUSED: ("/too-large", True),
    "asks, hears 417, tries without": ("/no-expectations", True),
    "asks, hears nothing": ("/silent", True),
    REFUSED_UNASKED: ("/too-large", False),
}
# Marker and colour by what was sent; of every final answer another one.
_SIGNS = {"head": (">", BLUE), "body": ("s", BLUE), "100": ("D", GREEN)}


@dataclass(frozen=True)
class Sent:
    """One thing that one side sent, in seconds after the first connection of its upload was opened.

    Attributes:
        at_s: When its last byte passed.
        sender: Who sent it.
        what: ``"head"``, ``"body"`` or the status of an answer.
        size_bytes: How many bytes of it there are.
    """

    at_s: float
    sender: Side
    what: str
    size_bytes: int


def uploads(recording: Recording) -> dict[str, tuple[Sent, ...]]:
    """Everything that was sent for each upload, in order of time.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    found = {}
    for lane, (path, asks) in _LANES.items():
        captures = [capture for capture in recording.of("uploads") if _is_of(capture, path, asks)]
        if not captures:
            raise BadParameter("This recording has no uploads: run the scenario AskFirst.")
        start_ns = captures[0].opened_ns
        sent = [one for capture in captures for one in _sent(capture, start_ns)]
        found[lane] = tuple(sorted(sent, key=lambda one: one.at_s))
    return found


def _is_of(capture: Capture, path: str, asks: bool) -> bool:
    requests = heads(capture, Side.CLIENT)
    if not requests or requests[0].target != path:
        return False
    # The second try after a 417 does not ask any more, and belongs to the same upload.
    return path != "/too-large" or bool(requests[0].values("Expect")) is asks


def _sent(capture: Capture, start_ns: int) -> list[Sent]:
    found = []
    for request in heads(capture, Side.CLIENT)[:1]:
        at_s = (capture.time_of(Side.CLIENT, request.head_end - 1) - start_ns) / 1e9
        found.append(Sent(at_s, Side.CLIENT, "head", request.head_end - request.start))
        if request.content.length:
            at_s = (capture.time_of(Side.CLIENT, request.end - 1) - start_ns) / 1e9
            found.append(Sent(at_s, Side.CLIENT, "body", request.content.length))
    for answer in heads(capture, Side.SERVER):
        at_s = (capture.time_of(Side.SERVER, answer.end - 1) - start_ns) / 1e9
        found.append(Sent(at_s, Side.SERVER, str(answer.status), answer.end - answer.start))
    return found


def body_bytes(recording: Recording, lane: str) -> int:
    """How many bytes of the body the client of an upload sent, in all its tries."""
    return sum(one.size_bytes for one in uploads(recording)[lane] if one.what == "body")


def _counted(size_bytes: int) -> str:
    return f"{size_bytes:,} byte{'s' * (size_bytes != 1)}"


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    told = []
    for lane, sent in uploads(recording).items():
        statuses = " and ".join(one.what for one in sent if one.sender is Side.SERVER)
        told.append(f"{lane}: {_counted(body_bytes(recording, lane))} of body sent, answered {statuses}")
    text = "; ".join(told)
    return f"{text[0].upper()}{text[1:]}."


def table(recording: Recording) -> Table:
    """Everything that was sent, upload by upload."""
    rows = tuple(
        (lane, f"{one.at_s * 1e3:.1f} ms", one.sender.value, one.what, f"{one.size_bytes:,}")
        for lane, sent in uploads(recording).items()
        for one in sent
    )
    caption = "Who sent what, and when its last byte passed, after the connection was opened"
    return Table(caption, ("upload", "time", "sender", "what", "bytes"), rows, notices=recording.notices)


def picture(recording: Recording) -> Picture:
    """One lane for each upload: above its line what the client sent, below it what the server said."""
    found = uploads(recording)
    longest_s = max(one.at_s for sent in found.values() for one in sent)
    figure, axes = new_figure(9.2, 1.2 + 0.95 * len(found))
    for row, sent in enumerate(found.values()):
        axes.axhline(-row, color=GRID, linewidth=1, zorder=0)
        _draw_lane(axes, sent, -row, 0.08 * longest_s)
    axes.set_yticks([-row for row in range(len(found))], list(found), fontsize=12)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-len(found) + 0.4, 0.6)
    axes.set_xlim(-0.03 * longest_s, 1.2 * longest_s)
    axes.set_xlabel("seconds after the connection was opened")
    signs = tuple(
        Line2D([], [], color=color, marker=marker, markersize=10, linestyle="")
        for marker, color in (*_SIGNS.values(), ("D", VERMILION))
    )
    words = ("client: head", "client: body", "server: go on", "server: answer")
    legend = figure.legend(signs, words, loc="outside upper center", ncols=4, frameon=False)
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(11)
    return Picture(figure, "Who sends what, and when", sentence(recording), recording.notices)


def _draw_lane(axes: Axes, sent: tuple[Sent, ...], y: float, near_s: float) -> None:
    """The client's signs stand above the line, the server's below; near ones share their words, behind the last."""
    for side, height in ((Side.CLIENT, y + 0.13), (Side.SERVER, y - 0.13)):
        mine = [one for one in sent if one.sender is side]
        words: list[str] = []
        for one, after in zip(mine, [*mine[1:], None], strict=True):
            marker, color = _SIGNS.get(one.what, ("D", VERMILION))
            axes.plot([one.at_s], [height], marker, color=color, markersize=9, zorder=3)
            words += [_counted(one.size_bytes) if one.what == "body" else one.what] if one.what != "head" else []
            if words and (after is None or after.at_s - one.at_s > near_s):
                axes.annotate(
                    ", then ".join(words), (one.at_s, height), (8, 0), textcoords="offset points", va="center",
                    color=INK, fontsize=10.5,
                )  # fmt: skip
                words = []

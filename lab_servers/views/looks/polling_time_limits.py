"""A held question on its way through a proxy: three lifelines, three time limits, and which of them ran out first.

``scenarios/polling_time_limits.py`` makes the recording: the proxy stands between two relays, so both of its sides
have a capture.
"""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lab_servers.capture.capture import Capture, Side, TransitionKind
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.heads import heads
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, FAINT, GREEN, GRID, INK, VERMILION, new_figure
from lab_servers.views.table import Table

CLIENT, PROXY, SERVER = "client", "proxy", "server"
NO_ANSWER = "no answer"

# The lifelines by what stands at them, and the two hops by the ends of each.
_X = {CLIENT: 0.0, PROXY: 1.0, SERVER: 2.0}
_HOPS = {"proxy": (CLIENT, PROXY), "polling": (PROXY, SERVER)}


@dataclass(frozen=True)
class Passed:
    """One thing that passed on one of the two hops.

    Attributes:
        at_s: When, in seconds after the question was asked.
        sender: Who sent it.
        receiver: Who got it.
        what: What it is.
        is_message: Whether it is a request or an answer; else somebody has ended the connection.
    """

    at_s: float
    sender: str
    receiver: str
    what: str
    is_message: bool


def passed(recording: Recording) -> tuple[Passed, ...]:
    """Everything on both hops, in the order of time.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    hops = {server: _capture(recording, server) for server in _HOPS}
    start_ns = hops["proxy"].opened_ns
    found = [one for server, capture in hops.items() for one in _on_hop(capture, _HOPS[server], start_ns)]
    return tuple(sorted(found, key=lambda one: one.at_s))


def _capture(recording: Recording, server: str) -> Capture:
    for capture in recording.of(server):
        if any("/events" in request.target for request in heads(capture, Side.CLIENT)):
            return capture
    raise BadParameter("This recording has no question that went through a proxy: run the scenario TimeLimits.")


def _on_hop(capture: Capture, ends: tuple[str, str], start_ns: int) -> list[Passed]:
    found = []
    for side in Side:
        sender, receiver = ends if side is Side.CLIENT else ends[::-1]
        for message in heads(capture, side):
            at_s = (capture.time_of(side, message.end - 1) - start_ns) / 1e9
            what = (
                message.start_line.partition(" ")[2] if side is Side.SERVER else message.start_line.rpartition(" ")[0]
            )
            found.append(Passed(at_s, sender, receiver, what, True))
        for one in capture.transitions:
            if one.by is side and one.kind in (TransitionKind.HALF_CLOSED, TransitionKind.RESET):
                what = "FIN" if one.kind is TransitionKind.HALF_CLOSED else "RST"
                found.append(Passed((one.at_ns - start_ns) / 1e9, sender, receiver, what, False))
    return found


def outcome(recording: Recording) -> str:
    """What the client got: ``"204 No Content"``, ``"504 Gateway Timeout"``, or :data:`NO_ANSWER`."""
    answers = [one for one in passed(recording) if one.is_message and one.receiver == CLIENT]
    return answers[0].what if answers else NO_ANSWER


def limits_s(recording: Recording) -> dict[str, float]:
    """How long each of the three waits, in seconds."""
    names = {CLIENT: "client_s", PROXY: "proxy_s", SERVER: "hold_s"}
    return {who: float(str(recording.parameters[name])) for who, name in names.items()}


def telling(recording: Recording) -> tuple[Passed, ...]:
    """The messages, and on a hop without an answer who left it: what the picture draws."""
    found = passed(recording)
    drawn = [one for one in found if one.is_message]
    for ends in _HOPS.values():
        has_answer = any(one.is_message and (one.sender, one.receiver) == ends[::-1] for one in found)
        left = [one for one in found if not one.is_message and {one.sender, one.receiver} == set(ends)]
        if not has_answer and left:
            drawn.append(left[0])
    return tuple(sorted(drawn, key=lambda one: one.at_s))


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    limits = limits_s(recording)
    waits = ", ".join(f"{who} {limit:g} s" for who, limit in limits.items())
    got, found = outcome(recording), telling(recording)
    end_s = next((one.at_s for one in found if one.receiver == CLIENT), None)
    if end_s is not None:
        told = f"After {end_s:.2f} s the client has its answer, {got}."
    else:
        left_s = next(one.at_s for one in found if one.sender == CLIENT and not one.is_message)
        told = f"After {left_s:.2f} s the client leaves without an answer."
    server_end = next((one for one in found[1:] if one.receiver == SERVER and not one.is_message), None)
    if server_end is not None:
        told += f" The server still holds the question when the proxy leaves it at {server_end.at_s:.2f} s."
    return f"Time limits: {waits}. {told}"


def table(recording: Recording) -> Table:
    """Everything that passed on both hops."""
    rows = tuple((f"{one.at_s * 1e3:.1f} ms", f"{one.sender} → {one.receiver}", one.what) for one in passed(recording))
    return Table("What passed on both sides of the proxy", ("time", "from → to", "what"), rows, frozenset({2}))


def picture(recording: Recording) -> Picture:
    """Client, proxy and server side by side; time runs downward, and a bar at each shows how long it would wait."""
    drawn, limits = telling(recording), limits_s(recording)
    longest_s = max(*limits.values(), drawn[-1].at_s)
    figure, axes = new_figure(8.8, 4.4)
    for who, x in _X.items():
        axes.plot([x, x], [-0.05 * longest_s, 1.1 * longest_s], color=FAINT, linewidth=1.4, zorder=0)
        axes.text(x, -0.1 * longest_s, who, ha="center", va="bottom", color=INK, fontsize=13, weight="bold")
    asked = {CLIENT: drawn[0].at_s, PROXY: drawn[1].at_s, SERVER: drawn[1].at_s}
    ended = {who: _end_of_wait(drawn, who, longest_s) for who in _X}
    for who, limit in limits.items():
        _draw_wait(axes, _X[who], asked[who], limit, ended[who], f"{limit:g} s")
    for one in drawn:
        _draw_arrow(axes, one, longest_s)
    axes.set_xlim(-0.35, 2.45)
    axes.set_yticks([tick for tick in axes.get_yticks() if 0 <= tick <= 1.1 * longest_s])
    axes.set_ylim(1.16 * longest_s, -0.22 * longest_s)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.set_ylabel("seconds after the question")
    kinds = (
        Line2D([], [], color=GREEN, linewidth=8),
        Line2D([], [], color=GRID, linewidth=8),
    )
    legend = figure.legend(
        kinds, ("waits", "would have waited, until its limit"), loc="outside upper right", ncols=2, frameon=False
    )
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(11)
    return Picture(figure, "Three time limits on one question", sentence(recording), recording.notices)


def _end_of_wait(drawn: tuple[Passed, ...], who: str, longest_s: float) -> float:
    """When it stopped waiting: it answered, got an answer, or left, or was left by the one who had asked."""
    ends = [one.at_s for one in drawn[1:] if who in (one.sender, one.receiver) and one.at_s > drawn[1].at_s]
    return min(ends, default=longest_s)


def _draw_wait(axes: Axes, x: float, from_s: float, limit_s: float, ended_s: float, words: str) -> None:
    until_s = min(from_s + limit_s, ended_s)
    axes.plot([x, x], [from_s, until_s], color=GREEN, linewidth=8, solid_capstyle="butt", zorder=1)
    if from_s + limit_s > until_s:
        axes.plot([x, x], [until_s, from_s + limit_s], color=GRID, linewidth=8, solid_capstyle="butt", zorder=1)
    axes.plot([x - 0.05, x + 0.05], [from_s + limit_s] * 2, color=INK, linewidth=2, zorder=2)
    axes.annotate(
        words, (x, from_s + limit_s), (8, -4), textcoords="offset points", va="top", color=INK, fontsize=11, zorder=4
    )


def _draw_arrow(axes: Axes, one: Passed, longest_s: float) -> None:
    start, end = _X[one.sender], _X[one.receiver]
    is_question = end > start
    look = {
        "arrowstyle": "-|>", "color": BLUE if is_question else VERMILION, "linewidth": 1.8, "mutation_scale": 14,
        "shrinkA": 0, "shrinkB": 0, "linestyle": "solid" if one.is_message else "dashed",
    }  # fmt: skip
    axes.annotate("", (end, one.at_s), (start, one.at_s), arrowprops=look, zorder=3)
    words = one.what.split("?")[0] if one.is_message else f"{one.what}: {one.sender} leaves"
    axes.text(
        (start + end) / 2, one.at_s - 0.012 * longest_s, words, ha="center", va="bottom", color=INK, fontsize=11,
        parse_math=False, zorder=4,
    )  # fmt: skip

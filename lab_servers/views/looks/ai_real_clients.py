"""How real clients' users saw one answer is shown: when each saw each piece, and what each was told at the end.

``measure/users.py`` reads it from the recording of ``RealClients``.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lab_servers.errors import BadParameter
from lab_servers.measure.users import ERROR, LEFT, OVER, UserSaw, users
from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, FAINT, GREEN, GRID, INK, PURPLE, VERMILION, new_figure
from lab_servers.views.table import Table

MOST_LABEL_CHARACTERS = 34

SILENT, TOLD = "silent", "told"
# How it ended, with a colour, a marker and words: colour is never the only sign.
_ENDS = {
    OVER: (GREEN, "D", "over"),
    ERROR: (VERMILION, "X", "an error is raised"),
    TOLD: (VERMILION, "s", "over; the error was data"),
    LEFT: (PURPLE, "<", "the user left"),
    SILENT: (INK, "P", "over for its user; text is missing"),
}


def found_users(recording: Recording) -> tuple[UserSaw, ...]:
    """The users of the run.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    found = users(recording)
    if not found:
        raise BadParameter("This recording has no real clients: run the scenario RealClients.")
    return found


# --- the table --------------------------------------------------------------------------------------


def table(recording: Recording) -> Table:
    """What each user saw, and what the model did for them."""
    rows = tuple(
        (user.client, _shown(user), user.words, ", ".join(map(str, user.statuses)) or "none", _model(user))
        for user in found_users(recording)
    )
    case = recording.parameters.get("case", "")
    return Table(
        f"What the user of each client saw of an answer{f': {case}' if case else ''}",
        ("client", "text shown", "what its user sees at the end", "status of each request", "the model's end"),
        rows,
        notices=recording.notices,
    )


def _shown(user: UserSaw) -> str:
    if user.missing:
        return "not here"
    return f"{len(user.pieces)} pieces, {len(user.text)} characters"


def _model(user: UserSaw) -> str:
    if user.model_end is None:
        return "no answer begun"
    return f"{user.model_end.reason}, {user.model_end.generated} tokens"


# --- the picture ------------------------------------------------------------------------------------


def picture(recording: Recording) -> Picture:
    """A line for each client: what the model made, what its user saw, and how it ended."""
    here = [user for user in found_users(recording) if not user.missing]
    figure, axes = new_figure(9.6, 1.5 + 0.62 * len(here))
    last_s = max((_since(user, user.ended_ns) for user in here), default=1.0)
    for row, user in enumerate(here):
        _draw(axes, -row, user, last_s)
    axes.set_yticks([-row for row in range(len(here))], [user.client for user in here], fontsize=11)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-len(here) + 0.4, 0.75)
    axes.set_xlim(-0.02 * last_s, 1.5 * last_s)
    axes.spines["bottom"].set_bounds(0, last_s)
    axes.set_xlabel("seconds after each client's first request had passed")
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= last_s])
    _legend(figure, here)
    return Picture(figure, "What the users of real clients see", sentence(recording), recording.notices)


def _since(user: UserSaw, at_ns: int) -> float:
    # From the request and not from the call: the model's time begins there, and a program takes a while to start.
    return max(at_ns - min(user.requests_ns, default=user.asked_ns), 0) / 1e9


def _draw(axes: Axes, y: int, user: UserSaw, last_s: float) -> None:
    axes.axhline(y, xmax=0.66, color=GRID, linewidth=1, zorder=0)
    for request_ns in user.requests_ns:
        axes.plot([_since(user, request_ns)], [y], "|", color=INK, markersize=17, markeredgewidth=1.6, zorder=2)
    made = [_since(user, at_ns) for at_ns in user.model_made_ns]
    axes.plot(made, [y + 0.27] * len(made), "|", color=FAINT, markersize=6, zorder=1)
    seen = [_since(user, piece.at_ns) for piece in user.pieces]
    axes.plot(seen, [y] * len(seen), "o", color=BLUE, markersize=4.5, zorder=3)
    color, marker, _ = _ENDS[_end_of(user)]
    end_s = _since(user, user.ended_ns)
    axes.plot([end_s], [y], marker, color=color, markersize=9, zorder=4)
    axes.text(last_s * 1.04, y, _label(user), color=INK, fontsize=9.5, va="center", parse_math=False)


def _end_of(user: UserSaw) -> str:
    if user.is_silent:
        return SILENT
    return TOLD if user.met and user.how == OVER else user.how if user.how in _ENDS else OVER


def _label(user: UserSaw) -> str:
    """The end in so few characters that it fits beside the line; the table has all of it."""
    if user.how in (ERROR, LEFT):
        text = user.name
    elif user.met:
        text = "an error, in the data"
    else:
        text = user.message or "nothing at all"
    return text if len(text) <= MOST_LABEL_CHARACTERS else f"{text[: MOST_LABEL_CHARACTERS - 1]}…"


def _legend(figure: Figure, here: list[UserSaw]) -> None:
    kinds = [
        Line2D([], [], color=FAINT, marker="|", markersize=7, linestyle=""),
        Line2D([], [], color=INK, marker="|", markersize=13, markeredgewidth=1.6, linestyle=""),
        Line2D([], [], color=BLUE, marker="o", markersize=4.5, linestyle=""),
    ]
    words = ["the model made text", "a request passed", "the user saw text"]
    ends = {_end_of(user) for user in here}
    for end, (color, marker, word) in _ENDS.items():
        if end in ends:
            kinds.append(Line2D([], [], color=color, marker=marker, markersize=8, linestyle=""))
            words.append(word)
    legend = figure.legend(kinds, words, loc="outside upper center", ncols=3, frameon=False, columnspacing=1.2)
    for text in legend.get_texts():
        text.set_color(INK)
        text.set_fontsize(10)


def sentence(recording: Recording) -> str:
    """What the picture shows, in words; the table has each client's own."""
    found = found_users(recording)
    here = [user for user in found if not user.missing]
    told = [f"{user.client} is not here: {user.missing}" for user in found if user.missing]
    if here:
        shown = sorted({len(user.pieces) for user in here})
        told.append(f"Pieces of text that each user saw: {' to '.join(map(str, dict.fromkeys((shown[0], shown[-1]))))}")
    for end, (_, _, words) in _ENDS.items():
        names = [_named(user, end) for user in here if _end_of(user) == end]
        if names and end != SILENT:  # their own sentence is the last
            told.append(f"{words[0].upper()}{words[1:]}: {', '.join(names)}")
    again = [f"{user.client} ({len(user.requests_ns)} requests)" for user in here if len(user.requests_ns) > 1]
    if again:
        told.append(f"Asked again by itself: {', '.join(again)}")
    silent = [user.client for user in here if user.is_silent]
    if silent:
        told.append(f"Not told that text is missing: {', '.join(silent)}")
    return f"{'. '.join(told)}."


def _named(user: UserSaw, end: str) -> str:
    return user.client if end == TOLD else f"{user.client} ({_label(user)})"

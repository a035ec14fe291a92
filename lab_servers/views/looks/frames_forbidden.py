"""Which client minds which broken rule: a grid of mistakes and clients, with the close code that each client sent.

``scenarios/frames_forbidden.py`` makes the recording. The rule comes from the dissector's note on the very bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab_servers.capture.capture import Capture, Side
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.frames import frames
from lab_servers.views.heads import heads
from lab_servers.views.looks.frames_closing import close_frames
from lab_servers.views.picture import Picture
from lab_servers.views.sequence import sequence_picture
from lab_servers.views.style import BLUE, GRID, INK, VERMILION, new_figure
from lab_servers.views.table import Table
from lab_servers.wire.model import Severity

NO_RULE = "no rule: a limit of this client"


@dataclass(frozen=True)
class Meeting:
    """What one client did when it met one mistake.

    Attributes:
        mistake: What the server sent, in words.
        client: The client's library.
        rule: The section that the bytes break, or :data:`NO_RULE`.
        code: The code in the close frame that the client sent; ``None`` where it sent none.
        went_on: Whether it handed out what came after the mistake, as if nothing were.
    """

    mistake: str
    client: str
    rule: str
    code: int | None
    went_on: bool

    @property
    def minded(self) -> bool:
        """Whether it failed the connection: it closed with another code than 1000."""
        return not self.went_on and self.code not in (None, 1000)

    @property
    def did(self) -> str:
        """In a few words."""
        if self.went_on:
            return f"goes on, then {self.code}" if self.code else "goes on"
        return f"closes, {self.code}" if self.code else "closes without a code"


def meetings(recording: Recording) -> tuple[Meeting, ...]:
    """All meetings of a run, in order.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    found = tuple(_meeting(recording, capture) for capture in recording.captures)
    if not found:
        raise BadParameter("This recording has no server that breaks rules: run the scenario ForbiddenFrames.")
    return found


def _meeting(recording: Recording, capture: Capture) -> Meeting:
    requests = heads(capture, Side.CLIENT)
    target = requests[0].target.removeprefix("/") if requests else ""
    mistake = recording.marks_named(f"{target}: mistake")
    went_on = recording.marks_named(f"{target}: went on")
    if not mistake or not went_on:
        raise BadParameter("This recording has no server that breaks rules: run the scenario ForbiddenFrames.")
    codes = [code for side, code in close_frames(capture) if side is Side.CLIENT]
    return Meeting(
        mistake[0].detail,
        target.partition("/")[2],
        _broken_rule(capture),
        codes[0] if codes else None,
        went_on[0].detail == "yes",
    )


def _broken_rule(capture: Capture) -> str:
    for frame in frames(capture, Side.SERVER):
        for note in frame.notes:
            if note.severity is Severity.FORBIDDEN:
                return note.spec
    return NO_RULE


def table(recording: Recording) -> Table:
    """A row for each mistake, a column for each client."""
    found = meetings(recording)
    clients = tuple(dict.fromkeys(one.client for one in found))
    rows = []
    for mistake in dict.fromkeys(one.mistake for one in found):
        by_client = {one.client: one for one in found if one.mistake == mistake}
        rule = next(iter(by_client.values())).rule
        rows.append((mistake, rule, *(by_client[name].did if name in by_client else "" for name in clients)))
    return Table(
        "What the server sent, which rule that breaks, and what each client did",
        ("the server sends", "breaks", *clients),
        tuple(rows),
        notices=recording.notices,
    )


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    found = meetings(recording)
    told = []
    for client in dict.fromkeys(one.client for one in found):
        mine = [one for one in found if one.client == client]
        lenient = [f"{one.mistake[0].lower()}{one.mistake[1:]}" for one in mine if not one.minded]
        let_pass = f"; it lets pass: {', '.join(lenient)}" if lenient else ""
        told.append(f"{client} fails {sum(one.minded for one in mine)} of {len(mine)} connections{let_pass}.")
    return " ".join(told)


def picture(recording: Recording) -> Picture:
    """A grid; of a run with one meeting, the sequence of its connection."""
    found = meetings(recording)
    if len(found) == 1:
        return sequence_picture(recording.captures[0])
    clients = list(dict.fromkeys(one.client for one in found))
    mistakes = list(dict.fromkeys(one.mistake for one in found))
    figure, axes = new_figure(9.4, 0.7 + 0.38 * len(mistakes))
    axes.set_axis_off()
    right = 4.6 + 2.6 * len(clients)
    axes.set_xlim(0, right)
    axes.set_ylim(len(mistakes) + 0.05, -1.0)
    for place, client in enumerate(clients):
        axes.text(4.8 + 2.6 * place, -0.5, client, ha="left", va="center", color=INK, fontsize=12, weight="bold")
    for row, mistake in enumerate(mistakes):
        axes.plot([0, right], [row, row], color=GRID, linewidth=0.8)
        axes.text(0, row + 0.5, mistake, ha="left", va="center", color=INK, fontsize=12)
    for one in found:
        x, y = 4.8 + 2.6 * clients.index(one.client), mistakes.index(one.mistake) + 0.5
        color = BLUE if one.minded else VERMILION
        axes.plot([x + 0.1], [y], "s" if one.minded else "^", color=color, markersize=9)
        axes.text(
            x + 0.35, y, one.did, ha="left", va="center", color=INK, fontsize=12,
            weight="normal" if one.minded else "bold",
        )  # fmt: skip
    return Picture(figure, "Who minds a broken rule", sentence(recording), recording.notices)

"""The meter of wasted tokens: what each model generated after its reader had left, and when its server noticed.

``scenarios/ai_reader_leaves.py`` makes the recording, ``measure/waste.py`` counts.
"""

from __future__ import annotations

from lab_servers.errors import BadParameter
from lab_servers.measure.waste import Waste, waste
from lab_servers.recording import Recording
from lab_servers.views.looks.ai_timeline import READ, WASTED, Row, draw_rows
from lab_servers.views.picture import Picture
from lab_servers.views.table import Table

# Each lane and what tells its server that the reader has left, in a few words.
NOTICED_BY = {
    "event stream, watched": "end of the socket is watched",
    "NDJSON, watched": "end of the socket is watched",
    "whole JSON, watched": "end of the socket is watched",
    "WebSocket, listens": "the Close frame, read at once",
    "event stream, next write": "the next write",
    "NDJSON, next write": "the next write",
    "event stream, thread": "a write that fails, the first or a later",
    "long polling, kept run": "nobody asks for linger_s",
    "event stream, kept run": "nobody reads for linger_s",
    "whole JSON, written at the end": "nothing: it writes once, at the end",
    "WebSocket, only speaks": "nothing: it reads no Close frame",
    "event stream, no goodbye": "nothing: neither FIN nor RST came",
}


def wasted(recording: Recording) -> dict[str, Waste]:
    """What each lane wasted, by its name, in the order of the picture.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    found = {lane: counted for lane in NOTICED_BY if (counted := waste(recording, lane)) is not None}
    if not found:
        raise BadParameter("This recording has no reader that leaves: run the scenario ReaderLeaves.")
    return found


def table(recording: Recording) -> Table:
    """What each way and manner of noticing came to."""
    rows = tuple(
        (
            lane,
            NOTICED_BY[lane],
            f"{one.generated:,}",
            f"{one.for_nobody:,}",
            "none came" if one.after_goodbye is None else f"{one.after_goodbye:,}",
            _noticed(one),
            f"{one.bytes_after:,}",
            "not counted" if one.writes_after is None else f"{one.writes_after:,}",
        )
        for lane, one in wasted(recording).items()
    )
    return Table(
        "What the models generated for readers that had left",
        (
            "way and server", "what tells the server", "tokens generated", "for nobody", "of these after its goodbye",
            "noticed after", "bytes sent after", "writes that succeeded after",
        ),
        rows,
        notices=recording.notices,
    )  # fmt: skip


def picture(recording: Recording) -> Picture:
    """A row for each lane, all of them laid so that the readers leave at the same place."""
    rows = []
    for lane, one in wasted(recording).items():
        seconds = [(at_ns - one.left_ns) / 1e9 for at_ns in one.tokens_ns]
        noticed = [one.noticed_s] if one.noticed_s is not None else []
        tokens = {READ: [at_s for at_s in seconds if at_s <= 0], WASTED: [at_s for at_s in seconds if at_s > 0]}
        told = f"{one.for_nobody:,} for nobody{_unnoticed(one, ', ')}"
        rows.append(Row(lane, tokens, {"noticed": noticed}, told))
    words = {READ: "token generated", WASTED: "token for nobody", "noticed": "the server stops the model"}
    figure = draw_rows(rows, words, "seconds after the reader has left", line_at_s=0)
    return Picture(figure, "A reader leaves in the midst of an answer", sentence(recording), recording.notices)


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    told = [f"{lane}: {one.for_nobody:,}{_unnoticed(one, ' and ')}" for lane, one in wasted(recording).items()]
    return f"Tokens generated for nobody. {'; '.join(told)}."


def _noticed(one: Waste) -> str:
    if one.noticed_s is not None:
        return f"{one.noticed_s * 1e3:,.1f} ms"
    return "over before it left" if one.was_over else "never"


def _unnoticed(one: Waste, joined_by: str) -> str:
    """That nobody noticed, or that there was nothing left to notice; empty if the leaving was noticed."""
    if one.was_noticed:
        return ""
    return joined_by + ("over before" if one.was_over else "never noticed")

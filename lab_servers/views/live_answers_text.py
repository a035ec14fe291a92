"""The words of a live panel that need no widget: the sentence after a run, and what a saved page or terminal shows."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from lab_servers.measure.live_column import Column, Progress
from lab_servers.views.table import Table

# Of a text in a table; the whole answer is in the recording.
MOST_CHARACTERS = 120

NOTE = (
    "The page gets what is new at most every 50 ms, several tokens together if need be, so that many columns do not "
    "starve the kernel, which also runs the servers. The times are those of the clients; a picture made afterwards is "
    "made from the recording, not from the screen. A client that polls could POST a stop as well: here it shows what "
    "becomes of an answer that is only left."
)


def summary(columns: Sequence[Column]) -> str:
    """What has become of all columns, in one sentence."""
    counted = [
        (sum(one.progress is which for one in columns), word)
        for which, word in (
            (Progress.COMPLETE, "complete"),
            (Progress.STOPPED, "stopped by you"),
            (Progress.FAILED, "failed"),
        )
    ]
    told = ", ".join(f"{count} {word}" for count, word in counted if count)
    wasted = sum(one.generated_after or 0 for one in columns)
    is_stopped = any(one.generated_at_stop is not None for one in columns)
    after = f" After your stops the models generated {wasted:,} more." if is_stopped else ""
    return f"All has ended: {told}.{after}"


def column_table(columns: Sequence[Column]) -> Table:
    """One row for each column of the panel."""
    rows = tuple(
        (
            one.way,
            _short(one.text),
            "" if one.first_s is None else f"{one.first_s:.2f} s",
            "" if one.done_s is None else f"{one.done_s:.2f} s",
            f"{one.up_bytes + one.down_bytes:,}",
            one.told,
        )
        for one in columns
    )
    heads = ("way", "text", "first text after", "ended after", "bytes", "what became of it")
    return Table("The last answers, as each way brought them", heads, rows)


def _short(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


def as_html(columns: Sequence[Column], status: str) -> str:
    """The panel for a saved page."""
    table = column_table(columns)._repr_html_() if columns else ""
    return f"<p>{escape(status)}</p>{table}<p>{escape(NOTE)}</p>"


def as_text(columns: Sequence[Column], status: str) -> str:
    """The panel for a terminal."""
    return "\n\n".join((status, *((str(column_table(columns)),) if columns else ()), NOTE))

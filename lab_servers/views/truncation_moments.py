"""What the truncation slider shows at one offset, as words and as data for its page.

``truncation_slider_widget.py`` is the widget. What holds from one turn to the next is computed once, so that moving
the slider asks nobody.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab_servers.measure.truncated_answer import TruncatedAnswer
from lab_servers.measure.truncation import CutBy, Outcome, Verdict, verdicts
from lab_servers.views.table import Table
from lab_servers.wire.printable import printable

BEFORE_BYTES, AFTER_BYTES = 96, 48

# A sign beside each word, so that colour is never the only one.
SIGNS = {
    Outcome.COMPLETE: ("✓", "right"),
    Outcome.INCOMPLETE: ("✓", "right"),
    Outcome.LIE: ("✗", "a lie: something is missing"),
    Outcome.ALARM: ("!", "too careful: nothing is missing"),
    Outcome.AGAIN: ("↻", "asks again"),
}


@dataclass(frozen=True)
class Moment:
    """One offset.

    Attributes:
        cut: So many bytes came.
        sentence: Where this is, and what is missing.
        shown: What the reader has shown by then.
        before: The last bytes that came, as text.
        after: The first bytes that are lost, as text.
        verdicts: What each strategy says.
    """

    cut: int
    sentence: str
    shown: str
    before: str
    after: str
    verdicts: tuple[Verdict, ...]


def moment(answer: TruncatedAnswer, cut: int, cut_by: CutBy) -> Moment:
    """What there is to see when the first ``cut`` bytes came and the connection then ended like this."""
    state = answer.state_at(cut)
    return Moment(
        cut,
        f"{cut:,} of {len(answer.wire):,} bytes came. {_missing(answer, cut)}",
        state.text,
        _as_text(answer.wire[max(cut - BEFORE_BYTES, 0) : cut]),
        _as_text(answer.wire[cut : cut + AFTER_BYTES]),
        tuple(verdicts(answer, cut, cut_by).values()),
    )


def moment_table(answer: TruncatedAnswer, cut: int, cut_by: CutBy) -> Table:
    """The six verdicts at one offset."""
    rows = tuple(_row(verdict) for verdict in verdicts(answer, cut, cut_by).values())
    caption = f"{answer.name}, ended by {_ended(cut_by)}: {moment(answer, cut, cut_by).sentence}"
    return Table(caption, ("strategy", "says", "because", "in truth"), rows)


def page_data(answer: TruncatedAnswer, cut_by: CutBy) -> dict[str, object]:
    """All turns of one answer, for the page: at which offset each begins, and what is shown from there on."""
    return {
        "name": answer.name,
        "size": len(answer.wire),
        "head": answer.head_end,
        "turns": [
            {
                "at": at,
                "shown": answer.state_at(at).text,
                "missing": _missing(answer, at),
                "rows": [[*_row(verdict), verdict.outcome.name] for verdict in verdicts(answer, at, cut_by).values()],
            }
            for at in answer.turns
        ],
    }


def _row(verdict: Verdict) -> tuple[str, str, str, str]:
    says = "complete" if verdict.says_complete else "incomplete"
    if verdict.outcome is Outcome.AGAIN:
        says = "nothing yet"
    sign, word = SIGNS[verdict.outcome]
    return verdict.strategy.value, says, printable(verdict.why, 200), f"{sign} {word}"


def _missing(answer: TruncatedAnswer, cut: int) -> str:
    if cut < answer.head_end:
        return "The head of the response is cut: there is no answer at all."
    if answer.shows_all_at(cut):
        return "No text is missing."
    missing = len(answer.full.text) - len(answer.state_at(cut).text)
    return f"{missing:,} code point{'s' * (missing != 1)} of text {'are' if missing != 1 else 'is'} missing."


def _ended(cut_by: CutBy) -> str:
    return "a last chunk that a hop added" if cut_by is CutBy.LAST_CHUNK else f"a {cut_by.value}"


def _as_text(data: bytes) -> str:
    """Bytes as text on a line or several: CR and LF are shown, LF is obeyed, too; half a character is U+FFFD."""
    # Arrows, and not the control pictures of Unicode, which many fonts lack.
    lines = data.decode("utf-8", "replace").replace("\r", "←").replace("\n", "↵\n").split("\n")
    return "\n".join(printable(line, 400) for line in lines)

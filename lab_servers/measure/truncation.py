"""Six ways in which a client decides whether an answer is complete, tried on an answer cut at any byte. Pure functions.

``truncated_answer.py`` knows what had come by then; ``cut_anywhere.py`` compares this with cuts that really happened.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise, takewhile

from lab_servers.measure.truncated_answer import TruncatedAnswer
from lab_servers.wire.http1.message import Framing
from lab_servers.wire.llm.reader import AnswerState, terminator_of


class CutBy(Enum):
    """How the connection ended at the cut, as a client sees it."""

    FIN = "FIN"
    RESET = "RST"
    LAST_CHUNK = "last chunk"
    """A hop lost its server, and ended the body that it passes on as if it were whole."""


class Strategy(Enum):
    """What a client takes for the end of an answer."""

    END_OF_FILE = "trust the end of file"
    TERMINATOR = "require the terminator"
    FINISH_REASON = "require a finish reason"
    LENGTH = "check the length"
    USAGE = "check usage"
    RETRY = "ask again"


class Outcome(Enum):
    """What a strategy said, beside what was true."""

    COMPLETE = "says complete, rightly"
    INCOMPLETE = "says incomplete, rightly"
    LIE = "says complete, and something is missing"
    ALARM = "says incomplete, and nothing is missing"
    AGAIN = "asks again"


@dataclass(frozen=True)
class Verdict:
    """What one strategy says of one cut.

    Attributes:
        strategy: Which.
        says_complete: Whether it hands the answer on as complete.
        why: The reason, in a few words.
        outcome: What it said, beside what was true.
        tokens_again: Tokens that are generated once more because of it.
    """

    strategy: Strategy
    says_complete: bool
    why: str
    outcome: Outcome
    tokens_again: int = 0


def verdicts(answer: TruncatedAnswer, cut: int, cut_by: CutBy = CutBy.FIN) -> dict[Strategy, Verdict]:
    """What each strategy says when the first ``cut`` bytes came and the connection then ended in this way."""
    state = answer.state_at(cut)
    is_all = answer.shows_all_at(cut)
    length = _length(answer, cut, cut_by)
    said = {
        Strategy.END_OF_FILE: _end_of_file(answer, cut, cut_by),
        Strategy.TERMINATOR: _terminator(answer, state),
        Strategy.FINISH_REASON: _finish_reason(state),
        Strategy.LENGTH: length,
        Strategy.USAGE: check_usage(state),
    }
    found = {strategy: Verdict(strategy, yes, why, _outcome(yes, is_all)) for strategy, (yes, why) in said.items()}
    found[Strategy.RETRY] = _retry(answer, state, length, is_all)
    return found


def stretches(answer: TruncatedAnswer, strategy: Strategy, cut_by: CutBy) -> tuple[tuple[int, int, Outcome], ...]:
    """The outcomes of one strategy from the first byte to the last: from where, to where, what."""
    found: list[tuple[int, int, Outcome]] = []
    for start, stop in pairwise((*answer.turns, len(answer.wire) + 1)):
        outcome = verdicts(answer, start, cut_by)[strategy].outcome
        if found and found[-1][2] is outcome:
            found[-1] = (found[-1][0], stop, outcome)
        else:
            found.append((start, stop, outcome))
    return tuple(found)


def counted(answer: TruncatedAnswer, strategy: Strategy, cut_by: CutBy) -> Counter[Outcome]:
    """At how many offsets each outcome comes; 0, before the first byte, and the whole answer are two of them."""
    counts: Counter[Outcome] = Counter()
    for start, stop, outcome in stretches(answer, strategy, cut_by):
        counts[outcome] += stop - start
    return counts


def _outcome(says_complete: bool, is_all: bool) -> Outcome:
    if says_complete:
        return Outcome.COMPLETE if is_all else Outcome.LIE
    return Outcome.ALARM if is_all else Outcome.INCOMPLETE


def _end_of_file(answer: TruncatedAnswer, cut: int, cut_by: CutBy) -> tuple[bool, str]:
    if cut < answer.head_end:
        return False, "there is no response"
    if cut_by is CutBy.RESET:
        return False, "reading failed: the connection was reset"
    return True, "the stream ended"


def _terminator(answer: TruncatedAnswer, state: AnswerState) -> tuple[bool, str]:
    name = terminator_of(answer.dialect, answer.carried)
    if state.error is not None:
        return False, "an error came in the answer"
    return (True, f"there is {name}") if state.terminated else (False, f"there is no {name}")


def _finish_reason(state: AnswerState) -> tuple[bool, str]:
    if state.finish_reason is None:
        return False, "no finish reason came"
    return True, f"the finish reason is {state.finish_reason}"


def _length(answer: TruncatedAnswer, cut: int, cut_by: CutBy) -> tuple[bool, str]:
    """The framing of HTTP (RFC 9112 §8): a close-delimited body is complete whatever came, if no reset ends it."""
    if cut < answer.head_end:
        return False, "there is no response"
    if cut_by is CutBy.LAST_CHUNK:
        return True, "the last chunk came"
    if answer.framing_end is None:
        return (False, "the connection was reset") if cut_by is CutBy.RESET else (True, "the close ends this body")
    what = "last chunk" if answer.framing is Framing.CHUNKED else "announced length"
    return (True, f"the {what} came") if cut >= answer.framing_end else (False, f"the {what} did not come")


def check_usage(state: AnswerState) -> tuple[bool, str]:
    """Counts what came against what the server says it generated.

    It sees little: a piece may hold several tokens, so only a dialect that says how many are in each can be counted.
    Of the others it sees whether a count came at all, and that it is not less than the pieces.
    """
    usage = state.usage
    if usage is None or usage.output_tokens is None:
        return False, "no usage came"
    if state.tokens:
        counted_tokens = state.tokens + (usage.reasoning_tokens or 0)
        return counted_tokens == usage.output_tokens, f"{counted_tokens} tokens came of {usage.output_tokens}"
    return (
        state.text_pieces <= usage.output_tokens,
        f"{state.text_pieces} pieces came, {usage.output_tokens} tokens are reported",
    )


def _retry(answer: TruncatedAnswer, state: AnswerState, length: tuple[bool, str], is_all: bool) -> Verdict:
    """Asks again when HTTP reports an error, as client libraries do, and shows the second answer."""
    says, why = length
    if says:
        return Verdict(Strategy.RETRY, True, f"no reason to ask again: {why}", _outcome(True, is_all))
    usage = answer.full.usage
    tokens = usage.output_tokens if usage and usage.output_tokens is not None else answer.full.text_pieces
    why = f"{why}: asks again, {tokens} tokens more"
    if answer.again and state.text:
        same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(state.text, answer.again, strict=False)))
        why += f"; of {len(state.text)} code points shown, the new answer begins with {same}"
    return Verdict(Strategy.RETRY, True, why, Outcome.AGAIN, tokens)

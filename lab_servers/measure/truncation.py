"""Six ways in which a client decides whether an answer is complete, tried on an answer cut at any byte. Pure functions.

``truncated_answer.py`` knows what had come by then; ``cut_anywhere.py`` compares this with cuts that really happened.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

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
    """Reads until the connection ends, and asks neither HTTP nor the dialect whether that was the end."""
    TERMINATOR = "require the terminator"
    """Waits for what the dialect sends last."""
    FINISH_REASON = "require a finish reason"
    """Waits for the model to say why it stopped."""
    LENGTH = "check the length"
    """Believes HTTP: the last chunk or the announced length came, or a close ended a body without either."""
    USAGE = "check usage"
    """Compares what came with the number of tokens that the server reports."""
    RETRY = "ask again"
    """Believes HTTP like LENGTH; where that reports an error, asks once more and shows the second answer."""


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
        says_complete: Whether it hands an answer on as complete: this one, or the second where it asks again.
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
    return {strategy: verdict(answer, strategy, cut, cut_by) for strategy in Strategy}


def verdict(answer: TruncatedAnswer, strategy: Strategy, cut: int, cut_by: CutBy = CutBy.FIN) -> Verdict:
    """What one strategy says of that."""
    state, is_all = answer.state_at(cut), answer.shows_all_at(cut)
    match strategy:
        case Strategy.END_OF_FILE:
            yes, why = _end_of_file(answer, cut, cut_by)
        case Strategy.TERMINATOR:
            yes, why = _terminator(answer, state)
        case Strategy.FINISH_REASON:
            yes, why = _finish_reason(state)
        case Strategy.LENGTH:
            yes, why = _length(answer, cut, cut_by)
        case Strategy.USAGE:
            yes, why = check_usage(state)
        case Strategy.RETRY:
            return _retry(answer, state, _length(answer, cut, cut_by), is_all)
    return Verdict(strategy, yes, why, _outcome(yes, is_all))


def stretches(answer: TruncatedAnswer, strategy: Strategy, cut_by: CutBy) -> tuple[tuple[int, int, Outcome], ...]:
    """The outcomes of one strategy from the first byte to the last: from where, to where, what."""
    found: list[tuple[int, int, Outcome]] = []
    for start, stop in pairwise((*answer.turns, len(answer.wire) + 1)):
        outcome = verdict(answer, strategy, start, cut_by).outcome
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
    if state.error is not None:
        return False, "an error came in the answer"
    name = terminator_of(answer.dialect, answer.carried)
    return (True, f"there is {name}") if state.terminated else (False, f"there is no {name}")


def _finish_reason(state: AnswerState) -> tuple[bool, str]:
    if state.error is not None:
        return False, "an error came in the answer"
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
    if answer.framing is Framing.CHUNKED:
        # What follows it is a line end, or trailers and a line end: until then the body is not over (§7.1).
        return (True, "the last chunk came") if cut >= answer.framing_end else (False, "the chunks did not end")
    is_all = cut >= answer.framing_end
    return is_all, "the announced length came" if is_all else "less came than the announced length"


def check_usage(state: AnswerState) -> tuple[bool, str]:
    """Counts what came against what the server says it generated.

    It sees little: a piece may hold several tokens, so only a dialect that says how many are in each can be counted.
    Of the others it sees whether a count came at all, and that it is not less than the pieces.
    """
    if state.error is not None:
        return False, "an error came in the answer"
    usage = state.usage
    if usage is None or usage.output_tokens is None:
        return False, "no usage came"
    if state.tokens:
        counted_tokens = state.tokens + (usage.reasoning_tokens or 0)
        return counted_tokens == usage.output_tokens, f"{counted_tokens} tokens came of {usage.output_tokens}"
    return (
        state.text_pieces <= usage.output_tokens,
        f"pieces that came: {state.text_pieces}, tokens that are reported: {usage.output_tokens}",
    )


def _retry(answer: TruncatedAnswer, state: AnswerState, length: tuple[bool, str], is_all: bool) -> Verdict:
    """Asks again when HTTP reports an error, as a retry around the whole call does, and shows the second answer.

    The vendors' SDKs retry only until the response begins; what breaks later is left to who called them.
    """
    says, why = length
    if says:
        return Verdict(Strategy.RETRY, True, f"no reason to ask again: {why}", _outcome(True, is_all))
    usage = answer.full.usage
    tokens = usage.output_tokens if usage and usage.output_tokens is not None else answer.full.text_pieces
    why = f"{why}: asks again, {tokens} tokens more"
    if state.text:
        # Of a model that draws its tokens the second answer need not even begin like the first.
        why += f"; code points shown before: {len(state.text)}"
    return Verdict(Strategy.RETRY, True, why, Outcome.AGAIN, tokens)

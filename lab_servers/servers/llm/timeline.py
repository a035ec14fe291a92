"""When the model generates which token, a pure function of prompt and settings. Neighbour: run, which lets it happen.

The same prompt with the same settings gives the same moments on every machine, in every dialect, after every restart.
"""

from __future__ import annotations

import codecs
import json
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from .parts import Cut, End, Failed, Finish, Part, Text, ToolArguments, ToolCall, Usage
from .settings import Settings
from .texts import pieces_of, tokens_of

FAILURE = "The model is overloaded. Ask again later."
DEFAULT_TOOL = "get_weather"
_CITIES = ("北京", "São Paulo", "Zürich", "Đà Nẵng", "New York")


@dataclass(frozen=True)
class Moment:
    """Something that happens once the run is so old.

    Attributes:
        due_s: How old, seconds.
        tokens: How many tokens are generated in it.
        parts: What can be sent from then on.
    """

    due_s: float
    tokens: int
    parts: tuple[Part, ...] = ()


def count_tokens(text: str) -> int:
    """About how many tokens a prompt has: three bytes each, rounded up. A stand-in, and the same in every dialect."""
    return math.ceil(len(text.encode("utf-8", "surrogatepass")) / 3)


def moments_of(
    prompt: str, settings: Settings, *, most_tokens: int | None = None, tools: Sequence[str] = ()
) -> tuple[Moment, ...]:
    """All that the model will do for one prompt, in order of time.

    Args:
        prompt: What it is asked; with the seed, it decides every random choice.
        settings: How it behaves.
        most_tokens: How many tokens it may generate, those of its reasoning included.
        tools: Names of tools that it may call.
    """
    chance = random.Random(f"{settings.seed} {prompt}")
    said = list(_said(settings, tools, chance))
    times_s = _times(len(said), settings, chance)
    finish = Finish.TOOL_CALLS if settings.tool_calls else Finish.STOP
    if most_tokens is not None and most_tokens < len(said):
        said, finish = said[:most_tokens], Finish.LENGTH
    breaks = settings.fail != "no" and settings.fail_after < len(said)
    if breaks:
        said = said[: settings.fail_after]
    end_s = times_s[len(said)] if breaks else times_s[max(len(said) - 1, 0)]
    last: Part
    if breaks:
        last = Failed(FAILURE) if settings.fail == "error" else Cut()
    else:
        reasoning = sum(isinstance(one, _Thought) for one in said)
        last = End(finish, Usage(count_tokens(prompt), len(said), reasoning))
    moments = [*_with_whole_characters(said, times_s), Moment(end_s, 0, (last,))]
    return tuple(_batched(moments, settings.batch_s) if settings.batch_s else moments)


class _Thought:
    """A token of reasoning, which is never sent."""


_Said = _Thought | bytes | ToolCall | ToolArguments


def _said(settings: Settings, tools: Sequence[str], chance: random.Random) -> Iterator[_Said]:
    """What each token is: a thought, some bytes of text, or a piece of a tool call."""
    yield from (_Thought() for _ in range(settings.reasoning_tokens))
    yield from tokens_of(settings.language, settings.tokens, chance)
    names = tools or (DEFAULT_TOOL,)
    for index in range(settings.tool_calls):
        yield ToolCall(index, f"call_{chance.getrandbits(64):016x}", names[index % len(names)])
        arguments = json.dumps({"city": chance.choice(_CITIES), "days": chance.randint(1, 9)}, ensure_ascii=False)
        yield from (ToolArguments(index, piece) for piece in pieces_of(arguments, chance))


def _times(count: int, settings: Settings, chance: random.Random) -> list[float]:
    """When each token is generated, and, as one more, when the next would have been."""
    # exp(mu + sigma²/2) is the mean of a log-normal distribution: this mu makes the mean gap the one asked for.
    mu = math.log(settings.gap_s) - settings.spread**2 / 2 if settings.gap_s else 0.0
    times_s: list[float] = []
    at_s = settings.ttft_s
    for number in range(count + 1):
        if number:
            at_s += chance.lognormvariate(mu, settings.spread) if settings.gap_s else 0.0
            if settings.stall_every and number % settings.stall_every == 0:
                at_s += settings.stall_s
        times_s.append(at_s)
    if settings.burst > 1:
        # All tokens of a burst wait for its last one.
        last = len(times_s) - 1
        times_s = [times_s[min(place - place % settings.burst + settings.burst - 1, last)] for place in range(last + 1)]
    return times_s


def _with_whole_characters(said: Sequence[_Said], times_s: Sequence[float]) -> Iterator[Moment]:
    """A moment for each token; text can be sent when the last byte of a code point is there."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    waiting = 0
    for one, due_s in zip(said, times_s, strict=False):
        if isinstance(one, bytes):
            waiting += 1
            text = decoder.decode(one)
            yield Moment(due_s, 1, (Text(text, waiting),) if text else ())
            waiting = 0 if text else waiting
        else:
            yield Moment(due_s, 1, () if isinstance(one, _Thought) else (one,))


def _batched(moments: Sequence[Moment], batch_s: float) -> Iterator[Moment]:
    """The same with text held back: for ``batch_s`` seconds, or until something else has to be sent."""
    held: list[Text] = []
    until_s = math.inf

    def flushed(at_s: float) -> Iterator[Moment]:
        if held:
            yield Moment(at_s, 0, (Text("".join(one.text for one in held), sum(one.tokens for one in held)),))
            held.clear()

    for moment in moments:
        if moment.due_s > until_s:
            yield from flushed(until_s)
        texts = [part for part in moment.parts if isinstance(part, Text)]
        others = tuple(part for part in moment.parts if not isinstance(part, Text))
        if texts and not held:
            until_s = moment.due_s + batch_s
        held += texts
        if others:
            yield from flushed(moment.due_s)
        yield replace(moment, parts=others)

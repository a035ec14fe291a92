"""What the model will do is a pure function of prompt and settings: tokens of bytes, whole characters, times."""

from __future__ import annotations

import json
import random
import statistics
from dataclasses import replace
from itertools import pairwise

import pytest

from lab_servers.servers.llm.parts import Cut, End, Failed, Finish, Text, ToolArguments, ToolCall, Usage
from lab_servers.servers.llm.settings import Settings
from lab_servers.servers.llm.texts import LANGUAGES, TEXTS, tokens_of
from lab_servers.servers.llm.timeline import FAILURE, Moment, count_tokens, moments_of


def parts_in(moments: tuple[Moment, ...]) -> list:
    return [part for moment in moments for part in moment.parts]


def text_in(moments: tuple[Moment, ...]) -> str:
    return "".join(part.text for part in parts_in(moments) if isinstance(part, Text))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("count", [1, 2, 3, 40, 400])
def test_tokens_are_the_text_in_bytes_and_end_with_a_whole_character(language: str, count: int) -> None:
    for seed in range(20):
        tokens = tokens_of(language, count, random.Random(seed))
        assert len(tokens) == count
        assert all(tokens)
        said = b"".join(tokens).decode()  # fails if the end cuts a character
        assert (TEXTS[language] * (len(said) // len(TEXTS[language]) + 1)).startswith(said)


@pytest.mark.parametrize("language", ["mixed", "chinese", "emoji", "combining"])
def test_tokens_parts_code_points_and_bytes_never_coincide(language: str) -> None:
    tokens = tokens_of(language, 60, random.Random(0))
    moments = moments_of("世界?", Settings(language=language, tokens=60))
    parts = [part for part in parts_in(moments) if isinstance(part, Text)]
    text = text_in(moments)
    numbers = [60, len(parts), len(text), len(text.encode())]
    assert len(set(numbers)) == 4, numbers
    # Some token is no text by itself: what a reader gets for it is nothing, and then a character that took two.
    assert any(part.tokens > 1 for part in parts)
    assert sum(part.tokens for part in parts) == 60
    with pytest.raises(UnicodeDecodeError):
        _ = [token.decode() for token in tokens]


def test_the_same_prompt_and_settings_give_the_same_moments_and_others_do_not() -> None:
    settings = Settings(tokens=30, tool_calls=2, reasoning_tokens=3)
    first = moments_of("世界?", settings)
    assert moments_of("世界?", settings) == first
    assert moments_of("世界!", settings) != first
    assert moments_of("世界?", replace(settings, seed=1)) != first


def test_the_pace_is_the_one_that_was_asked_for() -> None:
    moments = moments_of("x", Settings(tokens=5_000, ttft_s=0.5, gap_s=0.02, spread=0.8))
    times_s = [moment.due_s for moment in moments if moment.tokens]
    assert times_s[0] == 0.5
    gaps_s = [later - earlier for earlier, later in pairwise(times_s)]
    assert min(gaps_s) > 0
    assert statistics.fmean(gaps_s) == pytest.approx(0.02, rel=0.1)
    # A log-normal distribution: its median is below its mean, by exp(sigma²/2).
    assert statistics.median(gaps_s) == pytest.approx(0.02 / 1.377, rel=0.1)
    even = moments_of("x", Settings(tokens=10, ttft_s=0, gap_s=0.02, spread=0))
    assert [moment.due_s for moment in even if moment.tokens] == pytest.approx([0.02 * n for n in range(10)])


def test_stalls_come_after_so_many_tokens_and_bursts_come_at_one_moment() -> None:
    stalled = moments_of("x", Settings(tokens=9, ttft_s=0, gap_s=0, stall_every=4, stall_s=2))
    assert [moment.due_s for moment in stalled if moment.tokens] == [0, 0, 0, 0, 2, 2, 2, 2, 4]
    burst = moments_of("x", Settings(tokens=7, ttft_s=1, gap_s=1, spread=0, burst=3))
    assert [moment.due_s for moment in burst if moment.tokens] == [3, 3, 3, 6, 6, 6, 8]


def test_reasoning_is_generated_and_never_sent() -> None:
    moments = moments_of("x", Settings(tokens=4, reasoning_tokens=5, language="english"))
    assert [bool(moment.parts) for moment in moments] == [False] * 5 + [True] * 5
    assert parts_in(moments)[-1] == End(Finish.STOP, Usage(1, 9, 5))


def test_the_arguments_of_a_tool_are_json_only_when_they_are_all_there() -> None:
    parts = parts_in(moments_of("x", Settings(tokens=2, tool_calls=2), tools=["a", "b"]))
    calls = [part for part in parts if isinstance(part, ToolCall)]
    assert [(call.index, call.name) for call in calls] == [(0, "a"), (1, "b")]
    assert calls[0].call_id != calls[1].call_id
    for call in calls:
        pieces = [part.text for part in parts if isinstance(part, ToolArguments) and part.index == call.index]
        assert set(json.loads("".join(pieces))) == {"city", "days"}
        with pytest.raises(ValueError, match=r".+"):
            json.loads("".join(pieces[:-1]))
    assert parts[-1].finish is Finish.TOOL_CALLS


def test_a_limit_ends_the_answer_wherever_it_is_and_a_character_that_is_cut_is_never_sent() -> None:
    whole = sum(moment.tokens for moment in moments_of("x", Settings(tokens=30, reasoning_tokens=3, tool_calls=1)))
    for most in range(1, whole + 5):
        moments = moments_of("x", Settings(tokens=30, reasoning_tokens=3, tool_calls=1), most_tokens=most)
        end = parts_in(moments)[-1]
        assert end.usage.output_tokens == sum(moment.tokens for moment in moments) <= most
        assert (end.finish is Finish.LENGTH) == (most < whole)
        text_in(moments).encode()


def test_it_fails_or_is_cut_after_so_many_tokens_and_then_says_nothing_more() -> None:
    for fail, last in (("error", Failed(FAILURE)), ("cut", Cut())):
        for after in range(6):
            moments = moments_of("x", Settings(tokens=6, fail=fail, fail_after=after))
            assert sum(moment.tokens for moment in moments) == after
            assert parts_in(moments)[-1] == last
    # What lies behind the end never happens.
    assert isinstance(parts_in(moments_of("x", Settings(tokens=6, fail="cut", fail_after=6)))[-1], End)


@pytest.mark.parametrize("batch_s", [0.001, 0.05, 0.1, 10])
def test_a_batch_changes_when_text_is_sent_and_not_one_character(batch_s: float) -> None:
    plain = moments_of("x", Settings(tokens=60, tool_calls=1))
    batched = moments_of("x", Settings(tokens=60, tool_calls=1, batch_s=batch_s))
    assert text_in(batched) == text_in(plain)
    assert [moment.due_s for moment in batched] == sorted(moment.due_s for moment in batched)
    assert [moment.due_s for moment in batched if moment.tokens] == [m.due_s for m in plain if m.tokens]
    texts = [part for part in parts_in(batched) if isinstance(part, Text)]
    assert sum(part.tokens for part in texts) == 60
    assert len(texts) <= sum(isinstance(part, Text) for part in parts_in(plain))
    assert [p for p in parts_in(batched) if not isinstance(p, Text)] == [
        p for p in parts_in(plain) if not isinstance(p, Text)
    ]
    # No text waits longer than that for its place in a part.
    born_s = {}
    text = ""
    for moment in plain:
        for part in moment.parts:
            if isinstance(part, Text):
                born_s[len(text)] = moment.due_s
                text += part.text
    place = 0
    for moment in batched:
        for part in moment.parts:
            if isinstance(part, Text):
                assert moment.due_s - born_s[place] <= batch_s + 1e-9
                place += len(part.text)


def test_a_prompt_is_counted_the_same_in_every_dialect() -> None:
    assert [count_tokens(text) for text in ("", "a", "abc", "abcd", "世界?", "\ud800")] == [0, 1, 1, 2, 3, 1]

"""Whatever a stranger sends, a reader neither raises nor hangs nor grows, and every cut gives the same complaint."""

from __future__ import annotations

import json
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_servers.wire.llm.collecting import MOST_CHARACTERS, MOST_REASONS, MOST_TOOL_CALLS
from lab_servers.wire.llm.dialects import CARRIED
from lab_servers.wire.llm.reader import AnswerReader, Carried, Dialect
from tests.wire.llm.samples import SAMPLES, Sample, chat_chunk, event, line, read

dialects = st.sampled_from(Dialect)
carriers = st.sampled_from(CARRIED[:3])
NAMES = """
    type delta choices index message content text tool_calls function arguments name id usage error candidates parts
    functionCall args finishReason finish_reason done done_reason response output run n tokens sequence_number
    content_block partial_json output_index item end
"""
keys = st.sampled_from(NAMES.split())
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(
    ["message_start", "content_block_delta", "response.output_text.delta", "response.completed", "text", "end",
     "tool_call", "tool_use", "function_call", "response.function_call_arguments.delta"]
)  # fmt: skip
values = st.recursive(scalars, lambda each: st.lists(each, max_size=3) | st.dictionaries(keys, each, max_size=5))
objects = st.dictionaries(keys, values, max_size=6)


def fed(dialect: Dialect, carried: Carried, body: bytes, cuts: list[int]) -> object:
    places = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    return read(dialect, carried, *(body[start:stop] for start, stop in pairwise(places)))


@given(dialects, carriers, st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=4))
def test_any_bytes_at_all_are_read_alike_in_any_pieces(
    dialect: Dialect, carried: Carried, body: bytes, cuts: list[int]
) -> None:
    assert fed(dialect, carried, body, cuts) == fed(dialect, carried, body, [])


@given(dialects, carriers, st.lists(objects, max_size=4), st.lists(st.integers(0, 2000), max_size=3))
def test_any_objects_with_known_names_are_read_alike_in_any_pieces(
    dialect: Dialect, carried: Carried, found: list[object], cuts: list[int]
) -> None:
    if carried == "event stream":
        body = b"".join(event(each) for each in found)
    elif carried == "lines":
        body = b"".join(line(each) for each in found)
    else:
        body = json.dumps(found).encode()
    whole = fed(dialect, carried, body, [])
    assert fed(dialect, carried, body, cuts) == whole
    text = read(dialect, carried, body)[1].text
    assert text.encode().decode() == text  # no half of a character is left in it


@given(st.sampled_from(SAMPLES), st.data())
def test_a_broken_byte_in_a_good_answer_is_read_alike_in_any_pieces(sample: Sample, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(sample.body) - 1))
    broken = bytearray(sample.body)
    broken[at] = data.draw(st.integers(0, 255))
    cuts = data.draw(st.lists(st.integers(0, len(broken)), max_size=3))
    assert fed(sample.dialect, sample.carried, bytes(broken), cuts) == fed(
        sample.dialect, sample.carried, bytes(broken), []
    )


HOSTILE = {
    "deep arrays": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "deep and closed": b'{"choices":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "brackets in strings": json.dumps({"type": "text", "text": "[" * 5000, "choices": []}).encode(),
    "a number of a million digits": b'{"n":' + b"9" * 1_000_000 + b',"type":"text","text":"a"}',
    "an exponent beyond all": b'{"n":1e999999,"tokens":-1e999999,"index":1e400,"type":"text","text":"a"}',
    "negative places": b'{"type":"tool_arguments","index":-1,"text":"a","choices":[{"index":-1,"delta":{}}]}',
    "no number": b'{"n":NaN,"type":"text","text":"a"}',
    "names that stand twice": b'{"type":"end","type":"text","text":"a","text":"b"}',
    "NUL": b'{"type":"text","text":"a\\u0000b"}\x00',
    "UTF-16": '{"type":"text","text":"a"}'.encode("utf-16"),
    "half a character": rb'{"type":"text","text":"\udfff\ud800"}',
    "half a name": rb'{"type":"tool_call","id":"\ud800","name":"\udfff","finish":"\ud800"}',
    "broken UTF-8": b'{"type":"text","text":"\xff\xf0\x9f"}',
    "only a quote": b'"' * 10_001,
    "only backslashes": b'{"' + b"\\" * 10_001,
    "wrong types throughout": b'{"type":[],"choices":{"a":1},"candidates":[[]],"message":7,"error":[{}],"done":"yes"}',
    "true where an object is due": b'{"choices":[true],"candidates":true,"usage":true,"done":true}',
}


@pytest.mark.parametrize("dialect", Dialect, ids=lambda dialect: dialect.value)
@pytest.mark.parametrize("carried", CARRIED[:3])
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_are_survived_and_never_complete(dialect: Dialect, carried: Carried, body: bytes) -> None:
    framed = {"event stream": b"data: " + body + b"\n\n", "lines": body + b"\n", "json": body}[carried]
    state = read(dialect, carried, framed)[1]
    assert state == read(dialect, carried, framed[:7], framed[7:])[1]
    assert state.usage is None
    for word in (state.text, state.finish_reason or "", state.error or "", *(call.name for call in state.tool_calls)):
        word.encode()  # fit to be shown


def test_nesting_is_judged_by_itself_and_not_by_how_deep_the_caller_is() -> None:
    body = b'{"type":"text","text":"a","x":' + b"[" * 60 + b"]" * 60 + b"}\n"

    def from_below(levels: int) -> object:
        return from_below(levels - 1) if levels else read(Dialect.OURS, "lines", body)

    assert from_below(500) == from_below(0)


def test_far_too_many_tool_calls_are_kept_within_a_bound_and_said_to_be_damage() -> None:
    many, times = 50 * MOST_TOOL_CALLS, 3
    calls = ",".join(f'{{"index":{at},"id":"c{at}"}}' for at in range(many))
    chunk = b'data: {"choices":[{"index":0,"delta":{"tool_calls":[' + calls.encode() + b"]}}]}\n\n"
    reader = AnswerReader(Dialect.CHAT)
    for _ in range(times):
        reader.feed(chunk)
    state = reader.state
    assert len(state.tool_calls) == MOST_TOOL_CALLS
    assert state.damaged.count == times * (many - MOST_TOOL_CALLS)
    assert len(state.damaged.first) <= MOST_REASONS


def test_an_answer_without_end_does_not_grow_beyond_its_bound() -> None:
    chunk = chat_chunk({"content": "x" * 100_000})
    reader = AnswerReader(Dialect.CHAT)
    for _ in range(2 * MOST_CHARACTERS // 100_000):
        reader.feed(chunk)
    assert MOST_CHARACTERS - 100_000 < len(reader.state.text) <= MOST_CHARACTERS
    assert reader.state.damaged


@pytest.mark.parametrize("carried", CARRIED[:3])
@pytest.mark.parametrize("junk", [b'{"a":"' + b"x" * 1000, b"data: " + b"y" * 1000, b"[" * 1000], ids=["a", "b", "c"])
def test_a_text_without_end_does_not_grow_in_memory(carried: Carried, junk: bytes) -> None:
    reader = AnswerReader(Dialect.GEMINI, carried, limit_bytes=10_000)
    for _ in range(20):
        reader.feed(junk)
    tracemalloc.start()
    for _ in range(300):
        reader.feed(junk)
    grown_bytes = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert grown_bytes < 50_000
    assert reader.state.damaged


@pytest.mark.parametrize("carried", CARRIED[:3])
def test_a_text_that_is_too_long_is_left_out_and_the_next_one_is_read(carried: Carried) -> None:
    long, good = {"type": "text", "text": "x" * 200}, {"type": "text", "text": "good"}
    body = {
        "event stream": event(long) + event(good),
        "lines": line(long) + line(good),
        "json": json.dumps([long, good]).encode(),
    }[carried]
    for cut in range(len(body)):
        reader = AnswerReader(Dialect.OURS, carried, limit_bytes=100)
        reader.feed(body[:cut])
        reader.feed(body[cut:])
        assert (reader.state.text, reader.state.damaged.count) == ("good", 1)


def test_a_message_that_is_too_long_is_left_out() -> None:
    reader = AnswerReader(Dialect.OURS, "messages", limit_bytes=100)
    assert reader.feed_message('{"type":"text","text":"' + "x" * 200 + '"}') == []
    assert reader.state.damaged.count == 1


@pytest.mark.parametrize("body", [b"[{},{}", b"[{}{}]", b"[,{}]", b"[{},]", b"{}{}", b"[[{}]]", b"x{}", b"[1]"])
def test_brackets_that_are_no_json_are_damage_or_not_at_their_end(body: bytes) -> None:
    state = read(Dialect.GEMINI, "json", body)[1]
    assert state.damaged or not state.terminated


def test_a_byte_order_mark_is_no_damage() -> None:
    mark = b"\xef\xbb\xbf"
    assert read(Dialect.OLLAMA, "lines", mark + line({"response": "a", "done": True}))[1].is_complete
    assert read(Dialect.OLLAMA, "json", mark, line({"response": "a", "done": True}))[1].is_complete

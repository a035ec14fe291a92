"""An answer is read alike in every dialect, however its bytes are cut, and is complete only with its terminator."""

from __future__ import annotations

import pytest

from lab_servers.wire.llm.reader import AnswerReader, Carried, Dialect, Kind, ToolCallRead, terminator_of
from tests.wire.llm import samples
from tests.wire.llm.samples import ARGUMENTS, SAMPLES, TEXT, Sample, event, line, read

every_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)


@every_sample
def test_the_same_answer_is_read_from_every_dialect(sample: Sample) -> None:
    pieces, state = read(sample.dialect, sample.carried, sample.body)
    assert state.text == TEXT
    assert [(call.index, call.name, call.arguments) for call in state.tool_calls] == (
        [(0, "weather", ARGUMENTS)] if sample.has_tool_call else []
    )
    assert (state.finish_reason, state.usage, state.run_id) == (sample.finish_reason, sample.usage, sample.run_id)
    assert state.terminated
    assert state.is_complete
    assert state.error is None
    assert not state.ignored
    assert not state.damaged
    assert "".join(piece.text for piece in pieces if piece.kind is Kind.TEXT) == TEXT
    assert pieces[-1].kind is Kind.TERMINATOR


@every_sample
def test_byte_by_byte_gives_the_same_pieces_and_state(sample: Sample) -> None:
    parts = [sample.body[at : at + 1] for at in range(len(sample.body))]
    assert read(sample.dialect, sample.carried, *parts) == read(sample.dialect, sample.carried, sample.body)


@every_sample
def test_a_cut_at_any_offset_gives_the_same_pieces_and_state(sample: Sample) -> None:
    whole = read(sample.dialect, sample.carried, sample.body)
    for cut in range(len(sample.body) + 1):
        assert read(sample.dialect, sample.carried, sample.body[:cut], b"", sample.body[cut:]) == whole


@every_sample
def test_an_answer_that_lacks_more_than_its_last_line_end_is_never_complete(sample: Sample) -> None:
    for cut in range(len(sample.body)):
        body, lacks = sample.body[:cut], sample.body[cut:]
        state = read(sample.dialect, sample.carried, body)[1]
        # An event ends with its blank line, of which only the LF behind a CR may be missing. A line or a JSON text
        # holds an object, which says itself where it ends.
        is_whole = (body[-1:], lacks) == (b"\r", b"\n") if sample.carried == "event stream" else not lacks.strip()
        assert state.is_complete == is_whole, lacks
        assert TEXT.startswith(state.text)


@every_sample
def test_the_state_at_any_offset_is_that_of_an_answer_read_up_to_there(sample: Sample) -> None:
    reader = AnswerReader(sample.dialect, sample.carried)
    for at in range(0, len(sample.body), 7):
        assert reader.state == read(sample.dialect, sample.carried, sample.body[:at], end=False)[1]
        reader.feed(sample.body[at : at + 7])


def test_messages_of_a_websocket_are_told_apart_already() -> None:
    reader = AnswerReader(Dialect.OURS, "messages")
    pieces = [piece for message in samples.OURS_MESSAGES for piece in reader.feed_message(message)]
    assert [piece.sequence for piece in pieces] == [1, 3, 4, 5, 6, 7, 7, 7]
    assert [piece.tokens for piece in pieces[:2]] == [4, 3]
    state = reader.state
    assert (state.text, state.last_sequence, state.tokens, state.is_complete) == (TEXT, 7, 12, True)


def test_polls_add_up_to_one_answer() -> None:
    reader = AnswerReader(Dialect.OURS, "messages")
    reader.feed_message('{"run":"k3f9-1","parts":[{"n":1,"type":"text","text":"a","tokens":1}],"done":false}')
    reader.feed_message('{"run":"k3f9-1","parts":[],"done":false}')
    assert not reader.state.terminated
    reader.feed_message('{"run":"k3f9-1","parts":[{"n":2,"type":"end","finish":"stop"}],"done":true}')
    assert (reader.state.text, reader.state.run_id, reader.state.is_complete) == ("a", "k3f9-1", True)


# --- what a dialect may also say ------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        (Dialect.CHAT, event({"id": "x", "choices": [], "new_member": [1]})),
        (Dialect.RESPONSES, event({"type": "response.new_event.delta", "delta": "not text"})),
        (Dialect.MESSAGES, event({"type": "new_event"}, "new_event")),
        (Dialect.MESSAGES, event({"type": "content_block_delta", "index": 0, "delta": {"type": "new", "text": "no"}})),
        (Dialect.GEMINI, event(samples.gemini_content({"newPart": {"text": "no"}}))),
        (Dialect.OLLAMA, event({"new": 1})),
        (Dialect.OURS, event({"type": "new", "text": "no"})),
    ],
)
def test_what_is_new_is_passed_over_and_counted(dialect: Dialect, body: bytes) -> None:
    state = read(dialect, "event stream", body)[1]
    assert (state.text, state.error, bool(state.damaged)) == ("", None, False)
    assert state.ignored.count == (0 if dialect is Dialect.CHAT else 1)  # a new member alone is no event of its own


@pytest.mark.parametrize(
    ("dialect", "carried", "body"),
    [
        (Dialect.CHAT, "event stream", event({"error": {"message": "overloaded", "type": "server_error"}})),
        (Dialect.CHAT, "json", b'{"error":{"message":"overloaded","code":null}}'),
        (Dialect.RESPONSES, "event stream", event({"type": "error", "code": "server_error", "message": "overloaded"})),
        (Dialect.RESPONSES, "event stream", event({"type": "response.failed", "response": {
            "status": "failed", "error": {"code": "server_error", "message": "overloaded"}}})),
        (Dialect.RESPONSES, "json", b'{"error":{"message":"overloaded"}}'),
        (Dialect.MESSAGES, "event stream", event({"type": "error", "error": {
            "type": "overloaded_error", "message": "overloaded"}}, "error")),
        (Dialect.MESSAGES, "json", b'{"type":"error","error":{"type":"api_error","message":"overloaded"}}'),
        (Dialect.GEMINI, "event stream", event({"error": {"code": 503, "message": "overloaded"}})),
        (Dialect.GEMINI, "json", b'[{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}]'),
        (Dialect.OLLAMA, "lines", line({"error": "overloaded"})),
        (Dialect.OURS, "lines", line({"run": "a-1", "n": 2, "type": "error", "message": "overloaded"})),
        (Dialect.OURS, "json", line({"error": "overloaded", "epoch": "a"})),
        (Dialect.OURS, "messages", b'{"type":"gone","run":"a-1","error":"overloaded"}'),
    ],
)  # fmt: skip
def test_an_error_in_the_answer_makes_it_incomplete(dialect: Dialect, carried: Carried, body: bytes) -> None:
    reader = AnswerReader(dialect, carried)
    pieces = reader.feed_message(body.decode()) if carried == "messages" else reader.feed(body)
    assert [piece.text for piece in pieces if piece.kind is Kind.ERROR] == ["overloaded"]
    reader.end()
    assert (reader.state.error, reader.state.is_complete) == ("overloaded", False)


def test_a_response_that_is_incomplete_says_why_and_is_terminated() -> None:
    response = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": []}
    state = read(Dialect.RESPONSES, "event stream", event({"type": "response.incomplete", "response": response}))[1]
    assert (state.terminated, state.finish_reason) == (True, "max_output_tokens")


def test_the_end_of_a_response_repeats_its_text_and_shows_when_a_delta_was_lost() -> None:
    lost = samples.RESPONSES.replace("世".encode(), b"", 1)
    assert read(Dialect.RESPONSES, "event stream", samples.RESPONSES)[1].is_complete
    state = read(Dialect.RESPONSES, "event stream", lost)[1]
    assert (state.terminated, state.is_complete, state.damaged.count) == (True, False, 1)


def test_a_prompt_that_gemini_refuses_has_an_end_and_no_candidate() -> None:
    state = read(Dialect.GEMINI, "event stream", event({"promptFeedback": {"blockReason": "SAFETY"}}))[1]
    assert (state.finish_reason, state.text, state.is_complete) == ("SAFETY", "", True)


def test_what_a_model_thinks_is_no_part_of_its_text() -> None:
    body = event(samples.gemini_content({"text": "hm", "thought": True}, {"text": "yes"}, finish="STOP"))
    state = read(Dialect.GEMINI, "event stream", body)[1]
    assert (state.thought, state.text) == ("hm", "yes")


def test_an_answer_of_an_older_ollama_says_done_and_not_why() -> None:
    state = read(Dialect.OLLAMA, "lines", line({"response": "a", "done": True}))[1]
    assert (state.finish_reason, state.is_complete) == ("done", True)


def test_the_last_line_needs_no_line_end_because_an_object_says_where_it_ends() -> None:
    reader = AnswerReader(Dialect.OLLAMA, "lines")
    assert reader.feed(line({"response": "a", "done": True}).rstrip()) == []
    assert [piece.kind for piece in reader.end()] == [Kind.TEXT, Kind.FINISH, Kind.TERMINATOR]


@pytest.mark.parametrize("cut", range(1, 20))
def test_a_last_line_that_is_cut_is_no_damage_and_a_whole_line_that_is_no_json_is(cut: int) -> None:
    whole = line({"response": "a", "done": False})
    state = read(Dialect.OLLAMA, "lines", whole, whole[:cut])[1]
    assert (state.text, bool(state.damaged), state.is_complete) == ("a", False, False)
    assert read(Dialect.OLLAMA, "lines", whole, whole[:cut] + b"\n")[1].damaged.count == 1


@every_sample
def test_what_would_be_known_at_an_end_is_what_is_known_at_one_and_the_answer_goes_on(sample: Sample) -> None:
    reader = AnswerReader(sample.dialect, sample.carried)
    for at in range(0, len(sample.body), 7):
        assert reader.state_if_ended() == read(sample.dialect, sample.carried, sample.body[:at])[1]
        reader.feed(sample.body[at : at + 7])
    reader.end()
    assert reader.state == read(sample.dialect, sample.carried, sample.body)[1]


def test_gemini_has_no_terminator_but_the_end_of_the_body_after_a_finish_reason() -> None:
    reader = AnswerReader(Dialect.GEMINI)
    reader.feed(samples.GEMINI)
    assert (reader.state.finish_reason, reader.state.terminated) == ("STOP", False)
    assert [piece.kind for piece in reader.end()] == [Kind.TERMINATOR]


def test_a_finish_reason_without_done_is_no_complete_chat_completion_and_done_without_one_is_none_either() -> None:
    reason, done = samples.chat_chunk({}, "stop"), b"data: [DONE]\n\n"
    assert not read(Dialect.CHAT, "event stream", reason)[1].is_complete
    assert not read(Dialect.CHAT, "event stream", done)[1].is_complete
    assert read(Dialect.CHAT, "event stream", reason, done)[1].is_complete


def test_other_choices_than_the_first_are_not_mixed_into_the_text() -> None:
    both = {"choices": [{"index": 1, "delta": {"content": "b"}}, {"index": 0, "delta": {"content": "a"}}]}
    state = read(Dialect.CHAT, "event stream", event(both))[1]
    assert (state.text, state.ignored.count) == ("a", 1)


def test_calls_are_numbered_in_order_whatever_the_dialect_numbers() -> None:
    assert read(Dialect.MESSAGES, "event stream", samples.MESSAGES)[1].tool_calls == (
        ToolCallRead(0, "c1", "weather", ARGUMENTS),  # Anthropic numbers content blocks: this was the second
    )


def test_a_character_in_two_escapes_that_two_deltas_cut_apart_is_joined() -> None:
    halves = (
        samples.chat_chunk({"content": "x"}).replace(b'"x"', rb'"a\ud83d"'),
        samples.chat_chunk({"content": "x"}).replace(b'"x"', rb'"\ude00b"'),
    )
    pieces, state = read(Dialect.CHAT, "event stream", *halves)
    assert ([piece.text for piece in pieces], state.text) == (["a", "😀b"], "a😀b")


def test_half_a_character_alone_becomes_a_replacement_character() -> None:
    half = samples.chat_chunk({"content": "x"}).replace(b'"x"', rb'"a\ud83d"')
    assert read(Dialect.CHAT, "event stream", half)[1].text == "a\ufffd"
    assert read(Dialect.CHAT, "event stream", half, samples.chat_chunk({"content": "b"}))[1].text == "a\ufffdb"


def test_every_dialect_has_a_terminator_to_be_named() -> None:
    assert {terminator_of(dialect, "event stream") for dialect in Dialect} >= {"data: [DONE]", "message_stop"}
    assert "bracket" in terminator_of(Dialect.CHAT, "json")


def test_what_carries_an_answer_must_be_known() -> None:
    with pytest.raises(ValueError, match="carried must be one of 'event stream'"):
        AnswerReader(Dialect.CHAT, "pigeon")  # type: ignore[arg-type]


def test_an_answer_that_has_ended_takes_no_more_bytes() -> None:
    reader = AnswerReader(Dialect.CHAT)
    reader.end()
    assert reader.end() == []
    with pytest.raises(RuntimeError, match="has ended"):
        reader.feed(b"x")
    with pytest.raises(RuntimeError, match="has ended"):
        reader.feed_message("x")

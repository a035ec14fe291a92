"""Six strategies say "complete" or "incomplete" of an answer cut anywhere, and which of them lies is computed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab_servers.measure.truncated_answer import TruncatedAnswer
from lab_servers.measure.truncation import CutBy, Outcome, Strategy, counted, stretches, verdicts
from lab_servers.wire.llm.reader import AnswerReader, Dialect
from tests.wire.llm import samples
from tests.wire.llm.samples import SAMPLES, TEXT, Sample

SMALL = [sample for sample in SAMPLES if sample.name != "a response in events"]


def close_delimited(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body


def in_chunks(body: bytes, size: int = 100) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


def with_length(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def answer(sample: Sample, framed: bytes) -> TruncatedAnswer:
    return TruncatedAnswer(sample.name, sample.dialect, sample.carried, framed)


CHAT = SAMPLES[0]


def says(framed: bytes, cut: int, cut_by: CutBy = CutBy.FIN, sample: Sample = CHAT) -> dict[Strategy, bool]:
    return {one: found.says_complete for one, found in verdicts(answer(sample, framed), cut, cut_by).items()}


@pytest.mark.parametrize("framed", [close_delimited, in_chunks, with_length])
@pytest.mark.parametrize("sample", SMALL, ids=lambda sample: sample.name)
def test_a_state_at_any_offset_is_that_of_a_reader_who_got_so_much(sample: Sample, framed: object) -> None:
    found = answer(sample, framed(sample.body))  # type: ignore[operator]
    assert found.content == sample.body
    for cut in range(0, len(found.wire) + 1, 5):
        reader = AnswerReader(sample.dialect, sample.carried)
        reader.feed(sample.body[: found.content_bytes_at(cut)])
        reader.end()
        alone, computed = reader.state, found.state_at(cut)
        # What is known without a piece of it, such as the id of the run, comes with the next piece.
        assert replace(alone, run_id="", last_sequence=0) == replace(computed, run_id="", last_sequence=0)


@pytest.mark.parametrize("sample", SMALL, ids=lambda sample: sample.name)
@pytest.mark.parametrize("cut_by", CutBy)
def test_nothing_changes_between_two_turns(sample: Sample, cut_by: CutBy) -> None:
    found = answer(sample, in_chunks(sample.body))
    for strategy in Strategy:
        for start, stop, outcome in stretches(found, strategy, cut_by):
            for cut in {start, (start + stop) // 2, stop - 1}:
                assert verdicts(found, cut, cut_by)[strategy].outcome is outcome
        assert sum(counted(found, strategy, cut_by).values()) == len(found.wire) + 1


def test_a_whole_answer_is_complete_for_all() -> None:
    for framed in (close_delimited, in_chunks, with_length):
        wire = framed(CHAT.body)
        assert set(says(wire, len(wire)).values()) == {True}


def test_who_trusts_the_end_of_file_lies_at_every_byte_behind_the_head_until_the_text_is_there() -> None:
    wire = in_chunks(CHAT.body)
    found = answer(CHAT, wire)
    lies = [at for start, stop, what in stretches(found, Strategy.END_OF_FILE, CutBy.FIN) if what is Outcome.LIE
            for at in range(start, stop)]  # fmt: skip
    assert lies == list(range(found.head_end, found.text_end))


def test_a_close_delimited_answer_gives_the_length_nothing_to_check() -> None:
    wire = close_delimited(CHAT.body)
    assert says(wire, len(wire) // 2)[Strategy.LENGTH]
    assert not says(in_chunks(CHAT.body), len(wire) // 2)[Strategy.LENGTH]
    assert not says(with_length(CHAT.body), len(wire) // 2)[Strategy.LENGTH]


def test_a_reset_tells_even_who_trusts_the_end_of_file() -> None:
    wire = close_delimited(CHAT.body)
    said = says(wire, len(wire) // 2, CutBy.RESET)
    assert not said[Strategy.END_OF_FILE]
    assert not said[Strategy.LENGTH]


def test_a_hop_that_puts_a_last_chunk_deceives_the_length_and_not_the_terminator() -> None:
    wire = in_chunks(CHAT.body)
    said = says(wire, len(wire) // 2, CutBy.LAST_CHUNK)
    assert (said[Strategy.LENGTH], said[Strategy.TERMINATOR]) == (True, False)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
@pytest.mark.parametrize("cut_by", CutBy)
def test_who_requires_the_terminator_never_lies(sample: Sample, cut_by: CutBy) -> None:
    for framed in (close_delimited, in_chunks):
        assert Outcome.LIE not in counted(answer(sample, framed(sample.body)), Strategy.TERMINATOR, cut_by)


def test_who_requires_the_terminator_gives_an_alarm_when_only_the_terminator_is_missing() -> None:
    wire = close_delimited(CHAT.body)
    verdict = verdicts(answer(CHAT, wire), wire.index(b"data: [DONE]"))[Strategy.TERMINATOR]
    assert (verdict.outcome, verdict.why) == (Outcome.ALARM, "there is no data: [DONE]")


def test_usage_at_the_start_of_a_message_deceives_who_only_compares_it() -> None:
    sample = next(one for one in SAMPLES if one.name == "a message in events")
    wire = close_delimited(sample.body)
    cut = wire.index(b"event: content_block_delta")
    verdict = verdicts(answer(sample, wire), cut)[Strategy.USAGE]
    assert (verdict.outcome, verdict.why) == (Outcome.LIE, "pieces that came: 0, tokens that are reported: 1")


def test_where_parts_say_how_many_tokens_they_hold_usage_can_be_counted() -> None:
    sample = next(one for one in SAMPLES if one.name == "our lines")
    lost = b"".join(sample.body.splitlines(keepends=True)[1:])  # the first part never came
    verdict = verdicts(answer(sample, close_delimited(lost)), len(close_delimited(lost)))[Strategy.USAGE]
    assert (verdict.says_complete, verdict.why) == (False, "8 tokens came of 12")


def test_asking_again_costs_all_tokens_again_and_says_what_was_shown_before() -> None:
    wire = in_chunks(CHAT.body)
    found = answer(CHAT, wire)
    verdict = verdicts(found, found.text_end)[Strategy.RETRY]
    assert (verdict.outcome, verdict.tokens_again) == (Outcome.AGAIN, 12)
    assert verdict.why == f"the chunks did not end: asks again, 12 tokens more; code points shown before: {len(TEXT)}"


def test_nobody_asks_again_where_the_close_ends_the_body() -> None:
    wire = close_delimited(CHAT.body)
    verdict = verdicts(answer(CHAT, wire), len(wire) // 2)[Strategy.RETRY]
    assert (verdict.outcome, verdict.tokens_again) == (Outcome.LIE, 0)


def test_a_response_without_its_head_is_none() -> None:
    said = says(in_chunks(CHAT.body), 10)
    assert {one for one, yes in said.items() if yes} == {Strategy.RETRY}


def test_an_error_in_the_answer_is_no_completeness() -> None:
    body = samples.event({"type": "response.failed", "response": {"status": "failed", "error": {"message": "no"}}})
    wire = close_delimited(body)
    found = TruncatedAnswer("failed", Dialect.RESPONSES, "event stream", wire)
    said = verdicts(found, len(wire))
    for strategy in (Strategy.TERMINATOR, Strategy.FINISH_REASON, Strategy.USAGE):
        assert (said[strategy].says_complete, said[strategy].why) == (False, "an error came in the answer")


def test_a_body_in_chunks_is_over_with_the_line_end_behind_the_last_chunk_and_not_before() -> None:
    wire = in_chunks(CHAT.body)
    assert wire.endswith(b"\r\n0\r\n\r\n")
    said = [verdicts(answer(CHAT, wire), len(wire) - missing)[Strategy.LENGTH] for missing in range(6)]
    assert [one.says_complete for one in said] == [True, False, False, False, False, False]
    assert (said[0].why, said[1].why) == ("the last chunk came", "the chunks did not end")
    assert says(wire, len(wire), CutBy.RESET)[Strategy.LENGTH]  # a reset behind the end takes nothing away


def test_a_length_counts_to_the_last_byte() -> None:
    wire = with_length(CHAT.body)
    said = [verdicts(answer(CHAT, wire), len(wire) - missing)[Strategy.LENGTH].why for missing in range(2)]
    assert said == ["the announced length came", "less came than the announced length"]

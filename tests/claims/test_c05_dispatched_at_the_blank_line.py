"""C05: an event is its data lines, closed by a blank line, at which the client dispatches it; and the finer rules."""

from __future__ import annotations

import pytest

from lab_servers.capture.capture import Side
from lab_servers.proofs.sse_rules import RULES, received
from lab_servers.recording import Recording
from lab_servers.views.looks.sse import stream_capture
from lab_servers.views.parser_states import lines_of
from lab_servers.wire.sse.lines import Line
from lab_servers.wire.sse.reading import Kind
from tests.claims.trials import assert_fails, assert_holds, fresh, with_bytes


@pytest.fixture(scope="module")
def samples(recordings: tuple[Recording, ...]) -> dict[str, list[Line]]:
    return {str(one.parameters["sample"]): lines_of(stream_capture(one, "ParserSteps")) for one in recordings}


def test_the_buffers_fill_line_by_line_and_only_a_blank_line_dispatches(samples: dict[str, list[Line]]) -> None:
    for lines in samples.values():
        assert {line.kind for line in lines if line.dispatched} <= {Kind.BLANK}
        for line in lines:
            if line.kind is Kind.BLANK:
                assert (line.data_buffer, line.event_type_buffer) == ("", "")


def test_the_tour_gives_two_events(samples: dict[str, list[Line]]) -> None:
    events = [line.dispatched for line in samples["a tour"] if line.dispatched]
    assert [(event.type, event.data, event.last_event_id) for event in events] == [
        ("line", "compile\nwith warnings", "7"),
        ("message", "done", "7"),
    ]


@pytest.mark.parametrize(("sample", "events"), [(sample, events) for sample, (_, events) in RULES.items()])
def test_correction_each_finer_rule_shows_in_what_the_application_receives(
    samples: dict[str, list[Line]], sample: str, events: list[str]
) -> None:
    assert received(samples[sample]) == events


def test_correction_an_id_with_nul_is_ignored_and_an_unfinished_one_does_not_count(
    samples: dict[str, list[Line]],
) -> None:
    ids = [line.dispatched.last_event_id for line in samples["ids"] if line.dispatched]
    assert ids == ["7", "7", "7", ""]
    assert samples["ids"][-1].last_event_id == "10"


def test_correction_without_its_blank_line_the_last_event_is_dropped(samples: dict[str, list[Line]]) -> None:
    last = samples["a tour"][-1]
    assert last.data_buffer == "never told\n"
    assert "never told" not in received(samples["a tour"])


def test_correction_retry_takes_digits_only(samples: dict[str, list[Line]]) -> None:
    assert {line.retry_ms for line in samples["retry"]} == {1500}


# --- its trial: the same judge that `claims` asks ------------------------------------------------------


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C05")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C05", recordings)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"data: YHOO\n", b"data: YAHO\n"),
        (b"event: line\n", b"evant: line\n"),
        (b": in between\n", b"data:between\n"),
        (b"id: 8\x009", b"id: 8,9"),
        (b"retry: 2s\n", b"retry: 20\n"),
        (b"data: never told\n", b"data: now told\n\n\n"),
    ],
)
def test_a_stream_with_other_bytes_contradicts_it(recordings: tuple[Recording, ...], old: bytes, new: bytes) -> None:
    others = [
        with_bytes(one, Side.SERVER, old, new) if old in one.captures[0].bytes_from(Side.SERVER) else one
        for one in recordings
    ]
    assert_fails("C05", *others)


def test_a_sample_that_was_not_sent_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    assert_fails("C05", *recordings[:3])

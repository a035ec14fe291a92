"""C05: an event is its data lines, closed by a blank line, at which the client dispatches it; and the finer rules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.lab import Lab
from lab_servers.scenarios import ParserSteps
from lab_servers.scenarios.sse_parser import SAMPLES
from lab_servers.views.looks.sse import stream_capture
from lab_servers.views.parser_states import lines_of
from lab_servers.wire.sse.lines import Line
from lab_servers.wire.sse.reading import Kind


@pytest.fixture(scope="module")
def samples() -> Iterator[dict[str, list[Line]]]:
    with Lab([]) as lab:
        runs = {sample: ParserSteps(sample=sample).run(lab) for sample in SAMPLES}
        yield {sample: lines_of(stream_capture(run, "ParserSteps")) for sample, run in runs.items()}


def received(lines: list[Line]) -> list[str]:
    return [line.dispatched.data for line in lines if line.dispatched]


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


@pytest.mark.parametrize(
    ("sample", "events"),
    [
        ("several data lines", ["YHOO\n+2\n10", "", "\n"]),
        ("comments", ["a\nb"]),
        ("line ends", ["LF", "CRLF", "CR", "mixed\nin one block"]),
        ("byte order mark", ["a mark before", "\ufeffdata"]),
        ("one space", ["none", "one", " two", "\ta tab"]),
        ("other line ends", ["U+2028\u2028is data", "U+0085\u0085too"]),
        ("unknown fields", ["d"]),
    ],
)
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

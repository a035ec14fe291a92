"""The corpus says what the standard says: decoder, dissector and the algorithm of the book agree with it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from lab_servers.course.conformance import CORPUS, Stream
from lab_servers.course.conformance_rules import CUT_LINE, CUT_MARK, RULE_BY_ID, RULES
from lab_servers.wire.spec import spec_name
from lab_servers.wire.sse.decoder import EventStreamDecoder
from tests.wire.event_stream_cases import CASES, by_the_book

every_stream = pytest.mark.parametrize("stream", CORPUS, ids=lambda stream: f"{stream.rule}-{stream.data!r}")
PLACES = {rule.id: place for place, rule in enumerate(RULES)}


def decoded(*pieces: bytes) -> list[tuple[str, str, str]]:
    decoder = EventStreamDecoder()
    return [(event.type, event.data, event.last_event_id) for piece in pieces for event in decoder.feed(piece)]


@every_stream
def test_a_stream_dispatches_what_the_standards_own_steps_dispatch(stream: Stream) -> None:
    assert by_the_book(stream.data)[0] == list(stream.events)


@every_stream
def test_the_decoder_gives_the_same_events_at_every_cut(stream: Stream) -> None:
    for cut in range(len(stream.data) + 1):
        assert decoded(stream.data[:cut], stream.data[cut:]) == list(stream.events)


@every_stream
def test_a_stream_needs_only_rules_that_are_plainer_than_its_own(stream: Stream) -> None:
    assert all(PLACES[name] < PLACES[stream.rule] for name in stream.needs)


def test_the_corpus_and_the_cases_of_the_decoders_tests_agree_where_they_meet() -> None:
    cases = {case.stream: case.events for case in CASES}
    met = [stream for stream in CORPUS if stream.data in cases]
    assert met
    assert [list(stream.events) for stream in met] == [cases[stream.data] for stream in met]


def test_every_rule_has_streams_or_is_about_cuts_which_are_made_everywhere() -> None:
    cut_rules = {stream.rule_of_cut(cut) for stream in CORPUS for cut in range(1, len(stream.data))}
    assert {stream.rule for stream in CORPUS} | cut_rules == set(RULE_BY_ID)
    assert len(RULE_BY_ID) == len(RULES)


def test_a_cut_is_told_by_what_it_cuts() -> None:
    stream = Stream("", b"\xef\xbb\xbf" + "a你\r\nb".encode(), ())
    rules = [stream.rule_of_cut(cut) for cut in range(1, len(stream.data))]
    assert rules == [CUT_MARK] * 3 + [CUT_LINE] + ["cut-character"] * 2 + [CUT_LINE, "cut-crlf", CUT_LINE]


def test_every_rule_names_its_section_and_every_incident_its_project_and_number() -> None:
    for rule in RULES:
        assert spec_name(rule.section)
        assert rule.sentence.endswith(".")
        for incident in rule.incidents:
            assert incident.url.startswith(f"https://github.com/{incident.project}/")
            assert incident.url.endswith(f"/{incident.number}")
            assert incident.name == f"{incident.project.split('/')[1]} #{incident.number}"
    for before, after in pairwise(RULES):
        assert before.id != after.id

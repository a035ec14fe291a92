"""Which transport meets which demand is read from order alone; a recording in which it was otherwise says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab_servers.capture.capture import Side
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.measure.demands import Demand, mark_name, relay_name_of, verdict, verdicts
from lab_servers.measure.evidence import COLUMNS, HTTP, SSE, WEBSOCKET, Part, connections
from lab_servers.measure.holding import Kind, as_of, holding
from lab_servers.recording import Recording
from lab_servers.scenarios import EachFails, Evidence

MET = {
    Demand.READ_AGAIN: {HTTP},
    Demand.COME_BACK: {SSE},
    Demand.SPEAK: {WEBSOCKET},
    Demand.BE_TOLD: {SSE, WEBSOCKET},
}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def run(lab: Lab) -> Recording:
    return EachFails().run(lab)


def test_each_of_the_three_fails_at_some_and_is_needed_for_some(run: Recording) -> None:
    found = verdicts(run)
    assert {demand: {one.column for one in found if one.demand is demand and one.met} for demand in Demand} == MET
    for column in COLUMNS:
        assert not all(one.met for one in found if one.column == column)


def test_every_verdict_names_bytes_that_are_there(run: Recording) -> None:
    for one in verdicts(run):
        assert one.exhibits
        assert all(exhibit.data for exhibit in one.exhibits)


def test_the_second_reading_costs_no_content_only_by_http(run: Recording) -> None:
    assert "then 0; the status of the second answer is 304" in verdict(run, HTTP, Demand.READ_AGAIN).sentence
    assert "First 1,998 bytes of content, then 1,998" in verdict(run, WEBSOCKET, Demand.READ_AGAIN).sentence


@pytest.mark.parametrize("demand", Demand, ids=lambda one: one.name)
def test_what_another_transport_did_is_judged_by_what_it_did(run: Recording, demand: Demand) -> None:
    names = {HTTP: SSE, SSE: WEBSOCKET, WEBSOCKET: HTTP}
    captures = tuple(
        replace(one, server=relay_name_of(names[one.server.removesuffix(" on demand")])) for one in run.captures
    )
    marks = tuple(
        replace(one, name=f"{names[one.name.partition(',')[0]]},{one.name.partition(',')[2]}") for one in run.marks
    )
    turned = replace(run, captures=captures, marks=marks)
    assert {names[column] for column in MET[demand]} == {
        column for column in COLUMNS if verdict(turned, column, demand).met
    }


def test_what_is_never_heard_or_never_known_is_not_met(run: Recording) -> None:
    for demand, what in ((Demand.SPEAK, "heard"), (Demand.SPEAK, "said"), (Demand.BE_TOLD, "knew")):
        name = mark_name(WEBSOCKET, demand, what)
        silent = replace(run, marks=tuple(one for one in run.marks if one.name != name))
        assert silent.marks != run.marks
        assert not verdict(silent, WEBSOCKET, demand).met


def test_a_recording_of_something_else_is_refused(run: Recording) -> None:
    with pytest.raises(BadParameter, match="run the scenario EachFails"):
        verdicts(Recording("EachFails", ()))


# --- two connections that are open for long, and differ in kind ----------------------------------------------


def test_a_stream_is_a_response_that_has_not_ended_and_a_websocket_is_frames(lab: Lab) -> None:
    run = Evidence().run(lab)
    stream = connections(run, SSE, Part.AI_ANSWER)[0].capture
    chat = connections(run, WEBSOCKET, Part.CHAT)[0].capture
    whole = connections(run, HTTP, Part.TALK)[0].capture
    assert holding(stream).kind is Kind.RESPONSE
    assert holding(stream).complete_responses == 0
    assert holding(chat).kind is Kind.FRAMES
    assert holding(chat).masked_up == holding(chat).frames_up > 0
    assert holding(chat).frames_down > 0
    assert holding(whole).kind is Kind.COMPLETE
    assert holding(connections(run, HTTP, Part.VISIT_KEPT)[0].capture).kind is Kind.COMPLETE
    assert all(one.open_after_s > 0 for one in map(holding, (stream, chat)))


def test_before_an_answer_there_is_nothing(run: Recording) -> None:
    capture = run.of(relay_name_of(SSE))[0]
    early = as_of(capture, capture.chunks_from(Side.CLIENT)[0].at_ns)
    assert not early.chunks_from(Side.SERVER)
    assert holding(early).kind is Kind.NOTHING
    assert holding(early).sentence.endswith("no response had begun.")

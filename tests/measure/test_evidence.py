"""Each cell of the evidence table is computed: other bytes give other cells, whatever the column is called."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab_servers.capture.capture import Capture, Chunk, Side
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.measure.evidence import COLUMNS, HTTP, SSE, WEBSOCKET, Cell, Dimension, Part, relay_name
from lab_servers.measure.evidence_costs import JOBS, NO_JOB, cheapest, job_cost, job_costs, typical_use
from lab_servers.measure.evidence_probes import (
    based_on_http,
    browser_api,
    direction_of,
    duration,
    new_protocol,
)
from lab_servers.measure.evidence_reconnection import reconnection
from lab_servers.recording import Recording
from lab_servers.scenarios import Evidence
from lab_servers.views.evidence_cells import evidence_table

PROBES = (based_on_http, new_protocol, direction_of, duration, browser_api, reconnection, typical_use)
FOLKLORE = {
    HTTP: ("yes", "no", "request → response", "short", "fetch", "no", "CRUD"),
    SSE: ("yes", "no", "server → client", "medium to long", "EventSource", "built into EventSource", "AI output"),
    WEBSOCKET: ("only the handshake", "yes", "both", "long", "WebSocket", "by hand", "chat and collaboration"),
}


@pytest.fixture(scope="module")
def run() -> Iterator[Recording]:
    with Lab([]) as lab:
        yield Evidence().run(lab)


def renamed(recording: Recording, names: dict[str, str]) -> Recording:
    """The recording with columns called by other names, in connections and in marks."""
    servers = {relay_name(old): relay_name(new) for old, new in names.items()}
    captures = tuple(replace(one, server=servers.get(one.server, one.server)) for one in recording.captures)
    marks = []
    for mark in recording.marks:
        column, comma, rest = mark.name.partition(",")
        marks.append(replace(mark, name=f"{names.get(column, column)}{comma}{rest}"))
    return replace(recording, captures=captures, marks=tuple(marks))


def without(recording: Recording, column: str, targets: tuple[str, ...], keep: int = 0) -> Recording:
    """The recording with at most ``keep`` of the connections that begin by asking for one of the targets."""
    left: list[Capture] = []
    for capture in recording.captures:
        target = capture.bytes_from(Side.CLIENT).split(b" ")[1].decode().partition("?")[0]
        if capture.server == relay_name(column) and target in targets:
            if not keep:
                continue
            keep -= 1
        left.append(capture)
    return replace(recording, captures=tuple(left))


def values(recording: Recording, column: str) -> tuple[str, ...]:
    return tuple(probe(recording, column).value for probe in PROBES)


def with_bytes(recording: Recording, old: bytes, new: bytes) -> Recording:
    """The recording with some bytes replaced by others of the same number."""
    assert len(old) == len(new)
    captures = tuple(
        replace(one, chunks=tuple(chunk._replace(data=chunk.data.replace(old, new)) for chunk in one.chunks))
        for one in recording.captures
    )
    assert captures != recording.captures
    return replace(recording, captures=captures)


# --- the right recording -------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", COLUMNS)
def test_the_comparison_that_everybody_types_comes_out_of_the_bytes(run: Recording, column: str) -> None:
    assert values(run, column) == FOLKLORE[column]


def test_every_cell_names_bytes_that_are_there(run: Recording) -> None:
    for cell in evidence_table(run).cells.values():
        assert cell.exhibits
        for one in cell.exhibits:
            assert one.data
            assert one.data == one.capture.bytes_from(one.side)[one.start : one.stop]


def test_the_corrections_come_with_figures_of_the_run(run: Recording) -> None:
    assert "RFC 8441" in based_on_http(run, WEBSOCKET).correction
    assert "8 POST requests" in direction_of(run, SSE).correction
    assert "1 kept connection carried 2 answers" in duration(run, HTTP).correction
    back = reconnection(run, SSE)
    assert "Last-Event-ID: 2, 4" in back.sentence
    assert "1 clean end" in back.correction
    assert "204" in back.correction
    assert all("Not run in a browser here yet: cited" in browser_api(run, column).sentence for column in COLUMNS)


def test_the_figures_of_a_cell_are_those_of_its_connection(run: Recording) -> None:
    cell = direction_of(run, SSE)
    asked = cell.exhibits[0].capture.bytes_from(Side.CLIENT)
    assert f"request of {len(asked)} bytes" in cell.sentence
    events = [one for one in cell.exhibits if one.side is Side.SERVER]
    assert f"{sum(len(one.data) for one in events)} bytes in {len(events)} events" in cell.sentence


# --- wrong recordings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("other", COLUMNS)
def test_another_transport_under_a_column_s_name_gets_its_own_values(run: Recording, column: str, other: str) -> None:
    swapped = renamed(run, {column: other, other: column})
    assert values(swapped, column) == FOLKLORE[other]


def test_a_client_that_does_not_come_back_is_said_not_to(run: Recording) -> None:
    assert reconnection(without(run, SSE, Part.CUT.value, keep=1), SSE).value == "no"
    assert reconnection(without(run, WEBSOCKET, Part.BY_HAND.value), WEBSOCKET).value == "no"


def test_a_stream_of_another_type_is_for_fetch_and_one_message(run: Recording) -> None:
    other = with_bytes(run, b"text/event-stream\r\n", b"application/jsons\r\n")
    assert browser_api(other, SSE).value == "fetch"
    assert direction_of(other, SSE).value == "request → response"
    assert "application/jsons" in new_protocol(other, SSE).sentence


def test_a_handshake_that_is_not_accepted_leaves_http(run: Recording) -> None:
    refused = with_bytes(run, b"HTTP/1.1 101 ", b"HTTP/1.1 404 ")
    assert based_on_http(refused, WEBSOCKET).value == "yes"
    assert new_protocol(refused, WEBSOCKET).value == "no"
    assert browser_api(refused, WEBSOCKET).value == "fetch"


def test_without_deliveries_a_transport_is_first_choice_for_nothing(run: Recording) -> None:
    deaf = replace(run, marks=tuple(one for one in run.marks if not one.name.startswith("SSE, AI_ANSWER: deliv")))
    assert job_cost(deaf, SSE, Part.AI_ANSWER).fresh == 0
    assert typical_use(deaf, SSE).value == NO_JOB
    assert "AI output" in typical_use(deaf, WEBSOCKET).value


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("part", [Part.TALK, Part.VISIT, Part.CUT, Part.CRUD], ids=lambda one: one.name)
def test_a_missing_part_is_named_with_what_to_run(run: Recording, column: str, part: Part) -> None:
    with pytest.raises(BadParameter, match="run the scenario Evidence"):
        values(without(run, column, part.value), column)


def test_a_recording_of_something_else_is_refused(run: Recording) -> None:
    with pytest.raises(BadParameter, match="run the scenario Evidence"):
        evidence_table(Recording("Evidence", ()))
    with pytest.raises(BadParameter, match="run the scenario Evidence"):
        evidence_table(replace(run, marks=()))


def test_answers_that_a_client_would_not_wait_for_are_refused() -> None:
    with pytest.raises(BadParameter, match="at most 10 s"):
        Evidence(messages=100, interval_s=0.5)


def test_hostile_bytes_never_break_a_probe(run: Recording) -> None:
    made = random.Random(5)
    for _ in range(12):
        spoilt = replace(run, captures=tuple(_spoilt(one, made) for one in run.captures))
        for probe in PROBES:
            for column in COLUMNS:
                try:
                    found: Cell = probe(spoilt, column)
                except BadParameter:
                    continue
                assert found.value
                assert found.dimension in Dimension


def _spoilt(capture: Capture, made: random.Random) -> Capture:
    return replace(capture, chunks=tuple(_spoilt_chunk(one, made) for one in capture.chunks))


def _spoilt_chunk(chunk: Chunk, made: random.Random) -> Chunk:
    data = bytearray(chunk.data)
    for _ in range(made.choice((0, 0, 1, 3, len(data)))):
        data[made.randrange(len(data))] = made.randrange(256)
    return chunk._replace(data=bytes(data))


# --- what jobs cost ------------------------------------------------------------------------------------------


def test_what_a_job_costs_is_what_its_relay_counted(run: Recording) -> None:
    for cost in job_costs(run):
        captures = [
            one
            for one in run.of(relay_name(cost.column))
            if one.bytes_from(Side.CLIENT).split(b" ")[1].decode().partition("?")[0] in cost.job.value
        ]
        assert cost.connections == len(captures)
        assert cost.total_bytes == sum(len(one.bytes_from(side)) for one in captures for side in Side)


def test_the_order_of_costs_decides_and_bytes_alone_would_choose_another(run: Recording) -> None:
    costs = job_costs(run)
    assert {JOBS[job]: cheapest(costs, job).column for job in JOBS} == {
        "CRUD": HTTP, "AI output": SSE, "chat and collaboration": WEBSOCKET,
    }  # fmt: skip
    assert "by bytes alone WebSocket would be first for AI output" in typical_use(run, SSE).correction


def test_the_chat_over_sse_takes_a_request_for_every_message_and_over_websocket_none(run: Recording) -> None:
    found = {one.column: one for one in job_costs(run) if one.job is Part.CHAT}
    assert (found[SSE].requests, found[WEBSOCKET].requests) == (9, 1)
    assert not found[HTTP].is_fresh
    assert found[SSE].is_fresh

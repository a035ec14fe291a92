"""The readers that the benchmark compares do the same work: they find the same units in the same bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import cast

import h11
import httpx
import httpx_sse
import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import TextMessage

from lab_servers.wire.model import CLIENT, SERVER
from lab_servers.wire.sse.block import Block
from tests.bench import wire, wire_readers, wire_traffic
from tests.bench.report import text
from tests.bench.wire import Subject

SUBJECTS = wire.subjects(units=300, exchanges=40)
TOKENS = [wire_traffic.token(number).decode() for number in range(300)]


@pytest.mark.parametrize("read_bytes", [1, 7, 64, 10_000_000])
@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_ours_and_the_peer_find_all_units_however_they_are_fed(subject: Subject, read_bytes: int) -> None:
    reads = wire_traffic.in_reads(subject.sent.get(CLIENT, b""), subject.sent.get(SERVER, b""), read_bytes)
    assert subject.ours(reads) == subject.count
    assert subject.theirs(reads) == subject.count


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_reads_of_both_sides_hold_all_that_was_sent_in_order(subject: Subject) -> None:
    client, server = subject.sent.get(CLIENT, b""), subject.sent.get(SERVER, b"")
    for reads in (wire_traffic.whole(client, server), wire_traffic.in_reads(client, server, 100)):
        assert b"".join(wire_traffic.sent_by(CLIENT, reads)) == client
        assert b"".join(wire_traffic.sent_by(SERVER, reads)) == server


def test_wsproto_reads_the_texts_that_our_fields_show() -> None:
    data = wire_traffic.frames(300)
    connection = Connection(ConnectionType.SERVER)
    connection.receive_data(data)
    theirs = [cast(TextMessage, event).data for event in connection.events()]
    ours = [record.fields[-1].value for record in wire_readers.frame_records([(CLIENT, data)])]
    assert ours == theirs == TOKENS


def test_h11_reads_the_data_that_our_fields_show() -> None:
    data = wire_traffic.chunks(300)
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[(b"Host", b"a")]))
    client.send(h11.EndOfMessage())
    client.receive_data(data)
    events = wire_readers.h11_events(client)
    theirs = [bytes(event.data).decode() for event in events if isinstance(event, h11.Data)]
    fields = [record.fields for record in wire_readers.chunk_records([(SERVER, data)])]
    ours = [field.value for each in fields for field in each if field.name == "chunk data"]
    assert ours == theirs == TOKENS


def test_httpx_sse_reads_the_events_that_our_blocks_dispatch() -> None:
    data = wire_traffic.events(300)
    response = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=data)
    theirs = [(event.event, event.data, event.id) for event in httpx_sse.EventSource(response).iter_sse()]
    events = [cast(Block, record).event for record in wire_readers.event_records([(SERVER, data)])]
    ours = [(event.type, event.data, event.last_event_id) for event in events if event]
    assert ours == theirs
    assert [one[1] for one in ours] == TOKENS


def test_the_bodies_of_the_exchanges_are_those_of_their_numbers() -> None:
    reads = wire_traffic.whole(wire_traffic.requests(40), wire_traffic.responses(40))
    answers = wire_readers.dissected(reads).messages(SERVER)
    assert [json.loads(one.content.fill()) for one in answers] == [json.loads(one) for one in TOKENS[:40]]
    assert [one.request.target for one in answers if one.request] == [
        f"/api/user/info?number={number}" for number in range(40)
    ]


@pytest.mark.parametrize("make", [wire.make_and_drop, wire.make_and_keep])
def test_the_fields_of_every_record_are_made(make: wire.Maker) -> None:
    for subject in SUBJECTS:
        if subject.records:
            records = subject.records(wire_traffic.whole(**dict(subject.sent)))
            assert make(records) == subject.count


def test_a_reader_that_misses_a_unit_is_no_figure() -> None:
    lazy = replace(SUBJECTS[0], ours=lambda reads: 299)
    with pytest.raises(RuntimeError, match="frames ours whole: found 299 of 300"):
        wire.measure([lazy], rounds=1, warm_ups=0)


def test_every_goal_of_the_dissectors_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "UNITS", 50)
    monkeypatch.setattr(wire, "EXCHANGES", 5)
    monkeypatch.setattr(wire, "ROUNDS", 2)
    result = wire.run()
    goals = {figure.name: figure.goal for figure in result.figures if figure.goal}
    assert goals == {
        "index of frames, ours whole over wsproto's": "≥ 4 times",
        "index of frames, ours in 64 KiB reads over wsproto's": "≥ 4 times",
        "index of chunks, ours whole over h11's": "≥ 2 times",
        "index of chunks, ours in 64 KiB reads over h11's": "≥ 2 times",
        "index of events, ours whole over httpx-sse's": "≥ 0.5 times",
        "index of events, ours in 64 KiB reads over httpx-sse's": "≥ 0.5 times",
        "fields of frames, dropped, over wsproto's frames": "≥ 1 times",
    }
    assert "fields of events, kept, over wsproto's frames" in text(result)

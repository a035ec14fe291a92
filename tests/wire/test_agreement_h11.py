"""Our HTTP messages beside h11's, over whole connections: many exchanges, pipelined, of every framing, both directions.

What h11 itself writes is read in ``test_http1_records.py``; this is about traffic that is made up.
"""

from __future__ import annotations

from typing import NamedTuple

import h11
import pytest

from lab_servers.capture.capture import Side
from lab_servers.dissection import dissect
from lab_servers.wire.http1.message import Message
from tests.wire.traffic import exchanges

Fields = list[tuple[bytes, bytes]]


class Said(NamedTuple):
    """One message: its start line in parts, its fields with names in lower case, its content and its trailers."""

    start_line: tuple[bytes, ...]
    fields: Fields
    content: bytes
    trailers: Fields


def said_by_us(message: Message, data: bytes, trailers: Fields) -> Said:
    content = b"".join(data[start:stop] for start, stop in message.content.all_pieces)
    parts = tuple(message.start_line.encode().split(b" ", 2))
    fields = [(name.lower().encode(), value.encode()) for name, value in message.field_lines]
    return Said(parts, fields, content, trailers)


def requests_by_h11(data: bytes) -> list[Said]:
    found = []
    server = h11.Connection(h11.SERVER)
    server.receive_data(data)
    server.receive_data(b"")
    while (event := server.next_event()) and not isinstance(event, h11.ConnectionClosed):
        assert isinstance(event, h11.Request)
        start_line = event.method, event.target, b"HTTP/" + event.http_version
        found.append(_rest(server, start_line, list(event.headers)))
        server.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
        server.send(h11.EndOfMessage())
        server.start_next_cycle()
    return found


def answers_by_h11(requests: list[Said], data: bytes) -> list[Said]:
    found = []
    client = h11.Connection(h11.CLIENT)
    client.receive_data(data)
    client.receive_data(b"")
    for request in requests:
        method, target, _ = request.start_line
        client.send(h11.Request(method=method, target=target, headers=[("Host", "x")]))
        client.send(h11.EndOfMessage())
        is_final = False
        while not is_final:
            event = client.next_event()
            assert isinstance(event, h11.Response | h11.InformationalResponse)
            start_line = b"HTTP/" + event.http_version, b"%d" % event.status_code, event.reason
            is_final = isinstance(event, h11.Response)
            if is_final:
                found.append(_rest(client, start_line, list(event.headers)))
            else:
                found.append(Said(start_line, list(event.headers), b"", []))
        if client.their_state is h11.DONE:
            client.start_next_cycle()
    return found


def _rest(connection: h11.Connection, start_line: tuple[bytes, ...], fields: Fields) -> Said:
    content = b""
    while True:
        event = connection.next_event()
        if isinstance(event, h11.EndOfMessage):
            return Said(start_line, fields, content, list(event.headers))
        assert isinstance(event, h11.Data)
        content += bytes(event.data)


@pytest.mark.parametrize("seed", [4, 5])
def test_generated_exchanges(seed: int) -> None:
    """1,662 and 1,801 messages of 300 connections each."""
    count = 0
    for number in range(1, 301):
        capture = exchanges(seed, number)
        found = dissect(capture)
        ours: dict[Side, list[Said]] = {}
        for side in Side:
            trailers: dict[int, Fields] = {}
            for record in found.records(side):
                if record.name == "trailer section":
                    names = [str(one.value).lower().encode() for one in record.fields if one.name == "field name"]
                    values = [str(one.value).encode() for one in record.fields if one.name == "field value"]
                    trailers[record.pieces[-1][1]] = list(zip(names, values, strict=True))
            data = capture.bytes_from(side)
            messages = found.conversation.messages(side.value)
            ours[side] = [said_by_us(one, data, trailers.get(one.end, [])) for one in messages]
            count += len(messages)
        requests = requests_by_h11(capture.bytes_from(Side.CLIENT))
        assert ours[Side.CLIENT] == requests, number
        assert ours[Side.SERVER] == answers_by_h11(requests, capture.bytes_from(Side.SERVER)), number
    assert count > 1_500

"""Who reads the bytes of ``wire_traffic.py`` in the benchmark: our dissectors, wsproto, h11 and httpx-sse.

Each reader takes reads and returns how many units (frames, chunks, events, exchanges) it found. What it
finds it lets go of at once, but for ours, which keep their records: without those nothing could be looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast

import h11
import httpx
import httpx_sse
from wsproto.connection import Connection, ConnectionType
from wsproto.events import Message

from lab_servers.wire.conversation import Conversation, Protocol
from lab_servers.wire.model import CLIENT, SERVER, Record
from tests.bench.wire_traffic import REQUEST, Reads, sent_by

Reader = Callable[[Reads], int]

_HOST = (b"Host", b"127.0.0.1:8080")


# --- ours -------------------------------------------------------------------------------


def dissected(reads: Reads, only: Protocol | None = None) -> Conversation:
    """Our conversation of these reads."""
    conversation = Conversation(only)
    for sender, data in reads:
        conversation.feed(sender, data)
    for sender in (CLIENT, SERVER):
        conversation.finish(sender)
    return conversation


def our_frames(reads: Reads) -> int:
    """Index frames of a client."""
    return len(frame_records(reads))


def frame_records(reads: Reads) -> list[Record]:
    """The frames of a client."""
    return dissected(reads, Protocol.WEBSOCKET_CLIENT).records(CLIENT, "websocket")


def our_chunks(reads: Reads) -> int:
    """Index the chunks of a response, which answers a request."""
    return len(chunk_records(reads))


def chunk_records(reads: Reads) -> list[Record]:
    """The chunks of a response; the last one, of size 0, is not counted."""
    records = dissected([(CLIENT, REQUEST), *reads]).records(SERVER, "http")
    return records[1:-2]  # but for the head, the last chunk and the trailer section


def our_events(reads: Reads) -> int:
    """Index the events of a stream."""
    return len(event_records(reads))


def event_records(reads: Reads) -> list[Record]:
    """The events of a stream."""
    return dissected(reads, Protocol.SSE).records(SERVER, "sse")


def our_exchanges(reads: Reads) -> int:
    """Index exchanges: heads and bodies of both sides, and which request each response answers."""
    return sum(message.is_complete for message in dissected(reads).messages(SERVER))


# --- peers ------------------------------------------------------------------------------


def wsproto_frames(reads: Reads) -> int:
    """Let wsproto decode frames of a client."""
    connection = Connection(ConnectionType.SERVER)
    count = 0
    for data in sent_by(CLIENT, reads):
        connection.receive_data(data)
        # A frame that is cut by the end of a read gives an event for each part of it.
        count += sum(cast(Message, event).message_finished for event in connection.events())
    return count


def h11_chunks(reads: Reads) -> int:
    """Let h11 decode a chunked response."""
    client = h11.Connection(h11.CLIENT)
    _ask(client)
    count = 0
    for data in sent_by(SERVER, reads):
        client.receive_data(data)
        count += sum(isinstance(event, h11.Data) and event.chunk_end for event in h11_events(client))
    return count


def h11_exchanges(reads: Reads) -> int:
    """Let h11 decode both sides. It must be told what was sent in between, which this includes."""
    client, server = h11.Connection(h11.CLIENT), h11.Connection(h11.SERVER)
    answer = h11.Response(status_code=200, headers=[(b"Content-Length", b"0")])
    count = 0
    _ask(client)
    for sender, data in reads:
        receiver = server if sender == CLIENT else client
        receiver.receive_data(data)
        for event in h11_events(receiver):
            if isinstance(event, h11.EndOfMessage):
                if receiver is server:
                    server.send(answer)
                    server.send(h11.EndOfMessage())
                    server.start_next_cycle()
                else:
                    count += 1
                    client.start_next_cycle()
                    _ask(client)
    return count


def _ask(client: h11.Connection) -> None:
    client.send(h11.Request(method="GET", target="/", headers=[_HOST]))
    client.send(h11.EndOfMessage())


def h11_events(connection: h11.Connection) -> Iterator[h11.Event]:
    """The events that h11 has found, until it needs more bytes or an answer."""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA or event is h11.PAUSED:
            return
        yield cast(h11.Event, event)


def httpx_sse_events(reads: Reads) -> int:
    """Let httpx-sse decode an event stream, as the body of a response of httpx."""
    headers = {"Content-Type": "text/event-stream"}
    response = httpx.Response(200, headers=headers, content=sent_by(SERVER, reads))
    return sum(1 for _ in httpx_sse.EventSource(response).iter_sse())

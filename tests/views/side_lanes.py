"""Comparisons made by hand, so that their pictures can be tested without a network and to the digit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from lab_servers.capture.capture import Side
from lab_servers.marks import Mark
from lab_servers.measure.transports import Direction, Lane, Transport
from lab_servers.recording import Recording
from tests.views.recorded import capture

MS = 1_000_000

SSE, WEBSOCKET, WHOLE, POLLING = (
    Lane(one).name for one in (Transport.SSE, Transport.WEBSOCKET, Transport.WHOLE, Transport.POLLING)
)
HTTPX_SSE = Lane(Transport.SSE, "httpx-sse").name


def comparison(
    lanes: Mapping[str, tuple[Sequence[float], Sequence[float | None]]], *, direction: Direction = Direction.DOWN
) -> Recording:
    """Lanes by name: when each message was produced, and delivered (``None``: never), in milliseconds."""
    up = " up" if direction is Direction.UP else ""
    marks = []
    for name, (produced_ms, delivered_ms) in lanes.items():
        for number, (made, came) in enumerate(zip(produced_ms, delivered_ms, strict=True)):
            marks.append(Mark(round(made * MS), f"{name}: produced{up}", str(number)))
            if came is not None:
                marks.append(Mark(round(came * MS), f"{name}: delivered{up}", str(number)))
    return Recording("SideBySide", (), tuple(sorted(marks, key=lambda mark: mark.at_ns)))


def every_lane(count: int, *, interval_ms: float = 50, seed: int = 7) -> Recording:
    """All transports and three second libraries, each as late as its kind is."""
    random = Random(seed)
    lanes = [Lane(transport) for transport in Transport]
    lanes += [
        Lane(Transport.SSE, "httpx-sse"),
        Lane(Transport.WEBSOCKET, "websockets"),
        Lane(Transport.NDJSON, "httpx"),
    ]
    found = {}
    for place, lane in enumerate(lanes):
        produced = [number * interval_ms + place * interval_ms / len(lanes) for number in range(count)]
        delivered = [_delivered_ms(lane.transport, at, produced[-1], random) for at in produced]
        found[lane.name] = (produced, delivered)
    return comparison(found)


def _delivered_ms(transport: Transport, produced_ms: float, last_ms: float, random: Random) -> float:
    if transport is Transport.WHOLE:
        return last_ms + 2
    if transport is Transport.POLLING:
        return (produced_ms // 120 + 1) * 120 + random.uniform(1, 3)
    return produced_ms + random.lognormvariate(-0.5, 0.5) + (1 if transport is Transport.RECONNECTING else 0)


def carried(count: int = 4) -> Recording:
    """The same messages over an event stream and over exchanges on a kept connection, with their bytes."""
    texts = [f'{{"n":{number},"d":"世界"}}' for number in range(count)]
    stream = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + "".join(f"data: {one}\n\n" for one in texts)
    asked = b"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    sse = capture((1, Side.CLIENT, asked), (2, Side.SERVER, stream.encode()))
    turns: list[tuple[int, Side, bytes]] = []
    for number, text in enumerate(texts):
        body = text.encode()
        turns.append((10 * number + 1, Side.CLIENT, f"GET /messages/{number} HTTP/1.1\r\nHost: a\r\n\r\n".encode()))
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        turns.append((10 * number + 2, Side.SERVER, head.encode() + body))
    named = ((Transport.REQUESTS, capture(*turns)), (Transport.SSE, sse))
    marks = comparison({SSE: ([1] * count, [2] * count)}).marks
    return Recording("SideBySide", tuple(replace(one, server=lane.value) for lane, one in named), marks)

"""Puts C22 to the test: what each message of a client that speaks often costs, by POST beside SSE and by WebSocket."""

from __future__ import annotations

from lab_servers.capture.capture import Capture, Side
from lab_servers.measure.growth_steps import lanes_growth
from lab_servers.measure.transports import Transport
from lab_servers.measure.upstream import Spoken, spoken
from lab_servers.proofs.pointing import record_of, start_line
from lab_servers.proofs.proof import Evidence, Excerpt, Judgement, seen
from lab_servers.proofs.trial import trial_of
from lab_servers.recording import Recording
from lab_servers.scenarios import Upstream
from lab_servers.views.frames import frames
from lab_servers.views.heads import heads

POST, WEBSOCKET = Transport.SSE.value, Transport.WEBSOCKET.value
# The shorter messages first. What follows differs from the first in one number alone.
_SHORT = Upstream(payload="tokens", for_s=0.2)
_LONG = Upstream(payload="chat lines", for_s=0.1)
_LARGE_HEADS = Upstream(payload="tokens", for_s=0.1, header_bytes=700)


def judge_c22(short: Recording, long: Recording, large_heads: Recording) -> Judgement:
    """Bytes and requests for each message at each rate; then with longer messages, and with larger heads."""
    steps = spoken(short)
    pairs = list(zip(steps[POST], steps[WEBSOCKET], strict=True))
    (post, websocket), times = pairs[-1], _times(short)
    return Judgement(
        tuple(_at(short, *pair) for pair in pairs),
        (
            seen(
                f"What is saved is the head: {_headers(post):,.0f} of the {post.bytes_per_message:,.0f} bytes of a "
                f"POST and its answer are heads; of a message by WebSocket {_headers(websocket):,.0f}.",
                _headers(post) > post.bytes_per_message / 2 and _headers(websocket) == 0,
                heads_bytes=round(_headers(post), 1),
            ),
            seen(
                f"With heads {large_heads.parameters.get('header_bytes', 0)} bytes longer, as cookies make them, POST "
                f"takes {_times(large_heads):.1f} times the bytes of WebSocket; without, {times:.1f} times.",
                _times(large_heads) > times,
                times=round(times, 2),
                times_with_large_heads=round(_times(large_heads), 2),
            ),
            seen(
                f"With messages of {_payload(long):.0f} bytes in place of {_payload(short):.0f} it is "
                f"{_times(long):.1f} times.",
                _payload(long) > _payload(short) and _times(long) < times,
                times_with_long_messages=round(_times(long), 2),
            ),
        ),
    )


def _at(recording: Recording, post: Spoken, websocket: Spoken) -> Evidence:
    """One rate."""
    return seen(
        f"At {post.rate} a second: by POST {post.requests} requests for {post.messages} messages and "
        f"{post.bytes_per_message:,.0f} bytes for each, by WebSocket {websocket.requests} requests and "
        f"{websocket.bytes_per_message:,.0f} bytes: {post.bytes_per_second:,.0f} bytes a second against "
        f"{websocket.bytes_per_second:,.0f}.",
        post.requests == post.messages > 1
        and websocket.requests == 0
        and post.messages == websocket.messages
        and post.up.payload == websocket.up.payload > 0
        and post.bytes_per_message > websocket.bytes_per_message,
        *_message_of(recording, post.rate),
        rate=post.rate,
        post_bytes=round(post.bytes_per_message, 1),
        websocket_bytes=round(websocket.bytes_per_message, 1),
    )


def _message_of(recording: Recording, rate: int) -> list[Excerpt]:
    """One message at this rate as it travelled by each: the request that carried it, and the frame."""
    requests = [(one, place) for one in _captures(recording, POST, rate) for place in _posts(one)]
    found = [(one, frame) for one in _captures(recording, WEBSOCKET, rate) for frame in frames(one, Side.CLIENT)[:1]]
    return [
        *(x for capture, place in requests[:1] for x in start_line(capture, Side.CLIENT, place)),
        *(x for capture, frame in found[:1] for x in record_of(capture, frame)),
    ]


def _captures(recording: Recording, lane: str, rate: int) -> list[Capture]:
    """The connections of a lane that were opened for one rate."""
    return [
        capture
        for step in lanes_growth(recording)[lane].steps
        for capture in recording.of(lane)
        if step.units == rate and step.opening_ns <= capture.opened_ns < step.closed_ns
    ]


def _posts(capture: Capture) -> list[int]:
    return [place for place, one in enumerate(heads(capture, Side.CLIENT)) if one.method == "POST"]


def _headers(one: Spoken) -> float:
    return (one.up.headers + one.down.headers) / one.messages


def _times(recording: Recording) -> float:
    """How many times the bytes of WebSocket a message by POST takes, at the highest rate."""
    steps = spoken(recording)
    return steps[POST][-1].bytes_per_message / steps[WEBSOCKET][-1].bytes_per_message


def _payload(recording: Recording) -> float:
    last = spoken(recording)[WEBSOCKET][-1]
    return last.up.payload / last.messages


C22 = trial_of("C22", judge_c22, _SHORT, _LONG, _LARGE_HEADS)

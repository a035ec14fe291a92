"""The WebSocket dissector beside wsproto and websockets: the same values, and the same opinion of what is an error.

Where they differ, a test says who is right, and by which section.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate as WebsocketsDeflate
from websockets.frames import Close, Frame
from websockets.protocol import State
from websockets.server import ServerProtocol
from wsproto.extensions import Extension
from wsproto.extensions import PerMessageDeflate as WsprotoDeflate
from wsproto.frame_protocol import FrameProtocol, ParseFailed

from lab_servers.wire.model import Severity
from lab_servers.wire.websocket.stream import Deflate, FrameStream
from tests.wire.websocket_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    KEY,
    PING,
    PONG,
    TEXT,
    client_stream,
    compressed,
    frame,
    values,
)

# What an application is given: the kind of a message and its content; of a close frame its code and reason.
Given = tuple[str, bytes | tuple[int, str]]


@dataclass
class Opinion:
    """What a peer makes of frames that a client sent: what its application is given, and which frame it refuses."""

    given: list[Given]
    refused: int | None


def opinion_of_wsproto(frames: list[bytes], deflate: Deflate | None = None) -> Opinion:
    extensions: list[Extension] = []
    if deflate:
        extension = WsprotoDeflate()
        offer = f"permessage-deflate; client_max_window_bits={deflate.window_bits}"
        assert extension.accept(offer + ("; client_no_context_takeover" if deflate.no_context_takeover else ""))
        extensions.append(extension)
    # Its layer above this one turns an error into an event that looks like a close frame from the peer.
    protocol = FrameProtocol(client=False, extensions=extensions)
    opinion = Opinion([], None)
    parts: list[str | bytes] = []
    for number, data in enumerate(frames):
        protocol.receive_bytes(data)
        try:
            for received in protocol.received_frames():
                if received.opcode == CLOSE:
                    assert isinstance(received.payload, tuple)
                    code, reason = received.payload
                    opinion.given.append(("close", (int(code), reason)))
                    return opinion
                if received.opcode in (PING, PONG):
                    assert isinstance(received.payload, bytes)
                    opinion.given.append(("ping" if received.opcode == PING else "pong", received.payload))
                    continue
                assert isinstance(received.payload, (str, bytes))
                parts.append(received.payload)
                if received.message_finished:
                    kind = "text message" if received.opcode == TEXT else "binary message"
                    opinion.given.append((kind, b"".join(_encoded(part) for part in parts)))
                    parts = []
        except ParseFailed:
            opinion.refused = number
            return opinion
    return opinion


def _encoded(part: str | bytes) -> bytes:
    return part.encode() if isinstance(part, str) else part


def opinion_of_websockets(frames: list[bytes], deflate: Deflate | None = None) -> Opinion:
    protocol = ServerProtocol(state=State.OPEN, max_size=None)
    if deflate:
        protocol.extensions = [WebsocketsDeflate(deflate.no_context_takeover, True, deflate.window_bits, 15)]
    opinion = Opinion([], None)
    parts: list[Frame] = []
    for number, data in enumerate(frames):
        protocol.receive_data(data)
        for event in protocol.events_received():
            assert isinstance(event, Frame)
            if event.opcode in (PING, PONG):
                opinion.given.append(("ping" if event.opcode == PING else "pong", bytes(event.data)))
            elif event.opcode == CLOSE:
                close = Close.parse(event.data)
                opinion.given.append(("close", (int(close.code), close.reason)))
                return opinion
            else:
                parts.append(event)
                if event.fin:
                    kind = "text message" if parts[0].opcode == TEXT else "binary message"
                    opinion.given.append((kind, b"".join(bytes(part.data) for part in parts)))
                    parts = []
        if protocol.parser_exc is not None:
            opinion.refused = number
            return opinion
    return opinion


def our_opinion(frames: list[bytes], deflate: Deflate | None = None) -> Opinion:
    """What the dissector's records and messages amount to, up to the first close frame or forbidden thing."""
    found = client_stream(b"".join(frames), deflate=deflate)
    assert len(found.records) == len(frames)
    refused = None
    stop = len(found.records)
    for number, record in enumerate(found.records):
        if any(note.severity is Severity.FORBIDDEN for note in record.notes):
            refused, stop = number, number
            break
        if record.name == "close frame":
            stop = number + 1
            break
    end = found.records[stop - 1].pieces[-1][1] if stop else 0
    # In the order in which their last frames come: that is when an application is given them.
    complete = [message for message in found.messages if message.is_complete and message.pieces[-1][1] <= end]
    complete.sort(key=lambda message: message.frames[-1].index)
    return Opinion([_given(found, message.frames[-1].index, message.layers, message.name) for message in complete],
                   refused)  # fmt: skip


def _given(found: FrameStream, index: int, layers: tuple, name: str) -> Given:
    if name == "close":
        fields = values(found.records[index])
        return name, (int(fields.get("status code", 1005)), str(fields.get("reason", "")))
    return name, layers[-1].data if layers else b""


KEYS = st.sampled_from([KEY, b"\x01\x02\x03\xff"])
CLOSE_CODES = st.sampled_from([999, 1000, 1001, 1003, 1004, 1005, 1006, 1007, 1013, 1015, 1016, 2999, 3000, 4999, 5000])


@st.composite
def close_payloads(draw: st.DrawFn) -> bytes:
    kind = draw(st.sampled_from(["none", "one byte", "code", "broken"]))
    code = draw(CLOSE_CODES).to_bytes(2)
    reason = draw(st.text(alphabet="abc é€", max_size=8)).encode()
    return {"none": b"", "one byte": b"\x03", "code": code + reason, "broken": code + reason + b"\xc3"}[kind]


@st.composite
def any_frames(draw: st.DrawFn) -> list[bytes]:
    """Frames as they come, most of them right by themselves."""
    frames = []
    for _ in range(draw(st.integers(1, 6))):
        opcode = draw(st.sampled_from([CONTINUATION, CONTINUATION, TEXT, TEXT, BINARY, CLOSE, PING, PONG, 3, 12]))
        if opcode == CLOSE:
            payload = draw(close_payloads())
        elif opcode == BINARY:
            payload = draw(st.binary(max_size=140))
        else:
            payload = draw(
                st.text(alphabet="ab€", max_size=45).map(str.encode) | st.sampled_from([b"\xe2", b"\x82\xac"])
            )
        fin = draw(st.sampled_from([0, 1, 1]))
        rsv = draw(st.sampled_from([0] * 12 + [0b100, 0b010, 0b001]))
        key = draw(KEYS) if draw(st.integers(0, 15)) else b""
        frames.append(frame(opcode, payload, fin=fin, rsv=rsv, key=key))
    return frames


def is_text_broken_somewhere(frames: list[bytes]) -> bool:
    found = client_stream(b"".join(frames))
    return any(note.spec == "RFC 6455 §8.1" for record in found.records for note in record.notes)


@settings(max_examples=150, deadline=None)
@given(frames=any_frames())
def test_wsproto_gives_the_application_the_same_and_refuses_the_same_frame(frames: list[bytes]) -> None:
    assert our_opinion(frames) == opinion_of_wsproto(frames)


@settings(max_examples=150, deadline=None)
@given(frames=any_frames().filter(lambda frames: not is_text_broken_somewhere(frames)))
def test_websockets_gives_the_application_the_same_and_refuses_the_same_frame(frames: list[bytes]) -> None:
    # Its parser leaves UTF-8 in text to the layer above it, so that broken text is left out here.
    assert our_opinion(frames) == opinion_of_websockets(frames)


@dataclass
class Traffic:
    """Right frames with permessage-deflate."""

    frames: list[bytes]
    deflate: Deflate


@st.composite
def right_traffic(draw: st.DrawFn) -> Traffic:
    # zlib cannot compress with a window of 8 bits.
    deflate = Deflate(draw(st.booleans()), draw(st.sampled_from([9, 10, 12, 15])))
    compressor = zlib.compressobj(wbits=-deflate.window_bits)
    frames: list[bytes] = []
    for _ in range(draw(st.integers(1, 6))):
        opcode = draw(st.sampled_from([TEXT, BINARY]))
        text = draw(st.text(alphabet="abc €", min_size=1, max_size=20)) * draw(st.sampled_from([1, 3, 200]))
        payload = text.encode()
        rsv = 0
        if draw(st.booleans()):
            if deflate.no_context_takeover:
                compressor = zlib.compressobj(wbits=-deflate.window_bits)
            payload, rsv = compressed(payload, compressor), 0b100
        frames += fragments(opcode, payload, rsv, draw(st.lists(st.integers(0, len(payload)), max_size=3)))
        if draw(st.booleans()):
            frames.append(frame(draw(st.sampled_from([PING, PONG])), draw(st.binary(max_size=5)), key=KEY))
    if draw(st.booleans()):
        frames.append(frame(CLOSE, b"\x03\xe8" + "bye €".encode(), key=KEY))
    return Traffic(frames, deflate)


def fragments(opcode: int, payload: bytes, rsv: int, cuts: list[int]) -> Iterator[bytes]:
    places = [0, *sorted(cuts), len(payload)]
    for number, (start, stop) in enumerate(pairwise(places)):
        is_last = number == len(places) - 2
        first = number == 0
        yield frame(
            opcode if first else CONTINUATION, payload[start:stop], fin=int(is_last), rsv=rsv if first else 0, key=KEY
        )


@settings(max_examples=100, deadline=None)
@given(traffic=right_traffic())
def test_all_three_inflate_the_same(traffic: Traffic) -> None:
    ours = our_opinion(traffic.frames, traffic.deflate)
    assert ours.refused is None
    assert ours == opinion_of_wsproto(traffic.frames, traffic.deflate)
    assert ours == opinion_of_websockets(traffic.frames, traffic.deflate)


@pytest.mark.parametrize("length_bytes", [2, 8])
def test_lengths_in_too_many_bytes_wsproto_and_we_are_right_by_section_5_2(length_bytes: int) -> None:
    frames = [frame(TEXT, b"a", key=KEY, length_bytes=length_bytes)]
    assert our_opinion(frames).refused == opinion_of_wsproto(frames).refused == 0
    assert opinion_of_websockets(frames).refused is None


def test_close_code_1014_websockets_and_we_are_right_by_ianas_registry() -> None:
    frames = [frame(CLOSE, (1014).to_bytes(2), key=KEY)]
    assert our_opinion(frames) == opinion_of_websockets(frames) == Opinion([("close", (1014, ""))], None)
    assert opinion_of_wsproto(frames).refused == 0


def test_a_ping_inside_a_compressed_message_websockets_and_we_are_right_by_section_5_4() -> None:
    payload = compressed(b"Hello, Hello")
    frames = [
        frame(TEXT, payload[:4], fin=0, rsv=0b100, key=KEY),
        frame(PING, b"?", key=KEY),
        frame(CONTINUATION, payload[4:], key=KEY),
    ]
    deflate = Deflate(no_context_takeover=False, window_bits=15)
    right = Opinion([("ping", b"?"), ("text message", b"Hello, Hello")], None)
    assert our_opinion(frames, deflate) == opinion_of_websockets(frames, deflate) == right
    assert opinion_of_wsproto(frames, deflate) != right


def test_what_comes_out_of_a_second_deflate_stream_we_are_right_by_rfc_7692_section_7_2_3_4() -> None:
    # The first message ends with BFINAL = 1; its window goes on for the second, which both peers lose.
    frames = [
        frame(TEXT, bytes.fromhex("f3 48 cd c9 c9 07 00 00"), rsv=0b100, key=KEY),
        frame(TEXT, bytes.fromhex("f2 00 11 00 00"), rsv=0b100, key=KEY),
    ]
    deflate = Deflate(no_context_takeover=False, window_bits=15)
    hello = ("text message", b"Hello")
    assert our_opinion(frames, deflate) == Opinion([hello, hello], None)
    assert opinion_of_wsproto(frames, deflate).given == [hello]
    assert opinion_of_websockets(frames, deflate).given == [hello, ("text message", b"")]

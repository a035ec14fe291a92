"""The WebSocket dissector fed in every way: the result is the same, it tiles, and nothing makes it fail."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lab_servers.wire.model import CLIENT, SERVER
from lab_servers.wire.websocket.masking import unmask
from lab_servers.wire.websocket.stream import Deflate, FrameStream
from tests.wire.tiling import assert_tiles
from tests.wire.websocket_frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    KEY,
    PING,
    PONG,
    TEXT,
    compressed,
    everything,
    frame,
    masked,
    seen,
    stream,
    stream_in_parts,
)

TAKEOVER = Deflate(no_context_takeover=False, window_bits=15)
EURO = "€".encode()

# A bit of everything, right and wrong, with extended lengths, and cut in the end.
TRAFFIC = b"".join(
    [
        frame(TEXT, b"Hello", key=KEY),
        frame(TEXT, compressed(b"Hello, Hello"), rsv=0b100, key=KEY),
        frame(TEXT, b"a" + EURO[:1], fin=0),
        frame(PING, b"?", key=KEY),
        frame(CONTINUATION, EURO[1:2], fin=0, key=KEY),
        frame(CONTINUATION, b"b"),
        frame(BINARY, bytes(130), length_bytes=2, key=bytes(4)),
        frame(BINARY, bytes(20), length_bytes=8),
        frame(CONTINUATION, b"nothing"),
        frame(3, b"reserved", rsv=0b111),
        frame(BINARY, b"\x07" * 3, rsv=0b100),
        frame(BINARY, b"\x00", rsv=0b100, fin=0),
        frame(CLOSE, b"\x0f\xa0bye"),
        frame(PONG),
        frame(CLOSE, b"\x03"),
        frame(TEXT, b"cut off")[:-3],
    ]
)


@pytest.mark.parametrize("deflate", [None, TAKEOVER])
@pytest.mark.parametrize("sender", [CLIENT, SERVER])
@pytest.mark.parametrize("look", [False, True], ids=["looked at in the end", "looked at all the time"])
def test_byte_by_byte_gives_the_same_as_at_once(sender: str, deflate: Deflate | None, look: bool) -> None:
    whole = everything(stream(sender, TRAFFIC, deflate=deflate))
    parts = [TRAFFIC[at : at + 1] for at in range(len(TRAFFIC))]
    assert everything(stream_in_parts(sender, parts, deflate=deflate, look=look)) == whole


@pytest.mark.parametrize("deflate", [None, TAKEOVER])
def test_cut_anywhere_the_two_parts_give_the_same_and_each_beginning_tiles(deflate: Deflate | None) -> None:
    whole = everything(stream(CLIENT, TRAFFIC, deflate=deflate))
    for cut in range(len(TRAFFIC) + 1):
        parts = [TRAFFIC[:cut], TRAFFIC[cut:]]
        assert everything(stream_in_parts(CLIENT, parts, deflate=deflate, look=True)) == whole
        beginning = stream(CLIENT, TRAFFIC[:cut], deflate=deflate)
        settled = [seen(record) for record in beginning.records]
        assert settled == whole[: len(settled)]


def test_a_stream_begins_where_the_handshake_ended() -> None:
    head = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    found = stream(SERVER, head + frame(TEXT, b"Hello"), start=len(head))
    assert [record.pieces for record in found.records] == [((len(head), len(head) + 7),)]


def test_what_follows_a_stream_of_whole_frames_changes_none_of_them() -> None:
    frames = frame(TEXT, b"Hello") + frame(TEXT, EURO[:1], fin=0)
    before = everything(stream(SERVER, frames))
    after = everything(stream(SERVER, frames + b"\xff\xff\xff"))
    assert after[: len(before)] == before


def test_the_tail_changes_nothing() -> None:
    data = bytearray(frame(TEXT, b"a", fin=0) + frame(CONTINUATION, b"bc")[:-1])
    found = FrameStream(SERVER, data)
    found.advance()
    first = found.tail()
    assert first is not None
    assert seen(first) == everything(found)[-1]
    data += b"c"
    found.advance()
    assert found.tail() is None
    assert [record.notes for record in found.records] == [(), ()]


@given(payload=st.binary(max_size=70) | st.binary(min_size=1020, max_size=1030), key=st.binary(min_size=4, max_size=4))
def test_unmasking_is_xor_byte_by_byte(payload: bytes, key: bytes) -> None:
    assert unmask(masked(payload, key), key) == payload
    assert unmask(payload, b"") == payload


DEFLATES = st.none() | st.builds(Deflate, st.booleans(), st.integers(8, 15))


@settings(max_examples=200, deadline=None)
@given(
    data=st.binary(max_size=200),
    sender=st.sampled_from([CLIENT, SERVER]),
    deflate=DEFLATES,
    cuts=st.lists(st.integers(0, 200), max_size=4),
)
@example(data=b"", sender=CLIENT, deflate=None, cuts=[])
def test_any_bytes_at_all_tile_and_come_out_the_same_however_they_are_cut(
    data: bytes, sender: str, deflate: Deflate | None, cuts: list[int]
) -> None:
    whole = everything(stream(sender, data, deflate=deflate))
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    parts = [data[start:stop] for start, stop in pairwise(places)]
    found = stream_in_parts(sender, parts, deflate=deflate, look=True)
    assert everything(found) == whole
    assert all(message.pieces for message in found.messages)


# Frames that are a little wrong reach further into the code than bytes that are all wrong.
ODD_FRAMES = st.builds(
    frame,
    st.sampled_from([CONTINUATION, CONTINUATION, TEXT, TEXT, BINARY, CLOSE, PING, PONG, 3, 15]),
    st.binary(max_size=12)
    | st.text(max_size=4).map(str.encode)
    | st.text(max_size=9).map(lambda text: compressed(text.encode()))
    | st.sampled_from([b"\x00", b"\x00\x00\xff\xff", b"\x03\x00", b"\x03\xe8", EURO[:1], EURO[1:], b"\xf2\x48\xcd"]),
    fin=st.sampled_from([0, 1, 1]),
    rsv=st.sampled_from([0, 0, 0b100, 0b100, 0b010]),
    key=st.sampled_from([b"", KEY, bytes(4)]),
    length_bytes=st.sampled_from([None, None, None, 2, 8]),
)


@settings(max_examples=200, deadline=None)
@given(
    frames=st.lists(ODD_FRAMES, max_size=8),
    deflate=DEFLATES,
    trailing=st.binary(max_size=6),
    step=st.integers(1, 9),
)
def test_frames_with_faults_tile_and_come_out_the_same_however_they_are_cut(
    frames: list[bytes], deflate: Deflate | None, trailing: bytes, step: int
) -> None:
    data = b"".join(frames) + trailing
    whole = everything(stream(CLIENT, data, deflate=deflate))
    parts = [data[at : at + step] for at in range(0, len(data), step)]
    found = stream_in_parts(CLIENT, parts, deflate=deflate, look=True)
    assert everything(found) == whole
    assert_tiles(found.records, found.tail(), 0, len(data))
    for message in found.messages:
        assert message.layers is not None
        assert message.notes is not None
    # In any order of asking, what was derived is the same.
    backwards = stream(CLIENT, data, deflate=deflate)
    assert [seen(record) for record in reversed(backwards.records)] == whole[: len(backwards.records)][::-1]

"""What the last byte belongs to, cut at every byte of a response on each transport."""

from __future__ import annotations

from itertools import groupby

import pytest

from lab_servers.measure.cut_places import Place, place_of_cut

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n"
TEXT = '{"n":1,"text":"世"}'.encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def places(stream: bytes) -> list[Place]:
    """What is cut at each byte, each run of equal ones once."""
    return [place for place, _ in groupby(place_of_cut(stream[:cut]) for cut in range(len(stream)))]


def test_an_event_stream_is_cut_in_its_head_a_size_an_id_a_text_a_character_and_what_ends_an_event() -> None:
    stream = HEAD % b"text/event-stream" + chunk(b"id: a1-1.1\ndata: " + TEXT + b"\n\n")
    assert places(stream) == [
        Place.NOTHING, Place.HEAD, Place.BEHIND_HEAD, Place.CHUNK_SIZE, Place.ID, Place.JSON, Place.CHARACTER,
        Place.JSON, Place.PART_END, Place.CHUNK_END,
    ]  # fmt: skip


def test_lines_are_cut_in_a_size_a_text_a_character_and_before_their_end() -> None:
    stream = HEAD % b"application/x-ndjson" + chunk(TEXT + b"\n")
    assert places(stream) == [
        Place.NOTHING, Place.HEAD, Place.BEHIND_HEAD, Place.CHUNK_SIZE, Place.JSON, Place.CHARACTER, Place.JSON,
        Place.PART_END, Place.CHUNK_END,
    ]  # fmt: skip


def test_between_two_chunks_is_between_two_parts() -> None:
    stream = HEAD % b"application/x-ndjson" + chunk(TEXT + b"\n")
    assert place_of_cut(stream) is Place.BETWEEN


@pytest.mark.parametrize("size", [len(TEXT), 200])
def test_a_websocket_is_cut_in_its_handshake_a_frames_head_and_a_text(size: int) -> None:
    text = TEXT[:-1] + b" " * (size - len(TEXT)) + b"}"
    head = bytes((0x81, size)) if size < 126 else b"\x81\x7e" + size.to_bytes(2, "big")
    stream = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n" + head + text
    assert places(stream) == [
        Place.NOTHING, Place.HEAD, Place.BEHIND_HEAD, Place.FRAME_HEAD, Place.JSON, Place.CHARACTER, Place.JSON,
    ]  # fmt: skip
    assert place_of_cut(stream) is Place.BETWEEN


@pytest.mark.parametrize(
    "hostile", [b"\x00" * 50, b"HTTP/1.1 101 x\r\n\r\n\x81", b"\r\n\r\n" + b"\xff" * 9, b"zz\r\n" * 9]
)
def test_bytes_that_are_no_protocol_have_a_place_too(hostile: bytes) -> None:
    assert all(place_of_cut(hostile[:cut]) in Place for cut in range(len(hostile) + 1))

"""Where a cut fell, told by the bytes that came: in a head, a chunk's size, an event's id, a character, a frame's head.

Pure: the bytes that a server sent on one connection until it was cut. ``wire/`` explains whole records; here only the
unfinished end counts, for a thousand connections at a time.
"""

from __future__ import annotations

import re
from enum import Enum


class Place(Enum):
    """What was cut."""

    NOTHING = "before the first byte"
    HEAD = "in the head"
    BEHIND_HEAD = "behind the head"
    CHUNK_SIZE = "in a chunk's size"
    CHUNK_END = "before a chunk's line end"
    FRAME_HEAD = "in a frame's head"
    ID = "in an event's id"
    CHARACTER = "within a character"
    JSON = "in a JSON text"
    PART_END = "in what ends a part"
    BETWEEN = "between two parts"


# RFC 9112 §7.1: the size in hexadecimal digits, and no extensions here.
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})\r\n")
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]{1,15})\r\n", re.IGNORECASE)
_HEAD_END = b"\r\n\r\n"


def place_of_cut(received: bytes) -> Place:
    """What was cut, seen from the bytes that came on a connection with one response, the handshake's included."""
    if not received:
        return Place.NOTHING
    head_end = received.find(_HEAD_END) + len(_HEAD_END)
    if head_end < len(_HEAD_END):
        return Place.HEAD
    if head_end == len(received):
        return Place.BEHIND_HEAD
    head, body = received[:head_end].lower(), received[head_end:]
    if head.startswith(b"http/1.1 101"):
        return _in_frames(body)
    if b"\r\ntransfer-encoding: chunked\r\n" in head:
        return _in_chunks(body, is_event_stream=b"text/event-stream" in head)
    length = _LENGTH.search(head)
    return Place.BETWEEN if length is not None and len(body) >= int(length[1]) else _in_text(body)


def _in_chunks(body: bytes, *, is_event_stream: bool) -> Place:
    content, at = bytearray(), 0
    while at < len(body):
        size = _CHUNK_SIZE.match(body, at)
        if size is None:
            return Place.CHUNK_SIZE
        end = size.end() + int(size[1], 16)
        content += body[size.end() : end]
        if end > len(body):
            if size.end() == len(body):
                return Place.CHUNK_SIZE  # the size is there, and nothing of its chunk
            return _in_content(bytes(content), is_event_stream=is_event_stream)
        if len(body) < end + 2:
            return Place.CHUNK_END
        at = end + 2
    return _in_content(bytes(content), is_event_stream=is_event_stream)


def _in_content(content: bytes, *, is_event_stream: bool) -> Place:
    if content.endswith(b"\n\n" if is_event_stream else b"\n") or not content:
        return Place.BETWEEN
    line = content[content.rfind(b"\n") + 1 :]
    if not is_event_stream:
        return _in_text(line)
    if not line:  # the line's end is there, the blank line is not
        return Place.ID if content[content[:-1].rfind(b"\n") + 1 :].startswith(b"id:") else Place.PART_END
    if line[:3] in (b"i", b"id", b"id:"):
        return Place.ID
    return _in_text(line)


def _in_frames(body: bytes) -> Place:
    at = 0
    while at < len(body):
        # RFC 6455 §5.2: two bytes, and two or eight more of length; a server masks nothing.
        short = body[at + 1] & 0x7F if at + 1 < len(body) else 0
        payload_at = at + 2 + {126: 2, 127: 8}.get(short, 0)
        if at + 1 >= len(body) or payload_at > len(body):
            return Place.FRAME_HEAD
        size = int.from_bytes(body[at + 2 : payload_at], "big") if short > 125 else short
        if payload_at + size > len(body):
            return Place.FRAME_HEAD if payload_at == len(body) else _in_text(body[payload_at:])
        at = payload_at + size
    return Place.BETWEEN


def _in_text(text: bytes) -> Place:
    """Within the UTF-8 of a text that is not complete."""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        # Bytes that are missing at the end, and no others (RFC 3629 §3).
        if error.reason == "unexpected end of data":
            return Place.CHARACTER
    return Place.PART_END if text.endswith(b"}") and _is_closed(text) else Place.JSON


def _is_closed(text: bytes) -> bool:
    """Whether a compact JSON object of ours has all its brackets; no text of a token holds one alone."""
    return text.count(b"{") == text.count(b"}")

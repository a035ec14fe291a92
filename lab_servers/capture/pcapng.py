"""Captures and marks as a pcapng file that Wireshark opens: what is in it, and at which time.

``packets.py`` makes the packets of a capture; the blocks of the file are python-pcapng's work.
"""

from __future__ import annotations

import heapq
import importlib.metadata
import json
import struct
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pcapng
from pcapng import blocks, structs

from lab_servers.capture.capture import Capture
from lab_servers.capture.packets import Segment, encode_packet, require_ipv4, segments_of
from lab_servers.errors import BadParameter
from lab_servers.marks import Mark

# https://www.tcpdump.org/linktypes.html
LINKTYPE_RAW = 101  # the packet begins with its IP header
LINKTYPE_WIRESHARK_UPPER_PDU = 252  # tags that name a dissector of Wireshark, then what it is to dissect

# Wireshark refuses a whole file for one packet of more than 262,144 bytes. The escaped form of a
# character has at most six bytes, so that this many of them fit with room for the rest.
MAX_TEXT_CHARACTERS = 20_000

MAX_COMMENT_BYTES = 0xFFFF  # an option of pcapng carries its length in 16 bits

_TAG_END = 0
_TAG_DISSECTOR_NAME = 12
_TAG_PROTOCOL_COLUMN = 33

_NANOSECONDS = b"\x09"  # if_tsresol: times count in units of 10**-9 s
_TYPED_RESOLUTION = structs.Option(9, "if_tsresol", structs.TYPE_BYTES)

_HOW_IT_CAME_ABOUT = (
    "Made from what a TCP relay read from both sides. Bytes, directions, times, closes and resets are recorded; "
    "segment boundaries, handshakes and bare acknowledgements are filled in."
)


def write_pcapng(
    stream: BinaryIO,
    captures: Sequence[Capture],
    *,
    wall_clock_offset_ns: int,
    comment: str,
    marks: Sequence[Mark] = (),
) -> None:
    """Write captures, and the marks made beside them, as one pcapng file with times in nanoseconds.

    Every connection appears as packets between the client's address and the relay's, on an
    interface named "relay". Marks appear at their times as rows of JSON, on an interface named
    "marks" that exists only if there are any.
    The file is written as it is made: no more than one packet's bytes are copied at a time.

    Args:
        stream: Where to write; it is neither flushed nor closed.
        captures: The connections, in any order.
        wall_clock_offset_ns: What turns a recorded time into Unix time, in nanoseconds
            (:func:`lab_servers.marks.wall_clock_offset_ns`).
        comment: The parameters of the run, kept as the comment of the interface "relay".
        marks: Moments of applications, in any order.

    Raises:
        BadParameter: an address is no IPv4 address, the comment does not fit, or the offset puts
            a time outside of what the file can express. Nothing has been written then.
    """
    comment = _encodable(comment)
    _check(captures, marks, wall_clock_offset_ns, comment)
    section = blocks.SectionHeader(options={"shb_userappl": _application()})
    # The writer puts down the interfaces that exist when it starts, so both are declared first.
    relay_interface = _interface(section, LINKTYPE_RAW, "relay", _HOW_IT_CAME_ABOUT, comment)
    marks_interface = (
        _interface(section, LINKTYPE_WIRESHARK_UPPER_PDU, "marks", "Moments that applications noted.") if marks else -1
    )
    writer = pcapng.FileWriter(stream, section)
    moments: Iterator[Segment | Mark] = heapq.merge(
        *map(segments_of, captures), sorted(marks, key=lambda mark: mark.at_ns), key=lambda moment: moment.at_ns
    )
    plain = section.new_member(blocks.EnhancedPacket)
    for moment in moments:
        if isinstance(moment, Mark):
            interface_id = marks_interface
            packet, comments = _mark_packet(moment)
        else:
            interface_id = relay_interface
            packet, comments = encode_packet(moment), moment.comments
        # Most packets have no comment, and they share one block: making a block takes longer than writing it.
        block = section.new_member(blocks.EnhancedPacket, options={"opt_comment": comments}) if comments else plain
        time_ns = moment.at_ns + wall_clock_offset_ns
        block.interface_id = interface_id
        block.timestamp_high, block.timestamp_low = time_ns >> 32, time_ns & 0xFFFFFFFF
        block.packet_data, block.packet_len = packet, len(packet)
        writer.write_block(block)


def _application() -> str:
    try:
        return f"lab_servers {importlib.metadata.version('lab_servers')}"
    except importlib.metadata.PackageNotFoundError:
        return "lab_servers"  # run from its source folder without being installed


def _encodable(text: str) -> str:
    # A lone surrogate (from undecodable bytes) has no UTF-8. Its "backslashreplace" form is
    # readable anywhere, and is the very escape that JSON has for it.
    return text.encode(errors="backslashreplace").decode()


def _check(captures: Sequence[Capture], marks: Sequence[Mark], wall_clock_offset_ns: int, comment: str) -> None:
    for capture in captures:
        require_ipv4("client_address", capture.client_address)
        require_ipv4("relay_address", capture.relay_address)
    size = len(comment.encode())
    if size > MAX_COMMENT_BYTES:
        raise BadParameter(f"comment must be at most {MAX_COMMENT_BYTES} bytes of UTF-8, not {size}.")
    for at_ns in _all_times(captures, marks):
        if not 0 <= at_ns + wall_clock_offset_ns < 2**64:
            raise BadParameter(
                "wall_clock_offset_ns must put every time between 0 and 2**64 - 1 ns of Unix time; "
                f"{wall_clock_offset_ns!r} puts {at_ns} at {at_ns + wall_clock_offset_ns}."
            )


def _all_times(captures: Sequence[Capture], marks: Sequence[Mark]) -> Iterator[int]:
    for capture in captures:
        yield from (transition.at_ns for transition in capture.transitions)
        yield from (chunk.at_ns for chunk in capture.chunks)
    yield from (mark.at_ns for mark in marks)


def _interface(section: blocks.SectionHeader, link_type: int, name: str, description: str, comment: str = "") -> int:
    options: dict[str, object] = {"if_name": name, "if_description": description, "if_tsresol": _NANOSECONDS}
    if comment:
        options["opt_comment"] = comment
    block = section.new_member(blocks.InterfaceDescription, link_type=link_type, options=options)
    # The library (2.1.1) declares this one option without a type, and then warns its users that they should not.
    block.options.schema[_TYPED_RESOLUTION.code] = _TYPED_RESOLUTION
    return int(block.interface_id)


def _mark_packet(mark: Mark) -> tuple[bytes, tuple[str, ...]]:
    """A mark for Wireshark's JSON dissector, and a comment if something had to be left out."""
    name, detail = mark.name[:MAX_TEXT_CHARACTERS], mark.detail[:MAX_TEXT_CHARACTERS]
    payload = _encodable(json.dumps({"mark": name, "detail": detail}, ensure_ascii=False)).encode()
    data = _tag(_TAG_DISSECTOR_NAME, b"json") + _tag(_TAG_PROTOCOL_COLUMN, b"mark") + _tag(_TAG_END, b"") + payload
    if (name, detail) == (mark.name, mark.detail):
        return data, ()
    return data, (f"the text of this mark was cut to its first {MAX_TEXT_CHARACTERS} characters",)


def _tag(kind: int, value: bytes) -> bytes:
    # Wireshark's epan/exported_pdu.h: big-endian kind and length, and the value filled up with
    # NULs to a multiple of four, which the length counts.
    padded = value + bytes(-len(value) % 4)
    return struct.pack("!HH", kind, len(padded)) + padded

"""What the looks of frames say is computed from the bytes, and what is no such recording is refused with a sentence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Capture, Side
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import (
    BothWays,
    ChatFrames,
    CloseCodes,
    CutCharacter,
    ForbiddenFrames,
    FrameLengths,
    Scenario,
    TokenCompression,
)
from lab_servers.scenarios.frames_raw import CLOSE, PING, TEXT, frame
from lab_servers.views.frames import bit_picture, bit_table, frame_table, frames, mask_table, wire_bytes
from lab_servers.views.looks import look_of
from tests.views import recorded

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SWITCHED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
KEY = bytes.fromhex("37fa213d")


def recording_of(name: str, client: bytes = b"", server: bytes = b"") -> Recording:
    """A connection that is a WebSocket with these frames."""
    chunks = [(1, Side.CLIENT, UPGRADE), (2, Side.SERVER, SWITCHED)]
    chunks += [(3, Side.CLIENT, client)] if client else []
    chunks += [(4, Side.SERVER, server)] if server else []
    return Recording(name, (recorded.capture(*chunks),))


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["websocket"]) as running:
        yield running


# --- one frame ---------------------------------------------------------------------------------------


def test_the_bits_of_the_specifications_example_stand_in_the_table() -> None:
    # RFC 6455 §5.7: a single-frame masked text message.
    (capture,) = recording_of("x", client=frame(TEXT, b"Hello", key=KEY)).captures
    (hello,) = frames(capture, Side.CLIENT)
    assert wire_bytes(hello).hex() == "818537fa213d7f9f4d5158"
    assert [row[:5] for row in bit_table(hello).rows] == [
        ("FIN", "0", "7", "1", "1"),
        ("RSV1", "0", "6", "0", "0"),
        ("RSV2", "0", "5", "0", "0"),
        ("RSV3", "0", "4", "0", "0"),
        ("opcode", "0", "3\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}0", "0001", "1"),
        ("MASK", "1", "7", "1", "1"),
        ("payload length", "1", "6\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}0", "0000101", "5"),
        ("masking key", "2\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}5", "", "37 fa 21 3d", "37 fa 21 3d"),
        ("payload", "6\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}10", "", "7f 9f 4d 51 58", "Hello"),
    ]


def test_the_sentence_of_the_bit_picture_says_what_is_drawn() -> None:
    (capture,) = recording_of("x", client=frame(TEXT, b"Hello", key=KEY)).captures
    picture = bit_picture(frames(capture, Side.CLIENT)[0])
    assert picture.text == (
        "The text frame from the client has 11 bytes. The first two are 81 85: FIN 1, RSV1 0, RSV2 0, RSV3 0, opcode "
        "1, MASK 1, payload length 5. Then follow: masking key 4 bytes, payload 5 bytes."
    )
    drawn = [text.get_text() for text in picture.figure.axes[0].texts]
    assert {"byte 0 = 81", "byte 1 = 85", "1: text", "5 bytes", "37 fa 21 3d", "7f 9f 4d 51 58"} <= set(drawn)
    assert "".join(text for text in drawn if text in "01") == "1000000110000101"


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        (frame(TEXT), "0 bytes"),
        (frame(TEXT, b"a"), "1 byte"),
        (frame(TEXT, b"a" * 126), "126: the next 16 bits tell it"),
        (frame(TEXT, b"a" * 65_536), "127: the next 64 bits tell it"),
        (frame(PING), "9: ping"),
        (frame(3), "3: reserved"),
        (frame(CLOSE, b"\x03"), "8: close"),
        (frame(TEXT, b"\xff\x00<script>"), "1: text"),
        (frame(TEXT, b"$x^2$ \\frac"), "1: text"),
    ],
)
def test_any_frame_has_a_picture_and_a_table(wire: bytes, words: str) -> None:
    (capture,) = recording_of("x", server=wire).captures
    (one,) = frames(capture, Side.SERVER)
    picture = bit_picture(one)
    assert words in [text.get_text() for text in picture.figure.axes[0].texts]
    assert "<svg" in picture.svg()
    assert "<script" not in picture._repr_html_() + bit_table(one)._repr_html_()


def test_the_mask_table_does_the_xor_bit_by_bit() -> None:
    (capture,) = recording_of("x", client=frame(TEXT, b"Hello", key=KEY)).captures
    rows = mask_table(frames(capture, Side.CLIENT)[0]).rows
    assert rows[0] == ("0", "0", "01111111  7f", "00110111  37", "01001000  48")
    assert [row[1] for row in rows] == ["0", "1", "2", "3", "0"]
    assert bytes(int(row[4].split()[1], 16) for row in rows) == b"Hello"


def test_a_long_payload_is_shown_in_part_and_the_table_says_so() -> None:
    (capture,) = recording_of("x", client=frame(TEXT, b"a" * 300, key=KEY)).captures
    table = mask_table(frames(capture, Side.CLIENT)[0])
    assert len(table.rows) == 24
    assert "the first 24 of 300 bytes" in table.caption


@pytest.mark.parametrize("wire", [frame(TEXT, b"hello"), frame(TEXT, key=KEY)])
def test_without_a_mask_or_a_payload_there_is_nothing_to_unmask(wire: bytes) -> None:
    (capture,) = recording_of("x", client=wire).captures
    with pytest.raises(BadParameter, match="needs a masked frame with a payload"):
        mask_table(frames(capture, Side.CLIENT)[0])


def test_a_connection_that_is_no_websocket_has_no_frames() -> None:
    capture = recorded.exchange()
    assert frames(capture, Side.CLIENT) == frames(capture, Side.SERVER) == []
    assert frame_table(capture).rows == ()


# --- whole runs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        (ChatFrames(), "The text frame from the client has 12 bytes"),
        (FrameLengths(), "8 for a payload of 65,535; 14 for a payload of 65,536"),
        (BothWays(pieces=2, pause_s=0.01), "The client's message takes 3 frames"),
        (CutCharacter(), "HTTP ends here"),
        (CloseCodes(), "Told, and in no frame: 1005, 1006."),
        (CloseCodes(ending="cut"), "the client sent"),
        (ForbiddenFrames(), "websockets fails"),
        (ForbiddenFrames(mistake="masked", client="websockets"), "(⚠ forbidden): 1"),
        (TokenCompression(messages=1), "1 message from the server"),
        (TokenCompression(), "64 messages from the server"),
    ],
    ids=lambda value: value.call() if isinstance(value, Scenario) else "",
)
def test_each_run_has_a_picture_with_its_sentence_and_a_table(lab: Lab, scenario: Scenario, words: str) -> None:
    look = look_of(scenario.run(lab))
    assert look.picture is not None
    assert words in look.picture.text
    assert "<svg" in look.picture.svg()
    assert look.table.rows


def test_the_table_of_lengths_says_how_each_is_written(lab: Lab) -> None:
    rows = look_of(FrameLengths().run(lab)).table.rows
    written = {row[0]: (row[3], row[4]) for row in rows if row[2] == "yes"}
    assert written["126"] == ("126 in 7 bits, 126 in 16 bits", "8")
    assert written["65,536"] == ("127 in 7 bits, 65,536 in 64 bits", "14")


def test_the_table_of_a_cut_says_that_no_fragment_is_utf8_and_the_message_is(lab: Lab) -> None:
    rows = look_of(CutCharacter(cut_byte=4).run(lab)).table.rows
    assert [row[3] for row in rows] == ["no", "no", "yes"]
    assert rows[-1][4] == "你好世界"
    rows = look_of(CutCharacter(cut_byte=6).run(lab)).table.rows
    assert [row[3] for row in rows] == ["yes", "yes", "yes"]


@pytest.mark.parametrize("capture", [recorded.exchange(), recording_of("x", server=frame(TEXT, b"hi")).captures[0]])
@pytest.mark.parametrize(
    "name",
    [
        "ChatFrames", "FrameLengths", "CutCharacter", "BothWays", "CloseCodes", "ForbiddenFrames", "TokenCompression",
    ],
)  # fmt: skip
def test_another_recording_under_its_name_is_refused_with_a_sentence_that_names_the_run(
    name: str, capture: Capture
) -> None:
    for recording in (Recording(name, (capture,)), Recording(name, ())):
        with pytest.raises(BadParameter, match=f"run the scenario {name}"):
            look_of(recording)

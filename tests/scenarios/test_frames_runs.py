"""The runs about frames show on fresh recordings what their notebook says: bits, lengths, cuts, both directions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.scenarios import BothWays, ChatFrames, CutCharacter, FrameLengths
from lab_servers.scenarios.frames_lengths import SIZES_BYTES
from lab_servers.views.frames import frames, wire_bytes
from lab_servers.views.looks.frames_both_ways import said
from lab_servers.wire.model import Severity
from lab_servers.wire.websocket.frames import Opcode
from lab_servers.wire.websocket.records import FrameRecord


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["websocket"]) as running:
        yield running


def notes(found: list[FrameRecord]) -> list[str]:
    return [note.text for one in found for note in one.notes if note.severity is Severity.FORBIDDEN]


# --- a few words -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["你好", "hello", "😀"])
def test_a_chat_has_a_frame_for_each_text_and_then_closes(lab: Lab, text: str) -> None:
    (capture,) = ChatFrames(text=text, times=3).run(lab).captures
    sent, received = frames(capture, Side.CLIENT), frames(capture, Side.SERVER)
    assert [one.opcode for one in sent] == [one.opcode for one in received] == [Opcode.TEXT] * 3 + [Opcode.CLOSE]
    assert {one.payload().decode() for one in sent[:3]} == {text}
    assert {one.payload().decode() for one in received[:3]} == {f"收到:{text}"}


def test_the_same_text_is_masked_with_another_key_each_time(lab: Lab) -> None:
    (capture,) = ChatFrames(times=3).run(lab).captures
    said_frames = frames(capture, Side.CLIENT)[:3]
    assert len({one.key for one in said_frames}) == len({wire_bytes(one) for one in said_frames}) == 3


# --- lengths -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("side", "key_bytes"), [(Side.CLIENT, 4), (Side.SERVER, 0)])
def test_a_header_takes_the_fewest_bytes_that_can_tell_the_length(lab: Lab, side: Side, key_bytes: int) -> None:
    (capture,) = FrameLengths().run(lab).captures
    found = [one for one in frames(capture, side) if not one.is_control]
    sizes = [one.stop - one.payload_at for one in found]
    assert sizes == [0, *SIZES_BYTES]
    headers = [one.payload_at - one.start - key_bytes for one in found]
    assert headers == [2, 2, 4, 4, 10]
    assert notes(found) == []


def test_a_length_of_ones_own_goes_there_and_back(lab: Lab) -> None:
    (capture,) = FrameLengths(own_bytes=1_000).run(lab).captures
    for side in Side:
        assert frames(capture, side)[0].payload() == b"." * 1_000


# --- a cut character ---------------------------------------------------------------------------------


@pytest.mark.parametrize("cut_byte", range(1, 12))
def test_wherever_a_message_is_cut_its_answer_is_the_same(lab: Lab, cut_byte: int) -> None:
    (capture,) = CutCharacter(cut_byte=cut_byte).run(lab).captures
    sent = [one for one in frames(capture, Side.CLIENT) if not one.is_control]
    assert [len(one.payload()) for one in sent] == [cut_byte, 12 - cut_byte]
    texts = [one.payload().decode() for one in frames(capture, Side.SERVER) if one.opcode == Opcode.TEXT]
    assert texts == ["收到:你好世界"]


def test_without_a_ping_there_is_no_pong(lab: Lab) -> None:
    (capture,) = CutCharacter(ping_between=False).run(lab).captures
    assert [one.opcode for one in frames(capture, Side.SERVER)] == [Opcode.TEXT, Opcode.CLOSE]


def test_a_message_that_ends_inside_a_character_is_closed_with_1007(lab: Lab) -> None:
    (capture,) = CutCharacter(missing_bytes=1).run(lab).captures
    close = next(one for one in frames(capture, Side.SERVER) if one.opcode == Opcode.CLOSE)
    assert int.from_bytes(close.payload()[:2]) == 1007
    assert any("ends in the middle of a character" in text for text in notes(frames(capture, Side.CLIENT)))


def test_the_keys_come_from_the_seed(lab: Lab) -> None:
    streams = [CutCharacter(seed=seed).run(lab).captures[0].bytes_from(Side.CLIENT) for seed in (1, 1, 2)]
    after_the_head = [stream.partition(b"\r\n\r\n")[2] for stream in streams]
    assert after_the_head[0] == after_the_head[1] != after_the_head[2]


def test_a_cut_behind_the_end_is_refused_with_its_bound() -> None:
    with pytest.raises(BadParameter, match="cut_byte must be at most 8 bytes when 4 of the 12 bytes are missing"):
        CutCharacter(cut_byte=9, missing_bytes=4)


# --- both directions ---------------------------------------------------------------------------------


def test_a_message_said_slowly_is_one_message_of_many_fragments(lab: Lab) -> None:
    recording = BothWays(pieces=3, pause_s=0.01, tick_s=5).run(lab)
    (mine,) = [one for one in said(recording.captures[0]) if one.sender is Side.CLIENT]
    # The library ends an iteration with an empty last fragment.
    assert (mine.text, len(mine.frames_ns)) == ("piece 1 of 3, piece 2 of 3, piece 3 of 3", 4)
    assert [mark.detail for mark in recording.marks_named("client: sent")] == [
        f"piece {place} of 3" + (", " if place < 3 else "") for place in (1, 2, 3)
    ]

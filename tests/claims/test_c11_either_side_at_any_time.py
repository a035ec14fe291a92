"""C11: after the handshake either side sends at any time; who masks, and what may stand between fragments."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from lab_servers.capture.capture import Side
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import BothWays, ChatFrames, CutCharacter, ForbiddenFrames
from lab_servers.scenarios.frames_raw import CLOSE, TEXT, connect_raw, frame, read_frame
from lab_servers.views.frames import frames
from lab_servers.views.looks.frames_both_ways import inside, said
from lab_servers.views.looks.frames_forbidden import meetings
from lab_servers.wire.websocket.frames import Opcode
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_bytes, with_marks


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["websocket"]) as running:
        yield running


@pytest.fixture(scope="module")
def both(lab: Lab) -> Recording:
    return BothWays(pieces=4, pause_s=0.08, tick_s=0.05).run(lab)


def test_the_chat_answers_with_the_text_that_it_received(lab: Lab) -> None:
    (capture,) = ChatFrames(text="你好", times=1).run(lab).captures
    assert frames(capture, Side.SERVER)[0].payload().decode() == "收到:你好"


def test_the_server_speaks_unasked_before_the_client_has_said_anything(both: Recording) -> None:
    first = said(both.captures[0])[0]
    assert (first.sender, '"welcome"' in first.text) == (Side.SERVER, True)


def test_the_two_directions_overlap_in_time(both: Recording) -> None:
    # Ticks lie between the first and the last frame of one message of the client.
    ticks = [one.text for one in inside(both)]
    assert len(ticks) > 1
    assert all('"tick"' in text for text in ticks)


def test_correction_every_frame_of_the_client_is_masked_and_none_of_the_server(lab: Lab, both: Recording) -> None:
    recordings = (both, ChatFrames().run(lab), CutCharacter().run(lab))
    for side, masked in ((Side.CLIENT, True), (Side.SERVER, False)):
        found = [one.is_masked for recording in recordings for one in frames(recording.captures[0], side)]
        assert found == [masked] * len(found)
        assert len(found) > len(recordings)


def test_correction_a_server_closes_on_a_frame_without_a_mask(lab: Lab) -> None:
    async def unmasked() -> tuple[int, bytes]:
        reader, writer = await connect_raw(lab.url("websocket", "/ws/chat"), bytes(16))
        writer.write(frame(TEXT, b"hello"))
        received = await asyncio.wait_for(read_frame(reader), 5)
        writer.close()
        return received.opcode, received.payload[:2]

    assert lab.run(unmasked()) == (CLOSE, (1002).to_bytes(2))


def test_correction_a_strict_client_closes_on_a_masked_frame_from_a_server(lab: Lab) -> None:
    (met,) = meetings(ForbiddenFrames(mistake="masked", client="websockets").run(lab))
    assert (met.code, met.rule, met.went_on) == (1002, "RFC 6455 §5.1", False)


def test_correction_a_ping_between_two_fragments_is_answered_before_the_message_is_complete(lab: Lab) -> None:
    (capture,) = CutCharacter().run(lab).captures
    sent = [one.opcode for one in frames(capture, Side.CLIENT)]
    assert sent[:3] == [Opcode.TEXT, Opcode.PING, Opcode.CONTINUATION]
    pong, answer, *_ = frames(capture, Side.SERVER)
    last_fragment = frames(capture, Side.CLIENT)[2]
    assert pong.payload() == frames(capture, Side.CLIENT)[1].payload()
    assert capture.time_of(Side.SERVER, pong.start) < capture.time_of(Side.CLIENT, last_fragment.start)
    assert answer.payload().decode() == "收到:你好世界"


# --- its trial: the same judge that `claims` asks ------------------------------------------------------


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C11")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C11", recordings)


def test_a_server_that_speaks_only_when_asked_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    chat, _, *rest = recordings
    assert "unasked" in contradicted(assert_fails("C11", chat, chat, *rest))


def test_another_echo_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    chat, *rest = recordings
    assert_fails("C11", with_bytes(chat, Side.SERVER, "收到".encode(), "得到".encode()), *rest)


def test_a_server_that_takes_a_frame_without_a_mask_contradicts_the_correction(
    recordings: tuple[Recording, ...],
) -> None:
    chat, both, cut, without_mask, with_mask = recordings
    taken = with_bytes(without_mask, Side.SERVER, (1002).to_bytes(2), (1000).to_bytes(2))
    assert "without a mask" in contradicted(assert_fails("C11", chat, both, cut, taken, with_mask))


def test_a_client_that_goes_on_after_a_masked_frame_contradicts_the_correction(
    recordings: tuple[Recording, ...],
) -> None:
    *rest, with_mask = recordings
    went_on = with_marks(with_mask, lambda one: replace(one, detail="yes") if "went on" in one.name else one)
    assert "strict client" in contradicted(assert_fails("C11", *rest, went_on))

"""Puts C11 to the test: after the handshake either side sends at any time; who masks, and what may interleave."""

from __future__ import annotations

import asyncio

from lab_servers.capture.capture import Capture, Side
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.proofs.pointing import record_of
from lab_servers.proofs.proof import Evidence, Excerpt, Judgement, seen
from lab_servers.proofs.trial import Trial
from lab_servers.recording import Recording
from lab_servers.scenarios import BothWays, ChatFrames, CutCharacter, ForbiddenFrames
from lab_servers.scenarios.frames_raw import TEXT, connect_raw, frame, read_frame
from lab_servers.views.frames import frames
from lab_servers.views.looks.frames_both_ways import inside, said
from lab_servers.views.looks.frames_closing import close_frames
from lab_servers.views.looks.frames_forbidden import meetings
from lab_servers.wire.websocket.frames import Opcode
from lab_servers.wire.websocket.records import FrameRecord

PROTOCOL_ERROR = 1002  # RFC 6455 §7.4.1
_UNMASKED = "unmasked frame"
_PATIENCE_S = 10


def run_c11(lab: Lab) -> tuple[Recording, ...]:
    """A chat, both directions at once, a message in two fragments, and a frame that breaks the rule on each side."""
    return (
        ChatFrames(text="你好", times=1).run(lab),
        BothWays(pieces=4, pause_s=0.08, tick_s=0.05).run(lab),
        CutCharacter().run(lab),
        unmasked(lab),
        ForbiddenFrames(mistake="masked", client="websockets").run(lab),
    )


def unmasked(lab: Lab) -> Recording:
    """A client that does not mask its frame, and reads what the server does about it."""

    async def send() -> None:
        reader, writer = await connect_raw(lab.url("websocket", "/ws/chat"), bytes(16))
        try:
            writer.write(frame(TEXT, b"hello"))
            await asyncio.wait_for(read_frame(reader), _PATIENCE_S)
        finally:
            writer.close()

    with lab.record(_UNMASKED) as take:
        lab.run(send())
    return take.recording


def _first(recording: Recording) -> Capture:
    for capture in recording.captures:
        if frames(capture, Side.CLIENT) or frames(capture, Side.SERVER):
            return capture
    raise BadParameter("This recording has no WebSocket frames: run one of the scenarios with frames.")


def judge_c11(
    chat: Recording, both: Recording, cut: Recording, without_mask: Recording, with_mask: Recording
) -> Judgement:
    """Who sends when, by the frames on the wire; masks, counted; a ping inside a message."""
    chatting, overlapping, fragmented, rule_broken = map(_first, (chat, both, cut, without_mask))
    answer = frames(chatting, Side.SERVER)[0]
    opening, ticks = said(overlapping)[0], inside(both)
    codes = [code for side, code in close_frames(rule_broken) if side is Side.SERVER]
    met = meetings(with_mask)
    return Judgement(
        (
            seen(
                f"The chat answers {answer.payload().decode('utf-8', 'replace')!r}.",
                answer.payload().decode("utf-8", "replace") == "收到:你好",
                *record_of(chatting, answer),
            ),
            seen(
                f"The first message of a conversation came from the {opening.sender.value}, unasked: {opening.text}.",
                opening.sender is Side.SERVER and '"welcome"' in opening.text,
                *_all(overlapping, frames(overlapping, Side.SERVER)[:1]),
            ),
            seen(
                f"Between the first and the last frame of one message of the client, the server sent {len(ticks)} "
                f"messages of its own.",
                len(ticks) > 1 and all('"tick"' in one.text for one in ticks),
                messages_meanwhile=len(ticks),
            ),
        ),
        (
            *(_masks(side, (chatting, overlapping, fragmented)) for side in Side),
            seen(
                f"A server closes on a frame without a mask, with the code {', '.join(map(str, codes)) or 'none'}.",
                codes == [PROTOCOL_ERROR],
                *_all(rule_broken, frames(rule_broken, Side.CLIENT)[:1]),
                *_all(rule_broken, frames(rule_broken, Side.SERVER)[-1:]),
            ),
            seen(
                f"A strict client ({met[0].client}) closes on a masked frame from a server, with the code "
                f"{met[0].code}; the rule is {met[0].rule}.",
                (met[0].code, met[0].went_on) == (PROTOCOL_ERROR, False),
                *_all(with_mask.captures[0], frames(with_mask.captures[0], Side.SERVER)[:1]),
            ),
            _interleaved(fragmented),
        ),
    )


def _masks(side: Side, captures: tuple[Capture, ...]) -> Evidence:
    found = [(capture, one) for capture in captures for one in frames(capture, side)]
    masked = sum(bool(one.is_masked) for _, one in found)
    capture, first = found[0]
    return seen(
        f"Of {len(found)} frames from the {side.value}, {masked} are masked.",
        len(found) > len(captures) and masked == (len(found) if side is Side.CLIENT else 0),
        *record_of(capture, first),
        frames=len(found),
        masked=masked,
    )


def _interleaved(capture: Capture) -> Evidence:
    """A ping between two fragments, answered before the message was complete."""
    sent, received = frames(capture, Side.CLIENT), frames(capture, Side.SERVER)
    opcodes = [one.opcode for one in sent[:3]]
    is_between = opcodes == [Opcode.TEXT, Opcode.PING, Opcode.CONTINUATION] and len(received) > 1
    return seen(
        f"The client sent {', then '.join(one.name for one in sent[:3])}; the {received[0].name} to it passed "
        f"{'before' if is_between and _passed(capture, received[0]) < _passed(capture, sent[2]) else 'not before'} the "
        f"last fragment.",
        is_between
        and received[0].opcode == Opcode.PONG
        and received[0].payload() == sent[1].payload()
        and _passed(capture, received[0]) < _passed(capture, sent[2]),
        *_all(capture, [*sent[:3], received[0]]),
    )


def _passed(capture: Capture, frame: FrameRecord) -> int:
    return capture.time_of(Side(frame.sender), frame.start)


def _all(capture: Capture, found: list[FrameRecord]) -> tuple[Excerpt, ...]:
    return tuple(one for each in found for one in record_of(capture, each))


C11 = Trial("C11", run_c11, judge_c11, ("websocket",))

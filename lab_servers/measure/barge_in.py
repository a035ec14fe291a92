"""What it costs to talk to a model that is talking, and how soon it falls silent: read from a recording of ``BargeIn``.

``scenarios/ai_barge_in.py`` makes the recording and its marks. Bytes come from the wire, moments from marks, and both
are on one clock.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import conversation_of
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.wire.conversation import Conversation
from lab_servers.wire.http1.message import Message
from lab_servers.wire.websocket.records import FrameRecord

WEBSOCKET, UPLOAD, POSTS = "WebSocket", "one upload beside SSE", "POSTs beside SSE"
WAYS = (WEBSOCKET, UPLOAD, POSTS)

BEGINS, SPOKEN, HEARD, INTERRUPTS, STOPPED = "network begins", "spoken", "heard", "interrupts", "stopped"
PRODUCED, SHOWN, ENDED = "produced", "shown", "ended"

FRAMES_PATH, UPLOAD_PATH = "/api/frames", "/api/upload"
# What stands before each frame in the upload: its kind and its length. A body is bytes without messages.
PREFIX_BYTES = 3
AUDIO = 1  # its kind
FRAME_EVERY_S = 0.02


@dataclass(frozen=True)
class FrameBytes:
    """What all frames of one talk took on the way up, in bytes.

    Attributes:
        frames: How many they are.
        payload: The sound.
        framing: What says where a frame ends.
        headers: Heads of HTTP that travelled for frames alone. The head that opens a stream is not among them.
        requests: Requests made to carry frames.
    """

    frames: int
    payload: int
    framing: int
    headers: int
    requests: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.payload + self.framing + self.headers


@dataclass(frozen=True)
class Barged:
    """One interrupted answer.

    Attributes:
        network: Through which network.
        way: How both sides talked.
        up: What the frames took.
        answers_bytes: What the server sent to say that frames had come: answers to POSTs.
        connections: TCP connections, the one of the answer included.
        late_s: For each frame, from the moment it was spoken until the server had it and all before it, seconds.
        stopped_s: From the interruption until the model stopped, seconds.
        silent_s: From the interruption until the reader's answer had ended, seconds.
        produced_s: When the model generated tokens, from the interruption, seconds; negative before it.
        shown_s: When the reader got them, likewise.
    """

    network: str
    way: str
    up: FrameBytes
    answers_bytes: int
    connections: int
    late_s: tuple[float, ...]
    stopped_s: float
    silent_s: float
    produced_s: tuple[float, ...]
    shown_s: tuple[float, ...]

    @property
    def median_late_s(self) -> float:
        """Half of the frames were there sooner."""
        return statistics.median(self.late_s)

    @property
    def generated_after(self) -> int:
        """Tokens that the model generated after the interruption."""
        return sum(at_s > 0 for at_s in self.produced_s)

    @property
    def shown_after(self) -> int:
        """Tokens that reached the reader after it had interrupted."""
        return sum(at_s > 0 for at_s in self.shown_s)


def barged(recording: Recording) -> tuple[Barged, ...]:
    """Each talk: network by network, and in each the ways in the order of :data:`WAYS`.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    begun = recording.marks_named(f"run: {BEGINS}")
    if recording.name != "BargeIn" or not begun:
        raise BadParameter("Nobody interrupts a model in this recording: run the scenario BargeIn.")
    found = []
    for place, mark in enumerate(begun):
        until_ns = begun[place + 1].at_ns if place + 1 < len(begun) else None
        found += [_talk(recording, mark.detail, way, mark.at_ns, until_ns) for way in WAYS]
    return tuple(found)


def _talk(recording: Recording, network: str, way: str, since_ns: int, until_ns: int | None) -> Barged:
    def is_in(at_ns: int) -> bool:
        return since_ns <= at_ns and (until_ns is None or at_ns < until_ns)

    def times(name: str) -> list[tuple[int, str]]:
        return [(mark.at_ns, mark.detail) for mark in recording.marks_named(f"{way}: {name}") if is_in(mark.at_ns)]

    captures = [one for one in recording.of(way) if is_in(one.opened_ns)]
    interrupts, stopped, ended = times(INTERRUPTS), times(STOPPED), times(ENDED)
    if not (captures and interrupts and stopped and ended):
        raise BadParameter(f"The talk over {way} through {network} is not whole: run the scenario BargeIn again.")
    late = _late(times(SPOKEN), times(HEARD))
    if not late:
        raise BadParameter(f"Over {way} through {network} no frame of sound arrived: let the model say more tokens.")
    zero_ns = interrupts[0][0]
    frame_bytes = int(str(recording.parameters.get("frame_bytes", 0)))
    up, answers_bytes = _bytes(captures, frame_bytes)
    return Barged(
        network,
        way,
        up,
        answers_bytes,
        len(captures),
        late,
        (stopped[0][0] - zero_ns) / 1e9,
        (ended[0][0] - zero_ns) / 1e9,
        tuple((at_ns - zero_ns) / 1e9 for at_ns, _ in times(PRODUCED)),
        tuple((at_ns - zero_ns) / 1e9 for at_ns, _ in times(SHOWN)),
    )


def _late(spoken: Sequence[tuple[int, str]], heard: Sequence[tuple[int, str]]) -> tuple[float, ...]:
    """A frame that overtook another is of no use before that one is there: sound is played in order."""
    arrived = {number: at_ns for at_ns, number in heard}
    late, latest_ns = [], 0
    for at_ns, number in spoken:
        if number in arrived:
            latest_ns = max(latest_ns, arrived[number])
            late.append((latest_ns - at_ns) / 1e9)
    return tuple(late)


# --- bytes ------------------------------------------------------------------------------------------


def _bytes(captures: Sequence[Capture], frame_bytes: int) -> tuple[FrameBytes, int]:
    """What the frames took up, and what came down to say that they had arrived."""
    frames = framing = headers = requests = answers = 0
    for capture in captures:
        conversation = conversation_of(capture)
        for record in conversation.records(Side.CLIENT.value, "websocket"):
            if isinstance(record, FrameRecord) and record.name == "binary frame":
                frames += 1
                framing += record.payload_at - record.start
        for message in conversation.messages():
            if message.sender == Side.SERVER.value:
                is_answer = message.request is not None and message.request.target.startswith(FRAMES_PATH)
                answers += (message.end - message.start) if is_answer else 0
            elif message.target.startswith(FRAMES_PATH):
                requests += 1
                headers += message.head_end - message.start
                frames += message.content.length // frame_bytes
            elif message.target.startswith(UPLOAD_PATH):
                requests += 1
                more, their_framing = _uploaded(conversation, message, frame_bytes)
                frames += more
                framing += their_framing
    return FrameBytes(frames, frames * frame_bytes, framing, headers, requests), answers


def _uploaded(conversation: Conversation, upload: Message, frame_bytes: int) -> tuple[int, int]:
    """Frames in the body of one request, and the bytes around them: their own prefixes, and the chunks'."""
    frames = around = 0
    for record in conversation.records(Side.CLIENT.value, "http"):
        start, stop = record.pieces[0][0], record.pieces[-1][1]
        if record.name == "chunk" and upload.head_end <= start < upload.end and stop - start > frame_bytes:
            # A write became a chunk; where two were joined, it holds two frames.
            count = (stop - start) // (PREFIX_BYTES + frame_bytes)
            frames += count
            around += stop - start - count * frame_bytes
    return frames, around

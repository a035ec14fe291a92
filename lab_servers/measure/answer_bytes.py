"""What the bytes of a model's answer were for: its text, the JSON around it, framing, headers; exact to the byte.

``messages.py`` finds the JSON texts on the wire, ``wire/llm`` what each says. As in ``accounting.py`` the kinds add up
to what the relay counted: what cannot be placed is framing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import conversation_of
from lab_servers.errors import BadParameter
from lab_servers.measure.answer_times import answer_times
from lab_servers.measure.contents import places_in
from lab_servers.measure.messages import Sent, sent_by
from lab_servers.recording import Recording
from lab_servers.wire.conversation import Conversation
from lab_servers.wire.llm.pieces import Kind
from lab_servers.wire.llm.reader import AnswerReader
from lab_servers.wire.llm.ways import Way
from lab_servers.wire.websocket.records import FrameRecord

_TEXTS = (Kind.TEXT, Kind.TOOL_ARGUMENTS)


@dataclass(frozen=True)
class AnswerKinds:
    """Bytes that one side sent, by what they were for.

    Attributes:
        text: The answer's text and the arguments of its tool calls, as UTF-8.
        around: The JSON around it, in the same JSON texts: names, quotes, ids, escapes.
        alone: JSON texts without new text: beginnings, ends, usage, text that is said again. All JSON of a question.
        framing: Names of fields and ids of events, sizes of chunks, heads of frames, control frames, line ends, commas.
        headers: Heads of HTTP with their start lines.
        other: Bytes of which nobody can tell what they are.
        unrecorded: Bytes that passed after the bound on recording was reached.
    """

    text: int = 0
    around: int = 0
    alone: int = 0
    framing: int = 0
    headers: int = 0
    other: int = 0
    unrecorded: int = 0

    @property
    def envelope(self) -> int:
        """All JSON that is not the text itself."""
        return self.around + self.alone

    @property
    def total(self) -> int:
        """All of them: what the relay counted."""
        return sum(getattr(self, one.name) for one in fields(self))

    def __add__(self, more: AnswerKinds) -> AnswerKinds:
        return AnswerKinds(*(getattr(self, one.name) + getattr(more, one.name) for one in fields(self)))


@dataclass(frozen=True)
class AnswerBytes:
    """What one answer cost on its way.

    Attributes:
        name: The reader's name, that of its way.
        tokens: How many tokens its text has.
        down: What the server sent.
        up: What the client sent.
        messages: JSON texts that the server sent.
        requests: HTTP requests; that of a WebSocket handshake too.
    """

    name: str
    tokens: int
    down: AnswerKinds = field(default_factory=AnswerKinds)
    up: AnswerKinds = field(default_factory=AnswerKinds)
    messages: int = 0
    requests: int = 0

    @property
    def both(self) -> AnswerKinds:
        """What both sides sent."""
        return self.down + self.up


def answer_bytes(recording: Recording) -> dict[str, AnswerBytes]:
    """What each reader's answer cost, by the reader's name.

    A reader is called as its way is, or as its way and something behind a comma: ``"event stream, 50 ms"``.

    Raises:
        BadParameter: nobody was shown any text in this recording, or the recording has no bytes of it.
    """
    found = {}
    for name, times in answer_times(recording).items():
        way, captures = _way(name), recording.of(name)
        if way is not None and captures:
            found[name] = bytes_of(captures, way, name=name, tokens=len(times.tokens))
    if not found:
        raise BadParameter("No way of this recording has bytes of an answer: run the scenario AnswerArrives.")
    return found


def bytes_of(captures: Iterable[Capture], way: Way, *, name: str = "", tokens: int = 0) -> AnswerBytes:
    """What these connections carried of one answer. Whatever the bytes are, it raises nothing, and the kinds add up.

    Args:
        captures: The connections, in their order.
        way: How the answer travels.
        name: What to call it.
        tokens: How many tokens its text has.
    """
    # One reader for all of them: a run that is polled goes on in the next response.
    reader = AnswerReader(way.dialect, "messages")
    down, up, messages, requests = AnswerKinds(), AnswerKinds(), 0, 0
    for capture in captures:
        conversation = conversation_of(capture)
        sent = {side: sent_by(conversation, side.value) for side in Side}
        text = alone = 0
        for told in _json_texts(conversation, sent[Side.SERVER]):
            messages += 1
            pieces = reader.feed_message(told.decode("utf-8", "replace"))
            said = sum(len(piece.text.encode("utf-8", "replace")) for piece in pieces if piece.kind in _TEXTS)
            # Text that is longer than what it came in has marks of broken bytes in it.
            text += min(said, len(told))
            alone += 0 if said else len(told)
        down += _kinds(capture, Side.SERVER, sent[Side.SERVER], text, alone)
        up += _kinds(capture, Side.CLIENT, sent[Side.CLIENT], 0, sent[Side.CLIENT].payload_bytes)
        requests += sent[Side.CLIENT].requests
    return AnswerBytes(name or way.value, tokens, down, up, messages, requests)


def _way(name: str) -> Way | None:
    known = name.split(",")[0]
    return Way(known) if known in {way.value for way in Way} else None


def _kinds(capture: Capture, side: Side, sent: Sent, text: int, alone: int) -> AnswerKinds:
    chunks = capture.chunks_from(side)
    recorded = chunks[-1].end if chunks else 0
    payload = sent.payload_bytes
    text = min(text, payload)
    alone = min(alone, payload - text)
    framing = recorded - payload - sent.header_bytes - sent.other_bytes
    return AnswerKinds(
        text, payload - text - alone, alone, framing, sent.header_bytes, sent.other_bytes,
        capture.unrecorded_bytes.get(side, 0),
    )  # fmt: skip


def _json_texts(conversation: Conversation, sent: Sent) -> Iterator[bytes]:
    """What the server sent as messages, in order; of compressed contents nothing, for there text cannot be told."""
    if sent.coded_pieces:
        return
    server = Side.SERVER.value
    for head in conversation.messages(server):
        if head.content.length:
            data = bytes(head.content.fill())
            for place in places_in(head.media_type, data, head.is_complete):
                if place.stop - place.start == place.size_bytes:
                    yield data[place.start : place.stop]
    frames = conversation.frames(server)
    message = b""
    for record in frames.records if frames is not None else ():
        if isinstance(record, FrameRecord) and not record.is_control and not record.is_compressed:
            part = record.payload(record.stop - record.payload_at)
            message = part if record.begins_message else message + part
            if record.is_final:
                yield message

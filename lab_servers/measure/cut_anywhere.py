"""Reads a recording of ``CutAnywhere``: whole answers, and whether each real cut did what ``truncation.py`` computes.

``scenarios/ai_cut_anywhere.py`` makes the recording; the request target of a connection says what was cut, and where.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from lab_servers.capture.capture import Capture, Side, TransitionKind
from lab_servers.dissection import conversation_of
from lab_servers.errors import BadParameter, require_one_of
from lab_servers.measure.truncated_answer import TruncatedAnswer
from lab_servers.measure.truncation import CutBy, Strategy, check_usage, verdicts
from lab_servers.recording import Recording
from lab_servers.wire.conversation import Conversation
from lab_servers.wire.http1.message import Message
from lab_servers.wire.llm.reader import AnswerReader, AnswerState
from lab_servers.wire.llm.ways import Way

SERVER_NAME = "cut answers"
CHUNKED, CLOSE = "chunked", "close"
FRAMINGS = (CLOSE, CHUNKED)


@dataclass(frozen=True)
class RealCut:
    """One cut that happened.

    Attributes:
        way: The way of the answer.
        framing: ``"close"`` or ``"chunked"``.
        cut_by: How the connection ended.
        at: So many bytes of the response had passed.
        accepted: Whether the client's HTTP library took the response for whole.
        computed: What was computed for this offset, by strategy.
        found: What the bytes of the connection and the client said.
    """

    way: Way
    framing: str
    cut_by: CutBy
    at: int
    accepted: bool
    computed: dict[Strategy, bool]
    found: dict[Strategy, bool]

    @property
    def agrees(self) -> bool:
        """Whether the wire did what was computed."""
        return all(self.computed[strategy] == said for strategy, said in self.found.items())


def answers(recording: Recording) -> dict[tuple[Way, str], TruncatedAnswer]:
    """The whole answers of a run, by way and framing.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    found = {}
    for capture in recording.of(SERVER_NAME):
        asked = _asked(capture)
        if asked is not None and asked.cut_by is None:
            way, wire = asked.way, capture.bytes_from(Side.SERVER)
            found[way, asked.framing] = TruncatedAnswer(way.value, way.dialect, way.carried, wire)
    if not found:
        raise BadParameter("This recording has no answers that were cut anywhere: run the scenario CutAnywhere.")
    return found


def way_in(found: Iterable[tuple[Way, str]], way: Way | str | None) -> Way:
    """The way of that name among those of a run's answers; the first of them where none is named.

    Raises:
        BadParameter: the run has no answer on this way.
    """
    names = tuple(dict.fromkeys(one.value for one, _ in found))
    name = way.value if isinstance(way, Way) else way or names[0]
    require_one_of("way", name, names)
    return Way(name)


def answer_of(recording: Recording, way: Way = Way.CHAT, framing: str = CHUNKED) -> TruncatedAnswer:
    """One whole answer of a run.

    Raises:
        BadParameter: the run has none on this way.
    """
    found = answers(recording)
    if (way, framing) not in found:
        names = ", ".join(sorted({one.value for one, _ in found}))
        raise BadParameter(f"This recording has no {framing} answer on the way {way.value!r}: choose from {names}.")
    return found[way, framing]


def real_cuts(recording: Recording, whole: dict[tuple[Way, str], TruncatedAnswer] | None = None) -> tuple[RealCut, ...]:
    """Every cut of a run, beside what is computed for its offset.

    Args:
        recording: The run.
        whole: What :func:`answers` finds in it, for who has asked already.
    """
    whole = answers(recording) if whole is None else whole
    said = {mark.name.partition(": ")[2]: mark.detail for mark in recording.marks if mark.name.startswith("client: ")}
    found = []
    for capture in recording.of(SERVER_NAME):
        asked = _asked(capture)
        if asked is not None and asked.cut_by is not None and (asked.way, asked.framing) in whole:
            answer = whole[asked.way, asked.framing]
            found.append(_compared(answer, asked, capture, said.get(asked.target, "")))
    return tuple(found)


@dataclass(frozen=True)
class _Asked:
    """What a connection was asked for."""

    target: str
    way: Way
    framing: str
    cut_by: CutBy | None
    at: int


def _asked(capture: Capture) -> _Asked | None:
    asking = Conversation()
    asking.feed(Side.CLIENT.value, capture.bytes_from(Side.CLIENT))
    requests = asking.messages(Side.CLIENT.value)
    if not requests:
        return None
    parts = urlsplit(requests[0].target)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    try:
        way = Way(unquote(parts.path.removeprefix("/")))
        cut_by = CutBy(query["by"]) if "by" in query else None
        return _Asked(requests[0].target, way, query["framing"], cut_by, int(query.get("cut", "0")))
    except (ValueError, KeyError):
        return None


def _compared(answer: TruncatedAnswer, asked: _Asked, capture: Capture, client: str) -> RealCut:
    received = len(capture.bytes_from(Side.SERVER))
    # What a hop ends by a last chunk is framed anew; else the bytes that came say where it was cut.
    at = asked.at if asked.cut_by is CutBy.LAST_CHUNK else received
    assert asked.cut_by is not None
    responses = conversation_of(capture).messages(Side.SERVER.value)
    state = _read(answer, responses[0], capture) if responses else AnswerState()
    was_reset = any(one.kind is TransitionKind.RESET and one.by is Side.SERVER for one in capture.transitions)
    accepted = client.startswith("accepts")
    found = {
        Strategy.END_OF_FILE: bool(responses) and not was_reset,
        Strategy.TERMINATOR: state.terminated and state.error is None,
        Strategy.FINISH_REASON: state.finish_reason is not None,
        Strategy.LENGTH: accepted,
        Strategy.USAGE: check_usage(state)[0],
    }
    computed = {strategy: verdict.says_complete for strategy, verdict in verdicts(answer, at, asked.cut_by).items()}
    return RealCut(asked.way, asked.framing, asked.cut_by, at, accepted, computed, found)


def _read(answer: TruncatedAnswer, response: Message, capture: Capture) -> AnswerState:
    """What a reader makes of the content that really came."""
    stream = capture.bytes_from(Side.SERVER)
    reader = AnswerReader(answer.dialect, answer.carried)
    reader.feed(b"".join(stream[start:stop] for start, stop in response.content.all_pieces))
    reader.end()
    return reader.state

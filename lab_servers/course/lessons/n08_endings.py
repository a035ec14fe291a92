"""The exercise of ``08_ai_streaming`` on endings: is an answer complete, cut off, or failed?

``n08_text.py`` and ``n08_listening.py`` have the others, ``n08_ai_streaming.py`` joins all to the objectives.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from lab_servers.course.exercise import Case, Exercise
from lab_servers.course.lessons.n08_text import answers_on_every_way
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.looks.sse import content_of, data_of
from lab_servers.wire.spec import spec_url

COMPLETE, INCOMPLETE, FAILED = "complete", "incomplete", "failed"
CHAT, RESPONSES, MESSAGES, GEMINI, OLLAMA = DIALECTS = (
    "chat completions", "responses", "messages", "Gemini", "Ollama",
)  # fmt: skip
IN_GOOD_ORDER, CUT_OFF = "in good order", "cut off"
_DONE = "[DONE]"

_LAST_WORD = (
    "The dialect's last word has come: the answer is complete, and how the connection then ends is all the same."
)
_NO_LAST_WORD = "Without the dialect's last word an answer is incomplete, however orderly its end."
_NOTHING = "Nothing came, so nothing is complete."
_ERROR = "An error that the stream tells of is a failure: the status was sent long before it."
_NOT_ITS_TEXT = "What the model writes is text, even where it writes like a server."
_GEMINI = "Gemini has no last word: a finish reason must have come, and the body must end in good order."
_LIMIT = "An answer that reached its limit has come as a whole as well: its finish reason says so, and so should you."

_INCOMPLETE_MESSAGES = spec_url("RFC 9112 §8")
_SEEDED = "made with a seed"


def outcome_of(dialect: str, told: Sequence[str], ended: str) -> str:
    """What a client may say of an answer, from the JSON texts that came and from how its body ended."""
    parts = [json.loads(one) for one in told if one != _DONE]
    if any(part.get("error") or part.get("type") == "response.failed" for part in parts):
        return FAILED
    return COMPLETE if _has_last_word(dialect, told, parts, ended) else INCOMPLETE


def _has_last_word(dialect: str, told: Sequence[str], parts: Sequence[Mapping[str, Any]], ended: str) -> bool:
    types = {part.get("type") for part in parts}
    if dialect == CHAT:
        return _DONE in told
    if dialect == MESSAGES:
        return "message_stop" in types
    if dialect == RESPONSES:
        return bool(types & {"response.completed", "response.incomplete"})
    if dialect == OLLAMA:
        return any(part.get("done") is True for part in parts)
    reasons = (candidate.get("finishReason") for part in parts for candidate in part.get("candidates", ()))
    return any(reasons) and ended == IN_GOOD_ORDER


# --- cases ----------------------------------------------------------------------------------------------


def _cases(recording: Recording | None, random: Random) -> Iterator[Case]:
    if recording is not None:
        for dialect in DIALECTS:
            told = told_in(recording, dialect)
            yield _judged(dialect, told, IN_GOOD_ORDER, _LAST_WORD, "recorded")
            for kept in sorted({0, 1, len(told) // 2, len(told) - 1} - {len(told)}):
                yield _judged(dialect, told[:kept], CUT_OFF, _NO_LAST_WORD if kept else _NOTHING, "recorded")
    for _ in range(4):
        for dialect in DIALECTS:
            yield from _made(dialect, random)
    for word in (_DONE, "message_stop", "response.completed", '"done":true', '{"error":{"message":"no"}}', "failed"):
        for dialect in DIALECTS:
            yield _judged(dialect, _text(dialect, word), random.choice((IN_GOOD_ORDER, CUT_OFF)), _NOT_ITS_TEXT)


def _made(dialect: str, random: Random) -> Iterator[Case]:
    said = [one for _ in range(random.randint(1, 3)) for one in _text(dialect, random.choice(("世界", "a b", "😀")))]
    yield _judged(dialect, [*said, *_end(dialect)], IN_GOOD_ORDER, _LAST_WORD)
    if dialect == GEMINI:
        yield _judged(dialect, [*said, *_end(dialect)], CUT_OFF, _GEMINI)
    else:
        yield _judged(dialect, [*said, *_end(dialect)], CUT_OFF, _LAST_WORD)
    yield _judged(dialect, said, IN_GOOD_ORDER, _NO_LAST_WORD)
    yield _judged(dialect, [*said, *_end(dialect)[:-1]], CUT_OFF, _NO_LAST_WORD)
    yield _judged(dialect, [*said, _error(dialect)], IN_GOOD_ORDER, _ERROR)
    yield _judged(dialect, [*said, *_end(dialect, is_limit=True)], IN_GOOD_ORDER, _LIMIT)


def _judged(dialect: str, told: Sequence[str], ended: str, rule: str, source: str = _SEEDED) -> Case:
    # Only the rule on bodies that were cut off stands in a specification; the others are the dialects'.
    section = _INCOMPLETE_MESSAGES if rule == _NO_LAST_WORD and ended == CUT_OFF else ""
    return Case((dialect, list(told), ended), outcome_of(dialect, told, ended), rule, section, source)


def told_in(recording: Recording, dialect: str) -> list[str]:
    """The JSON texts of the answer that the run read in this dialect: the data of its events, or its lines.

    Raises:
        BadParameter: it has none.
    """
    for capture in recording.of(dialect):
        lines = content_of(capture).decode("utf-8", "replace").splitlines()
        told = lines if dialect == OLLAMA else data_of(capture)
        if told:
            return told
    raise BadParameter(f"it has no answer in the dialect {dialect!r}")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _text(dialect: str, text: str) -> list[str]:
    """One piece of text in each dialect's words, without what a client does not need here."""
    part: dict[str, Any] = {
        CHAT: {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]},
        RESPONSES: {"type": "response.output_text.delta", "delta": text},
        MESSAGES: {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
        GEMINI: {"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}}]},
        OLLAMA: {"message": {"role": "assistant", "content": text}, "done": False},
    }
    return [_json(part[dialect])]


def _end(dialect: str, *, is_limit: bool = False) -> list[str]:
    """How each dialect ends an answer that was written to its end, or to the limit that the request set."""
    if dialect == CHAT:
        reason = "length" if is_limit else "stop"
        return [_json({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}), _DONE]
    if dialect == MESSAGES:
        reason = "max_tokens" if is_limit else "end_turn"
        return [_json({"type": "message_delta", "delta": {"stop_reason": reason}}), _json({"type": "message_stop"})]
    if dialect == RESPONSES:
        status = "incomplete" if is_limit else "completed"
        return [_json({"type": f"response.{status}", "response": {"status": status, "error": None}})]
    if dialect == GEMINI:
        return [_json({"candidates": [{"finishReason": "MAX_TOKENS" if is_limit else "STOP"}]})]
    return [_json({"done": True, "done_reason": "length" if is_limit else "stop"})]


def _error(dialect: str) -> str:
    """How each dialect tells of an error when the answer has begun."""
    message = "The model is overloaded."
    if dialect == MESSAGES:
        return _json({"type": "error", "error": {"type": "overloaded_error", "message": message}})
    if dialect == RESPONSES:
        return _json({"type": "response.failed", "response": {"status": "failed", "error": {"message": message}}})
    return _json({"error": message if dialect == OLLAMA else {"message": message}})


COMPLETENESS = Exercise(
    "08-complete",
    "outcome(dialect, told, ended) gets the JSON texts that came of an answer, and whether its body ended "
    f'"{IN_GOOD_ORDER}" or was "{CUT_OFF}"; it returns "complete", "incomplete" or "failed".',
    "outcome",
    _cases,
    (
        "Look for an error first. Then look for the last word of the dialect: in the members of the JSON objects, and "
        "never in their text.",
        'The last words: "[DONE]" as a whole text; the types message_stop, response.completed and response.incomplete; '
        '"done": true; and for Gemini a finishReason in candidates[0] with a body that ended in good order.',
    ),
    """\
import json

def outcome(dialect, told, ended):
    parts = [json.loads(one) for one in told if one != "[DONE]"]
    types = {part.get("type") for part in parts}
    if any(part.get("error") for part in parts) or "response.failed" in types:
        return "failed"
    has_reason = any("finishReason" in one["candidates"][0] for one in parts if "candidates" in one)
    is_over = {
        "chat completions": "[DONE]" in told,
        "responses": bool(types & {"response.completed", "response.incomplete"}),
        "messages": "message_stop" in types,
        "Gemini": has_reason and ended == "in good order",
        "Ollama": any(part.get("done") for part in parts),
    }
    return "complete" if is_over[dialect] else "incomplete"
""",
    answers_on_every_way,
)

"""Answers written by hand after the vendors' documents, in every dialect: text, a tool call, usage and the end.

They are written without a look at the servers of this project, so that two readings of the documents check each other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from lab_servers.wire.llm.reader import AnswerReader, AnswerState, Carried, Dialect, Piece, UsageRead

REPORTED = UsageRead(9, 12, None)
TEXT = "Hé, 世界 👩‍💻 ok"
ARGUMENTS = '{"city":"東京"}'


@dataclass(frozen=True)
class Sample:
    """An answer with what must be read from it."""

    name: str
    dialect: Dialect
    carried: Carried
    body: bytes
    finish_reason: str
    has_tool_call: bool = True
    usage: UsageRead | None = REPORTED
    run_id: str = "k3f9-1"


def read(dialect: Dialect, carried: Carried, *parts: bytes, end: bool = True) -> tuple[list[Piece], AnswerState]:
    """All pieces of an answer that comes in these parts, and the state that they leave."""
    reader = AnswerReader(dialect, carried)
    pieces = [piece for part in parts for piece in reader.feed(part)]
    if end:
        pieces += reader.end()
    return pieces, reader.state


def event(value: object, name: str = "") -> bytes:
    """An event whose data is ``value`` as JSON."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()


def line(value: object) -> bytes:
    """A line that is ``value`` as JSON."""
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def chat_chunk(delta: object, finish: str | None = None, **more: object) -> bytes:
    """A chunk of a chat completion."""
    head = {"id": "chatcmpl-k3f9-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more})


_CHAT_USAGE = {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21}
CHAT = (
    chat_chunk({"role": "assistant", "content": ""})
    + chat_chunk({"content": "Hé, 世"})
    + b": a comment keeps the line open\n\n"
    + chat_chunk({"content": "界 👩‍💻 ok"})
    + chat_chunk({"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "weather",
                                                                                       "arguments": ""}}]})
    + chat_chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"city":'}}]})
    + chat_chunk({"tool_calls": [{"index": 0, "function": {"arguments": '"東京"}'}}]}, usage=None)
    + chat_chunk({}, "tool_calls")
    + event({"id": "chatcmpl-k3f9-1", "object": "chat.completion.chunk", "choices": [], "usage": _CHAT_USAGE})
    + b"data: [DONE]\n\n"
)  # fmt: skip
_CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": ARGUMENTS}}
CHAT_WHOLE = json.dumps({
    "id": "chatcmpl-k3f9-1", "object": "chat.completion", "created": 1, "model": "m", "usage": _CHAT_USAGE,
    "choices": [{"index": 0, "finish_reason": "tool_calls", "logprobs": None,
                 "message": {"role": "assistant", "content": TEXT, "refusal": None, "tool_calls": [_CALL]}}],
}, indent=1).encode()  # fmt: skip

_RESPONSE_USAGE = {"input_tokens": 9, "output_tokens": 12, "output_tokens_details": {"reasoning_tokens": 2}}
_OUTPUT = [
    {"type": "message", "id": "i0", "role": "assistant", "status": "completed",
     "content": [{"type": "output_text", "text": TEXT, "annotations": []}]},
    {"type": "function_call", "id": "i1", "call_id": "c1", "name": "weather", "arguments": ARGUMENTS},
]  # fmt: skip
RESPONSE = {
    "id": "resp_k3f9-1", "object": "response", "status": "completed", "error": None, "incomplete_details": None,
    "output": _OUTPUT, "usage": _RESPONSE_USAGE,
}  # fmt: skip


def response_event(number: int, kind: str, **members: object) -> bytes:
    """An event of a response."""
    return event({"type": kind, "sequence_number": number, **members}, kind)


_STARTED = {**RESPONSE, "status": "in_progress", "output": [], "usage": None}
_MESSAGE_BEGUN = {"type": "message", "id": "i0", "status": "in_progress", "role": "assistant", "content": []}
_CALL_BEGUN = {"type": "function_call", "id": "i1", "call_id": "c1", "name": "weather", "arguments": ""}
RESPONSES = (
    response_event(0, "response.created", response=_STARTED)
    + response_event(1, "response.in_progress", response=_STARTED)
    + response_event(2, "response.output_item.added", output_index=0, item=_MESSAGE_BEGUN)
    + response_event(3, "response.content_part.added", output_index=0, content_index=0, part={"type": "output_text"})
    + response_event(4, "response.output_text.delta", output_index=0, content_index=0, delta="Hé, 世", obfuscation="xy")
    + response_event(5, "response.output_text.delta", output_index=0, content_index=0, delta="界 👩‍💻 ok")
    + response_event(6, "response.output_text.done", output_index=0, content_index=0, text=TEXT)
    + response_event(7, "response.output_item.done", output_index=0, item=_OUTPUT[0])
    + response_event(8, "response.output_item.added", output_index=1, item=_CALL_BEGUN)
    + response_event(9, "response.function_call_arguments.delta", output_index=1, delta='{"city":')
    + response_event(10, "response.function_call_arguments.delta", output_index=1, delta='"東京"}')
    + response_event(11, "response.function_call_arguments.done", output_index=1, arguments=ARGUMENTS)
    + response_event(12, "response.completed", response=RESPONSE)
)

_MESSAGE = {"id": "msg_k3f9-1", "type": "message", "role": "assistant", "model": "m", "content": []}


def message_event(kind: str, **members: object) -> bytes:
    """An event of a message."""
    return event({"type": kind, **members}, kind)


MESSAGES = (
    message_event("message_start", message={**_MESSAGE, "stop_reason": None,
                                            "usage": {"input_tokens": 9, "output_tokens": 1}})
    + message_event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    + message_event("ping")
    + message_event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hé, 世"})
    + message_event("content_block_delta", index=0, delta={"type": "text_delta", "text": "界 👩‍💻 ok"})
    + message_event("content_block_stop", index=0)
    + message_event("content_block_start", index=1, content_block={"type": "tool_use", "id": "c1", "name": "weather",
                                                                   "input": {}})
    + message_event("content_block_delta", index=1, delta={"type": "input_json_delta", "partial_json": ""})
    + message_event("content_block_delta", index=1, delta={"type": "input_json_delta", "partial_json": '{"city":'})
    + message_event("content_block_delta", index=1, delta={"type": "input_json_delta", "partial_json": '"東京"}'})
    + message_event("content_block_stop", index=1)
    + message_event("message_delta", delta={"stop_reason": "tool_use", "stop_sequence": None},
                    usage={"output_tokens": 12})
    + message_event("message_stop")
)  # fmt: skip
MESSAGE_WHOLE = json.dumps({
    **_MESSAGE, "stop_reason": "tool_use", "usage": {"input_tokens": 9, "output_tokens": 12},
    "content": [{"type": "text", "text": TEXT},
                {"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "東京"}}],
}).encode()  # fmt: skip


def gemini_content(*parts: object, finish: str | None = None, **more: object) -> dict[str, object]:
    """A response of ``streamGenerateContent``."""
    candidate: dict[str, object] = {"content": {"parts": list(parts), "role": "model"}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "modelVersion": "m", "responseId": "k3f9-1", **more}


_GEMINI_CALL = {"functionCall": {"id": "c1", "name": "weather", "args": {"city": "東京"}}}
_GEMINI_USAGE = {"promptTokenCount": 9, "candidatesTokenCount": 10, "thoughtsTokenCount": 2, "totalTokenCount": 21}
_GEMINI = [
    gemini_content({"text": "Hé, 世"}),
    gemini_content({"text": "界 👩‍💻 ok"}),
    gemini_content(_GEMINI_CALL, finish="STOP", usageMetadata=_GEMINI_USAGE),
]
GEMINI = b"".join(event(each).replace(b"\n", b"\r\n") for each in _GEMINI)
GEMINI_ARRAY = b"[" + b"\r\n,".join(json.dumps(each, indent=2).encode() for each in _GEMINI) + b"\n]\n"
GEMINI_WHOLE = json.dumps(
    gemini_content({"text": TEXT}, _GEMINI_CALL, finish="STOP", usageMetadata=_GEMINI_USAGE)
).encode()

_OLLAMA_CALL = {"function": {"name": "weather", "arguments": {"city": "東京"}}}
_OLLAMA_END = {"done_reason": "stop", "total_duration": 5, "prompt_eval_count": 9, "eval_count": 12}


def ollama_line(content: str, done: bool = False, **more: object) -> bytes:
    """A line of ``/api/chat``."""
    return line({"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": {"role": "assistant",
                 "content": content}, "done": done, **more})  # fmt: skip


OLLAMA = (
    ollama_line("Hé, 世")
    + ollama_line("界 👩‍💻 ok").replace(b"\n", b"\r\n")
    + line({"message": {"role": "assistant", "content": "", "tool_calls": [_OLLAMA_CALL]}, "done": False})
    + ollama_line("", True, **_OLLAMA_END)
)
OLLAMA_GENERATE = (
    line({"model": "m", "response": "Hé, 世", "done": False})
    + line({"model": "m", "response": "界 👩‍💻 ok", "done": False})
    + line({"model": "m", "response": "", "done": True, **_OLLAMA_END})
)
OLLAMA_WHOLE = line({"message": {"role": "assistant", "content": TEXT, "tool_calls": [_OLLAMA_CALL]}, "done": True,
                     **_OLLAMA_END})  # fmt: skip

_OUR_PARTS: list[dict[str, object]] = [
    {"run": "k3f9-1", "n": 1, "type": "text", "text": "Hé, 世", "tokens": 4},
    {"run": "k3f9-1", "n": 3, "type": "text", "text": "界 👩‍💻 ok", "tokens": 3},
    {"run": "k3f9-1", "n": 4, "type": "tool_call", "index": 0, "id": "c1", "name": "weather"},
    {"run": "k3f9-1", "n": 5, "type": "tool_arguments", "index": 0, "text": '{"city":', "tokens": 2},
    {"run": "k3f9-1", "n": 6, "type": "tool_arguments", "index": 0, "text": '"東京"}', "tokens": 2},
    {"run": "k3f9-1", "n": 7, "type": "end", "finish": "tool_calls",
     "usage": {"prompt_tokens": 9, "output_tokens": 12, "reasoning_tokens": 0}},
]  # fmt: skip
OURS_EVENTS = b"".join(b"id: k3f9-1.%d\n" % at + event(part) for at, part in enumerate(_OUR_PARTS))
OURS_LINES = b"".join(line(part) for part in _OUR_PARTS)
OURS_POLL = json.dumps({"run": "k3f9-1", "parts": _OUR_PARTS, "done": True}, ensure_ascii=False).encode()
OURS_MESSAGES = [json.dumps(part, ensure_ascii=False) for part in _OUR_PARTS]
_OUR_CALL = {"index": 0, "id": "c1", "name": "weather", "arguments": '{"city":"東京"}'}
OURS_WHOLE = json.dumps({"run": "k3f9-1", "text": TEXT, "tool_calls": [_OUR_CALL], "end": _OUR_PARTS[-1]}).encode()

_THOUGHT, _NOT_THOUGHT = UsageRead(9, 12, 2), UsageRead(9, 12, 0)
SAMPLES = [
    Sample("a chat completion in chunks", Dialect.CHAT, "event stream", CHAT, "tool_calls"),
    Sample("a whole chat completion", Dialect.CHAT, "json", CHAT_WHOLE, "tool_calls"),
    Sample("a response in events", Dialect.RESPONSES, "event stream", RESPONSES, "completed", usage=_THOUGHT),
    Sample("a whole response", Dialect.RESPONSES, "json", json.dumps(RESPONSE).encode(), "completed", usage=_THOUGHT),
    Sample("a message in events", Dialect.MESSAGES, "event stream", MESSAGES, "tool_use"),
    Sample("a whole message", Dialect.MESSAGES, "json", MESSAGE_WHOLE, "tool_use"),
    Sample("Gemini's events", Dialect.GEMINI, "event stream", GEMINI, "STOP", usage=_THOUGHT),
    Sample("Gemini's growing array", Dialect.GEMINI, "json", GEMINI_ARRAY, "STOP", usage=_THOUGHT),
    Sample("a whole answer of Gemini", Dialect.GEMINI, "json", GEMINI_WHOLE, "STOP", usage=_THOUGHT),
    Sample("lines of Ollama's chat", Dialect.OLLAMA, "lines", OLLAMA, "stop", run_id=""),
    Sample("lines of Ollama's generate", Dialect.OLLAMA, "lines", OLLAMA_GENERATE, "stop", False, run_id=""),
    Sample("a whole answer of Ollama", Dialect.OLLAMA, "json", OLLAMA_WHOLE, "stop", run_id=""),
    Sample("our events", Dialect.OURS, "event stream", OURS_EVENTS, "tool_calls", usage=_NOT_THOUGHT),
    Sample("our lines", Dialect.OURS, "lines", OURS_LINES, "tool_calls", usage=_NOT_THOUGHT),
    Sample("a poll of all parts", Dialect.OURS, "json", OURS_POLL, "tool_calls", usage=_NOT_THOUGHT),
    Sample("our whole answer", Dialect.OURS, "json", OURS_WHOLE, "tool_calls", usage=_NOT_THOUGHT),
]

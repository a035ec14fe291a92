"""The dialect of OpenAI's chat completions, which most of the field speaks: events without types, then ``[DONE]``.

``POST /v1/chat/completions``. A stream has one ``chat.completion.chunk`` per event: the role, then a delta for each
part, a chunk with the ``finish_reason``, the usage if it was asked for, and ``data: [DONE]``, which is no JSON.
Documented at https://platform.openai.com/docs/api-reference/chat and as a schema in github.com/openai/openai-openapi.
Neighbour: ``openai_responses.py``, their newer dialect.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from aiohttp import web

from . import known_fields
from .asking import (
    MODEL_NAME,
    MOST_TOKENS,
    Asked,
    Fields,
    begin,
    check_model,
    joined,
    read_body,
    refuse_method,
    refusing,
)
from .carrying import COMMENT, EVENT_STREAM, Padding, Said, carry, document, event, whole
from .model import Model
from .openai_errors import headers, refuse, server_error
from .parts import End, Failed, Finish, Part, Text, ToolArguments, ToolCall, Usage

PATH = "/v1/chat/completions"
DONE = b"data: [DONE]\n\n"

FINISH_REASONS = {
    Finish.STOP: "stop",
    Finish.LENGTH: "length",
    Finish.TOOL_CALLS: "tool_calls",
    # No word for it: a client that wants to stop closes the connection, and reads no more.
    Finish.STOPPED: "stop",
}


class ChatStream:
    """A streamed chat completion.

    Args:
        run_id: The run; its id is in the completion's.
        created_s: Unix time, seconds; the same in each chunk.
        with_usage: ``stream_options.include_usage``: one chunk more, with the usage and without choices.
        with_obfuscation: ``stream_options.include_obfuscation``: each delta is padded, to hide its length.
    """

    content_type = EVENT_STREAM

    def __init__(self, run_id: str, created_s: int, *, with_usage: bool = False, with_obfuscation: bool = True) -> None:
        self._same = {"id": f"chatcmpl-{run_id}", "object": "chat.completion.chunk", "created": created_s}
        self._with_usage = with_usage
        self._padding = Padding(run_id) if with_obfuscation else None

    def begin(self) -> bytes:
        """Whose message it is. It comes once; the other deltas have no role."""
        return self._chunk({"role": "assistant", "content": ""})

    def part(self, part: Part) -> bytes:
        """A chunk for each part; at the end two or three events."""
        match part:
            case Text(text):
                return self._chunk({"content": text}, padded=text)
            case ToolCall(index, call_id, name):
                # The id and the name come once. A client joins what has the same index.
                function = {"name": name, "arguments": ""}
                call = {"index": index, "id": call_id, "type": "function", "function": function}
                return self._chunk({"tool_calls": [call]})
            case ToolArguments(index, text):
                # A piece of JSON, which is JSON only when all of it is there.
                return self._chunk({"tool_calls": [{"index": index, "function": {"arguments": text}}]}, padded=text)
            case End(finish, usage):
                last = self._chunk({}, finish_reason=FINISH_REASONS[finish])
                return last + (self._usage_chunk(usage) if self._with_usage else b"") + DONE
            case Failed(message):
                # The status was 200 and is gone. This and the missing [DONE] are all that tells.
                return event(server_error(message))
        return b""

    def silence(self) -> bytes:
        """A comment. Their documents promise no sign of life; OpenRouter's, for the same dialect, have comments."""
        return COMMENT

    def _chunk(self, delta: Mapping[str, object], finish_reason: str | None = None, padded: str = "") -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        # With include_usage each chunk has the field, and it is null in all but the last.
        usage: dict[str, object] = {"usage": None} if self._with_usage else {}
        return self._event([choice], usage, padded)

    def _usage_chunk(self, usage: Usage) -> bytes:
        return self._event([], {"usage": usage_object(usage)}, "")

    def _event(self, choices: list[object], more: dict[str, object], padded: str) -> bytes:
        same = self._same | {"model": MODEL_NAME, "system_fingerprint": "fp_lab", "choices": choices}
        obfuscation = {"obfuscation": self._padding.beside(padded)} if self._padding and padded else {}
        return event(same | more | obfuscation)


def usage_object(usage: Usage) -> dict[str, object]:
    """The usage: reasoning is counted among the completion's tokens."""
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.prompt_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def completion(run_id: str, created_s: int, said: Said) -> dict[str, object]:
    """A whole chat completion."""
    message: dict[str, object] = {"role": "assistant", "content": said.text or None, "refusal": None, "annotations": []}
    if said.calls:
        message["tool_calls"] = [
            {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in said.calls
        ]
    finish = FINISH_REASONS[said.end.finish] if said.end else None
    return {
        "id": f"chatcmpl-{run_id}",
        "object": "chat.completion",
        "created": created_s,
        "model": MODEL_NAME,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": usage_object(said.end.usage) if said.end else None,
        "service_tier": "default",
        "system_fingerprint": "fp_lab",
    }


def asked_for(body: Fields) -> Asked:
    """What a request body asks for.

    Raises:
        Mistake: a field is missing, or is not what it must be.
    """
    body.only(known_fields.CHAT)
    check_model(body.text("model"))
    messages = body.objects("messages", required=True)
    if not messages:
        raise body.bad("messages", "a list of at least one message")
    texts = []
    for message in messages:
        role = message.text("role")
        if role not in ("developer", "system", "user", "assistant", "tool", "function"):
            raise message.bad("role", "one of developer, system, user, assistant, tool, function")
        texts += message.texts("content", "text", "refusal")
    if body.count("n", 1, 128) not in (None, 1):
        raise body.bad("n", "1, as this model has one answer")
    tools = [tool.inner("function").text("name") for tool in body.objects("tools")]
    # max_tokens is the older name; both count the tokens of reasoning, too.
    limits = [body.count(name, 1, MOST_TOKENS) for name in ("max_completion_tokens", "max_tokens")]
    return Asked(joined(texts), tools, limits[0] or limits[1])


def routes(model: Model) -> list[web.RouteDef]:
    """The paths of this dialect."""

    async def create(request: web.Request) -> web.StreamResponse:
        body = await read_body(request)
        asked = asked_for(body)
        streams = body.flag("stream", False)
        options = body.inner("stream_options")
        if body.has("stream_options") and not streams:
            raise body.bad("stream_options", "absent where stream is not true")
        with_usage = options.flag("include_usage", False)
        with_obfuscation = options.flag("include_obfuscation", True)
        run = begin(model, request, asked)
        created_s = int(time.time())
        if streams:
            encoder = ChatStream(run.run_id, created_s, with_usage=with_usage, with_obfuscation=with_obfuscation)
            return await carry(request, run, encoder, headers())
        said = await whole(run)
        return document(request, run, said, completion(run.run_id, created_s, said), headers())

    return [
        web.post(PATH, refusing(refuse, create)),
        web.route("*", PATH, refusing(refuse, refuse_method("POST"))),
    ]

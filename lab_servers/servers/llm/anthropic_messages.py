"""The dialect of Anthropic's messages: named events, content in blocks that open and close, ``ping``, ``message_stop``.

``POST /v1/messages``. A stream is ``message_start`` with an empty message, for each block of content
``content_block_start``, deltas and ``content_block_stop``, then ``message_delta`` with the reason and the usage, and
``message_stop``. Documented at https://platform.claude.com/docs/en/build-with-claude/streaming and …/api/errors.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from aiohttp import web

from . import known_fields
from .asking import (
    MODEL_NAME,
    MOST_TOKENS,
    Asked,
    Fields,
    Mistake,
    Wrong,
    allow,
    begin,
    check_model,
    joined,
    read_body,
    refuse_method,
    refusing,
)
from .carrying import EVENT_STREAM, Said, carry, document, event, refusal, request_id, whole
from .model import Model
from .parts import End, Failed, Finish, Part, Text, ToolArguments, ToolCall, Usage

PATH = "/v1/messages"
PING = event({"type": "ping"}, "ping")

STOP_REASONS = {
    Finish.STOP: "end_turn",
    Finish.LENGTH: "max_tokens",
    Finish.TOOL_CALLS: "tool_use",
    # No word for it: a client that wants to stop closes the connection, and reads no more.
    Finish.STOPPED: "end_turn",
}

# Status and type of each error. 400 stands for every other 4xx, say the documents.
ERRORS: dict[Wrong, tuple[int, str]] = {
    Wrong.METHOD: (405, "invalid_request_error"),
    Wrong.CONTENT_TYPE: (400, "invalid_request_error"),
    Wrong.NOT_JSON: (400, "invalid_request_error"),
    Wrong.TOO_LARGE: (413, "request_too_large"),
    Wrong.MISSING: (400, "invalid_request_error"),
    Wrong.UNKNOWN: (400, "invalid_request_error"),
    Wrong.VALUE: (400, "invalid_request_error"),
    Wrong.TOO_LONG: (400, "invalid_request_error"),
    Wrong.MODEL: (404, "not_found_error"),
    Wrong.KEY_REUSED: (409, "conflict_error"),
    # No RFC has 529; it is this vendor's own, and retried by its SDK like a 503.
    Wrong.OVERLOADED: (529, "overloaded_error"),
    Wrong.FAILED: (529, "overloaded_error"),
}


class MessagesStream:
    """A streamed message.

    Args:
        run_id: The run; its id is in the message's.
        prompt_tokens: Tokens of the prompt, which the first event tells.
    """

    content_type = EVENT_STREAM + "; charset=utf-8"

    def __init__(self, run_id: str, prompt_tokens: int) -> None:
        self._run_id = run_id
        self._prompt_tokens = prompt_tokens
        self._block = -1  # the block that is open, or was last; -1: none yet
        self._is_open = False
        self._pinged = False

    def begin(self) -> bytes:
        """The message as it is before anything is said: empty, without a reason, and with the prompt's tokens."""
        nothing = Usage(self._prompt_tokens, 0)
        started = message(self._run_id, [], None, nothing)
        return _event("message_start", message=started)

    def part(self, part: Part) -> bytes:
        """A delta for each part, with its block opened before and the last one closed."""
        match part:
            case Text(text):
                opening = b"" if self._is_open else self._open({"type": "text", "text": ""})
                return opening + self._delta({"type": "text_delta", "text": text})
            case ToolCall(_, call_id, name):
                return self._open({"type": "tool_use", "id": call_id, "name": name, "input": {}})
            case ToolArguments(_, text):
                # The input is an object in the end; on the way it is text, JSON only when all of it is there.
                return self._delta({"type": "input_json_delta", "partial_json": text})
            case End(finish, usage):
                delta = {"stop_reason": STOP_REASONS[finish], "stop_sequence": None}
                # Cumulative: these are the tokens of the whole message, not of what came since the last event.
                last = _event("message_delta", delta=delta, usage=delta_usage(usage))
                return self._close() + last + _event("message_stop")
            case Failed(message):
                # Documented: an error that would have been a 529 before the head is an event behind it.
                return event(error("overloaded_error", message), "error")
        return b""

    def silence(self) -> bytes:
        """A ping. "Event streams may also include any number of ping events", say the documents."""
        return PING

    def _open(self, block: Mapping[str, object]) -> bytes:
        closing = self._close()
        self._block += 1
        self._is_open = True
        # As in the documents' example, a ping follows the first block's start.
        ping = b"" if self._pinged else PING
        self._pinged = True
        return closing + _event("content_block_start", index=self._block, content_block=block) + ping

    def _delta(self, delta: Mapping[str, object]) -> bytes:
        return _event("content_block_delta", index=self._block, delta=delta)

    def _close(self) -> bytes:
        if not self._is_open:
            return b""
        self._is_open = False
        return _event("content_block_stop", index=self._block)


def _event(name: str, /, **fields: object) -> bytes:
    """An event; its type stands in it twice, as the event's type and in the data."""
    return event({"type": name, **fields}, name)


def error(kind: str, message: str, request: str | None = None) -> dict[str, object]:
    """An error, in a body (with the request's id) or in an event."""
    body: dict[str, object] = {"type": "error", "error": {"type": kind, "message": message}}
    return body if request is None else body | {"request_id": request}


def message(run_id: str, content: list[object], stop_reason: str | None, usage: Usage) -> dict[str, object]:
    """A message, whole or just begun."""
    return {
        "id": f"msg_{run_id}",
        "type": "message",
        "role": "assistant",
        "model": MODEL_NAME,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {
            "input_tokens": usage.prompt_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": usage.output_tokens,
            "service_tier": "standard",
        },
    }


def delta_usage(usage: Usage) -> dict[str, object]:
    """The usage of the whole message, as ``message_delta`` has it. Thinking is counted among the output."""
    return {
        "input_tokens": usage.prompt_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"thinking_tokens": usage.reasoning_tokens},
    }


def whole_message(run_id: str, said: Said) -> dict[str, object]:
    """A whole message."""
    content: list[object] = [{"type": "text", "text": said.text}] if said.text else []
    for call in said.calls:
        content.append({"type": "tool_use", "id": call.call_id, "name": call.name, "input": _input(call.arguments)})
    if said.end is None:
        return message(run_id, content, None, Usage(0, 0))
    return message(run_id, content, STOP_REASONS[said.end.finish], said.end.usage)


def _input(arguments: str) -> object:
    # max_tokens may have cut the arguments: then there is no object to give, and the block is still there.
    try:
        return json.loads(arguments)
    except ValueError:
        return {}


def asked_for(body: Fields) -> Asked:
    """What a request body asks for.

    Raises:
        Mistake: a field is missing, or is not what it must be.
    """
    body.only(known_fields.MESSAGES)
    check_model(body.text("model"))
    # Required here, unlike in every other dialect.
    most_tokens = body.count("max_tokens", 1, MOST_TOKENS)
    if most_tokens is None:
        raise body.missing("max_tokens")
    messages = body.objects("messages", required=True)
    if not messages:
        raise body.bad("messages", "a list of at least one message")
    texts = body.texts("system", "text")
    for one in messages:
        if one.text("role") not in ("user", "assistant"):
            raise one.bad("role", "user or assistant")
        if not one.has("content"):
            raise one.missing("content")
        texts += one.texts("content", "text")
        if not isinstance(one.values["content"], str):
            # What a tool returned comes as a block of a user's message.
            results = [block for block in one.objects("content") if block.values.get("type") == "tool_result"]
            texts += [text for result in results for text in result.texts("content", "text")]
    return Asked(joined(texts), [tool.text("name") for tool in body.objects("tools")], most_tokens)


def refuse(mistake: Mistake) -> web.Response:
    """The error that a mistake is answered with."""
    status, kind = ERRORS[mistake.wrong]
    asked = request_id()
    return refusal(status, error(kind, mistake.message, asked), {"request-id": asked, **allow(mistake)})


def routes(model: Model) -> list[web.RouteDef]:
    """The paths of this dialect."""

    async def create(request: web.Request) -> web.StreamResponse:
        body = await read_body(request)
        asked = asked_for(body)
        streams = body.flag("stream", False)
        # ?beta=true is how the SDK asks for what is not settled yet.
        run = begin(model, request, asked, "beta")
        headers = {"request-id": request_id()}
        if streams:
            return await carry(request, run, MessagesStream(run.run_id, run.usage.prompt_tokens), headers)
        said = await whole(run)
        return document(request, run, said, whole_message(run.run_id, said), headers)

    return [
        web.post(PATH, refusing(refuse, create)),
        web.route("*", PATH, refusing(refuse, refuse_method("POST"))),
    ]

"""The dialect of Google's Gemini API: whole responses as chunks, in events, or in a JSON array that grows.

``POST /v1beta/models/MODEL:generateContent`` and ``:streamGenerateContent``. With ``?alt=sse`` a stream is an event
stream without types or ``[DONE]``; without it, it is a JSON array of one element per chunk, which is JSON only when all
of it is there. Each chunk is a ``GenerateContentResponse``: its text is new, its usage is that of all so far, and the
last has the ``finishReason``. Documented at https://ai.google.dev/api/generate-content, with the types of
github.com/googleapis/python-genai. Errors are ``google.rpc.Status`` (https://google.aip.dev/193).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import Enum

from aiohttp import web

from . import known_fields
from .answering import as_text
from .asking import (
    JSON,
    MODEL_NAME,
    MOST_TOKENS,
    Asked,
    Fields,
    Handler,
    Mistake,
    Refuse,
    Wrong,
    begin,
    joined,
    read_body,
    refusing,
)
from .carrying import EVENT_STREAM, Call, Said, carry, document, refusal, whole
from .model import Model
from .parts import End, Failed, Finish, Part, Text, ToolArguments, ToolCall, Usage

FINISH_REASONS = {
    Finish.STOP: "STOP",
    Finish.LENGTH: "MAX_TOKENS",
    Finish.TOOL_CALLS: "STOP",  # the functionCall alone tells that the model waits
    Finish.STOPPED: "OTHER",
}

# HTTP status and google.rpc.Code. A method of HTTP that is not this API's is a method that does not exist.
ERRORS: dict[Wrong, tuple[int, str]] = {
    Wrong.METHOD: (404, "NOT_FOUND"),
    Wrong.CONTENT_TYPE: (400, "INVALID_ARGUMENT"),
    Wrong.NOT_JSON: (400, "INVALID_ARGUMENT"),
    Wrong.TOO_LARGE: (400, "INVALID_ARGUMENT"),
    Wrong.MISSING: (400, "INVALID_ARGUMENT"),
    Wrong.UNKNOWN: (400, "INVALID_ARGUMENT"),
    Wrong.VALUE: (400, "INVALID_ARGUMENT"),
    Wrong.TOO_LONG: (400, "INVALID_ARGUMENT"),
    Wrong.MODEL: (404, "NOT_FOUND"),
    Wrong.KEY_REUSED: (409, "ALREADY_EXISTS"),
    Wrong.OVERLOADED: (503, "UNAVAILABLE"),
    Wrong.FAILED: (503, "UNAVAILABLE"),
}


class Framing(Enum):
    """How the chunks of a stream are told apart."""

    EVENTS = "alt=sse"
    ARRAY = "a JSON array"


class GeminiStream:
    """A streamed answer.

    Args:
        run_id: The run; it is the ``responseId``.
        prompt_tokens: Tokens of the prompt.
        framing: Events or an array.
        reasoning_tokens: Tokens of the thoughts, all of which come before the first text.
    """

    def __init__(self, run_id: str, prompt_tokens: int, framing: Framing, reasoning_tokens: int = 0) -> None:
        self.content_type = EVENT_STREAM if framing is Framing.EVENTS else f"{JSON}; charset=UTF-8"
        self._run_id = run_id
        self._framing = framing
        self._prompt_tokens = prompt_tokens
        self._reasoning_tokens = reasoning_tokens
        self._output_tokens = reasoning_tokens
        self._calls: list[Call] = []
        self._is_first = True

    def begin(self) -> bytes:
        """Nothing: the first chunk has the first text."""
        return b""

    def part(self, part: Part) -> bytes:
        """A chunk for each text, and for each function call once it is whole.

        The Gemini API does not stream pieces of arguments: ``args`` is an object, so it waits until all of it is there.
        (``partialArgs`` of Vertex AI is "not supported in Gemini API", say the types of the SDK.)
        """
        match part:
            case Text(text, tokens):
                self._output_tokens += tokens
                return self._chunk([{"text": text}], self._usage)
            case ToolCall(index, call_id, name):
                before = self._whole_calls()
                self._output_tokens += 1
                self._calls = [Call(index, call_id, name)]
                return before
            case ToolArguments(_, text, tokens):
                self._output_tokens += tokens
                self._calls[-1].arguments += text
                return b""
            case End(finish, usage):
                last = self._chunk([{"text": ""}], usage, FINISH_REASONS[finish])
                return self._whole_calls() + last + (b"]" if self._framing is Framing.ARRAY else b"")
            case Failed(message):
                # What a status would have said is one element more; the array is closed all the same.
                failed = self._framed(error(*ERRORS[Wrong.FAILED], message))
                return failed + (b"]" if self._framing is Framing.ARRAY else b"")
        return b""

    def silence(self) -> bytes:
        """Nothing: their documents have no sign of life, and in a JSON array only white space could be one."""
        return b""

    @property
    def _usage(self) -> Usage:
        return Usage(self._prompt_tokens, self._output_tokens, self._reasoning_tokens)

    def _whole_calls(self) -> bytes:
        calls, self._calls = self._calls, []
        return b"".join(self._chunk(parts, self._usage) for call in calls if (parts := function_call(call)))

    def _chunk(self, parts: Sequence[object], usage: Usage, finish: str | None = None) -> bytes:
        return self._framed(response(self._run_id, parts, usage, finish))

    def _framed(self, value: object) -> bytes:
        is_first, self._is_first = self._is_first, False
        if self._framing is Framing.EVENTS:
            # Lines end in CR LF here, which an event stream may (WHATWG HTML §9.2.6).
            return f"data: {as_text(value)}\r\n\r\n".encode()
        return (("[" if is_first else ",\r\n") + as_text(value)).encode()


def function_call(call: Call) -> list[object]:
    """The parts for a call: one, or none if its arguments are not whole, as when the tokens ran out."""
    try:
        args = json.loads(call.arguments)
    except ValueError:
        return []
    return [{"functionCall": {"id": call.call_id, "name": call.name, "args": args}}]


def response(run_id: str, parts: Sequence[object], usage: Usage, finish: str | None = None) -> dict[str, object]:
    """A ``GenerateContentResponse``, whole or a chunk."""
    candidate: dict[str, object] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    counts: dict[str, object] = {
        "promptTokenCount": usage.prompt_tokens,
        # Thoughts are counted beside the candidate's tokens here, not among them.
        "candidatesTokenCount": usage.output_tokens - usage.reasoning_tokens,
        "totalTokenCount": usage.prompt_tokens + usage.output_tokens,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": usage.prompt_tokens}],
    }
    if usage.reasoning_tokens:
        counts["thoughtsTokenCount"] = usage.reasoning_tokens
    return {"candidates": [candidate], "usageMetadata": counts, "modelVersion": MODEL_NAME, "responseId": run_id}


def error(status: int, code: str, message: str) -> dict[str, object]:
    """A ``google.rpc.Status`` as HTTP has it."""
    return {"error": {"code": status, "message": message, "status": code}}


def whole_response(run_id: str, said: Said) -> dict[str, object]:
    """A whole answer."""
    parts: list[object] = [{"text": said.text}] if said.text else []
    for call in said.calls:
        parts += function_call(call)
    if said.end is None:
        return response(run_id, parts, Usage(0, 0))
    return response(run_id, parts, said.end.usage, FINISH_REASONS[said.end.finish])


def asked_for(body: Fields) -> Asked:
    """What a request body asks for. Field names are camelCase, or snake_case, as protobuf's JSON allows.

    Raises:
        Mistake: a field is missing, or is not what it must be.
    """
    body.only(known_fields.GEMINI)
    contents = body.objects("contents", required=True)
    if not contents:
        raise body.bad("contents", "a list of at least one content")
    system = body.inner(_name(body, "systemInstruction", "system_instruction"))
    texts = []
    for content in [system, *contents]:
        if content.has("role") and content.text("role") not in ("user", "model", "system", "function"):
            raise content.bad("role", "user or model")
        for part in content.objects("parts"):
            texts += [part.text("text")] if part.has("text") else []
            name = _name(part, "functionResponse", "function_response")
            texts += [as_text(part.inner(name).inner("response").values)] if part.has(name) else []
    declared = [tool.objects(_name(tool, "functionDeclarations", "function_declarations")) for tool in _tools(body)]
    config = body.inner(_name(body, "generationConfig", "generation_config"))
    most_tokens = config.count(_name(config, "maxOutputTokens", "max_output_tokens"), 1, MOST_TOKENS)
    return Asked(joined(texts), [one.text("name") for tool in declared for one in tool], most_tokens)


def _tools(body: Fields) -> list[Fields]:
    return body.objects("tools")


def _name(fields: Fields, camel: str, snake: str) -> str:
    return snake if fields.has(snake) else camel


def refuse(mistake: Mistake) -> web.Response:
    """The error that a mistake is answered with."""
    status, code = ERRORS[mistake.wrong]
    return refusal(status, error(status, code, mistake.message), {})


def refuse_in_array(mistake: Mistake) -> web.Response:
    """The same for a client that expects an array; Google's SDK takes the one element out (its ``errors.py``)."""
    status, code = ERRORS[mistake.wrong]
    return refusal(status, [error(status, code, mistake.message)], {})


def routes(model: Model) -> list[web.RouteDef]:
    """The paths of this dialect."""
    own = ("alt", "key", "$alt", "prettyPrint")

    async def asked_of(request: web.Request) -> Asked:
        name, _, method = request.match_info["call"].partition(":")
        if request.method != "POST" or method not in ("generateContent", "streamGenerateContent"):
            raise Mistake(Wrong.METHOD, f"There is no method {request.method[:20]} {method[:40]!r} of models.")
        if name != MODEL_NAME:
            raise Mistake(Wrong.MODEL, f"models/{name[:40]} is not found; models/{MODEL_NAME} is.")
        return asked_for(await read_body(request))

    async def generate(request: web.Request) -> web.StreamResponse:
        run = begin(model, request, await asked_of(request), *own)
        said = await whole(run)
        return document(request, run, said, whole_response(run.run_id, said), {})

    async def stream(request: web.Request, framing: Framing) -> web.StreamResponse:
        run = begin(model, request, await asked_of(request), *own)
        encoder = GeminiStream(run.run_id, run.usage.prompt_tokens, framing, run.settings.reasoning_tokens)
        return await carry(request, run, encoder, {})

    async def call(request: web.Request) -> web.StreamResponse:
        refuse_it: Refuse = refuse
        handler: Handler = generate
        if request.match_info["call"].endswith(":streamGenerateContent"):
            as_events = "sse" in (request.query.get("alt"), request.query.get("$alt"))
            refuse_it = refuse if as_events else refuse_in_array
            framing = Framing.EVENTS if as_events else Framing.ARRAY

            async def handler(request: web.Request) -> web.StreamResponse:
                return await stream(request, framing)

        return await refusing(refuse_it, handler)(request)

    return [web.route("*", "/v1beta/models/{call:[^/]+}", call)]

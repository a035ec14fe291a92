"""The dialect of Ollama, as local runners speak it: a JSON object per line, the last with ``"done":true`` and counts.

``POST /api/chat`` and ``/api/generate``. A request streams unless it says ``"stream":false``. Lines are NDJSON; nothing
but ``done`` tells that all lines came. Documented in docs/api.md and docs/api/errors.mdx of github.com/ollama/ollama;
what these leave open (when the head goes out, 503) is as in its server/routes.go.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum

from aiohttp import web

from .answering import as_text
from .asking import (
    MODEL_NAME,
    MOST_TOKENS,
    Asked,
    Fields,
    Handler,
    Mistake,
    Wrong,
    allow,
    begin,
    joined,
    read_body,
    refuse_method,
    refusing,
)
from .carrying import Call, Said, carry, document, refusal, whole
from .model import Model
from .parts import End, Failed, Finish, Part, Text, ToolArguments, ToolCall, Usage

NDJSON = "application/x-ndjson"

DONE_REASONS = {
    Finish.STOP: "stop",
    Finish.LENGTH: "length",
    Finish.TOOL_CALLS: "stop",  # the tool_calls alone tell that the model waits
    Finish.STOPPED: "stop",
}

STATUSES = {
    Wrong.METHOD: 405,
    Wrong.CONTENT_TYPE: 400,
    Wrong.NOT_JSON: 400,
    Wrong.TOO_LARGE: 413,
    Wrong.MISSING: 400,
    Wrong.UNKNOWN: 400,
    Wrong.VALUE: 400,
    Wrong.TOO_LONG: 400,
    Wrong.MODEL: 404,
    Wrong.KEY_REUSED: 422,
    Wrong.OVERLOADED: 503,  # its queue is full
    Wrong.FAILED: 500,
}

Clock = Callable[[], int]


class Kind(Enum):
    """Which of the two paths: they differ in where the text stands."""

    CHAT = "/api/chat"
    GENERATE = "/api/generate"


class OllamaStream:
    """A streamed answer.

    Args:
        kind: The path.
        model: The model's name, as the request wrote it.
        now_ns: The clock of what the lines say: Unix time, nanoseconds.
    """

    content_type = NDJSON

    def __init__(self, kind: Kind, model: str, now_ns: Clock = time.time_ns) -> None:
        self._kind = kind
        self._model = model
        self._now_ns = now_ns
        self._begun_ns = now_ns()
        self._first_ns: int | None = None
        self._call: Call | None = None

    def begin(self) -> bytes:
        """Nothing: the first line has the first text."""
        return b""

    def part(self, part: Part) -> bytes:
        """A line for each text, and for each tool call once it is whole: ``arguments`` is an object, not text."""
        now_ns = self._now_ns()
        if self._first_ns is None:
            self._first_ns = now_ns
        match part:
            case Text(text):
                return self._line(saying(self._kind, text), now_ns)
            case ToolCall(index, call_id, name):
                before = self._whole_call(now_ns)
                self._call = Call(index, call_id, name)
                return before
            case ToolArguments(_, text):
                if self._call is not None:
                    self._call.arguments += text
                return b""
            case End(finish, usage):
                counts = metrics(usage, self._begun_ns, self._first_ns, now_ns)
                last = {**saying(self._kind, ""), "done": True, "done_reason": DONE_REASONS[finish], **counts}
                return self._whole_call(now_ns) + self._line(last, now_ns)
            case Failed(message):
                # Without model, without done: a line that has an error is the last.
                return f"{as_text({'error': message})}\n".encode()
        return b""

    def silence(self) -> bytes:
        """Nothing: NDJSON has no comments, and an empty line is none of its lines."""
        return b""

    def _whole_call(self, now_ns: int) -> bytes:
        call, self._call = self._call, None
        calls = tool_calls([call]) if call else []
        return self._line(saying(self._kind, "", calls), now_ns) if calls else b""

    def _line(self, fields: dict[str, object], now_ns: int) -> bytes:
        value = {"model": self._model, "created_at": timestamp(now_ns), "done": False} | fields
        return f"{as_text(ordered(value))}\n".encode()


def timestamp(now_ns: int) -> str:
    """RFC 3339 §5.6 in UTC, to the nanosecond, as Go writes it."""
    second, rest_ns = divmod(now_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%S}.{rest_ns:09d}Z"


def saying(kind: Kind, text: str, calls: list[object] | None = None) -> dict[str, object]:
    """Where the text stands: in a message, or by itself."""
    if kind is Kind.GENERATE:
        return {"response": text} | ({"tool_calls": calls} if calls else {})
    return {"message": {"role": "assistant", "content": text} | ({"tool_calls": calls} if calls else {})}


def tool_calls(calls: list[Call]) -> list[object]:
    """The calls whose arguments are whole; of one that the limit of tokens cut nothing is said."""
    found: list[object] = []
    for call in calls:
        try:
            arguments = json.loads(call.arguments)
        except ValueError:
            continue
        function = {"index": call.index, "name": call.name, "arguments": arguments}
        found.append({"id": call.call_id, "function": function})
    return found


def metrics(usage: Usage, begun_ns: int, first_ns: int, end_ns: int) -> dict[str, object]:
    """What the last line counts; durations are nanoseconds, and as everywhere here they are real."""
    return {
        "total_duration": end_ns - begun_ns,
        "load_duration": 0,
        "prompt_eval_count": usage.prompt_tokens,
        "prompt_eval_duration": first_ns - begun_ns,
        "eval_count": usage.output_tokens,
        "eval_duration": end_ns - first_ns,
    }


_ORDER = ("model", "created_at", "message", "response", "done", "done_reason")


def ordered(value: dict[str, object]) -> dict[str, object]:
    """The fields in the order of Ollama's own lines. JSON gives none a meaning; it is for the eye."""
    return {name: value[name] for name in _ORDER if name in value} | value


def whole_answer(kind: Kind, model: str, said: Said, counts: dict[str, object]) -> dict[str, object]:
    """A whole answer: the last line of a stream, with all of the text in it."""
    value = {"model": model, "created_at": timestamp(time.time_ns())}
    end = {"done": said.end is not None, "done_reason": DONE_REASONS[said.end.finish] if said.end else ""}
    return ordered(value | saying(kind, said.text, tool_calls(said.calls)) | end | counts)


def asked_for(kind: Kind, body: Fields) -> Asked | None:
    """What a request body asks for; ``None``: to load the model, as a request without a prompt does.

    Raises:
        Mistake: a field is missing, or is not what it must be.
    """
    if not body.has("model"):
        raise Mistake(Wrong.MISSING, "model is required", "model")
    name = body.text("model")
    if name not in (MODEL_NAME, f"{MODEL_NAME}:latest"):
        raise Mistake(Wrong.MODEL, f"model '{name[:80]}' not found", "model")
    texts = body.texts("system", "text") + body.texts("prompt", "text") if kind is Kind.GENERATE else []
    for message in body.objects("messages") if kind is Kind.CHAT else []:
        if message.text("role") not in ("system", "user", "assistant", "tool"):
            raise message.bad("role", "one of system, user, assistant, tool")
        texts.append(message.text("content", ""))
    # -1 is "without a limit", -2 "as many as fit"; here that is the same.
    most_tokens = body.inner("options").count("num_predict", -2, MOST_TOKENS)
    tools = [tool.inner("function").text("name") for tool in body.objects("tools")]
    asked = Asked(joined(texts), tools, most_tokens if most_tokens and most_tokens > 0 else None)
    return asked if any(texts) else None


def refuse(mistake: Mistake) -> web.Response:
    """The error that a mistake is answered with: a sentence and no more."""
    return refusal(STATUSES[mistake.wrong], {"error": mistake.message}, allow(mistake))


def routes(model: Model) -> list[web.RouteDef]:
    """The paths of this dialect."""

    def handler_of(kind: Kind) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            # Ollama reads JSON whatever the Content-Type is: its documents' curl lines declare none.
            body = await read_body(request, any_type=True)
            asked = asked_for(kind, body)
            streams = body.flag("stream", True)
            name = body.text("model")
            if asked is None:
                loaded = {"model": name, "created_at": timestamp(time.time_ns()), **saying(kind, "")}
                return refusal(200, loaded | {"done": True, "done_reason": "load"}, {})
            begun_ns = time.time_ns()
            run = begin(model, request, asked)
            if streams:
                # Its head goes out with the first line: what fails before that still gets a status.
                return await carry(request, run, OllamaStream(kind, name), {}, head_at_once=False)
            said = await whole(run)
            end_ns = time.time_ns()
            counts = metrics(said.end.usage, begun_ns, said.first_ns or end_ns, end_ns) if said.end else {}
            return document(request, run, said, whole_answer(kind, name, said, counts), {})

        return refusing(refuse, answer)

    found = []
    for kind in Kind:
        found.append(web.post(kind.value, handler_of(kind)))
        found.append(web.route("*", kind.value, refusing(refuse, refuse_method("POST"))))
    return found

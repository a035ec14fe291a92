"""The dialect of OpenAI's responses: typed events with sequence numbers, and whole objects whenever something is done.

``POST /v1/responses``. A stream opens with ``response.created`` and ``response.in_progress``; each item of the output
is added, grows by deltas, and is done; ``response.completed``, ``.incomplete`` or ``.failed`` ends it with the whole
response. There is no ``[DONE]``. Documented at https://platform.openai.com/docs/api-reference/responses-streaming, and
as a schema in github.com/openai/openai-openapi. Neighbour: ``openai_chat.py``, their older dialect.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from aiohttp import web

from . import known_fields
from .asking import (
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
from .carrying import EVENT_STREAM, Padding, Said, carry, document, event, whole
from .model import Model
from .openai_errors import headers, refuse
from .openai_response_objects import STATUSES, Question, call_item, message_item, output_text, response, whole_response
from .parts import End, Failed, Part, Text, ToolArguments, ToolCall

PATH = "/v1/responses"

# The schema's minimum of max_output_tokens; the other dialects begin at 1.
LEAST_TOKENS = 16


class ResponsesStream:
    """A streamed response.

    Args:
        question: What is said again of the request.
        with_obfuscation: ``stream_options.include_obfuscation``: each delta is padded, to hide its length.
        now_s: The clock, for the moment at which it is completed: Unix time, seconds.
    """

    content_type = EVENT_STREAM + "; charset=utf-8"

    def __init__(
        self, question: Question, *, with_obfuscation: bool = True, now_s: Callable[[], float] = time.time
    ) -> None:
        self._question = question
        self._now_s = now_s
        self._padding = Padding(question.response_id) if with_obfuscation else None
        self._sequence = 0
        self._said = Said()
        self._open: dict[str, object] | None = None  # the item that grows, as it was when it was added
        self._call = 0  # if it is a call, which one
        self._done: list[dict[str, object]] = []

    def begin(self) -> bytes:
        """The response as it is before anything is said, twice: accepted, and being worked on."""
        started = response(self._question, "in_progress", [])
        return self._event("response.created", response=started) + self._event("response.in_progress", response=started)

    def part(self, part: Part) -> bytes:
        """A delta for each part, with its item added before and the last one done."""
        self._said.add(part)
        match part:
            case Text(text):
                opening = b"" if self._open else self._add_message()
                return opening + self._text_event("delta", delta=text, logprobs=[], **self._padded(text))
            case ToolCall(index):
                closing = self._close("completed")
                self._call = index
                self._open = call_item(self._question, self._said, index, "in_progress")
                return closing + self._item_event("added", self._open)
            case ToolArguments(_, text):
                return self._arguments_event("delta", delta=text, **self._padded(text))
            case End(finish, usage):
                status, _ = STATUSES[finish]
                # An item that was cut off is done all the same, and says that it is incomplete.
                closing = self._close("completed" if status == "completed" else "incomplete")
                last = response(self._question, status, self._done, finish, usage, at_s=int(self._now_s()))
                name = "response.completed" if status == "completed" else "response.incomplete"
                return closing + self._event(name, response=last)
            case Failed(message):
                # Two events, as their servers do (github.com/vercel/ai/pull/13480): what happened, and the end.
                happened = self._event("error", code="server_error", message=message, param=None)
                broken = [self._item("incomplete")] if self._open else []
                last = response(self._question, "failed", [*self._done, *broken], failure=message)
                return happened + self._event("response.failed", response=last)
        return b""

    def silence(self) -> bytes:
        """A ``keepalive``. It is in no document, and it is sent: see github.com/openai/openai-node/issues/1964."""
        return self._event("keepalive")

    # --- events -------------------------------------------------------------------------

    def _event(self, name: str, /, **fields: object) -> bytes:
        """An event; its type stands in it twice, and its number rises by one, whatever the event is."""
        number = self._sequence
        self._sequence += 1
        return event({"type": name, **fields, "sequence_number": number}, name)

    def _item_event(self, what: str, item: Mapping[str, object]) -> bytes:
        return self._event(f"response.output_item.{what}", output_index=len(self._done), item=item)

    def _place(self) -> dict[str, object]:
        return {"item_id": self._open["id"] if self._open else "", "output_index": len(self._done)}

    def _text_event(self, what: str, **fields: object) -> bytes:
        return self._event(f"response.output_text.{what}", **self._place(), content_index=0, **fields)

    def _arguments_event(self, what: str, **fields: object) -> bytes:
        return self._event(f"response.function_call_arguments.{what}", **self._place(), **fields)

    def _content_event(self, what: str, text: str) -> bytes:
        name = f"response.content_part.{what}"
        return self._event(name, **self._place(), content_index=0, part=output_text(text))

    def _padded(self, text: str) -> dict[str, object]:
        return {"obfuscation": self._padding.beside(text)} if self._padding else {}

    # --- items --------------------------------------------------------------------------

    def _add_message(self) -> bytes:
        self._open = message_item(self._question, None, "in_progress")
        return self._item_event("added", self._open) + self._content_event("added", "")

    def _item(self, status: str) -> dict[str, object]:
        """The open item with all that was said of it."""
        if self._open and self._open["type"] == "message":
            return message_item(self._question, self._said.text, status)
        return call_item(self._question, self._said, self._call, status)

    def _close(self, status: str) -> bytes:
        """The events that say that the open item is done, each with all of it."""
        if self._open is None:
            return b""
        item = self._item(status)
        if item["type"] == "message":
            text = self._said.text
            done = self._text_event("done", text=text, logprobs=[]) + self._content_event("done", text)
        else:
            done = self._arguments_event("done", name=item["name"], arguments=item["arguments"])
        done += self._item_event("done", item)
        self._done.append(item)
        self._open = None
        return done


def asked_for(body: Fields) -> Asked:
    """What a request body asks for.

    Raises:
        Mistake: a field is missing, or is not what it must be.
    """
    body.only(known_fields.RESPONSES)
    check_model(body.text("model"))
    if not body.has("input"):
        raise body.missing("input")
    texts = [body.text("instructions")] if body.has("instructions") else []
    given = body.values["input"]
    for item in [] if isinstance(given, str) else body.objects("input"):
        # Without a type it is a message, which may leave it out; other items are what the model and its tools said.
        if item.text("type", "message") == "message":
            if item.text("role") not in ("user", "assistant", "system", "developer"):
                raise item.bad("role", "one of user, assistant, system, developer")
            texts += item.texts("content", "input_text", "output_text")
        else:
            texts += item.texts("output", "input_text", "output_text")
    texts += [given] if isinstance(given, str) else []
    return Asked(
        joined(texts),
        [tool.text("name") for tool in _tools(body)],
        body.count("max_output_tokens", LEAST_TOKENS, MOST_TOKENS),
    )


def _tools(body: Fields) -> list[Fields]:
    tools = body.objects("tools")
    for tool in tools:
        if tool.text("type") != "function":
            raise tool.bad("type", "function, as this model has no other tools")
    return tools


def _question(run_id: str, body: Fields, asked: Asked) -> Question:
    """What the response says again of its request, defaults filled in."""
    tools = [
        {
            "type": "function",
            "name": tool.text("name"),
            "description": tool.text("description") if tool.has("description") else None,
            "parameters": dict(tool.inner("parameters").values),
            "strict": tool.flag("strict", True),
        }
        for tool in _tools(body)
    ]
    instructions = body.text("instructions") if body.has("instructions") else None
    metadata = {name: str(value) for name, value in body.inner("metadata").values.items()}
    return Question(f"resp_{run_id}", int(time.time()), instructions, tuple(tools), asked.most_tokens, metadata)


def routes(model: Model) -> list[web.RouteDef]:
    """The paths of this dialect."""

    async def create(request: web.Request) -> web.StreamResponse:
        body = await read_body(request)
        asked = asked_for(body)
        _question("", body, asked)  # what is wrong in it is said before the model begins
        streams = body.flag("stream", False)
        with_obfuscation = body.inner("stream_options").flag("include_obfuscation", True)
        run = begin(model, request, asked)
        question = _question(run.run_id, body, asked)
        if streams:
            encoder = ResponsesStream(question, with_obfuscation=with_obfuscation)
            return await carry(request, run, encoder, headers())
        said = await whole(run)
        return document(request, run, said, whole_response(question, said, int(time.time())), headers())

    return [
        web.post(PATH, refusing(refuse, create)),
        web.route("*", PATH, refusing(refuse, refuse_method("POST"))),
    ]

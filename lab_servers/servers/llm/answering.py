"""What every way of carrying an answer needs: prompt and settings of a request, the run's header, a cut connection.

Neighbours: ``runs.py`` and one file for each dialect send what a run holds; ``model.py`` has the runs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from aiohttp import web

from ..query import BadValue, Query
from .parts import Cut, End, Failed, Part, Text, ToolArguments, ToolCall
from .settings import Settings

RUN_ID = "Run-Id"
# draft-ietf-httpapi-idempotency-key-header has it; no RFC does yet.
IDEMPOTENCY_KEY = "Idempotency-Key"
MOST_KEY_CHARACTERS = 200


def as_text(value: object) -> str:
    """JSON without line ends or spaces, with its characters as they are: one line, however long."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def settings_of(request: web.Request, *known: str) -> tuple[Settings, Mapping[str, str]]:
    """The model's settings in a request's query, and those parameters of the query that a way has of its own.

    Raises:
        BadValue: a parameter is unknown or out of its bounds.
    """
    given = Query(request.rel_url.raw_query_string, *known, *Settings.names).given
    settings = Settings.from_values({name: value for name, value in given.items() if name in Settings.names})
    return settings, {name: value for name, value in given.items() if name in known}


def key_of(request: web.Request) -> str:
    """The request's Idempotency-Key; empty without one.

    Raises:
        BadValue: it is too long.
    """
    key = request.headers.get(IDEMPOTENCY_KEY, "")
    if len(key) > MOST_KEY_CHARACTERS:
        raise BadValue(f"{IDEMPOTENCY_KEY} must not be longer than {MOST_KEY_CHARACTERS} characters.")
    return key


def cut(request: web.Request) -> None:
    """Break the connection off behind what was written: no last chunk, no Close frame, no word."""
    if request.transport is not None:
        request.transport.close()


def payload(run_id: str, sequence: int, part: Part) -> str:
    """A part as our own ways carry it, one JSON text.

    The same bytes are the data of an event, a line of NDJSON, a text message, and an element of a list.

    Raises:
        ValueError: it is a ``Cut``, which nothing says.
    """
    head: dict[str, object] = {"run": run_id, "n": sequence}
    match part:
        case Text(text, tokens):
            fields: dict[str, object] = {"type": "text", "text": text, "tokens": tokens}
        case ToolCall(index, call_id, name):
            fields = {"type": "tool_call", "index": index, "id": call_id, "name": name}
        case ToolArguments(index, text, tokens):
            fields = {"type": "tool_arguments", "index": index, "text": text, "tokens": tokens}
        case End(finish, usage):
            counts = {
                "prompt_tokens": usage.prompt_tokens,
                "output_tokens": usage.output_tokens,
                "reasoning_tokens": usage.reasoning_tokens,
            }
            fields = {"type": "end", "finish": finish.value, "usage": counts}
        case Failed(message):
            fields = {"type": "error", "message": message}
        case Cut():
            raise ValueError("nothing says that a connection breaks")
    return as_text(head | fields)


def cursor_of(text: str, run_id: str) -> int:
    """The sequence number in a last event ID such as ``k3f9-1.17``; 0, from the beginning, for any other text."""
    run, _, number = text.rpartition(".")
    return int(number) if run == run_id and number.isascii() and number.isdigit() and len(number) < 9 else 0

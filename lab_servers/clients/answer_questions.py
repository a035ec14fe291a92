"""How a prompt is put on each way: method, path, header fields and JSON. ``answers.py`` sends it and reads the answer.

A vendor's ways are asked as its own documents say; what the model shall do besides stands in the query.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from lab_servers.wire.llm.ways import Way

MODEL = "lab-model-1"

# What Anthropic's documents ask every client to send.
_ANTHROPIC_VERSION = "2023-06-01"
# More than any answer here has; their API wants a bound.
_MOST_TOKENS = 32_000


@dataclass(frozen=True)
class Question:
    """A POST request.

    Attributes:
        path: Where to, with its query.
        body: Its JSON.
        headers: Further header fields.
    """

    path: str
    body: Mapping[str, object]
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """The body, as it travels."""
        return compact(self.body).encode()


def question(way: Way, prompt: str, settings: Mapping[str, object]) -> Question:
    """The request that asks ``prompt`` on one way of HTTP; of polling, the one that begins the run."""
    chat = [{"role": "user", "content": prompt}]
    query = dict(settings)
    if way is Way.CHAT:
        # Without stream_options this dialect says nothing of what was used.
        body = {"model": MODEL, "messages": chat, "stream": True, "stream_options": {"include_usage": True}}
        return Question(_with_query("/v1/chat/completions", query), body)
    if way is Way.RESPONSES:
        return Question(_with_query("/v1/responses", query), {"model": MODEL, "input": prompt, "stream": True})
    if way is Way.MESSAGES:
        body = {"model": MODEL, "max_tokens": _MOST_TOKENS, "messages": chat, "stream": True}
        return Question(_with_query("/v1/messages", query), body, {"anthropic-version": _ANTHROPIC_VERSION})
    if way is Way.GEMINI:
        path = f"/v1beta/models/{MODEL}:streamGenerateContent"
        return Question(_with_query(path, {"alt": "sse", **query}), {"contents": [{"parts": [{"text": prompt}]}]})
    if way is Way.OLLAMA:
        return Question(_with_query("/api/chat", query), {"model": MODEL, "messages": chat})
    return Question(_with_query(_OUR_PATHS[way], query), {"prompt": prompt})


_OUR_PATHS = {
    Way.WHOLE: "/api/answer/whole",
    Way.EVENT_STREAM: "/api/answer",
    Way.NDJSON: "/api/answer/lines",
    Way.SHORT_POLLING: "/api/runs",
    Way.LONG_POLLING: "/api/runs",
}


def compact(value: object) -> str:
    """A value as JSON without spaces, each character as itself."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _with_query(path: str, values: Mapping[str, object]) -> str:
    return f"{path}?{urlencode(values)}" if values else path

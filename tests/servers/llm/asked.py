"""Asks the model's server in a vendor's dialect, in plain bytes, and takes the answer's framing off again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from lab_servers.servers.llm.app import make_app
from lab_servers.servers.llm.asking import MODEL_NAME
from lab_servers.servers.llm.parts import Part, Text
from lab_servers.servers.llm.settings import Settings
from lab_servers.servers.llm.timeline import moments_of
from tests.servers.running import exchange, header, request_bytes, running, status_of
from tests.waiting import until

PROMPT = "世界?"
CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
MESSAGES = "/v1/messages"
GEMINI = f"/v1beta/models/{MODEL_NAME}:generateContent"
GEMINI_STREAM = f"/v1beta/models/{MODEL_NAME}:streamGenerateContent"
OLLAMA_CHAT = "/api/chat"
OLLAMA_GENERATE = "/api/generate"

_SAID = [{"role": "user", "content": PROMPT}]
BODIES: dict[str, dict[str, object]] = {
    CHAT: {"model": MODEL_NAME, "messages": _SAID},
    RESPONSES: {"model": MODEL_NAME, "input": PROMPT},
    MESSAGES: {"model": MODEL_NAME, "messages": _SAID, "max_tokens": 10_000},
    GEMINI: {"contents": [{"role": "user", "parts": [{"text": PROMPT}]}]},
    GEMINI_STREAM: {"contents": [{"role": "user", "parts": [{"text": PROMPT}]}]},
    OLLAMA_CHAT: {"model": MODEL_NAME, "messages": _SAID},
    OLLAMA_GENERATE: {"model": MODEL_NAME, "prompt": PROMPT},
}
"""The least that each path takes, all with the same prompt."""

FAST: dict[str, object] = {"ttft_s": 0, "gap_s": 0}


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        head: The lines of the head.
        body: The body, its chunks put together.
        is_whole: Whether the body ended as its framing says.
    """

    head: list[str]
    body: bytes
    is_whole: bool

    @property
    def status(self) -> int:
        return status_of(self.head)

    def header(self, name: str) -> str | None:
        return header(self.head, name)

    def json(self) -> dict:
        return json.loads(self.body)

    def lines(self) -> list[dict]:
        """The objects of NDJSON."""
        assert self.body.endswith(b"\n")
        return [json.loads(line) for line in self.body.decode().split("\n")[:-1]]

    def events(self) -> list[tuple[str, str]]:
        """Type and data of each event; of a comment, ``":"`` and its text."""
        text = self.body.decode().replace("\r\n", "\n")
        assert text.endswith("\n\n")
        found = []
        for block in text.split("\n\n")[:-1]:
            name, data = "", []
            for line in block.split("\n"):
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    data.append(value)
                else:
                    assert line.startswith(":"), line
                    name, data = ":", [value]
            found.append((name, "\n".join(data)))
        return found


def post(path: str, body: Mapping[str, object] | bytes, *headers: str, **settings: object) -> bytes:
    """A POST whose answer ends its connection."""
    target = f"{path}{'&' if '?' in path else '?'}{urlencode({**FAST, **settings})}"
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    if not any(line.lower().startswith("content-type") for line in headers):
        headers = (*headers, "Content-Type: application/json")
    return request_bytes(target, "Connection: close", *headers, method="POST", body=content)


def answers(*requests: bytes, app: web.Application | None = None) -> list[Answer]:
    """Ask one after the other; afterwards nothing is left running."""

    async def main() -> list[Answer]:
        async with running(app or make_app(epoch="k3f9")) as port:
            found = [_answer(*await exchange(port, request)) for request in requests]
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})
        return found

    return asyncio.run(main())


def ask(path: str, more: Mapping[str, object] | None = None, *headers: str, **settings: object) -> Answer:
    """Ask one path with its least body and what ``more`` says."""
    [answer] = answers(post(path, {**BODIES[path.partition("?")[0]], **(more or {})}, *headers, **settings))
    return answer


def parts(*, most_tokens: int | None = None, tools: tuple[str, ...] = (), **settings: object) -> list[Part]:
    """What the model says to the same prompt with the same settings: what every dialect has to carry."""
    moments = moments_of(PROMPT, Settings.from_values({**FAST, **settings}), most_tokens=most_tokens, tools=tools)
    return [part for moment in moments for part in moment.parts]


def texts(**settings: object) -> list[str]:
    """The texts of the parts."""
    return [part.text for part in parts(**settings) if isinstance(part, Text)]  # type: ignore[arg-type]


def _answer(head: list[str], body: bytes) -> Answer:
    if header(head, "Transfer-Encoding") != "chunked":
        length = header(head, "Content-Length")
        return Answer(head, body, length is None or len(body) == int(length))
    found = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        if size == b"0":
            return Answer(head, found, rest == b"\r\n")
        length_bytes = int(size, 16)
        found += rest[:length_bytes]
        body = rest[length_bytes + 2 :]
    return Answer(head, found, False)


def with_server(work: Callable[[int, list[tuple[str, str]]], Awaitable[None]]) -> None:
    """Run it with the port of a model of epoch ``e1`` and its marks; afterwards nothing is left running."""

    async def main() -> None:
        marks: list[tuple[str, str]] = []
        async with running(make_app(lambda *mark: marks.append(mark), epoch="e1")) as port, asyncio.timeout(20):
            await work(port, marks)
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})

    asyncio.run(main())

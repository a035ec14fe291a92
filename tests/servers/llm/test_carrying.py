"""What all dialects share: the same texts, a run that ends when its reader leaves, and one answer for one key."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web

from lab_servers.servers.llm.app import make_app
from lab_servers.servers.llm.carrying import Padding, Said
from lab_servers.servers.llm.parts import Text, ToolArguments, ToolCall
from lab_servers.servers.llm.texts import LANGUAGES
from lab_servers.wire.llm.dialects import Dialect
from lab_servers.wire.llm.reader import AnswerReader
from tests.servers.llm.asked import (
    BODIES,
    CHAT,
    GEMINI,
    GEMINI_STREAM,
    MESSAGES,
    OLLAMA_CHAT,
    OLLAMA_GENERATE,
    RESPONSES,
    answers,
    ask,
    parts,
    post,
    texts,
)
from tests.servers.running import LOOPBACK, connected, request_bytes, running
from tests.waiting import until

STREAMS: dict[str, dict[str, object]] = {
    CHAT: {"stream": True},
    RESPONSES: {"stream": True},
    MESSAGES: {"stream": True},
    f"{GEMINI_STREAM}?alt=sse": {},
    GEMINI_STREAM: {},
    OLLAMA_CHAT: {},
    OLLAMA_GENERATE: {},
}
EVERY = pytest.mark.parametrize("path", STREAMS)
WHOLES: dict[str, dict[str, object]] = {
    CHAT: {},
    RESPONSES: {},
    MESSAGES: {},
    GEMINI: {},
    OLLAMA_CHAT: {"stream": False},
    OLLAMA_GENERATE: {"stream": False},
}
"""What each path needs besides its least body to answer at once."""


DIALECTS = {
    CHAT: (Dialect.CHAT, "event stream"),
    RESPONSES: (Dialect.RESPONSES, "event stream"),
    MESSAGES: (Dialect.MESSAGES, "event stream"),
    f"{GEMINI_STREAM}?alt=sse": (Dialect.GEMINI, "event stream"),
    GEMINI_STREAM: (Dialect.GEMINI, "json"),
    OLLAMA_CHAT: (Dialect.OLLAMA, "lines"),
    OLLAMA_GENERATE: (Dialect.OLLAMA, "lines"),
}
SLOW = {"tokens": 2_000, "ttft_s": 0, "gap_s": 0.01}


def read(path: str, body: bytes) -> AnswerReader:
    """What our own reader of that dialect makes of a body."""
    reader = AnswerReader(*DIALECTS[path])  # type: ignore[arg-type]
    reader.feed(body)
    reader.end()
    return reader


@EVERY
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_stream_carries_the_same_text(path: str, language: str) -> None:
    answer = ask(path, STREAMS[path], language=language, tokens=100)
    state = read(path, answer.body).state
    assert state.text == "".join(texts(language=language, tokens=100))
    assert state.terminated
    assert state.error is None


@EVERY
def test_every_stream_carries_the_same_calls(path: str) -> None:
    calls = read(path, ask(path, STREAMS[path], tool_calls=2).body).state.tool_calls
    said = Said()
    for part in parts(tool_calls=2):
        said.add(part)
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [
        (call.name, json.loads(call.arguments)) for call in said.calls
    ]


@EVERY
@pytest.mark.parametrize("batch_s", [0.01, 10])
def test_a_batch_of_text_travels_as_one_part(path: str, batch_s: float) -> None:
    assert read(path, ask(path, STREAMS[path], gap_s=0.002, batch_s=batch_s).body).state.text == "".join(texts())


@EVERY
def test_an_http_1_0_client_gets_the_same_without_chunks(path: str) -> None:
    content = json.dumps({**BODIES[path.partition("?")[0]], **STREAMS[path]}).encode()
    target = f"{path}{'&' if '?' in path else '?'}gap_s=0&ttft_s=0"
    headers = ("Content-Type: application/json",)
    [answer] = answers(request_bytes(target, *headers, method="POST", version="1.0", body=content))
    assert answer.header("Transfer-Encoding") is None
    assert read(path, answer.body).state.text == "".join(texts())


@EVERY
def test_a_reader_that_leaves_stops_the_model(path: str) -> None:
    finished: list[str] = []

    def mark(name: str, detail: str) -> None:
        if name == "finished":
            finished.append(detail)

    async def main() -> None:
        content = {**BODIES[path.partition("?")[0]], **STREAMS[path]}
        async with running(make_app(mark, epoch="k3f9")) as port:
            async with connected(port) as (reader, writer):
                writer.write(post(path, content, **SLOW))
                await reader.readuntil("世".encode())
            await until(lambda: finished)

    asyncio.run(main())
    [detail] = finished
    run, generated, reason = detail.split(" ", 2)
    assert (run, reason) == ("k3f9-1", "reader left")
    assert 0 < int(generated) < 2_000


@EVERY
def test_a_server_that_does_not_watch_for_leavers_notices_at_its_next_write(path: str) -> None:
    finished: list[str] = []

    async def main() -> None:
        app = make_app(lambda name, detail: finished.append(detail) if name == "finished" else None)
        runner = web.AppRunner(app, handler_cancellation=False, shutdown_timeout=0.3, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, LOOPBACK, 0).start()
        async with connected(runner.addresses[0][1]) as (reader, writer):
            content = {**BODIES[path.partition("?")[0]], **STREAMS[path]}
            writer.write(post(path, content, **SLOW))
            await reader.readuntil("世".encode())
        await until(lambda: finished)
        await runner.cleanup()

    asyncio.run(main())
    assert [detail.split(" ", 2)[2] for detail in finished] == ["reader left"]


@EVERY
def test_a_cut_before_the_first_part_leaves_at_most_a_head(path: str) -> None:
    async def main() -> bytes:
        content = {**BODIES[path.partition("?")[0]], **STREAMS[path]}
        async with running(make_app()) as port, connected(port) as (reader, writer):
            writer.write(post(path, content, fail="cut", fail_after=0))
            return await reader.read()

    assert not asyncio.run(main()).endswith(b"\r\n0\r\n\r\n")


@EVERY
def test_an_explicit_stop_ends_the_stream_as_its_dialect_ends(path: str) -> None:
    async def main() -> bytes:
        content = {**BODIES[path.partition("?")[0]], **STREAMS[path]}
        async with running(make_app(epoch="k3f9")) as port, connected(port) as (reader, writer):
            writer.write(post(path, content, **SLOW))
            before = await reader.readuntil("世".encode())
            async with connected(port) as (_, other):
                other.write(request_bytes("/api/runs/k3f9-1/stop", method="POST"))
                return before + await reader.read()

    raw = asyncio.run(main())
    assert raw.endswith(b"\r\n0\r\n\r\n")
    assert {
        CHAT: b"data: [DONE]",
        RESPONSES: b'"status":"cancelled"',
        MESSAGES: b"event: message_stop",
        OLLAMA_CHAT: b'"done":true',
        OLLAMA_GENERATE: b'"done":true',
    }.get(path, b'"finishReason":"OTHER"') in raw


@pytest.mark.parametrize("path", WHOLES)
def test_a_whole_answer_that_is_cut_breaks_the_connection(path: str) -> None:
    async def main() -> bytes:
        content = {**BODIES[path], **WHOLES[path]}
        async with running(make_app()) as port, connected(port) as (reader, writer):
            writer.write(post(path, content, fail="cut", fail_after=5))
            return await reader.read()

    assert asyncio.run(main()) == b""


@EVERY
def test_after_a_stream_the_connection_serves_the_next_request(path: str) -> None:
    async def main() -> None:
        content = {**BODIES[path.partition("?")[0]], **STREAMS[path]}
        async with running(make_app()) as port, connected(port) as (reader, writer):
            for _ in range(2):
                writer.write(post(path, content).replace(b"Connection: close\r\n", b""))
                assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
                await reader.readuntil(b"\r\n0\r\n\r\n")

    asyncio.run(main())


@EVERY
def test_the_same_key_gets_the_same_answer_and_is_generated_once(path: str) -> None:
    app = make_app(epoch="k3f9")
    request = post(path, {**BODIES[path.partition("?")[0]], **STREAMS[path]}, "Idempotency-Key: abc")
    first, second, meter = answers(request, request, request_bytes("/api/meter", "Connection: close"), app=app)
    assert first.header("Run-Id") == second.header("Run-Id") == "k3f9-1"
    assert read(path, first.body).state.text == read(path, second.body).state.text == "".join(texts())
    assert meter.json()["runs"] == 1


def test_a_request_with_a_key_can_be_repeated_when_its_connection_broke() -> None:
    content = {**BODIES[CHAT], "stream": True}
    settings: dict[str, object] = {"tokens": 100, "ttft_s": 0, "gap_s": 0.002}

    async def main() -> bytes:
        async with running(make_app()) as port:
            async with connected(port) as (reader, writer):
                writer.write(post(CHAT, content, "Idempotency-Key: abc", **settings))
                await reader.readuntil("世".encode())
            async with connected(port) as (reader, writer):
                writer.write(post(CHAT, content, "Idempotency-Key: abc", **settings))
                return await reader.read()

    raw = asyncio.run(main())
    assert b"data: [DONE]" in raw
    assert raw.count(b'"content":"') == 1 + len(texts(tokens=100))


def test_what_was_said_is_put_together_from_its_parts() -> None:
    said = Said()
    for part in (Text("世"), Text("界"), ToolCall(0, "c", "f"), ToolArguments(0, "{"), ToolArguments(0, "}")):
        said.add(part)
    assert (said.text, said.calls[0].arguments, said.end) == ("世界", "{}", None)


@pytest.mark.parametrize("text", ["", "a", "世界", "x" * 16, "y" * 17])
def test_padding_fills_up_to_a_block(text: str) -> None:
    assert (len(text.encode()) + len(Padding("k3f9-1").beside(text))) % Padding.BLOCK == 0


def test_settings_are_those_of_the_query_in_every_dialect() -> None:
    for path, more in WHOLES.items():
        assert ask(path, more, tokens=3).body != ask(path, more, tokens=9).body

"""The vendors' own clients and httpx-sse, as their users write them, on the lab's loop. Neighbour: ``ai_programs.py``.

The SDKs are an extra of this package: they are imported in functions, here and nowhere else, after
``ai_sdks_ready.py`` has got them ready. They read a dozen variables of the environment; what they send to this model
must not depend on them.
"""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from lab_servers.scenarios.ai_user import Question, User
from lab_servers.scenarios.side_libraries import httpx_client

KEY = "not-needed"
MODEL = "lab-model-1"
MOST_TOKENS = 4096
# What a user may be without for so long before the SDK gives up, in seconds.
TIMEOUT_S = 30.0

# What the SDKs add to every request because a variable of the environment says so.
_FROM_ENVIRONMENT = ("openai-organization", "openai-project")
_VARIABLES_WITH_HEADERS = ("OPENAI_CUSTOM_HEADERS", "ANTHROPIC_CUSTOM_HEADERS")

Ask = Callable[[str, User], Awaitable[None]]


@dataclass(frozen=True)
class Sdk:
    """A client that is a library.

    Attributes:
        package: What must be installed.
        code: What its user writes.
        ask: Asks the user's question of the model at a URL, and shows the answer to the user.
    """

    package: str
    code: str
    ask: Ask


# --- how an SDK is kept from the environment ------------------------------------------------------------


def _headers_of_the_environment() -> list[str]:
    lines = "\n".join(os.environ.get(name, "") for name in _VARIABLES_WITH_HEADERS).split("\n")
    return [*_FROM_ENVIRONMENT, *(line.partition(":")[0].strip() for line in lines if ":" in line)]


def _transport(credential: dict[str, str]) -> Any:
    """A client of httpx2 without the environment's proxies, which sends this credential and no other header of it."""
    import httpx2

    async def clean(request: httpx2.Request) -> None:
        for name in _headers_of_the_environment():
            request.headers.pop(name, None)
        request.headers.update({"Content-Type": "application/json", **credential})

    # Nothing here is TLS, so this client need not read all the certificates of the world, which takes a while.
    no_certificates = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx2.AsyncClient(
        trust_env=False, timeout=TIMEOUT_S, verify=no_certificates, event_hooks={"request": [clean]}
    )


async def _openai(url: str) -> Any:
    from openai import AsyncOpenAI

    transport = _transport({"Authorization": f"Bearer {KEY}"})
    client = AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY, http_client=transport)
    # Their modules are read at the first use: not while the answer is timed.
    await asyncio.to_thread(lambda: (client.chat.completions, client.responses))
    return client


async def _anthropic(url: str) -> Any:
    from anthropic import AsyncAnthropic

    transport = _transport({"X-Api-Key": KEY})
    client = AsyncAnthropic(base_url=url, api_key=KEY, http_client=transport)
    await asyncio.to_thread(lambda: client.messages)
    return client


def _said(question: Question) -> list[dict[str, str]]:
    return [{"role": "user", "content": question.prompt}]


# --- what their users write -------------------------------------------------------------------------------


async def chat_completions(url: str, user: User) -> None:
    """``openai``: chat completions."""
    async with await _openai(url) as client:
        user.asks()
        stream = await client.chat.completions.create(
            model=MODEL, messages=_said(user.question), stream=True, extra_query=user.question.settings
        )
        finish = ""
        async with stream:
            async for chunk in stream:
                for choice in chunk.choices:
                    finish = choice.finish_reason or finish
                    if choice.delta.content and user.sees(choice.delta.content):
                        await stream.close()
                        return user.leaves("await stream.close()")
        user.gets_the_end(f"finish_reason {finish!r}" if finish else "")


async def responses(url: str, user: User) -> None:
    """``openai``: responses."""
    async with await _openai(url) as client:
        user.asks()
        stream = await client.responses.create(
            model=MODEL, input=user.question.prompt, stream=True, extra_query=user.question.settings
        )
        last = ""
        async with stream:
            async for event in stream:
                if event.type == "response.output_text.delta" and user.sees(event.delta):
                    await stream.close()
                    return user.leaves("await stream.close()")
                if event.type == "error":
                    user.is_told_of_an_error(event.message)
                elif event.type == "response.failed" and event.response.error:
                    user.is_told_of_an_error(event.response.error.message)
                if event.type in ("response.completed", "response.incomplete", "response.failed", "error"):
                    last = event.type
        user.gets_the_end(f"event {last}" if last else "")


async def message_stream(url: str, user: User) -> None:
    """``anthropic``: the stream that collects the message."""
    async with await _anthropic(url) as client:
        user.asks()
        async with client.messages.stream(
            model=MODEL, max_tokens=MOST_TOKENS, messages=_said(user.question), extra_query=user.question.settings
        ) as stream:
            async for text in stream.text_stream:
                if user.sees(text):
                    await stream.close()
                    return user.leaves("await stream.close()")
            message = await stream.get_final_message()
        user.gets_the_end(f"stop_reason {message.stop_reason!r}" if message.stop_reason else "")


async def message_events(url: str, user: User) -> None:
    """``anthropic``: the events themselves."""
    async with await _anthropic(url) as client:
        user.asks()
        stream = await client.messages.create(
            model=MODEL, max_tokens=MOST_TOKENS, messages=_said(user.question), stream=True,
            extra_query=user.question.settings,
        )  # fmt: skip
        last = ""
        async with stream:
            async for event in stream:
                if event.type == "content_block_delta" and event.delta.type == "text_delta":
                    if user.sees(event.delta.text):
                        await stream.close()
                        return user.leaves("await stream.close()")
                elif event.type == "message_stop":
                    last = event.type
        user.gets_the_end(f"event {last}" if last else "")


async def httpx_sse(url: str, user: User) -> None:
    """``httpx-sse``: chat completions, read event by event."""
    from httpx_sse import aconnect_sse

    body = {"model": MODEL, "messages": _said(user.question), "stream": True}
    target = f"{url}/v1/chat/completions?{user.question.query}"
    # It reads all certificates: not on the loop that all clients share.
    async with await asyncio.to_thread(httpx_client) as client:
        user.asks()
        last = ""
        async with aconnect_sse(client, "POST", target, json=body) as source:
            source.response.raise_for_status()
            async for event in source.aiter_sse():
                if event.data == "[DONE]":
                    last = "[DONE]"
                    continue
                chunk = json.loads(event.data)
                if "error" in chunk:
                    user.is_told_of_an_error(chunk["error"]["message"])
                for choice in chunk.get("choices", ()):
                    text = choice["delta"].get("content")
                    if text and user.sees(text):
                        return user.leaves("leaving async with")
        user.gets_the_end(last)


SDKS = {
    "openai chat": Sdk("openai", "await client.chat.completions.create(…, stream=True)", chat_completions),
    "openai responses": Sdk("openai", "await client.responses.create(…, stream=True)", responses),
    "anthropic stream": Sdk("anthropic", "async with client.messages.stream(…)", message_stream),
    "anthropic events": Sdk("anthropic", "await client.messages.create(…, stream=True)", message_events),
    "httpx-sse": Sdk("httpx_sse", 'async with aconnect_sse(client, "POST", url, json=…)', httpx_sse),
}

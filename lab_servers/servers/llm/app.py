"""The model's server: every way and every dialect on one port. Neighbours: the files that hold their routes."""

from __future__ import annotations

from aiohttp import web

from ..answer import Mark, no_mark
from ..body import errors_as_json
from ..guard import allow_loopback_pages, refuse_strangers
from . import anthropic_messages, gemini, models, ollama, openai_chat, openai_responses, runs, websocket
from .model import Model

MAX_BODY_BYTES = 1024 * 1024

ENDPOINTS = (
    'POST   /api/answer?tokens=40&gap_s=0.03      {"prompt":"世界?"}   (SSE)',
    "GET    /api/answer?prompt=世界?               (SSE, for EventSource)",
    'POST   /api/answer/lines                     {"prompt":"世界?"}   (NDJSON)',
    'POST   /api/answer/whole                     {"prompt":"世界?"}',
    'POST   /api/runs                             {"prompt":"世界?"}   Idempotency-Key: abc   (kept)',
    "GET    /api/runs/ID?after=0                  (polling)",
    "GET    /api/runs/ID?after=0&hold_s=10        (long polling)",
    "GET    /api/runs/ID/events                   (SSE)               Last-Event-ID: ID.7",
    "GET    /api/runs/ID/lines?after=7            (NDJSON)",
    "POST   /api/runs/ID/stop",
    "GET    /api/meter",
    "GET    /ws                                   (WebSocket)",
    "POST   /v1/chat/completions                  as OpenAI's chat completions",
    "POST   /v1/responses                         as OpenAI's responses",
    "POST   /v1/messages                          as Anthropic's messages",
    "POST   /v1beta/models/lab-model-1:generateContent",
    "POST   /v1beta/models/lab-model-1:streamGenerateContent?alt=sse   as Gemini",
    "POST   /api/chat, /api/generate              as Ollama",
    "GET    /v1/models, /v1beta/models, /api/tags   (the lists of models of these)",
)


async def index(request: web.Request) -> web.Response:
    """List what can be asked for."""
    return web.Response(text="\n".join(ENDPOINTS) + "\n")


def make_app(mark: Mark = no_mark, *, epoch: str = "") -> web.Application:
    """The model's server.

    Args:
        mark: Told of each token ("token"), each part that can be sent ("produced") and each end ("finished").
        epoch: The name of this life of the server, part of every run's id; empty: a random one.
    """
    app = web.Application(middlewares=[errors_as_json, refuse_strangers, runs.refusals], client_max_size=MAX_BODY_BYTES)
    app.on_response_prepare.append(allow_loopback_pages)

    async def close(app: web.Application) -> None:
        model.close()
        await websocket.go_away(app)

    model = Model(mark, epoch)
    app[runs.EPOCH] = model.epoch
    app[websocket.OPEN] = set()
    # On shutdown and not on cleanup: streams that are open end with their runs, before anybody waits for them.
    app.on_shutdown.append(close)
    app.add_routes([web.get("/", index)])
    dialects = (openai_chat, openai_responses, anthropic_messages, gemini, ollama, models)
    for module in (runs, websocket, *dialects):
        app.add_routes(module.routes(model))
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=8084)

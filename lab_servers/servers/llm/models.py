"""The lists of models, as each dialect has them: there is one, and a client that looks first finds its name.

``GET /v1/models`` is OpenAI's, and Anthropic's for a client that sends ``anthropic-version``; ``GET /v1beta/models`` is
Gemini's, ``GET /api/tags`` Ollama's.
"""

from __future__ import annotations

from aiohttp import web

from . import anthropic_messages, gemini, ollama, openai_errors
from .asking import MODEL_NAME, Handler, Mistake, Refuse, Wrong, refuse_method, refusing
from .carrying import refusal
from .model import MOST_PROMPT_CHARACTERS, Model

# The day before the first of the epoch would look broken: this is the beginning of 2026.
CREATED_S = 1_767_225_600
CREATED = "2026-01-01T00:00:00Z"

OPENAI = {"id": MODEL_NAME, "object": "model", "created": CREATED_S, "owned_by": "lab"}
ANTHROPIC = {
    "type": "model",
    "id": MODEL_NAME,
    "display_name": "The lab's model",
    "created_at": CREATED,
    "lifecycle": "active",
}
GEMINI = {
    "name": f"models/{MODEL_NAME}",
    "version": "1",
    "displayName": "The lab's model",
    "inputTokenLimit": MOST_PROMPT_CHARACTERS,
    "supportedGenerationMethods": ["generateContent", "streamGenerateContent"],
}
OLLAMA = {"name": f"{MODEL_NAME}:latest", "model": f"{MODEL_NAME}:latest", "modified_at": CREATED, "size": 0}


def _anthropic(request: web.Request) -> bool:
    return "anthropic-version" in request.headers


def _of(value: object) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        return refusal(200, value, {})

    return answer


async def _list(request: web.Request) -> web.StreamResponse:
    if _anthropic(request):
        page = {"data": [ANTHROPIC], "has_more": False, "first_id": MODEL_NAME, "last_id": MODEL_NAME}
        return refusal(200, page, {})
    return refusal(200, {"object": "list", "data": [OPENAI]}, openai_errors.headers())


async def _one(request: web.Request) -> web.StreamResponse:
    name = request.match_info["name"]
    if name != MODEL_NAME:
        raise Mistake(Wrong.MODEL, f"The model {name[:40]!r} does not exist; {MODEL_NAME} does.", "model")
    return refusal(200, ANTHROPIC if _anthropic(request) else OPENAI, {})


def _either(handler: Handler) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        refuse: Refuse = anthropic_messages.refuse if _anthropic(request) else openai_errors.refuse
        return await refusing(refuse, handler)(request)

    return answer


def routes(model: Model) -> list[web.RouteDef]:
    """The paths; the model itself is asked nothing."""
    refused = _either(refuse_method("GET"))
    return [
        web.get("/v1/models", _either(_list)),
        web.route("*", "/v1/models", refused),
        web.get("/v1/models/{name}", _either(_one)),
        web.route("*", "/v1/models/{name}", refused),
        web.get("/v1beta/models", refusing(gemini.refuse, _of({"models": [GEMINI]}))),
        web.route("*", "/v1beta/models", refusing(gemini.refuse, refuse_method("GET"))),
        web.get("/api/tags", refusing(ollama.refuse, _of({"models": [OLLAMA]}))),
        web.route("*", "/api/tags", refusing(ollama.refuse, refuse_method("GET"))),
    ]

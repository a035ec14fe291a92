"""How both dialects of OpenAI refuse and fail: one shape of error, its statuses, and the headers of every answer.

``{"error": {"message", "type", "param", "code"}}``, all four always there: the schema ``Error`` in
github.com/openai/openai-openapi; statuses at https://platform.openai.com/docs/guides/error-codes. Messages are ours.
"""

from __future__ import annotations

from aiohttp import web

from .asking import Mistake, Wrong, allow
from .carrying import refusal, request_id

INVALID = "invalid_request_error"

# Status, type and code.
ERRORS: dict[Wrong, tuple[int, str, str | None]] = {
    Wrong.METHOD: (405, INVALID, "method_not_supported"),
    # 400 and this code: github.com/openai/openai-openapi/issues/502 quotes it.
    Wrong.CONTENT_TYPE: (400, INVALID, "unsupported_content_type"),
    Wrong.NOT_JSON: (400, INVALID, None),
    Wrong.TOO_LARGE: (413, INVALID, None),
    Wrong.MISSING: (400, INVALID, "missing_required_parameter"),
    # As quoted by github.com/teabranch/open-responses-server/issues/41.
    Wrong.UNKNOWN: (400, INVALID, "unknown_parameter"),
    Wrong.VALUE: (400, INVALID, "invalid_value"),
    Wrong.TOO_LONG: (400, INVALID, "context_length_exceeded"),
    Wrong.MODEL: (404, INVALID, "model_not_found"),
    Wrong.KEY_REUSED: (422, INVALID, "idempotency_key_reused"),
    Wrong.OVERLOADED: (503, "service_unavailable_error", "server_is_overloaded"),
    Wrong.FAILED: (500, "server_error", None),
}


def error(message: str, kind: str, code: str | None = None, param: str | None = None) -> dict[str, object]:
    """An error, in a body or in an event."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def server_error(message: str) -> dict[str, object]:
    """The model failed."""
    return error(message, "server_error")


def headers() -> dict[str, str]:
    """What every answer has: the id that support asks for, and how the API is versioned."""
    return {"x-request-id": request_id(), "openai-version": "2020-10-01"}


def refuse(mistake: Mistake) -> web.Response:
    """The error that a mistake is answered with."""
    status, kind, code = ERRORS[mistake.wrong]
    more = allow(mistake)
    if mistake.wrong is Wrong.OVERLOADED:
        more["Retry-After"] = "1"
    return refusal(status, error(mistake.message, kind, code, mistake.field or None), headers() | more)

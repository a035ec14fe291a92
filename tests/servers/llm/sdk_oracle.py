"""The vendors' own types as the judge of what we send: every field known, all required ones there, each of its type."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter

# What documents have and the SDK's types leave out: class → fields, with where they are documented.
BESIDE_THE_SDK: Mapping[str, set[str]] = {
    # openai-openapi: `name` is required of response.function_call_arguments.done, `store` is in every example of a
    # response, and StreamOptions says that `obfuscation` is on streaming delta events.
    "ResponseFunctionCallArgumentsDoneEvent": {"name"},
    "Response": {"store"},
    "ResponseTextDeltaEvent": {"obfuscation"},
    "ResponseFunctionCallArgumentsDeltaEvent": {"obfuscation"},
}


@functools.cache
def _judge(kind: Any) -> TypeAdapter[object]:
    # A union of fifty events takes pydantic a second to build.
    return TypeAdapter(kind)


def judged(kind: object, data: object) -> object:
    """The value as the SDK's type; fails where the type refuses it, or would keep a field that it does not know."""
    value: object = _judge(kind).validate_python(data)
    assert unknown_fields(value) == []
    return value


def unknown_fields(value: object, path: str = "") -> list[str]:
    """The fields that no type of the SDK declares."""
    if isinstance(value, BaseModel):
        name = type(value).__name__
        allowed = BESIDE_THE_SDK.get(name, set())
        extra = [f"{path}{name}.{one}" for one in value.model_extra or {} if one not in allowed]
        return extra + [
            found
            for field in type(value).model_fields
            for found in unknown_fields(getattr(value, field), f"{path}{name}.")
        ]
    if isinstance(value, list):
        return [found for one in value for found in unknown_fields(one, path)]
    return []

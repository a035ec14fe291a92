"""The judge must be able to say no: to a field too many, a field too few, and a value of another type."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from anthropic.types import Message
from openai.types.chat import ChatCompletion
from openai.types.responses import ResponseStreamEvent
from pydantic import ValidationError

from tests.servers.llm.asked import CHAT, MESSAGES, RESPONSES, ask
from tests.servers.llm.sdk_oracle import judged

KINDS: list[tuple[object, Callable[[], dict]]] = [
    (ChatCompletion, lambda: ask(CHAT).json()),
    (Message, lambda: ask(MESSAGES).json()),
    (ResponseStreamEvent, lambda: json.loads(ask(RESPONSES, {"stream": True}).events()[4][1])),
]
EVERY = pytest.mark.parametrize(("kind", "sent"), KINDS, ids=["chat", "messages", "responses"])


@EVERY
def test_what_is_sent_passes_and_a_field_that_is_unknown_does_not(kind: object, sent: Callable[[], dict]) -> None:
    judged(kind, sent())
    with pytest.raises(AssertionError):
        judged(kind, {**sent(), "surprise": 1})


@EVERY
def test_a_field_that_is_missing_or_of_another_type_is_refused(kind: object, sent: Callable[[], dict]) -> None:
    for name in ("id", "item_id", "model", "delta"):
        value = sent()
        if name in value:
            with pytest.raises(ValidationError):
                judged(kind, {**value, name: 7})
            del value[name]
            with pytest.raises(ValidationError):
                judged(kind, value)

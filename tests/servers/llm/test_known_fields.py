"""Every field that an installed SDK can send is known to its dialect, and what the dialects read is among them."""

from __future__ import annotations

import pytest
from anthropic.types import message_create_params
from anthropic.types.beta import message_create_params as beta_message_create_params
from openai.types.chat import completion_create_params
from openai.types.responses import response_create_params

from lab_servers.servers.llm import known_fields

# The SDK makes a header of it.
NOT_IN_THE_BODY = {"betas"}


@pytest.mark.parametrize(
    ("known", "kind"),
    [
        (known_fields.CHAT, completion_create_params.CompletionCreateParamsStreaming),
        (known_fields.RESPONSES, response_create_params.ResponseCreateParamsStreaming),
        (known_fields.MESSAGES, message_create_params.MessageCreateParamsStreaming),
        (known_fields.MESSAGES, beta_message_create_params.MessageCreateParamsStreaming),
    ],
    ids=["chat", "responses", "messages", "messages with ?beta=true"],
)
def test_what_an_sdk_can_send_is_known(known: frozenset[str], kind: type) -> None:
    sent = set(kind.__required_keys__ | kind.__optional_keys__)  # type: ignore[attr-defined]
    assert len(sent) > 15
    assert sent - NOT_IN_THE_BODY <= known


def test_each_name_of_gemini_is_known_as_protobuf_writes_it_and_in_snake_case() -> None:
    def snake(name: str) -> str:
        return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)

    assert {snake(name) for name in known_fields.GEMINI} <= known_fields.GEMINI

"""The objects of OpenAI's responses: the response in all its states, and the items of its output.

Neighbour: ``openai_responses.py``, whose events carry them. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .asking import MODEL_NAME
from .carrying import Said
from .parts import Finish, Usage

# The last event's status, and why it is not complete.
STATUSES: dict[Finish, tuple[str, str | None]] = {
    Finish.STOP: ("completed", None),
    Finish.TOOL_CALLS: ("completed", None),
    Finish.LENGTH: ("incomplete", "max_output_tokens"),
    Finish.STOPPED: ("cancelled", None),
}


@dataclass(frozen=True)
class Question:
    """What a response says again of its request.

    Attributes:
        response_id: The response's id, which holds the run's.
        created_s: Unix time, seconds.
        instructions: The system's message, if any.
        tools: The tools, as they were declared.
        max_output_tokens: The limit, if any.
        metadata: The client's own notes.
    """

    response_id: str
    created_s: int
    instructions: str | None = None
    tools: tuple[Mapping[str, object], ...] = ()
    max_output_tokens: int | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)


def output_text(text: str) -> dict[str, object]:
    """Content that is text."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def message_item(question: Question, text: str | None, status: str) -> dict[str, object]:
    """The item that is the model's message; without content as long as none is known."""
    content = [] if text is None else [output_text(text)]
    item_id = question.response_id.replace("resp_", "msg_", 1)
    return {"id": item_id, "type": "message", "status": status, "role": "assistant", "content": content}


def call_item(question: Question, said: Said, index: int, status: str) -> dict[str, object]:
    """The item that is a tool call. It has two ids: its own, and the one that the tool's output has to name."""
    call = said.calls[index]
    item_id = f"{question.response_id.replace('resp_', 'fc_', 1)}-{index}"
    return {
        "id": item_id,
        "type": "function_call",
        "status": status,
        "call_id": call.call_id,
        "name": call.name,
        "arguments": call.arguments,
    }


def usage_object(usage: Usage) -> dict[str, object]:
    """The usage: reasoning is counted among the output."""
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.prompt_tokens + usage.output_tokens,
    }


def response(
    question: Question,
    status: str,
    output: list[dict[str, object]],
    finish: Finish | None = None,
    usage: Usage | None = None,
    failure: str = "",
    at_s: int | None = None,
) -> dict[str, object]:
    """A response, whole or in any state before."""
    reason = STATUSES[finish][1] if finish else None
    return {
        "id": question.response_id,
        "object": "response",
        "created_at": question.created_s,
        "status": status,
        "completed_at": at_s if status == "completed" else None,
        "background": False,
        "error": {"code": "server_error", "message": failure} if failure else None,
        "incomplete_details": {"reason": reason} if reason else None,
        "instructions": question.instructions,
        "max_output_tokens": question.max_output_tokens,
        "max_tool_calls": None,
        "model": MODEL_NAME,
        "output": list(output),
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "prompt_cache_key": None,
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": "default",
        "store": False,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": list(question.tools),
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": usage_object(usage) if usage else None,
        "user": None,
        "metadata": dict(question.metadata),
    }


def whole_response(question: Question, said: Said, at_s: int) -> dict[str, object]:
    """A response that is not streamed: the object that a stream's last event has."""
    if said.end is None:
        return response(question, "incomplete", [])
    status, _ = STATUSES[said.end.finish]
    last = "completed" if status == "completed" else "incomplete"
    count = len(said.calls)
    output = [message_item(question, said.text, "completed" if count else last)] if said.text else []
    for index in range(count):
        output.append(call_item(question, said, index, last if index == count - 1 else "completed"))
    return response(question, status, output, said.end.finish, said.end.usage, at_s=at_s)

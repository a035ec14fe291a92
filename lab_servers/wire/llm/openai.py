"""What one JSON text of OpenAI's two APIs says: chat completions and responses, whole and in chunks or events.

``reader.py`` finds the texts, ``collecting.py`` adds up what is found here. Sources: the API reference and the types of
OpenAI's own client. New members and events may come at any time, and are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping

from lab_servers.wire.llm.characters import Characters
from lab_servers.wire.llm.collecting import Collected
from lab_servers.wire.llm.json_text import object_in, objects_in, text_in, whole_in
from lab_servers.wire.llm.pieces import UsageRead

DONE = "[DONE]"
"""The one event of a chat completion that is no JSON."""

_CHAT_PREFIX = "chatcmpl-"
_RESPONSE_PREFIX = "resp_"

# Events that only repeat or frame what the deltas say.
_FRAMING_EVENTS = {
    "response.queued", "response.content_part.added", "response.content_part.done", "response.output_text.done",
    "response.refusal.done", "response.output_item.done", "response.output_text.annotation.added",
    "response.reasoning_summary_part.added", "response.reasoning_summary_part.done",
    "response.reasoning_summary_text.done", "response.reasoning_text.done",
}  # fmt: skip


def take_chat(item: Mapping[str, object], answer: Collected) -> None:
    """A chat completion, or a chunk of one. Of several choices (``n``) the first is read."""
    if _take_error(item, answer):
        return
    if not isinstance(item.get("choices"), list):
        answer.ignore("a JSON text without choices")
        return
    answer.name_run(text_in(item, "id").removeprefix(_CHAT_PREFIX))
    for choice in objects_in(item, "choices"):
        if whole_in(choice, "index") not in (0, None):
            answer.ignore("a choice other than the first")
            continue
        # A chunk has a delta, a whole completion has the message.
        message = object_in(choice, "delta") or object_in(choice, "message")
        answer.add_thought(text_in(message, "reasoning_content"))
        answer.add_text(text_in(message, "content") or text_in(message, "refusal"))
        for place, call in enumerate(objects_in(message, "tool_calls")):
            index = whole_in(call, "index")
            _take_call(place if index is None else index, call, answer)
        answer.finish(text_in(choice, "finish_reason"))
    # Null in all chunks but the last, which has no choice, and only for who asked with stream_options.
    answer.report_usage(_chat_usage(object_in(item, "usage")))


def take_response(item: Mapping[str, object], answer: Collected) -> None:
    """An event of a response, or a whole response."""
    kind = text_in(item, "type")
    answer.number(whole_in(item, "sequence_number"))
    if not kind and text_in(item, "object") == "response":
        _take_output(item, answer)
        _end_response(item, answer)
    elif kind in ("response.created", "response.in_progress"):
        answer.name_run(text_in(object_in(item, "response"), "id").removeprefix(_RESPONSE_PREFIX))
    elif kind in ("response.output_text.delta", "response.refusal.delta"):
        answer.add_text(text_in(item, "delta"))
    elif kind in ("response.reasoning_text.delta", "response.reasoning_summary_text.delta"):
        answer.add_thought(text_in(item, "delta"))
    elif kind == "response.output_item.added":
        call = object_in(item, "item")
        if text_in(call, "type") == "function_call":
            index = whole_in(item, "output_index") or 0
            answer.add_call(index, text_in(call, "call_id"), text_in(call, "name"))
            answer.add_arguments(index, text_in(call, "arguments"))
    elif kind == "response.function_call_arguments.delta":
        answer.add_arguments(whole_in(item, "output_index") or 0, text_in(item, "delta"))
    elif kind == "response.function_call_arguments.done":
        _compare_arguments(item, answer)
    elif kind in ("response.completed", "response.incomplete", "response.failed"):
        response = object_in(item, "response")
        _compare_text(response, answer)
        _end_response(response, answer)
        answer.terminate()
    elif kind == "error":
        # In the stream the members stand in the event itself; as a body they are within "error".
        answer.fail(text_in(item, "message") or text_in(object_in(item, "error"), "message"))
    elif not _take_error(item, answer) and kind not in _FRAMING_EVENTS:
        answer.ignore(f"an event of the type {kind!r}" if kind else "a JSON text without a type")


def _take_call(index: int, call: Mapping[str, object], answer: Collected) -> None:
    function = object_in(call, "function")
    answer.add_call(index, text_in(call, "id"), text_in(function, "name"))
    answer.add_arguments(index, text_in(function, "arguments"))


def _take_error(item: Mapping[str, object], answer: Collected) -> bool:
    error = item.get("error")
    if not error:
        return False
    answer.fail(text_in(error, "message") if isinstance(error, dict) else str(error))
    return True


def _chat_usage(usage: Mapping[str, object]) -> UsageRead:
    details = object_in(usage, "completion_tokens_details")
    return UsageRead(
        whole_in(usage, "prompt_tokens"),
        whole_in(usage, "completion_tokens"),
        whole_in(details, "reasoning_tokens"),
    )


def _compare_arguments(item: Mapping[str, object], answer: Collected) -> None:
    """The event that ends the arguments repeats them; they must be what the deltas added up to."""
    index, whole = whole_in(item, "output_index") or 0, text_in(item, "arguments")
    if not answer.arguments_of(index):
        answer.add_arguments(index, whole)
    elif answer.arguments_of(index) != whole:
        answer.damage("the arguments at their end are not those of the deltas")


def _compare_text(response: Mapping[str, object], answer: Collected) -> None:
    """The last event repeats the whole output; its text must be what the deltas added up to."""
    whole = "".join(text for item in objects_in(response, "output") for text in _texts_of(item))
    if whole and Characters().add(whole) != answer.text:
        answer.damage("the text at its end is not that of the deltas")


def _take_output(response: Mapping[str, object], answer: Collected) -> None:
    for index, item in enumerate(objects_in(response, "output")):
        kind = text_in(item, "type")
        if kind == "message":
            for text in _texts_of(item):
                answer.add_text(text)
        elif kind == "function_call":
            answer.add_call(index, text_in(item, "call_id"), text_in(item, "name"))
            answer.add_arguments(index, text_in(item, "arguments"))
        elif kind == "reasoning":
            for part in objects_in(item, "summary"):
                answer.add_thought(text_in(part, "text"))
        else:
            answer.ignore(f"an output item of the type {kind!r}")


def _texts_of(item: Mapping[str, object]) -> list[str]:
    """The texts of an output item that is a message."""
    if text_in(item, "type") != "message":
        return []
    return [text_in(each, "text") or text_in(each, "refusal") for each in objects_in(item, "content")]


def _end_response(response: Mapping[str, object], answer: Collected) -> None:
    """What a response says at its end: its status, or the reason why it is incomplete, and its usage."""
    answer.name_run(text_in(response, "id").removeprefix(_RESPONSE_PREFIX))
    status = text_in(response, "status")
    answer.finish(text_in(object_in(response, "incomplete_details"), "reason") or status)
    usage = object_in(response, "usage")
    answer.report_usage(
        UsageRead(
            whole_in(usage, "input_tokens"),
            whole_in(usage, "output_tokens"),
            whole_in(object_in(usage, "output_tokens_details"), "reasoning_tokens"),
        )
    )
    if response.get("error") or status == "failed":
        answer.fail(text_in(object_in(response, "error"), "message"))

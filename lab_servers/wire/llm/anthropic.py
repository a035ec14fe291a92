"""What one JSON text of Anthropic's Messages API says: a whole message, or an event of its stream.

``reader.py`` finds the texts, ``collecting.py`` adds up what is found here. Sources: the API reference ("Streaming
messages") and the types of Anthropic's own client. New events may come at any time, and are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping

from lab_servers.wire.llm.collecting import Collected
from lab_servers.wire.llm.json_text import object_in, objects_in, text_in, whole_in, write
from lab_servers.wire.llm.pieces import UsageRead

_PREFIX = "msg_"


def take_message(item: Mapping[str, object], answer: Collected) -> None:
    """An event of a message, or a whole message."""
    kind = text_in(item, "type")
    if kind == "message_start":
        message = object_in(item, "message")
        answer.name_run(text_in(message, "id").removeprefix(_PREFIX))
        answer.report_usage(_usage(message))
    elif kind == "content_block_start":
        _take_block(whole_in(item, "index") or 0, object_in(item, "content_block"), answer, is_whole=False)
    elif kind == "content_block_delta":
        _take_delta(whole_in(item, "index") or 0, object_in(item, "delta"), answer)
    elif kind == "message_delta":
        answer.finish(text_in(object_in(item, "delta"), "stop_reason"))
        # Its counts are sums: the last one is what counts.
        answer.report_usage(_usage(item))
    elif kind == "message_stop":
        answer.terminate()
    elif kind == "error":
        answer.fail(text_in(object_in(item, "error"), "message"))
    elif kind == "message":
        answer.name_run(text_in(item, "id").removeprefix(_PREFIX))
        for index, block in enumerate(objects_in(item, "content")):
            _take_block(index, block, answer, is_whole=True)
        answer.finish(text_in(item, "stop_reason"))
        answer.report_usage(_usage(item))
    elif kind not in ("ping", "content_block_stop"):
        answer.ignore(f"an event of the type {kind!r}" if kind else "a JSON text without a type")


def _take_block(index: int, block: Mapping[str, object], answer: Collected, *, is_whole: bool) -> None:
    kind = text_in(block, "type")
    if kind == "text":
        answer.add_text(text_in(block, "text"))
    elif kind == "tool_use":
        answer.add_call(index, text_in(block, "id"), text_in(block, "name"))
        # In a stream the input is {} here, a stand-in: what counts comes as deltas.
        if is_whole:
            answer.add_arguments(index, write(object_in(block, "input")))
    elif kind == "thinking":
        answer.add_thought(text_in(block, "thinking"))
    else:
        answer.ignore(f"a content block of the type {kind!r}")


def _take_delta(index: int, delta: Mapping[str, object], answer: Collected) -> None:
    kind = text_in(delta, "type")
    if kind == "text_delta":
        answer.add_text(text_in(delta, "text"))
    elif kind == "input_json_delta":
        answer.add_arguments(index, text_in(delta, "partial_json"))
    elif kind == "thinking_delta":
        answer.add_thought(text_in(delta, "thinking"))
    elif kind != "signature_delta":
        answer.ignore(f"a delta of the type {kind!r}")


def _usage(source: Mapping[str, object]) -> UsageRead:
    usage = object_in(source, "usage")
    return UsageRead(
        whole_in(usage, "input_tokens"),
        whole_in(usage, "output_tokens"),
        whole_in(object_in(usage, "output_tokens_details"), "thinking_tokens"),
    )

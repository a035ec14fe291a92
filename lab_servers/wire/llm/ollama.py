"""What one JSON text of Ollama's API says: a line of ``/api/chat`` or ``/api/generate``, or the whole answer of either.

``reader.py`` finds the texts, ``collecting.py`` adds up what is found here. Source: Ollama's API documentation
("Streaming responses", "Errors that occur while streaming").
"""

from __future__ import annotations

from collections.abc import Mapping

from lab_servers.wire.llm.collecting import Collected
from lab_servers.wire.llm.json_text import object_in, objects_in, text_in, whole_in, write
from lab_servers.wire.llm.pieces import UsageRead


def take_line(item: Mapping[str, object], answer: Collected) -> None:
    """One line, or the whole answer: both have the same members."""
    if "error" in item:
        answer.fail(text_in(item, "error"))
        return
    if "done" not in item:
        answer.ignore("a JSON text without done")
        return
    message = object_in(item, "message")
    answer.add_thought(text_in(message, "thinking") or text_in(item, "thinking"))
    answer.add_text(text_in(message, "content") or text_in(item, "response"))
    for call in (*objects_in(message, "tool_calls"), *objects_in(item, "tool_calls")):  # the latter: /api/generate
        function, index = object_in(call, "function"), answer.calls
        answer.add_call(index, text_in(call, "id"), text_in(function, "name"))
        answer.add_arguments(index, write(object_in(function, "arguments")))
    if item["done"] is True:
        # Older versions of Ollama say that they are done and not why.
        answer.finish(text_in(item, "done_reason") or "done")
        answer.report_usage(UsageRead(whole_in(item, "prompt_eval_count"), whole_in(item, "eval_count")))
        answer.terminate()

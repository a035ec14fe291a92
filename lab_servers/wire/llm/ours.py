"""What one JSON text of this course's own answers says: a part of a run, the same in every way that carries it.

``reader.py`` finds the texts, ``collecting.py`` adds up what is found here. The texts are described in
``servers/llm/runs.py``, which sends them.
"""

from __future__ import annotations

from collections.abc import Mapping

from lab_servers.wire.llm.collecting import Collected
from lab_servers.wire.llm.json_text import object_in, objects_in, text_in, whole_in
from lab_servers.wire.llm.pieces import UsageRead


def take_part(item: Mapping[str, object], answer: Collected) -> None:
    """One part, the object that lists the parts which a poll found, or the whole answer in one document."""
    answer.name_run(text_in(item, "run"))
    if "parts" in item:
        for part in objects_in(item, "parts"):
            _take_one(part, answer)
    elif "end" in item:
        answer.add_text(text_in(item, "text"), None)
        for call in objects_in(item, "tool_calls"):
            index = whole_in(call, "index") or 0
            answer.add_call(index, text_in(call, "id"), text_in(call, "name"))
            answer.add_arguments(index, text_in(call, "arguments"))
        _take_one(object_in(item, "end"), answer)
    else:
        _take_one(item, answer)


def _take_one(item: Mapping[str, object], answer: Collected) -> None:
    kind, index = text_in(item, "type"), whole_in(item, "index") or 0
    answer.name_run(text_in(item, "run"))
    answer.number(whole_in(item, "n"))
    if kind == "text":
        answer.add_text(text_in(item, "text"), whole_in(item, "tokens"))
    elif kind == "tool_call":
        # Its own number of tokens is not sent: the model takes one to begin a call.
        answer.add_call(index, text_in(item, "id"), text_in(item, "name"), tokens=1)
    elif kind == "tool_arguments":
        answer.add_arguments(index, text_in(item, "text"), whole_in(item, "tokens"))
    elif kind == "end":
        answer.finish(text_in(item, "finish"))
        answer.report_usage(_usage(object_in(item, "usage")))
        answer.terminate()
    elif kind in ("error", "refused"):
        answer.fail(text_in(item, "message"))
    elif kind == "run":
        pass  # a socket says first which run it is
    elif kind == "gone" or "error" in item:
        answer.fail(text_in(item, "error") or "the server no longer has this run")
    else:
        answer.ignore(f"a part of the type {kind!r}" if kind else "a JSON text without a type")


def _usage(usage: Mapping[str, object]) -> UsageRead:
    return UsageRead(
        whole_in(usage, "prompt_tokens"), whole_in(usage, "output_tokens"), whole_in(usage, "reasoning_tokens")
    )

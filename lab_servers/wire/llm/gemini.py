"""What one JSON text of the Gemini API says: a ``GenerateContentResponse``, which may be the whole answer or a part.

``reader.py`` finds the texts, ``collecting.py`` adds up what is found here. Source: the REST reference of
``models.generateContent`` and ``models.streamGenerateContent``. A part and a whole have the same members.
"""

from __future__ import annotations

from collections.abc import Mapping

from lab_servers.wire.llm.collecting import Collected
from lab_servers.wire.llm.json_text import object_in, objects_in, text_in, whole_in, write
from lab_servers.wire.llm.pieces import UsageRead

_UNSPECIFIED = "FINISH_REASON_UNSPECIFIED"


def take_content(item: Mapping[str, object], answer: Collected) -> None:
    """A response of ``generateContent``, or one of those that stream. The first candidate is read."""
    error = object_in(item, "error")
    if error:
        answer.fail(text_in(error, "message") or text_in(error, "status"))
        return
    if not {"candidates", "promptFeedback", "usageMetadata"} & item.keys():
        answer.ignore("a JSON text without candidates")
        return
    answer.name_run(text_in(item, "responseId"))
    for candidate in objects_in(item, "candidates"):
        if whole_in(candidate, "index") not in (0, None):
            answer.ignore("a candidate other than the first")
            continue
        for part in objects_in(object_in(candidate, "content"), "parts"):
            _take_part(part, answer)
        reason = text_in(candidate, "finishReason")
        answer.finish("" if reason == _UNSPECIFIED else reason)
    # A prompt that is refused has no candidate at all; this is the end of its answer.
    answer.finish(text_in(object_in(item, "promptFeedback"), "blockReason"))
    answer.report_usage(_usage(object_in(item, "usageMetadata")))


def _take_part(part: Mapping[str, object], answer: Collected) -> None:
    if "functionCall" in part:
        call, index = object_in(part, "functionCall"), answer.calls
        answer.add_call(index, text_in(call, "id"), text_in(call, "name"))
        answer.add_arguments(index, write(object_in(call, "args")))
    elif isinstance(part.get("text"), str):
        if part.get("thought") is True:
            answer.add_thought(text_in(part, "text"))
        else:
            answer.add_text(text_in(part, "text"))
    elif "thoughtSignature" not in part:
        answer.ignore("a part that is neither text nor a function call")


def _usage(usage: Mapping[str, object]) -> UsageRead:
    """Gemini counts what is thought beside what is answered; the two are added here, as others report them."""
    answered, thought = whole_in(usage, "candidatesTokenCount"), whole_in(usage, "thoughtsTokenCount")
    output = None if answered is None and thought is None else (answered or 0) + (thought or 0)
    return UsageRead(whole_in(usage, "promptTokenCount"), output, thought)

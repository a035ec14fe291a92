"""What the model did, read from its own marks: which tokens it generated when, and how each run ended.

``servers/llm/model.py`` makes the marks; ``waste.py`` compares them with what a reader was there for. A mark is a
text that anybody may have written: one that is no mark of a model is passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lab_servers.marks import Mark
from lab_servers.recording import Recording

TOKEN, PRODUCED, FINISHED = "token", "produced", "finished"

# A lab adds the server's name to a mark, a scenario puts a name in front: "produced by llm", "model: produced".
_NAME = re.compile(r"(?:.*: )?(token|produced|finished)(?: by [^:]*)?", re.DOTALL)
# EPOCH-NUMBER, as the server gives them out; a number longer than this is no count of anything that a run can have.
_RUN = r"([A-Za-z0-9_.]{1,40}-[0-9]{1,9})"
_TOKEN = re.compile(rf"{_RUN} ([0-9]{{1,9}})")
_PRODUCED = re.compile(rf"{_RUN} ([0-9]{{1,9}}) ([0-9]{{1,9}})(?: (.*))?", re.DOTALL)
_FINISHED = re.compile(rf"{_RUN} ([0-9]{{1,9}}) ([A-Za-z][A-Za-z ]{{1,60}})")


@dataclass(frozen=True)
class GeneratedToken:
    """One token, whether it can be sent or not: one of reasoning, or half a character, too.

    Attributes:
        run: The run's id, ``EPOCH-NUMBER``.
        number: 1 for the run's first token, then counting up.
        at_ns: When it was generated, on the clock of the recording.
    """

    run: str
    number: int
    at_ns: int


@dataclass(frozen=True)
class ProducedPart:
    """A part that could be sent from this moment on.

    Attributes:
        run: The run's id.
        sequence: The part's number in its run.
        tokens: How many tokens are in it: 0 for a part that costs nothing, such as the end.
        text: What it says; empty for a part without text.
        at_ns: When, on the clock of the recording.
        is_arguments: Whether that is a tool's arguments, and not the answer's text.
    """

    run: str
    sequence: int
    tokens: int
    text: str
    at_ns: int
    is_arguments: bool = False


@dataclass(frozen=True)
class FinishedRun:
    """The moment at which the model stopped working on a run.

    Attributes:
        run: The run's id.
        generated: How many tokens it came to.
        reason: Why, in the model's words: ``"complete"``, ``"reader left"``, ``"stopped"``, …
        at_ns: When, on the clock of the recording.
    """

    run: str
    generated: int
    reason: str
    at_ns: int


def generated(recording: Recording) -> tuple[GeneratedToken, ...]:
    """Each token that the model generated, in order of time; empty for a recording without a model."""
    return tuple(
        GeneratedToken(match[1], int(match[2]), mark.at_ns) for mark, match in _matching(recording, TOKEN, _TOKEN)
    )


def produced(recording: Recording) -> tuple[ProducedPart, ...]:
    """The parts that could be sent, in order of time."""
    found = []
    calling: set[str] = set()
    for mark, match in _matching(recording, PRODUCED, _PRODUCED):
        run, sequence, tokens, text = match.groups()
        # The model says all of its text before it calls a tool, and what begins a call is a token without text.
        if int(sequence) and int(tokens) and not text:
            calling.add(run)
        found.append(
            ProducedPart(run, int(sequence), int(tokens), text or "", mark.at_ns, bool(text) and run in calling)
        )
    return tuple(found)


def finished(recording: Recording) -> tuple[FinishedRun, ...]:
    """The runs that the model stopped working on, in order of time."""
    found = []
    for mark, match in _matching(recording, FINISHED, _FINISHED):
        run, generated, reason = match.groups()
        found.append(FinishedRun(run, int(generated), reason, mark.at_ns))
    return tuple(found)


def _matching(recording: Recording, what: str, form: re.Pattern[str]) -> list[tuple[Mark, re.Match[str]]]:
    found = []
    for mark in recording.marks:
        name = _NAME.fullmatch(mark.name)
        match = form.fullmatch(mark.detail) if name is not None and name[1] == what else None
        if match is not None:
            found.append((mark, match))
    return sorted(found, key=lambda pair: pair[0].at_ns)

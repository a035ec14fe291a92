"""Runs of many handshakes: finds each case's connection, what was asked and answered, and what a client concluded.

``handshake_refused.py``, ``handshake_answers.py`` and ``handshake_subprotocols.py`` show them. A case is joined to its
connection by the client's port, which its scenario notes as a mark.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import Dissection, dissect
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.wire.http1.message import Message
from lab_servers.wire.model import Note, Severity

HAPPENS, PORT, OPEN, FAILED = "happens", "port", "open", "failed"


@dataclass(frozen=True)
class Case:
    """One handshake.

    Attributes:
        name: The name of the case.
        happens: What is remarkable about it.
        capture: Its connection.
        found: What is in the connection.
        concluded: What the client's library said, where one was asked: ``"open"`` or ``"failed"``, and why.
    """

    name: str
    happens: str
    capture: Capture
    found: Dissection
    concluded: tuple[str, str] | None

    @property
    def request(self) -> Message:
        """The request that opened it."""
        return self.found.conversation.messages(Side.CLIENT.value)[0]

    @property
    def response(self) -> Message | None:
        """The answer, if there was one."""
        messages = self.found.conversation.messages(Side.SERVER.value)
        return messages[0] if messages else None

    @property
    def answer(self) -> str:
        """Status code and reason phrase; what there is in place of them without an answer."""
        return self.response.start_line.partition(" ")[2] if self.response else "no answer"

    @property
    def is_switched(self) -> bool:
        """Whether the server switched to WebSocket."""
        return self.found.conversation.upgraded_to == "websocket"

    def broken(self, side: Side) -> list[Note]:
        """The rules that a side's head breaks."""
        heads = [record for record in self.found.records(side, "http") if record.name.endswith("head")]
        return [note for head in heads[:1] for note in head.notes if note.severity is Severity.FORBIDDEN]


def cases_of(recording: Recording, scenario: str) -> dict[str, Case]:
    """The cases of a run by their names, in the order in which they were tried.

    Args:
        recording: The run.
        scenario: The name of the scenario that makes such runs.

    Raises:
        BadParameter: there is no case in it.
    """
    by_port = {capture.client_address[1]: capture for capture in recording.captures}
    cases = {}
    for mark in recording.marks:
        name, _, what = mark.name.rpartition(": ")
        if what != PORT or not recording.marks_named(f"{name}: {HAPPENS}"):
            continue
        capture = by_port.get(int(mark.detail))
        found = dissect(capture) if capture is not None else None
        if capture is not None and found is not None and found.conversation.messages(Side.CLIENT.value):
            happens = recording.marks_named(f"{name}: {HAPPENS}")[0].detail
            concluded = [
                (verdict, one.detail)
                for verdict in (OPEN, FAILED)
                for one in recording.marks_named(f"{name}: {verdict}")
            ]
            cases[name] = Case(name, happens, capture, found, concluded[0] if concluded else None)
    if not cases:
        raise BadParameter(f"This recording has no opening handshakes of this kind: run the scenario {scenario}.")
    return cases


def rules(notes: list[Note]) -> str:
    """The sections of broken rules, each once."""
    return ", ".join(dict.fromkeys(note.spec for note in notes)) or "none"


def counted(count: int, what: str) -> str:
    """``"1 handshake"`` or ``"3 handshakes"``."""
    return f"{count} {what}{'' if count == 1 else 's'}"

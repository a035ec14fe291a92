"""One request and its answer, with the framing and the delays of your choice."""

from __future__ import annotations

from dataclasses import dataclass, fields
from urllib.parse import urlencode

from lab_servers.clients import get
from lab_servers.errors import require_between, require_one_of, require_whole
from lab_servers.lab import Lab
from lab_servers.recording import Recording

FRAMINGS = ("content-length", "chunked", "close")


@dataclass(frozen=True)
class OneExchange:
    """The parameters of the run.

    Attributes:
        framing: How the answer says where its body ends (RFC 9112 section 6.3).
        delay_s: Seconds the server waits before it sends the head, 0 to 30.
        parts: In how many parts the server writes the body, 1 to 29.
        part_delay_s: Seconds the server waits between two parts, 0 to 5.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    framing: str = "content-length"
    delay_s: float = 0.0
    parts: int = 1
    part_delay_s: float = 0.0

    def __post_init__(self) -> None:
        require_one_of("framing", self.framing, FRAMINGS)
        require_between("delay_s", self.delay_s, 0, 30, "seconds")
        require_whole("parts", self.parts, 1, 29)
        require_between("part_delay_s", self.part_delay_s, 0, 5, "seconds")

    def run(self, lab: Lab) -> Recording:
        """Ask ``GET /api/user/info`` once; the client's marks are named ``"client: …"``."""
        # What is left at its default is not asked for, so that the plainest run is the plainest request.
        asked_for = {field.name: getattr(self, field.name) for field in fields(self)}
        query = urlencode({name: value for name, value in asked_for.items() if value != getattr(OneExchange, name)})
        url = lab.url("http", "/api/user/info" + (f"?{query}" if query else ""))
        with lab.record("OneExchange", **asked_for) as take:
            answer = lab.run(get(url, timeout_s=200))
        return take.recording.with_marks("client", answer.marks)

"""A model behind a relay, asked by a real client: what the client saw when, and what the model had made by then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

from lab_servers.capture.capture import Side
from lab_servers.dissection import conversation_of
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios.ai_model import HostedModel, host_model
from lab_servers.scenarios.ai_tidy_hop import start_tidy_hop
from lab_servers.wire.http1.message import Message
from tests.waiting import until_sync

CLIENT = "the client"
PROMPT = "世界?"

Settings = dict[str, object]

# Half an answer, a silence, the other half: whoever is shown text only at the end sees nothing in that silence.
HALVES: Settings = {
    "tokens": 16,
    "gap_s": 0.005,
    "ttft_s": 0.02,
    "stall_every": 8,
    "stall_s": 1.0,
    "language": "english",
}
# So long that nobody waits for its end.
ENDLESS_TOKENS = 5000
ENDLESS: Settings = {"tokens": ENDLESS_TOKENS, "gap_s": 0.02, "ttft_s": 0.02}
FAILS: Settings = {
    "tokens": 16,
    "gap_s": 0.005,
    "ttft_s": 0.02,
    "fail": "error",
    "fail_after": 8,
    "language": "english",
}
BREAKS: Settings = FAILS | {"fail": "cut"}
REFUSES: Settings = {"fail": "error", "fail_after": 0}


@dataclass
class Hosted:
    """A model in a lab.

    Attributes:
        lab: The lab.
        model: The model.
        url: The URL of the relay in front of it.
        seen: Each piece that the client was shown, with how many the model had made by then.
    """

    lab: Lab
    model: HostedModel
    url: str
    seen: list[tuple[str, int]] = field(default_factory=list)

    def sees(self, text: str) -> None:
        """The client is shown a piece."""
        self.seen.append((text, len(self.made())))

    @property
    def text(self) -> str:
        """What the client was shown."""
        return "".join(text for text, _ in self.seen)

    def made(self) -> list[str]:
        """The texts that the model has made so far."""
        details = [mark.detail for mark in tuple(self.model.marks) if mark.name == "produced by llm"]
        return [text for text in (detail.split(" ", 3)[3] for detail in details if detail.count(" ") >= 3) if text]

    def finished(self) -> list[str]:
        """Why each run ended, as soon as one has."""

        def reasons() -> list[str]:
            marks = [mark for mark in tuple(self.model.marks) if mark.name == "finished by llm"]
            return [mark.detail.split(" ", 2)[2] for mark in marks]

        until_sync(reasons)
        return reasons()

    def generated(self) -> int:
        """How many tokens the first run came to."""
        return int(next(mark.detail.split(" ")[1] for mark in self.model.marks if mark.name == "finished by llm"))

    def hide_cuts(self) -> None:
        """Put a hop in front of the model that ends its response well when the model's breaks off."""

        async def adopt() -> str:
            return await self.lab.adopt("tidy hop", lambda: start_tidy_hop(self.model.urls[CLIENT]), speaks="HTTP")

        self.url = self.lab.run(adopt())

    def assert_token_by_token(self) -> None:
        """Every piece was shown, in order, and those of the first half before the model had made the second."""
        made = self.made()
        assert [text for text, _ in self.seen] == made
        half = len(made) // 2
        assert half > 2
        assert max(by_then for _, by_then in self.seen[: half - 1]) < len(made)

    def assert_shown_up_to_the_cut(self) -> None:
        """Text was shown, and nothing was generated a second time.

        Not always all that came: an error empties the queue of a stream that a page reads (WHATWG Streams,
        ReadableStreamDefaultControllerError), so pieces that arrived just before the cut may never be shown.
        """
        assert self.text
        assert "".join(self.made()).startswith(self.text)
        assert self.finished() == ["cut"]

    def assert_stopped_in_the_middle(self) -> None:
        """The model noticed that its reader had left, and generated no more."""
        assert self.finished() == ["reader left"]
        assert self.generated() < ENDLESS_TOKENS


@contextmanager
def hosted() -> Iterator[Hosted]:
    """A model in a lab of its own, behind one relay."""
    with Lab([]) as lab:
        model = lab.run(host_model(lab, [CLIENT]))
        yield Hosted(lab, model, model.urls[CLIENT])


def query(settings: dict[str, object]) -> str:
    """The settings as a query."""
    return urlencode({name: str(value) for name, value in settings.items()})


def bodies(recording: Recording) -> list[str]:
    """The contents of all answers that the relay saw."""
    found = []
    for capture in recording.of(CLIENT):
        stream = capture.bytes_from(Side.SERVER)
        for answer in conversation_of(capture).messages("server"):
            found.append(b"".join(stream[start:stop] for start, stop in answer.content.all_pieces).decode())
    return found


def requests(recording: Recording) -> list[Message]:
    """All requests that the relay saw."""
    return [
        request
        for capture in recording.of(CLIENT)
        for request in conversation_of(capture).messages(Side.CLIENT.value)
    ]  # fmt: skip

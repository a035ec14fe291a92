"""A model's answer in every dialect, cut at seeded bytes by a hop that sends what the model sent and then breaks off.

``measure/cut_anywhere.py`` compares each cut with what ``measure/truncation.py`` computes for its offset, and
``views/looks/ai_cut_anywhere.py`` shows which client strategy lies where.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qs, quote, unquote, urlsplit

from lab_servers.clients.answer_questions import question
from lab_servers.errors import ExchangeFailed
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.measure.cut_anywhere import CHUNKED, CLOSE, SERVER_NAME
from lab_servers.measure.truncated_answer import TruncatedAnswer
from lab_servers.measure.truncation import CutBy
from lab_servers.parameters import choice, whole
from lab_servers.scenarios.ai_model import host_model
from lab_servers.scenarios.http_readers import lab_client
from lab_servers.scenarios.scenario import Scenario
from lab_servers.wire.llm.ways import Way

WAYS = (
    Way.CHAT, Way.RESPONSES, Way.MESSAGES, Way.GEMINI, Way.OLLAMA, Way.EVENT_STREAM, Way.NDJSON,
)  # fmt: skip
ALL = "all of them"
PROMPT = "世界?"
# SO_LINGER, on, with a time of zero: closing such a socket sends a RST instead of a FIN.
_LINGER_ZERO = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
# What was sent before a RST may be thrown away on its way, unless it was read before.
_BEFORE_RESET_S = 0.03
_UNKNOWN = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_AT_ONCE = 8
_LONGEST_S = 20.0


@dataclass(frozen=True)
class CutAnywhere(Scenario):
    """Which of six clients knows that an answer was cut, wherever the cut falls?

    The model answers once on each way. A hop then sends that very answer again and again, with its body ended by the
    close or in chunks, and breaks off at seeded bytes: with a FIN, with a reset, or as if the body were whole.

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    servers: ClassVar[tuple[str, ...]] = ()

    way: str = choice(ALL, (ALL, *(way.value for way in WAYS)), "On which way the answer travels.")
    cuts: int = whole(4, 1, 40, "cuts", "How many cuts each answer gets in each framing, beside those of its ending.")
    tokens: int = whole(24, 2, 500, "tokens", "How long the answer is.")
    seed: int = whole(1, 0, 1_000_000, "", "Draws how the answer is cut into tokens, and where the cuts fall.")

    @property
    def ways(self) -> tuple[Way, ...]:
        """The ways of this run."""
        return WAYS if self.way == ALL else (Way(self.way),)

    @property
    def about_s(self) -> float:
        """Answers come without waiting; then the cuts, some at a time."""
        return 0.5 + 0.02 * len(self.ways) * self.cuts

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Get the answers, cut them, and return what each client concluded."""
        model = await host_model(lab, [way.value for way in self.ways])
        settings: dict[str, object] = {"tokens": self.tokens, "ttft_s": 0, "gap_s": 0, "seed": self.seed}
        answers: dict[tuple[Way, str], TruncatedAnswer] = {}
        for way in self.ways:
            url = model.urls[way.value]
            chunked = _answer(way, await _ask(url, way, settings))
            answers[way, CHUNKED] = chunked
            answers[way, CLOSE] = _answer(way, delimited_by_close(chunked))
        url = await lab.host_async(SERVER_NAME, _Hop(answers).answer)
        return {"client": await self._cut_all(url, answers)}

    async def _cut_all(self, url: str, answers: Mapping[tuple[Way, str], TruncatedAnswer]) -> list[Mark]:
        """Ask for each answer whole, and then for each cut; a mark says what a client of HTTP made of it."""
        dice = random.Random(self.seed)
        targets = []
        for (way, framing), answer in answers.items():
            targets.append(_target(way, framing))
            for cut_by in CutBy:
                for at in _offsets(dice, answer, self.cuts):
                    # A hop that puts a last chunk needs chunks, and a head that it has passed on.
                    if cut_by is not CutBy.LAST_CHUNK or (framing == CHUNKED and at >= answer.head_end):
                        targets.append(f"{_target(way, framing)}&by={quote(cut_by.value)}&cut={at}")
        some_at_once = asyncio.Semaphore(_AT_ONCE)

        async def ask(target: str) -> Mark:
            async with some_at_once:
                return Mark(now_ns(), target, await lab_client(f"{url}{target}"))

        async with asyncio.TaskGroup() as group:
            asking = [group.create_task(ask(target)) for target in targets]
        return [task.result() for task in asking]


def delimited_by_close(answer: TruncatedAnswer) -> bytes:
    """The same response as a server sends it that ends its body by closing the connection (RFC 9112 §6.3, rule 8)."""
    lines = answer.wire[: answer.head_end].split(b"\r\n")[:-2]
    kept = [line for line in lines if not line.lower().startswith((b"transfer-encoding:", b"content-length:"))]
    return b"\r\n".join([*kept, b"", b""]) + answer.content


def _answer(way: Way, wire: bytes) -> TruncatedAnswer:
    return TruncatedAnswer(way.value, way.dialect, way.carried, wire)


def _target(way: Way, framing: str) -> str:
    return f"/{quote(way.value)}?framing={framing}"


def _offsets(dice: random.Random, answer: TruncatedAnswer, count: int) -> list[int]:
    """Seeded offsets: any byte, and one between the end of the text and that of the answer, where strategies differ."""
    anywhere = [dice.randrange(1, len(answer.wire)) for _ in range(count)]
    return [*anywhere, dice.randrange(answer.text_end, len(answer.wire))]


async def _ask(url: str, way: Way, settings: Mapping[str, object]) -> bytes:
    """The response to the prompt, as it stands on the wire."""
    asked = question(way, PROMPT, settings)
    parts = urlsplit(url)
    fields = {
        "Host": parts.netloc, "Content-Type": "application/json", "Content-Length": str(len(asked.content)),
        "Connection": "close", **asked.headers,
    }  # fmt: skip
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        async with asyncio.timeout(_LONGEST_S):
            writer.write(f"POST {asked.path} HTTP/1.1\r\n{head}\r\n".encode() + asked.content)
            answer = await reader.read(-1)
    except (OSError, TimeoutError) as error:
        raise ExchangeFailed(f"The model did not answer on the way {way.value!r} ({error}): run it again.") from error
    finally:
        writer.close()
    if not answer.startswith(b"HTTP/1.1 200 "):
        said = answer.partition(b"\r\n")[0].decode("latin-1")
        raise ExchangeFailed(f"The model refused the way {way.value!r} ({said}): choose another way.")
    return answer


class _Hop:
    """A server that sends a response as it was recorded, as far as the request asks for it.

    Args:
        answers: The responses, by way and framing.
    """

    def __init__(self, answers: Mapping[tuple[Way, str], TruncatedAnswer]) -> None:
        self._answers = answers

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, and end the connection as it says."""
        try:
            target = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode("latin-1")
            parts = urlsplit(target)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            answer = self._answers[Way(unquote(parts.path[1:])), asked["framing"]]
            cut_by, at = asked.get("by"), int(asked.get("cut", len(answer.wire)))
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        except (LookupError, ValueError):  # not asked by this run
            writer.write(_UNKNOWN)
            return
        if cut_by == CutBy.LAST_CHUNK.value:
            writer.write(ended_well(answer, at))
        else:
            writer.write(answer.wire[:at])
        await writer.drain()
        if cut_by == CutBy.RESET.value:
            await asyncio.sleep(_BEFORE_RESET_S)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
            writer.transport.abort()


def ended_well(answer: TruncatedAnswer, cut: int) -> bytes:
    """What a hop passes on that lost its server at ``cut`` and frames anew: the content so far, and a last chunk."""
    content = answer.content[: answer.content_bytes_at(cut)]
    chunk = b"%x\r\n%b\r\n" % (len(content), content) if content else b""
    return answer.wire[: answer.head_end] + chunk + b"0\r\n\r\n"

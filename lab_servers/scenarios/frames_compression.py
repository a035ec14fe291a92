"""A model's messages over three connections: as they are, each compressed alone, and compressed with what came before.

The servers are the ``websockets`` library's with permessage-deflate (RFC 7692) in three settings.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory

from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.parameters import choice, whole
from lab_servers.scenarios.frames_library import library_server
from lab_servers.scenarios.scenario import Scenario

PLAIN, ALONE, TAKEOVER = "not compressed", "each alone", "with what came before"
CHUNKS, BARE, RANDOM = "model's chunks", "bare tokens", "random bytes"

_TEXT = (
    "A frame is not a message and a message is not a token but each token of this answer travels in one text message "
    "of its own which repeats the same names and braces as the one before so that only a word is new"
)


@dataclass(frozen=True)
class TokenCompression(Scenario):
    """How many bytes does a model's answer take, message by message, without compression and with two kinds of it?

    Raises:
        BadParameter: a parameter is out of its bounds.
    """

    messages: int = whole(64, 1, 1_000, "messages", "How many messages the server sends on each connection.")
    content: str = choice(CHUNKS, (CHUNKS, BARE, RANDOM), "What is in them.")
    window_bits: int = whole(15, 9, 15, "bits", "The server's compressor looks back 2 to this power bytes.")
    seed: int = whole(6, 0, 1_000_000, "", "What the words or bytes are drawn with.")

    @property
    def about_s(self) -> float:
        """Three short connections."""
        return 0.2 + self.messages / 1_000

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Fetch the same messages three times."""
        said = self._said()

        async def speak(connection: ServerConnection) -> None:
            for message in said:
                await connection.send(message)

        for name in (PLAIN, ALONE, TAKEOVER):
            offered = []
            if name != PLAIN:
                # Without context takeover the compressor forgets all it knows after each message (§7.1.1.1).
                offered = [
                    ServerPerMessageDeflateFactory(
                        server_no_context_takeover=name == ALONE,
                        server_max_window_bits=None if self.window_bits == 15 else self.window_bits,
                    )
                ]
            start = library_server(speak, extensions=offered)
            url = await lab.adopt(name, start, speaks=f"WebSocket, {name}", scheme="ws")
            # A client offers what it has; the server decides (§7.1).
            wanted = [] if name == PLAIN else [ClientPerMessageDeflateFactory()]
            async with (
                asyncio.timeout(20),
                connect(url, proxy=None, compression=None, extensions=wanted, ping_interval=None) as connection,
            ):
                async for _ in connection:
                    pass
        return {}

    def _said(self) -> list[str | bytes]:
        random = Random(self.seed)
        if self.content == RANDOM:
            return [random.randbytes(120) for _ in range(self.messages)]
        words = _TEXT.split()
        tokens = [" " + random.choice(words) for _ in range(self.messages)]
        if self.content == BARE:
            return [json.dumps({"d": word}, separators=(",", ":")) for word in tokens]
        answer_id = f"answer-{random.getrandbits(64):016x}"
        return [_chunk(answer_id, word) for word in tokens]


def _chunk(answer_id: str, word: str) -> str:
    """One message as models send them: a word, and around it what every message repeats."""
    chunk = {
        "id": answer_id,
        "object": "chat.completion.chunk",
        "model": "lab-model-1",
        "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}],
    }
    return json.dumps(chunk, separators=(",", ":"))

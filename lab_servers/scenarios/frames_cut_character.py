"""A text in two fragments, cut where the learner says, with a ping between them; written byte by byte to ``/ws/chat``.

The client is a raw one of ours, since a library sends neither half a character nor half a message on demand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.marks import Mark, now_ns
from lab_servers.parameters import switch, whole
from lab_servers.scenarios.frames_raw import (
    CLOSE,
    CONTINUATION,
    PING,
    TEXT,
    close_payload,
    connect_raw,
    frame,
    read_frame,
)
from lab_servers.scenarios.scenario import Scenario

WORDS = "你好世界"
SIZE_BYTES = len(WORDS.encode())
PING_PAYLOAD = b"still there?"


@dataclass(frozen=True)
class CutCharacter(Scenario):
    """Does it matter if a message is cut in the middle of a character, and may a ping stand in the gap?

    The text 你好世界 has 12 bytes, three for each character. The server is the lab's own.

    Raises:
        BadParameter: a parameter is out of its bounds, or the cut lies behind the end of the text.
    """

    servers: ClassVar[tuple[str, ...]] = ("websocket",)

    cut_byte: int = whole(4, 1, SIZE_BYTES - 1, "bytes", "After how many bytes of the text the first fragment ends.")
    ping_between: bool = switch(True, "Whether the client sends a ping between the fragments, and awaits the pong.")
    missing_bytes: int = whole(0, 0, SIZE_BYTES - 1, "bytes", "How many bytes are missing at the end of the text.")
    seed: int = whole(6, 0, 1_000_000, "", "What the masking keys are drawn with.")

    @property
    def about_s(self) -> float:
        """A handful of frames."""
        return 0.1

    def require_fitting(self) -> None:
        """The cut must lie within what is sent."""
        if self.cut_byte > SIZE_BYTES - self.missing_bytes:
            raise BadParameter(
                f"cut_byte must be at most {SIZE_BYTES - self.missing_bytes} bytes when {self.missing_bytes} of the "
                f"{SIZE_BYTES} bytes are missing, not {self.cut_byte}."
            )

    async def perform(self, lab: Lab) -> Mapping[str, Sequence[Mark]]:
        """Send the fragments, with the ping between them, and read what comes until the connection ends."""
        random = Random(self.seed)
        text = WORDS.encode()[: SIZE_BYTES - self.missing_bytes]
        marks: list[Mark] = []

        def masked_frame(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
            return frame(opcode, payload, fin=fin, key=random.randbytes(4))

        async with asyncio.timeout(10):
            reader, writer = await connect_raw(lab.url("websocket", "/ws/chat"), random.randbytes(16))
            try:
                writer.write(masked_frame(TEXT, text[: self.cut_byte], fin=False))
                if self.ping_between:
                    writer.write(masked_frame(PING, PING_PAYLOAD))
                    await writer.drain()
                    pong = await read_frame(reader)
                    marks.append(Mark(now_ns(), "pong", pong.payload.decode("utf-8", errors="replace")))
                writer.write(masked_frame(CONTINUATION, text[self.cut_byte :]))
                await writer.drain()
                answer = await read_frame(reader)
                marks.append(Mark(now_ns(), "answer", f"opcode {answer.opcode}"))
                # Whoever is told that it is over agrees; whoever has what it wanted says so (RFC 6455 §5.5.1).
                code = answer.payload[:2] if answer.opcode == CLOSE else close_payload(1000)
                writer.write(masked_frame(CLOSE, code))
                await writer.drain()
                # The server closes the TCP connection first (§7.1.1).
                await reader.read()
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
        return {"client": marks}

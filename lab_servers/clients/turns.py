"""Where in a WebSocket client's bytes it has to wait for its server, so that sending them again makes sense.

``raw.py`` sends bytes and knows nothing about them; ``scenarios/replay.py`` asks here where to pause. Bytes that
are no WebSocket have no such places: a client of HTTP may send all its requests at once (RFC 9112 §9.3.2).
"""

from __future__ import annotations

import re

from lab_servers.clients.raw import Pause
from lab_servers.wire.model import CLIENT
from lab_servers.wire.websocket.stream import FrameStream

# Finding frames takes time, and so does waiting: only in the beginning of a stream is it looked for them.
LOOK_AT_BYTES = 64 * 1024

# Broken on purpose as it may be: lines may end in LF alone.
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_UPGRADE = re.compile(rb"\nupgrade[ \t]*:[^\n]*websocket", re.IGNORECASE)


def pauses_of(data: bytes) -> tuple[Pause, ...]:
    """The places at which a WebSocket client has to wait, in the order of the bytes.

    After the opening handshake it MUST wait for the answer (RFC 6455 §4.1); the library behind the lab's server
    gives up when frames end the conversation before it has begun. And a client closes when it has heard enough:
    so before the first Close frame it waits until the server has nothing more to say.
    """
    head = _HEAD_END.search(data, 0, LOOK_AT_BYTES)
    if head is None or not _UPGRADE.search(data, 0, head.end()) or head.end() == len(data):
        return ()
    frames = FrameStream(CLIENT, bytearray(data[:LOOK_AT_BYTES]), head.end())
    frames.advance()
    closing = next((frame.pieces[0][0] for frame in frames.records if frame.name == "close frame"), head.end())
    pauses = (Pause(head.end()), Pause(closing, until_quiet=True))
    return pauses if closing > head.end() else pauses[:1]

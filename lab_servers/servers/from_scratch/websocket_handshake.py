"""What proves in an opening handshake that the server has understood it (RFC 6455 §4): both ends compute it.

``websocket_server.py`` and ``websocket_client.py`` have the rest of the handshake, each its own end.
"""

from __future__ import annotations

import base64
import hashlib

# RFC 6455 §1.3: the same for everybody. Whoever appends it has understood what was asked.
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class HandshakeFailed(Exception):
    """There is no WebSocket; a server's message is the status line's code and reason."""


def accept_value(key: str) -> str:
    """What a server has to answer to a key."""
    # RFC 6455 §4.2.2: base64 of the SHA-1 of key and GUID.
    return base64.b64encode(hashlib.sha1((key + GUID).encode("latin-1"), usedforsecurity=False).digest()).decode()

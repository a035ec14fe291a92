"""The claims that the course makes, each with its correction or limit, and the notebook that shows its bytes.

``tests/claims/`` asserts each of them on a fresh recording.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """One claim.

    Attributes:
        id: ``"C01"``.
        sentence: What is claimed.
        correction: The correction or limit that the course also shows.
        notebook: The notebook that shows the bytes.
    """

    id: str
    sentence: str
    correction: str
    notebook: str


_ALL: tuple[Claim, ...] = (
    # 01_bytes_on_tcp
    Claim(
        "C01",
        "HTTP, SSE and WebSocket are all application-layer protocols, and all three ride on TCP.",
        "TCP has no messages: five sends may arrive as one read and one send as five, so every protocol above it must "
        "frame itself.",
        "01_bytes_on_tcp",
    ),
    # 02_http
    # 04_sse
    # 05_websocket_handshake
    # 06_websocket_frames
    Claim(
        "C11",
        "After the handshake of a WebSocket either side sends at any time.",
        "A client must mask its frames, a server must not; control frames may stand between the fragments of a message.",
        "06_websocket_frames",
    ),
)

CLAIMS = {one.id: one for one in _ALL}

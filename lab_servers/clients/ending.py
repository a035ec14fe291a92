"""How a stream or a conversation ended. Shared by ``sse.py`` and ``websocket.py``."""

from __future__ import annotations

import enum


class Ending(enum.Enum):
    """Why a client received no more."""

    SERVER = "the server ended it properly"
    CLIENT = "this client had what it was asked for and left"
    TIMEOUT = "the time limit passed and this client left"
    BOUND = "the server sent more than this client accepts, or broke a rule, and this client left"
    LOST = "the connection ended without a proper end"

"""One question to a lab, for tests that need some answer."""

from __future__ import annotations

from lab_servers.clients import get
from lab_servers.lab import Lab

USER = {"name": "张三", "age": 25}


def user_info(lab: Lab) -> object:
    """What the HTTP server answers to ``GET /api/user/info``."""
    return lab.run(get(lab.url("http", "/api/user/info"))).json()

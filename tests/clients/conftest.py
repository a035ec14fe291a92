"""Every test of the clients runs with an environment whose proxies lead nowhere: no client may use them."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def dead_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "ws_proxy"):
        # Port 1 of the loopback: a client that obeyed would be refused.
        monkeypatch.setenv(name, "http://127.0.0.1:1")
        monkeypatch.setenv(name.upper(), "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

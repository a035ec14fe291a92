"""Programs of the system that tests use as real peers: where they are, or what to install."""

from __future__ import annotations

import os
import shutil

import pytest

# A tool's other commands, where it has any, and the Debian package that brings it.
_COMMANDS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "node": ("node", "nodejs"),
}
_PACKAGES = {"node": "nodejs"}

# Debian keeps nginx and tcpdump where only root's PATH looks.
_ADMIN_DIRECTORIES = ("/usr/sbin", "/sbin", "/usr/local/sbin")


def find_tool(name: str) -> str | None:
    """The path of a program, or ``None`` when it is not installed."""
    search_path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_ADMIN_DIRECTORIES])
    found = (shutil.which(command, path=search_path) for command in _COMMANDS.get(name, (name,)))
    return next(filter(None, found), None)


def require_tool(name: str) -> str:
    """The path of a program that the calling test cannot do without.

    Where it is missing, the test is skipped with a line that says what to install; with ``CI``
    set in the environment it fails, because there a skipped test would go unnoticed.
    """
    path = find_tool(name)
    if path is not None:
        return path
    package = _PACKAGES.get(name, name)
    sentence = f"{name} is not installed (Debian, Ubuntu: apt install {package})"
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)

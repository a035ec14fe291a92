"""A missing tool is skipped on a person's machine and fails in continuous integration."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tools import find_tool, require_tool


@pytest.fixture
def empty_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr("tests.tools._ADMIN_DIRECTORIES", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    return tmp_path


def install(directory: Path, command: str) -> str:
    program = directory / command
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return str(program)


def test_a_missing_tool_skips_and_says_what_to_install(empty_system: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match=r"tshark is not installed .*apt install tshark"):
        require_tool("tshark")


def test_a_missing_tool_fails_in_continuous_integration(empty_system: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=r"apt install tshark"):
        require_tool("tshark")


@pytest.mark.parametrize("command", ["chromium", "chromium-browser", "google-chrome"])
def test_chromium_is_found_under_each_of_its_names(empty_system: Path, command: str) -> None:
    installed = install(empty_system, command)
    assert require_tool("chromium") == installed


def test_a_tool_outside_an_ordinary_path_is_found(
    empty_system: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    sbin = tmp_path_factory.mktemp("sbin")
    installed = install(sbin, "nginx")
    assert find_tool("nginx") is None
    monkeypatch.setattr("tests.tools._ADMIN_DIRECTORIES", (os.fspath(sbin),))
    assert find_tool("nginx") == installed

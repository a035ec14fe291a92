"""The Makefile explains itself, and says in a sentence why it cannot build the environment."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.repository.project import ROOT, copy_project
from tests.tools import require_tool


def make(*arguments: str, directory: Path = ROOT) -> subprocess.CompletedProcess[str]:
    # The options of a `make test` that runs this test are not for the make below it.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = [require_tool("make"), *arguments]
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)


def python_that(body: str, directory: Path) -> str:
    """A program in the place of Python that answers the Makefile's questions as ``body`` says."""
    program = directory / "python"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return f"PYTHON={program}"


def test_make_alone_lists_every_command() -> None:
    commands = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert commands
    listed = re.findall(r"^  make (\w+) +\S", make().stdout, re.MULTILINE)
    assert listed == commands[1].split()


@pytest.mark.parametrize("command", ["lab", "test"])
def test_an_old_python_gives_a_sentence_and_its_remedy(tmp_path: Path, command: str) -> None:
    project = copy_project(tmp_path / "project")
    result = make(command, python_that('case "$2" in *version_info*) exit 1;; esac', tmp_path), directory=project)
    assert result.returncode != 0
    assert f"older than Python 3.11. Name a newer one, for example: make PYTHON=python3.12 {command}" in result.stderr


def test_a_missing_python_gives_the_same_sentence(tmp_path: Path) -> None:
    result = make("lab", f"PYTHON={tmp_path / 'nowhere'}", directory=copy_project(tmp_path / "project"))
    assert result.returncode != 0
    assert "is missing or older than Python 3.11" in result.stderr


def test_a_python_without_venv_says_what_to_install(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    result = make("lab", python_that('case "$2" in *venv*) exit 1;; esac', tmp_path), directory=project)
    assert result.returncode != 0
    assert "apt install python3-venv" in result.stderr


@pytest.mark.parametrize("script", [".ci/run", "binder/postBuild"])
def test_a_script_is_executable_and_stops_at_its_first_error(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)
    assert "set -euo pipefail" in (ROOT / script).read_text()
    subprocess.run(["bash", "-n", script], cwd=ROOT, check=True)

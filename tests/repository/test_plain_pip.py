"""The lines that README.md gives to people without make, run as they stand in a fresh copy; `make lab` beside them."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.repository.project import ROOT, copy_project
from tests.tools import require_tool

START = "notebooks/00_start_here.ipynb"

# No browser, a port that is free, and root's permission, which containers need.
TEST_OPTIONS = "--no-browser --port 0 --allow-root"


def readme_lines(heading: str) -> list[str]:
    """The commands of the first block of code under a heading of README.md."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").split(f"# {heading}\n", 1)[1]
    block = re.search(r"^```\w*\n(.+?)^```$", section, re.MULTILINE | re.DOTALL)
    assert block
    return block[1].splitlines()


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A person's own shell: the README's `python3` on its PATH, and nothing of the environment that runs the tests."""
    home = tmp_path_factory.mktemp("home")
    python = home / "bin/python3"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys._base_executable)} "$@"\n')  # type: ignore[attr-defined]
    python.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "MAKE"))}
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    return kept | {"PATH": path, "JUPYTER_RUNTIME_DIR": str(home / "runtime")}


@pytest.fixture(scope="module")
def installed_copy(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Path:
    """A fresh copy of the repository in which all of the README's lines but the last have been run."""
    project = copy_project(tmp_path_factory.mktemp("plain_pip"))
    *install, _ = readme_lines("Without make: Linux and macOS")
    subprocess.run(["bash", "-euc", "\n".join(install)], cwd=project, env=environment, check=True)
    return project


@contextlib.contextmanager
def jupyterlab(command: str, project: Path, environment: dict[str, str]) -> Iterator[str]:
    """Run a command that starts JupyterLab; the address that it prints, token included."""
    process = subprocess.Popen(
        command, shell=True, cwd=project, env=environment, text=True, stderr=subprocess.PIPE, start_new_session=True
    )
    with process:
        assert process.stderr
        try:
            printed: list[str] = []
            while not (address := re.search(r"http://127\.0\.0\.1:\d+/\S+token=\w+", "".join(printed[-1:]))):
                printed.append(process.stderr.readline())
                assert printed[-1], "it ended before it printed its address:\n" + "".join(printed)
            wait_until_it_listens(address[0])
            yield address[0]
            # Asked to end, not signalled: a signal that meets JupyterLab while it writes to its log gets lost.
            with ask(address[0], "/api/shutdown", method="POST"):
                process.communicate()
        finally:
            if process.poll() is None:
                # The shell, make and JupyterLab are one process group, as they are under a terminal's Ctrl-C.
                os.killpg(process.pid, signal.SIGKILL)


def wait_until_it_listens(address: str) -> None:
    """JupyterLab prints its address a moment before it listens there, and tells nobody when it does."""
    host, port = urlsplit(address).netloc.split(":")
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection((host, int(port))).close()
            return
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, f"nobody listens at {address}"
            time.sleep(0.02)  # only between two looks


def ask(address: str, path: str, method: str = "GET") -> http.client.HTTPResponse:
    """Send one request to the JupyterLab at ``address``, with the token that the address carries."""
    parts = urlsplit(address)
    separator = "&" if "?" in path else "?"
    request = urllib.request.Request(f"http://{parts.netloc}{path}{separator}{parts.query}", method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    response: http.client.HTTPResponse = opener.open(request, timeout=30)
    return response


def notebook_behind(address: str) -> str:
    """The path of the first notebook as the JupyterLab at ``address`` knows it."""
    with ask(address, f"/api/contents/{START}?content=0") as response:
        return json.load(response)["path"]


@pytest.mark.slow
@pytest.mark.timeout(600)  # it builds a whole environment
def test_the_plain_pip_lines_install_everything(installed_copy: Path, environment: dict[str, str]) -> None:
    python = installed_copy / ".venv/bin/python"
    subprocess.run([python, "-m", "pip", "check"], cwd=installed_copy, env=environment, check=True)
    subprocess.run([python, "-c", "import lab_servers"], cwd=installed_copy / "notebooks", env=environment, check=True)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_last_plain_pip_line_starts_jupyterlab_on_the_first_notebook(
    installed_copy: Path, environment: dict[str, str]
) -> None:
    start = readme_lines("Without make: Linux and macOS")[-1]
    with jupyterlab(f"exec {start} {TEST_OPTIONS}", installed_copy, environment) as address:
        assert urlsplit(address).path == f"/lab/tree/{START}"
        assert notebook_behind(address) == START


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_make_lab_starts_jupyterlab_on_the_first_notebook(installed_copy: Path, environment: dict[str, str]) -> None:
    make = require_tool("make")
    with jupyterlab(f'exec {make} lab ARGS="{TEST_OPTIONS}"', installed_copy, environment) as address:
        assert urlsplit(address).path == f"/lab/tree/{START}"
        assert notebook_behind(address) == START
    settings = installed_copy / ".venv/share/jupyter/lab/settings/overrides.json"
    assert settings.read_bytes() == (ROOT / "binder/overrides.json").read_bytes()


def test_the_windows_lines_are_the_linux_lines_in_windows_spelling() -> None:
    linux = readme_lines("Without make: Linux and macOS")
    spelled = [line.replace("python3 ", "py ").replace("/bin/", "/Scripts/") for line in linux]
    windows = [line.replace("\\", "/") for line in readme_lines("Without make: Windows")]
    assert windows == spelled

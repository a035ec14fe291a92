"""A real JupyterLab server for tests, on a free port, that never touches the settings of whoever runs the tests.

``notebook.py`` drives a notebook in it; ``conftest.py`` starts one for all tests of this folder.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0

# No question about news: it would cover the notebook, and asking for them would leave this machine.
NO_NEWS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}


@dataclass(frozen=True)
class JupyterLab:
    """A running server.

    Attributes:
        url: Where it answers, with a slash at the end.
        token: What a request must carry.
        root: The folder whose notebooks it shows.
        settings: The folder of the user's settings.
        process: The server; its children are the kernels.
    """

    url: str
    token: str
    root: Path
    settings: Path
    process: psutil.Process

    def set(self, settings: Mapping[str, Mapping[str, Any]]) -> None:
        """Replace the user's settings; pages that are opened from now on have them."""
        shutil.rmtree(self.settings, ignore_errors=True)
        for plugin, values in {**NO_NEWS, **settings}.items():
            package, _, name = plugin.partition(":")
            file = self.settings / package / f"{name}.jupyterlab-settings"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(values), encoding="utf-8")

    def folder(self) -> Path:
        """A new folder under ``root``: what a notebook saves beside itself is no other's."""
        folder = self.root / secrets.token_hex(4)
        folder.mkdir()
        return folder

    def kernels(self) -> list[psutil.Process]:
        """The kernels that run, each a process of its own."""
        return [child for child in self.process.children() if "ipykernel_launcher" in child.cmdline()]

    def end_session(self, notebook: str) -> None:
        """End the kernel behind a notebook, which is named by its path under ``root``; harmless if it has none."""
        for session in json.loads(self.ask("GET", "api/sessions")):
            if session["path"] == notebook:
                self.ask("DELETE", f"api/sessions/{session['id']}")

    def ask(self, method: str, path: str) -> bytes:
        """Send one request to the server, and return the body of the answer."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            connection.request(method, f"/{path}", headers={"Authorization": f"token {self.token}"})
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        assert answer.status < 400, f"{method} {path}: {answer.status} {body.decode(errors='replace')}"
        return body


@contextmanager
def running_jupyterlab(folder: Path) -> Iterator[JupyterLab]:
    """Start JupyterLab with all that it reads and writes inside ``folder``; end it and its kernels afterwards.

    Raises:
        AssertionError: the server did not start, or it or a kernel did not end (they are killed then).
    """
    lab, process = None, _start(folder, token := secrets.token_hex(16))
    try:
        port = _port(folder, process)
        server = psutil.Process(process.pid)
        lab = JupyterLab(f"http://127.0.0.1:{port}/", token, folder / "notebooks", folder / "settings", server)
        lab.set({})
        yield lab
    finally:
        alive = _end(process, lab)
    assert not alive, f"JupyterLab was asked to end, and these went on: {alive}"


def _start(folder: Path, token: str) -> subprocess.Popen[bytes]:
    (folder / "notebooks").mkdir()
    own = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    # What the runner's shell says about Jupyter (a port, a token, more folders) is not for this server.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "JPY_", "PYTHON"))}
    environment = kept | {name: str(folder / path) for name, path in own.items()} | {"JUPYTER_TOKEN": token}
    options = [
        "--no-browser",
        "--ServerApp.port=0",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={folder / 'notebooks'}",
        # Defaults as in a fresh installation, whatever the environment of the tests overrides.
        f"--LabApp.app_settings_dir={folder / 'overrides'}",
        # A page then has `jupyterapp`, which knows what the kernel is doing even where the page shows it nowhere.
        "--LabApp.expose_app_in_browser=True",
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]
    with (folder / "log").open("wb") as log:
        # A session of its own: a Ctrl-C that ends the tests reaches it through _end(), and once.
        return subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _port(folder: Path, process: subprocess.Popen[bytes]) -> int:
    """The port on which the server listens, once it does."""
    info = folder / "runtime" / f"jpserver-{process.pid}.json"

    def written() -> int:
        try:
            return json.loads(info.read_text(encoding="utf-8"))["port"]
        except (FileNotFoundError, json.JSONDecodeError):
            return 0

    def listens() -> int:
        port = written()
        with socket.socket() as probe:
            return port if port and probe.connect_ex(("127.0.0.1", port)) == 0 else 0

    return _wait_for(listens, process, folder / "log")


def _wait_for(port: Callable[[], int], process: subprocess.Popen[bytes], log: Path) -> int:
    give_up = time.monotonic() + START_TIMEOUT_S
    while not (found := port()):
        ended = process.poll() is not None
        assert not ended, "JupyterLab ended:\n" + log.read_text(encoding="utf-8")
        assert time.monotonic() < give_up, "JupyterLab does not listen:\n" + log.read_text(encoding="utf-8")
        time.sleep(0.02)  # only between two looks
    return found


def _end(process: subprocess.Popen[bytes], lab: JupyterLab | None) -> list[psutil.Process]:
    """End the server and its kernels; what did not end when asked is killed, and returned."""
    if process.poll() is not None:
        return []
    server = psutil.Process(process.pid)
    family = [server, *server.children(recursive=True)]
    try:
        if lab is None:
            process.terminate()
        else:
            # Asked, not signalled: a signal that meets the server while it writes to its log gets lost.
            lab.ask("POST", "api/shutdown")
    finally:
        _, alive = psutil.wait_procs(family, STOP_TIMEOUT_S)
        for one in alive:
            one.kill()
        process.wait()
    return alive

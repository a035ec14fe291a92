"""Looks at this machine and environment for ``doctor``; what it finds is judged in ``checks.py``."""

from __future__ import annotations

import asyncio
import http.client
import importlib.metadata
import json
import os
import re
import shutil
import site
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lab_servers.cli import checks
from lab_servers.cli.report import Check, Report

# The extra of pyproject.toml that brings what vendors give to their customers.
SDKS = "sdks"

# Four servers and their four relays.
PORTS = 8

# How long one of Jupyter's own commands may take, in seconds; each takes about 0.3.
COMMAND_TIMEOUT_S = 30

_BROWSERS = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "firefox", "firefox-esr",
    "microsoft-edge", "msedge", "brave-browser", "safari",
)  # fmt: skip
_WIRESHARKS = ("tshark", "wireshark")

# Where programs are that their installers put on nobody's PATH.
_APPLICATIONS = {
    "darwin": (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Firefox.app/Contents/MacOS/firefox",
        "/Applications/Safari.app/Contents/MacOS/Safari",
        "/Applications/Wireshark.app/Contents/MacOS/tshark",
    ),
    "win32": (
        r"C:\Program Files\Google\Chrome\Application\chrome.exe",
        r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
        r"C:\Program Files\Mozilla Firefox\firefox.exe",
        r"C:\Program Files\Wireshark\tshark.exe",
    ),
}

_SUBSHELL_PLUGIN = Path("@jupyterlab", "apputils-extension", "kernels-settings.jupyterlab-settings")


def examine() -> Report:
    """Look at everything that the servers and the notebooks need. Takes about a second."""
    return Report(tuple(_checks()))


def _checks() -> Iterator[Check]:
    ipykernel = _version("ipykernel")
    yield checks.python(sys.version_info[:3])
    yield checks.package(_version("lab_servers"))
    for requirement in requirements():
        yield checks.dependency(requirement, _version(requirement.partition(">=")[0]))
    for requirement in requirements(SDKS):
        yield checks.optional(requirement, _version(requirement.partition(">=")[0]))
    yield checks.kernel(ipykernel, _kernel_command(), sys.executable)
    yield _event_loop()
    yield _ports()
    yield checks.proxies(os.environ)
    yield checks.browser(_program(_BROWSERS))
    wireshark = _program(_WIRESHARKS)
    yield checks.wireshark(wireshark, _wireshark_version(wireshark))
    yield _subshells()
    nested = {name: _version(name) for name in ("nest-asyncio", "nest-asyncio2")}
    yield checks.asyncio_run(ipykernel, nested, _applied_nesting())
    yield _lab()


def requirements(extra: str = "") -> tuple[str, ...]:
    """The direct dependencies of this package, each as a name or ``name>=bound``.

    Args:
        extra: The name of an extra whose packages are wanted, instead of those that are always needed.
    """
    try:
        lines = importlib.metadata.requires("lab_servers") or []
        lines = [line for line in lines if _extra_of(line) == extra]
    except importlib.metadata.PackageNotFoundError:
        name = f"tests/requirements-{extra}.txt" if extra else "requirements.txt"
        lines = (Path(__file__).parents[2] / name).read_text(encoding="utf-8").splitlines()
    matches = (re.match(r"[A-Za-z0-9][\w.-]*(>=[\w.]+)?", line.replace(" >=", ">=")) for line in lines)
    return tuple(match[0] for match in matches if match)


def _extra_of(line: str) -> str:
    """The extra that a line of a package's metadata belongs to: ``openai>=3; extra == "sdks"`` → ``sdks``."""
    named = re.search(r"""\bextra\s*==\s*["']([\w.-]+)["']""", line.partition(";")[2])
    return named[1] if named else ""


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _output(*command: str) -> str:
    """What a program prints, or an empty string if that did not work."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace",
            timeout=COMMAND_TIMEOUT_S, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


def _json_of(*arguments: str) -> Mapping[str, Any]:
    """The JSON object that a Python module prints when it is run, or an empty one."""
    try:
        found = json.loads(_output(sys.executable, "-m", *arguments))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _kernel_command() -> tuple[str, ...]:
    # Asked of Jupyter itself, since the order of its folders is its own business.
    specs = _json_of("jupyter_client.kernelspecapp", "list", "--json").get("kernelspecs", {})
    return tuple(specs.get("python3", {}).get("spec", {}).get("argv", ()))


def _event_loop() -> Check:
    loop = asyncio.new_event_loop()
    loop.close()
    # Policies are deprecated from Python 3.14 on, and asking for one warns.
    policy = type(asyncio.get_event_loop_policy()).__name__ if sys.version_info < (3, 14) else ""
    return checks.event_loop(type(loop).__module__, type(loop).__name__.lstrip("_"), policy.lstrip("_"))


def _ports() -> Check:
    listening: list[socket.socket] = []
    problem = ""
    try:
        for _ in range(PORTS):
            listening.append(socket.create_server(("127.0.0.1", 0)))
    except OSError as error:
        problem = error.strerror or str(error)
    numbers = [one.getsockname()[1] for one in listening]
    for one in listening:
        one.close()
    return checks.ports(PORTS, numbers, problem)


def _program(names: tuple[str, ...]) -> str | None:
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    for path in _APPLICATIONS.get(sys.platform, ()):
        if Path(path).stem.lower().rpartition(" ")[2] in names and Path(path).exists():
            return path
    return None


def _wireshark_version(path: str | None) -> str:
    # The window program opens a display before it says its version.
    if path is None or "tshark" not in Path(path).name.lower():
        return ""
    first = _output(path, "--version").partition("\n")[0]
    number = re.search(r"\d+(\.\d+)+", first)
    return number[0] if number else ""


def _subshells() -> Check:
    settings = _lab_folder() / "settings"
    config = os.environ.get("JUPYTERLAB_SETTINGS_DIR") or next(
        (f"{folder}/lab/user-settings" for folder in _paths().get("config", ())), ""
    )
    files = [*sorted(settings.glob("overrides.d/*.json*")), settings / "overrides.json", settings / "overrides.json5"]
    files += [Path(config) / _SUBSHELL_PLUGIN] if config else []
    texts = {str(file): file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file()}
    return checks.subshells(texts, str(settings / "overrides.json"))


def _lab_folder() -> Path:
    """JupyterLab's application folder, by its own rule, without the 1.7 s that importing JupyterLab takes."""
    if os.environ.get("JUPYTERLAB_DIR"):
        return Path(os.environ["JUPYTERLAB_DIR"])
    prefixes = [sys.prefix, site.getuserbase(), "/usr/local"]
    folders = [Path(prefix, "share", "jupyter", "lab") for prefix in prefixes]
    return next((folder for folder in folders if (folder / "static").is_dir()), folders[0])


def _paths() -> Mapping[str, Any]:
    return _json_of("jupyter", "--paths", "--json")


def _applied_nesting() -> str:
    # Each leaves its name on the module that it patches.
    if hasattr(asyncio, "_nest_asyncio2"):
        return "nest-asyncio2"
    return "nest-asyncio" if hasattr(asyncio, "_nest_patched") else ""


def _lab() -> Check:
    # Whatever stops a lab here is what the reader came to hear, and not a reason to end without a report.
    try:
        from lab_servers.lab import Lab

        begun = time.perf_counter()
        with Lab() as running:
            started = time.perf_counter()
            address = running.url("http").removeprefix("http://")
            connection = http.client.HTTPConnection(address, timeout=10)  # knows nothing of proxies
            connection.request("GET", "/api/user/info")
            status = connection.getresponse().status
            connection.close()
            answered = time.perf_counter()
        stopped = time.perf_counter()
    except Exception as error:
        return checks.lab_failed(f"{type(error).__name__}: {error}")
    if status != http.client.OK:
        return checks.lab_failed(f"its http server answered with status {status}")
    return checks.lab(started - begun, answered - started, stopped - answered)

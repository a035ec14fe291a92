"""The judgements of ``doctor``: each takes what ``doctor.py`` gathered and returns a check. Pure."""

from __future__ import annotations

import ipaddress
import os
import re
import urllib.parse
from collections.abc import Mapping, Sequence

from lab_servers.cli.report import Check, Status
from lab_servers.cli.terminal import counted

OLDEST_PYTHON = (3, 11)

# allow_asyncio_run() applies this one from ipykernel 7 on; before 1.7.4 it loses cells as the original does.
NEST_ASYNCIO2 = "1.7.4"

SUBSHELL_KEY = "commsOverSubshells"
SUBSHELL_DEFAULT = "perCommTarget"

_LOOPBACK = ipaddress.ip_address("127.0.0.1")
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "ws_proxy", "wss_proxy")


def python(version: Sequence[int]) -> Check:
    """Whether this Python is new enough."""
    found = ".".join(map(str, version[:3]))
    if tuple(version[:2]) >= OLDEST_PYTHON:
        return Check("python", Status.OK, found)
    oldest = ".".join(map(str, OLDEST_PYTHON))
    return Check("python", Status.PROBLEM, found, f"Build the environment with Python {oldest} or newer.")


def package(version: str | None) -> Check:
    """Whether notebooks can import this package, wherever their kernel was started."""
    if version is not None:
        return Check("lab_servers", Status.OK, version)
    remedy = "Notebooks need it installed: python -m pip install --editable . in the folder of pyproject.toml."
    return Check("lab_servers", Status.WARNING, "runs from its source folder, and is not installed", remedy)


def dependency(requirement: str, installed: str | None) -> Check:
    """Whether one direct dependency is there, and new enough.

    Args:
        requirement: The name, and the lower bound if it has one, such as ``aiohttp>=3.14``.
        installed: The installed version, or ``None``.
    """
    name, _, least = requirement.partition(">=")
    remedy = f'python -m pip install --upgrade "{requirement}"'
    if installed is None:
        return Check(name, Status.PROBLEM, "not installed", remedy)
    if least and release(installed) < release(least):
        return Check(name, Status.PROBLEM, f"{installed}, older than {least}", remedy)
    return Check(name, Status.OK, installed)


def optional(requirement: str, installed: str | None) -> Check:
    """The same for a package that only some runs of the course need: without it, everything else works.

    Args:
        requirement: The name, and the lower bound if it has one, such as ``openai>=3.57``.
        installed: The installed version, or ``None``.
    """
    check = dependency(requirement, installed)
    if check.status is Status.OK:
        return check
    found = f"{check.found}; only the runs with vendors' own clients need it"
    return Check(check.name, Status.WARNING, found, check.remedy)


def release(version: str) -> tuple[int, ...]:
    """The numbers of a version that can be compared: ``4.6.0rc1`` → ``(4, 6)``.

    Only lower bounds are compared here, for which the release segment of PEP 440 is enough.
    Zeros at its end do not count: 4.6 and 4.6.0 are the same release.
    """
    numbers = re.match(r"v?(\d+(?:\.\d+)*)", version)
    segments = [int(number) for number in numbers[1].split(".")] if numbers else []
    while segments and segments[-1] == 0:
        segments.pop()
    return tuple(segments)


def kernel(ipykernel: str | None, command: Sequence[str], executable: str) -> Check:
    """Whether notebooks run in this very environment.

    Args:
        ipykernel: Its version, or ``None`` when it is not installed.
        command: What the kernel spec ``python3`` starts; empty when there is no such spec.
        executable: This interpreter.
    """
    if ipykernel is None:
        return Check("kernel", Status.PROBLEM, "ipykernel is not installed", "python -m pip install ipykernel")
    remedy = "python -m ipykernel install --sys-prefix makes one of this environment."
    found = f"ipykernel {ipykernel}"
    if not command:
        return Check("kernel", Status.PROBLEM, f"{found}, but Jupyter knows no kernel named python3", remedy)
    # Jupyter puts its own interpreter in place of these bare names.
    if re.fullmatch(r"python(3(\.\d+)?)?", command[0]) or _folder(command[0]) == _folder(executable):
        return Check("kernel", Status.OK, f"{found}; python3 runs in this environment")
    found = f"{found}, but the kernel python3 runs another Python, {command[0]}"
    return Check("kernel", Status.PROBLEM, found, remedy)


def _folder(program: str) -> str:
    # Not the program itself: the python of most environments is a link to one that they share.
    return os.path.normcase(os.path.realpath(os.path.dirname(program)))


def event_loop(module: str, loop: str, policy: str) -> Check:
    """Whether asyncio makes loops of its own kind, which are what the relay is tested with."""
    found = f"{loop} from {policy}" if policy else loop
    if module.split(".")[0] == "asyncio":
        return Check("event-loop", Status.OK, found)
    remedy = "The relay is tested with asyncio's own loops: leave the policy unset in this environment."
    return Check("event-loop", Status.WARNING, f"{found} ({module})", remedy)


def ports(wanted: int, bound: Sequence[int], error: str) -> Check:
    """Whether loopback ports can be opened.

    Args:
        wanted: How many ports were asked for at once.
        bound: Those that were opened.
        error: Why there are no more, or an empty string.
    """
    if len(bound) == wanted:
        return Check("ports", Status.OK, f"{counted(wanted, 'free port')} on 127.0.0.1 opened at once")
    remedy = "Something on this machine forbids listening on 127.0.0.1, or too many files are open: close programs."
    return Check("ports", Status.PROBLEM, f"only {len(bound)} of {wanted} ports on 127.0.0.1 ({error})", remedy)


def proxies(environment: Mapping[str, str]) -> Check:
    """Whether a learner's own curl or requests would send loopback traffic to a proxy."""
    lowered = sorted((name.lower(), name) for name in environment if environment[name])
    found = [name for lower, name in lowered if lower in _PROXY_VARIABLES]
    if not found:
        return Check("proxies", Status.OK, "no proxy variables are set")
    shown = ", ".join(f"{name}={_without_password(environment[name])}" for name in found)
    exceptions = [environment[name] for lower, name in lowered if lower == "no_proxy"]
    # Where both spellings are set, programs differ in which they read.
    if exceptions and all(_exempts_loopback(value) for value in exceptions):
        return Check("proxies", Status.OK, f"{shown}; NO_PROXY names 127.0.0.1")
    remedy = (
        "The lab's own clients ignore these variables; for curl, requests and the like "
        "set NO_PROXY=127.0.0.1,localhost and no_proxy likewise."
    )
    return Check("proxies", Status.WARNING, f"{shown}; NO_PROXY does not name 127.0.0.1", remedy)


def _exempts_loopback(no_proxy: str) -> bool:
    return any(_covers_loopback(entry) for entry in no_proxy.replace(",", " ").split())


def _covers_loopback(entry: str) -> bool:
    if entry == "*":
        return True
    try:
        return _LOOPBACK in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False  # a name, such as localhost; our URLs have the address


def _without_password(proxy: str) -> str:
    try:
        parts = urllib.parse.urlsplit(proxy if "//" in proxy else f"//{proxy}")
    except ValueError:
        return "(not readable as a URL)"
    _, user, host = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{'…@' if user else ''}{host}".removeprefix("://")


def browser(path: str | None) -> Check:
    """Whether there is a browser for JupyterLab."""
    if path:
        return Check("browser", Status.OK, path)
    remedy = "Install Chromium, Chrome, Edge or Firefox; JupyterLab prints its address for a browser elsewhere."
    return Check("browser", Status.WARNING, "none found", remedy)


def wireshark(path: str | None, version: str) -> Check:
    """Whether a saved recording can be opened."""
    if path:
        return Check("wireshark", Status.OK, f"{path} ({version})" if version else path)
    remedy = "Recordings can be saved without it; to open them install Wireshark (Debian, Ubuntu: apt install tshark)."
    return Check("wireshark", Status.WARNING, "neither tshark nor Wireshark found", remedy)


def subshells(texts: Mapping[str, str], target: str) -> Check:
    """Whether JupyterLab sends widget messages to the kernel's main thread.

    Args:
        texts: Setting files in the order in which JupyterLab reads them, by path; a later one wins.
        target: The file in which to put the setting.
    """
    value, source = SUBSHELL_DEFAULT, "JupyterLab's default"
    for path, text in texts.items():
        # Half of these files have comments, which json does not read; the key is unique to one plugin.
        lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))
        for match in re.finditer(rf'"{SUBSHELL_KEY}"\s*:\s*"(\w+)"', lines):
            value, source = match[1], path
    found = f"{SUBSHELL_KEY} is {value} ({source})"
    if value == "disabled":
        return Check("subshells", Status.OK, found)
    remedy = (
        "The lab works all the same, but your own widget callbacks may run on another thread. `make lab` sets it, "
        f"as does copying binder/overrides.json to {target}."
    )
    return Check("subshells", Status.WARNING, found, remedy)


def asyncio_run(ipykernel: str | None, versions: Mapping[str, str | None], applied: str) -> Check:
    """Whether ``allow_asyncio_run()`` has what the kernel can bear, and nobody has patched asyncio before it.

    Args:
        ipykernel: Its version, or ``None``.
        versions: Those of nest-asyncio and nest-asyncio2; ``None`` for one that is not installed.
        applied: Which of the two has patched asyncio in this process, or an empty string.
    """
    is_new = ipykernel is None or release(ipykernel) >= (7,)
    needed = "nest-asyncio2" if is_new else "nest-asyncio"
    version = versions[needed]
    if is_new and applied == "nest-asyncio":
        found = f"nest-asyncio is applied already, and ipykernel {ipykernel} loses cells with it"
        return Check("asyncio-run", Status.WARNING, found, "Restart the kernel, and call allow_asyncio_run() instead.")
    if version is None or (is_new and release(version) < release(NEST_ASYNCIO2)):
        remedy = f'python -m pip install --upgrade "{needed}{f">={NEST_ASYNCIO2}" if is_new else ""}"'
        found = f"{needed} {version} is too old" if version else f"{needed} is not installed"
        return Check("asyncio-run", Status.WARNING, found, remedy)
    state = "applied" if applied else "not applied until allow_asyncio_run() is called"
    return Check("asyncio-run", Status.OK, f"{needed} {version}, {state}")


def lab(start_s: float, answer_s: float, stop_s: float) -> Check:
    """How long a whole lab took, of which all durations are given in seconds."""
    found = f"started in {start_s * 1e3:.0f} ms, answered in {answer_s * 1e3:.1f} ms, stopped in {stop_s * 1e3:.0f} ms"
    return Check("lab", Status.OK, found)


def lab_failed(error: str) -> Check:
    """A lab that did not start, answer or stop."""
    return Check("lab", Status.PROBLEM, error, "Follow the lines above that name a problem, then try again.")

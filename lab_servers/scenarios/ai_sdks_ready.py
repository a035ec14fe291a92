"""Gets the SDKs of ``ai_sdks.py`` ready before anything is timed: imported, and tried with one short answer each.

The two vendors' SDKs are thousands of modules, and at its first answer each builds the classes that it reads with: two
to three seconds of a processor in all, once in a process. Whoever cannot read that answer has no place in a run; what
is wrong is said in the words of what was raised.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterable
from functools import cache

from lab_servers.clients.failures import one_line
from lab_servers.lab.hosting import ProblemLog, start_application
from lab_servers.scenarios.ai_sdks import Sdk
from lab_servers.scenarios.ai_user import Question, User
from lab_servers.servers.llm.app import make_app

MOST_REASON_CHARACTERS = 160


async def lacking(clients: Iterable[Sdk]) -> dict[str, str]:
    """Import and try what these clients need.

    On one thread, one after the other, so that the lab's loop stays free: more threads would only wait for each other.

    Returns:
        What to do about each package that does not work here, by its name; a package that works is not in it.
    """
    return await asyncio.to_thread(_lacking, tuple(clients))


def _lacking(clients: tuple[Sdk, ...]) -> dict[str, str]:
    remedies: dict[str, str] = {}
    for client in clients:
        if client.package in remedies:
            continue
        try:
            importlib.import_module(client.package)
            _try(client)
        except ModuleNotFoundError as error:
            remedies[client.package] = _remedy(client.package, error)
        # Whatever it is: a run shows it, and goes on with the other clients.
        except Exception as error:
            remedies[client.package] = _broken(client.package, error)
    return remedies


def _remedy(package: str, error: ModuleNotFoundError) -> str:
    if error.name == package:
        return f"{package} is not installed: python -m pip install {package}"
    return _broken(package, error)


def _broken(package: str, error: Exception) -> str:
    reason = one_line(f"{type(error).__name__}: {error}", MOST_REASON_CHARACTERS)
    return f"{package} does not work here ({reason}): python -m pip install --upgrade {package}"


@cache
def _try(client: Sdk) -> None:
    """Let it read a short answer that nobody records; what it raises is not kept, so that it may be mended."""
    # Not asyncio.run(), which allow_asyncio_run() has changed to look for a loop that this thread has not.
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(_read_one(client))
    finally:
        loop.close()


async def _read_one(client: Sdk) -> None:
    (host, port), stop = await start_application(make_app(), ProblemLog().logger)
    try:
        await client.ask(f"http://{host}:{port}", User(Question("Hello", {"tokens": 1, "ttft_s": 0, "gap_s": 0})))
    finally:
        await stop()

"""curl, and Node's fetch and EventSource (``ai_programs.js``): programs that show their users what comes.

They are started on the lab's loop. Neighbour: ``ai_sdks.py``.

A program gets an environment with nothing in it but where programs are: no proxy, no key, no options of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lab_servers.scenarios.ai_sdks import MODEL, Ask
from lab_servers.scenarios.ai_user import User
from lab_servers.wire.llm.reader import AnswerReader, Dialect, Kind

_SCRIPT = Path(__file__).with_name("ai_programs.js")
_READ_BYTES = 64 * 1024
# What the programs need of the environment to run at all. A manager of versions puts a stand-in for Node on the PATH,
# which looks for the real one at home.
_KEPT = ("PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "TEMP", "TMP")
# How long Node may take to say what it has, in seconds; it takes 0.2.
_PROBE_WITHIN_S = 30

CURL_MISSING = "curl is not installed (Debian, Ubuntu: apt install curl)"
NODE_MISSING = "Node is not installed (Debian, Ubuntu: apt install nodejs)"
EVENT_SOURCE_MISSING = "this Node has no EventSource of its own: install Node 20.18 or newer"

# Names of curl's exit statuses, in its manual's words.
_CURL_WORDS = {
    7: "failed to connect",
    18: "partial file",
    52: "empty reply",
    56: "receive error",
}


@dataclass(frozen=True)
class Program:
    """A client that is a program.

    Attributes:
        code: What its user writes.
        ask: Asks the user's question of the model at a URL, and shows the answer to the user.
    """

    code: str
    ask: Ask


@asynccontextmanager
async def _running(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program under way; whatever happens, it does not outlive its run."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(),
    )
    try:
        yield process
    finally:
        _end(process)
        # Shielded: of a run that is stopped, the program is gone before the lab is.
        await asyncio.shield(process.communicate())


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


def _end(process: asyncio.subprocess.Process) -> None:
    """End a program that may have ended by itself."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.kill()
        else:
            # process.kill() asks for the exit status first, and so may take it from asyncio, which then complains on
            # standard error that it does not know this child (github.com/python/cpython/issues/119710, to 3.12).
            os.kill(process.pid, signal.SIGKILL)


# --- curl ---------------------------------------------------------------------------------------------


async def curl(url: str, user: User) -> None:
    """``curl -N``: it prints what comes; whoever looks at it reads the JSON."""
    program = shutil.which("curl")
    if program is None:
        return user.lacks(CURL_MISSING)
    body = {"model": MODEL, "messages": [{"role": "user", "content": user.question.prompt}], "stream": True}
    user.asks()
    async with _running(
        program, "-q", "-sS", "-N", "--noproxy", "*", "-H", "Content-Type: application/json",
        "-d", json.dumps(body, ensure_ascii=False), f"{url}/v1/chat/completions?{user.question.query}",
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        reader = AnswerReader(Dialect.CHAT)
        printed = b""
        while data := await process.stdout.read(_READ_BYTES):
            printed += data
            for piece in reader.feed(data):
                if piece.kind is Kind.TEXT and user.sees(piece.text):
                    _end(process)
                    return user.leaves("ending curl")
                if piece.kind is Kind.ERROR:
                    user.is_told_of_an_error(piece.text)
        message = (await process.stderr.read()).decode(errors="replace").strip()
        status = await process.wait()
    if status:
        return user.gets_an_error(f"exit status {status}, {_CURL_WORDS.get(status, 'see its manual')}", message)
    if b"data:" not in printed:
        # Without --fail a refusal is an answer like any other to curl.
        user.is_told_of_an_error(printed.decode(errors="replace"))
    user.gets_the_end("[DONE]" if reader.state.terminated else "exit status 0")


# --- Node ---------------------------------------------------------------------------------------------


async def fetch(url: str, user: User) -> None:
    """Node's ``fetch`` with a reader: chat completions."""
    program = _node()
    if program is None:
        return user.lacks(NODE_MISSING)
    await _follow(user, [program], "fetch", f"{url}/v1/chat/completions?{user.question.query}")


async def event_source(url: str, user: User) -> None:
    """Node's own ``EventSource``: it can only GET, so it asks our own way, with the prompt in the query."""
    program = _node()
    if program is None:
        return user.lacks(NODE_MISSING)
    try:
        options = await asyncio.to_thread(_options_for_event_source, program)
    except LookupError:
        return user.lacks(EVENT_SOURCE_MISSING)
    target = f"{url}/api/answer?prompt={quote(user.question.prompt)}&{user.question.query}"
    await _follow(user, [program, "--no-warnings", *options], "EventSource", target)


def ask_node() -> None:
    """Find out how this Node gives its EventSource, before anything is timed. It blocks."""
    program = _node()
    if program is not None:
        with suppress(LookupError):
            _options_for_event_source(program)


def _node() -> str | None:
    return shutil.which("node") or shutil.which("nodejs")


@cache
def _options_for_event_source(program: str) -> tuple[str, ...]:
    """The options with which this Node has an EventSource; that it has none is not kept: it may be upgraded.

    Raises:
        LookupError: it has none.
    """
    for options in (("--experimental-eventsource",), ()):
        with suppress(OSError, subprocess.SubprocessError):
            printed = subprocess.run(
                [program, *options, "--print", "typeof EventSource"],
                stdin=subprocess.DEVNULL, capture_output=True, env=_environment(), timeout=_PROBE_WITHIN_S,
            ).stdout  # fmt: skip
            if printed.strip() == b"function":
                return options
    raise LookupError(program)


async def _follow(user: User, program: Sequence[str], way: str, url: str) -> None:
    """Run the script, and tell the user what it prints as it prints it."""
    question = user.question
    command = (*program, str(_SCRIPT), way, url, question.prompt, str(question.leave_after))
    async with _running(*command) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        has_ended = False
        while line := await process.stdout.readline():
            has_ended = _tell(user, json.loads(line)) or has_ended
        said = (await process.stderr.read()).decode(errors="replace").strip()
        status = await process.wait()
    if not has_ended:
        user.gets_an_error(f"exit status {status}", said.splitlines()[-1] if said else "(no message)")


def _tell(user: User, happening: dict[str, Any]) -> bool:
    """Pass on one line of the script; tell whether the answer has ended with it."""
    match happening:
        case {"asked": True}:
            user.asks()
        case {"saw": str(text)}:
            user.sees(text)  # the script counts, too, and leaves by itself
        case {"met": str(message)}:
            user.is_told_of_an_error(message)
        case {"left": str(how)}:
            user.leaves(how)
            return True
        case {"over": str(last)}:
            user.gets_the_end(last)
            return True
        case {"error": str(name), "message": str(message)}:
            user.gets_an_error(name, message)
            return True
    return False


PROGRAMS = {
    "curl -N": Program("curl -N -d '{…}' URL", curl),
    "fetch in Node": Program("for await (const piece of response.body)", fetch),
    "EventSource in Node": Program("new EventSource(url)", event_source),
}

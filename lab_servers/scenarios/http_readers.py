"""Six clients of different makes that read one answer each, and what each of them concludes.

``http_cut_short.py`` asks them. A conclusion is a text that begins with :data:`ACCEPTS` or :data:`NOTICES`. No client
asks a proxy: the servers are on this machine.
"""

from __future__ import annotations

import asyncio
import http.client
import io
import shutil
import subprocess
import urllib.request
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import aiohttp

from lab_servers.clients import get
from lab_servers.errors import ExchangeFailed

ACCEPTS, NOTICES, MISSING = "accepts", "notices", "not installed"
TIMEOUT_S = 10.0
# curl's exit status for "not all of the announced bytes came", and for "the connection failed while it read".
_CURL_WORDS = {18: "partial file", 56: "failure in receiving"}

Reader = Callable[[str], Awaitable[str]]


def _accepts(body: bytes) -> str:
    return f"{ACCEPTS} {len(body)} byte{'s' * (len(body) != 1)}"


def _notices(error: Exception) -> str:
    return f"{NOTICES}: {type(error).__name__}"


async def lab_client(url: str) -> str:
    """``get`` of this package, built on aiohttp."""
    try:
        return _accepts((await get(url, timeout_s=TIMEOUT_S)).body)
    except ExchangeFailed as error:
        return _notices(error)


async def plain_aiohttp(url: str) -> str:
    """Aiohttp as its manual shows it."""
    try:
        async with (
            asyncio.timeout(TIMEOUT_S),
            aiohttp.ClientSession(trust_env=False) as session,
            session.get(url) as response,
        ):
            return _accepts(await response.read())
    except (aiohttp.ClientError, OSError) as error:
        return _notices(error)


async def read_whole(url: str) -> str:
    """Python's ``http.client``, which reads all with one call."""
    return await asyncio.to_thread(_read_whole, url)


def _read_whole(url: str) -> str:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_S)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        return _accepts(connection.getresponse().read())
    except (http.client.HTTPException, OSError) as error:
        return _notices(error)
    finally:
        connection.close()


async def copied(url: str) -> str:
    """Python's ``urllib.request`` with ``shutil.copyfileobj``: the same library, read piece by piece."""
    return await asyncio.to_thread(_copied, url)


def _copied(url: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    file = io.BytesIO()
    try:
        with opener.open(url, timeout=TIMEOUT_S) as response:
            shutil.copyfileobj(response, file)
        return _accepts(file.getvalue())
    except (http.client.HTTPException, OSError) as error:
        return _notices(error)


async def curl(url: str) -> str:
    """``curl``, whose exit status says how it went."""
    program = shutil.which("curl")
    if program is None:
        return MISSING
    return await asyncio.to_thread(_curl, program, url)


def _curl(program: str, url: str) -> str:
    command = [program, "-q", "--silent", "--noproxy", "*", "--max-time", f"{TIMEOUT_S:g}", url]
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode == 0:
        return _accepts(done.stdout)
    words = _CURL_WORDS.get(done.returncode, "")
    return f"{NOTICES}: exit status {done.returncode}" + (f", {words}" if words else "")


async def until_the_end(url: str) -> str:
    """A naive reader of ours: whatever came between the head and the end of the connection is the body to it."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        target = f"{parts.path}?{parts.query}"
        writer.write(f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
        async with asyncio.timeout(TIMEOUT_S):
            _, _, body = (await reader.read()).partition(b"\r\n\r\n")
        return _accepts(body)
    except OSError as error:
        return _notices(error)
    finally:
        writer.close()


# In the order in which they are shown.
READERS: dict[str, Reader] = {
    "get() of this lab": lab_client,
    "aiohttp": plain_aiohttp,
    "http.client, one read()": read_whole,
    "urllib, copied in pieces": copied,
    "curl": curl,
    "reads until the end": until_the_end,
}

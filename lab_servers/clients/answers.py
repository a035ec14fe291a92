"""The reader of a model's answer: one prompt on one way, and each piece with the moment at which it could be shown.

``answer_questions.py`` makes the request, ``answer_reading.py`` takes what comes, ``wire/llm`` knows the dialects.
Nothing is repeated here when a connection breaks: the ending says that it did, and ``resuming.py`` goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urldefrag, urljoin, urlsplit

import aiohttp
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from lab_servers.clients.answer_questions import compact, question
from lab_servers.clients.answer_reading import AnswerRead, Listener, OnPiece
from lab_servers.clients.ending import Ending
from lab_servers.clients.failures import explained, one_line, require_timeout, require_url
from lab_servers.clients.http import DEFAULT_LIMIT_BYTES, Answer, exchange
from lab_servers.clients.session import body_of, open_session
from lab_servers.clients.websocket import open_connection
from lab_servers.errors import ExchangeFailed, require_between, require_whole
from lab_servers.marks import now_ns
from lab_servers.wire.llm.json_text import BadJson, read_object
from lab_servers.wire.llm.ways import OURS, VENDORS, Way

__all__ = ["OURS", "VENDORS", "AnswerRead", "Way", "read_answer"]

MOST_PARTS = 1_000_000
RUN_ID = "Run-Id"


async def read_answer(
    url: str,
    way: Way,
    prompt: str,
    settings: Mapping[str, object] | None = None,
    *,
    leave_after_parts: int | None = None,
    on_piece: OnPiece | None = None,
    key: str = "",
    kept: bool = False,
    poll_every_s: float = 0.25,
    hold_s: float = 10.0,
    timeout_s: float = 60.0,
) -> AnswerRead:
    """Ask a prompt on one way, and read the answer until it ends.

    Once the answer has begun, whatever happens to it is reported in ``ending``, and what came until then is kept.

    Args:
        url: Where the model's server is, without a path: ``"http://127.0.0.1:8080"``.
        way: How to ask and how to be answered.
        prompt: The question.
        settings: How the model shall behave, as query parameters (``servers/llm/settings.py`` has the names).
        leave_after_parts: Leave, closing the connection, after the read in which so many pieces of text have come.
        on_piece: Called with each piece as soon as it is read.
        key: Sent as ``Idempotency-Key``: the same key gives the same run. Empty sends none.
        kept: On a WebSocket: the run goes on when its reader leaves. Runs that are polled always do.
        poll_every_s: From one question of short polling to the next, in seconds; longer if the answer takes longer.
        hold_s: How long the server may hold a question of long polling, in seconds.
        timeout_s: The longest that all of it may take, in seconds.

    Raises:
        BadParameter: a parameter is out of its bounds.
        ExchangeFailed: no answer began: the server could not be reached, or refused with a status (``status``).
    """
    require_url(url, "http", "https", "ws", "wss")
    require_timeout(timeout_s)
    require_between("poll_every_s", poll_every_s, 0.005, 60, "seconds")
    require_between("hold_s", hold_s, 0.01, 60, "seconds")
    if leave_after_parts is not None:
        require_whole("leave_after_parts", leave_after_parts, 1, MOST_PARTS, "parts")
    listener = Listener(way, leave_after_parts, on_piece)
    asking = _Asking(url, way, prompt, dict(settings or {}), key, listener, timeout_s)
    try:
        async with asyncio.timeout(timeout_s):
            if way is Way.WEBSOCKET:
                ending = await asking.on_websocket(kept)
            elif way in (Way.SHORT_POLLING, Way.LONG_POLLING):
                ending = await asking.by_polling(poll_every_s, hold_s if way is Way.LONG_POLLING else 0.0)
            else:
                ending = await asking.in_one_response()
    except TimeoutError:
        ending = Ending.TIMEOUT
    return listener.finished(ending)


class _Asking:
    """One question under way."""

    def __init__(
        self,
        url: str,
        way: Way,
        prompt: str,
        settings: dict[str, object],
        key: str,
        listener: Listener,
        timeout_s: float,
    ) -> None:
        self._base = url.rstrip("/")
        self._way = way
        self._prompt = prompt
        self._settings = settings
        self._key = key
        self._listener = listener
        self._timeout_s = timeout_s

    async def in_one_response(self) -> Ending:
        """POST, and read the response as it grows."""
        asked = question(self._way, self._prompt, self._settings)
        url = self._base + asked.path
        listener = self._listener
        async with open_session(keep_alive=True) as session:
            listener.note("asked", f"POST {url}")
            async with explained(url, self._timeout_s):
                response = await session.post(
                    url, data=asked.content, headers=self._headers(asked.headers), allow_redirects=False
                )
            listener.note("head received", str(response.status))
            listener.note_run(response.headers.get(RUN_ID, ""))
            async with response:
                if response.status != 200:
                    await _refuse(response, url)
                received_bytes = 0
                try:
                    async for data in body_of(response):
                        received_bytes += len(data)
                        if listener.feed(data):
                            response.close()
                            return Ending.CLIENT
                        if received_bytes > DEFAULT_LIMIT_BYTES:
                            response.close()
                            return Ending.BOUND
                except (aiohttp.ClientError, OSError):
                    return Ending.LOST
                listener.end()
                return Ending.CLIENT if listener.leaves else Ending.SERVER

    async def by_polling(self, every_s: float, hold_s: float) -> Ending:
        """POST begins the run; each GET asks for the parts after the last one that is known."""
        asked = question(self._way, self._prompt, self._settings)
        listener = self._listener
        async with open_session(keep_alive=True) as session:
            url = self._base + asked.path
            listener.note("asked", f"POST {url}")
            begun = await exchange(
                session, "POST", url, headers=self._headers(asked.headers), body=asked.content,
                timeout_s=self._timeout_s,
            )  # fmt: skip
            listener.note("head received", str(begun.status))
            _require_success(begun, url)
            listener.note_run(begun.header(RUN_ID) or "")
            run = _run_of(begun, url)
            clock = asyncio.get_running_loop()
            due = clock.time()
            while True:
                query = f"after={listener.state.last_sequence}" + (f"&hold_s={hold_s:g}" if hold_s else "")
                try:
                    answer = await exchange(session, "GET", run + query, timeout_s=self._timeout_s)
                except ExchangeFailed:
                    return Ending.LOST
                if (ending := self._take_list(answer)) is not None:
                    return ending
                if not hold_s:
                    # A question whose time is past is asked now; those that were missed are not made up for.
                    due = max(due + every_s, clock.time())
                    await asyncio.sleep(due - clock.time())

    def _take_list(self, answer: Answer) -> Ending | None:
        """Read the parts of one answer; tell why it was the last one, if it was."""
        text = answer.body.decode("utf-8", "replace")
        leaves = self._listener.feed_messages([text], now_ns())
        try:
            is_done = read_object(text).get("done") is True or answer.status != 200
        except BadJson:  # the state has it as damage
            return Ending.BOUND
        if leaves:
            return Ending.CLIENT
        if is_done:
            self._listener.end()
            return Ending.SERVER
        return None

    async def on_websocket(self, kept: bool) -> Ending:
        """Open a socket, ask, and close it when the answer has ended."""
        parts = urlsplit(self._base)
        scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
        url = f"{scheme}://{parts.netloc}/ws"
        listener = self._listener
        listener.note("asked", f"GET {url}")
        connection = await open_connection(url, None, None, self._timeout_s, DEFAULT_LIMIT_BYTES)
        try:
            listener.note("open")
            ask: dict[str, object] = {"type": "ask", "prompt": self._prompt, "settings": self._settings, "kept": kept}
            if self._key:
                ask["key"] = self._key
            with suppress(ConnectionClosed):  # what it said before it closed is read below
                await connection.send(compact(ask))
            while not listener.is_over:
                if listener.feed_messages(*await _messages_of_one_read(connection)):
                    break
            # Leaving is closing the socket; a run that is over needs no more than a polite end.
            await connection.close()
            listener.end()
            return Ending.CLIENT if listener.leaves else Ending.SERVER
        except ConnectionClosed as closed:
            return Ending.LOST if closed.rcvd is None else Ending.SERVER
        finally:
            connection.transport.abort()

    def _headers(self, own: Mapping[str, str]) -> dict[str, str]:
        key = {"Idempotency-Key": self._key} if self._key else {}
        return {"Content-Type": "application/json", **own, **key}


async def _messages_of_one_read(connection: ClientConnection) -> tuple[list[str], int]:
    """The next message, those that are there already, and when: a program could show them all at that moment.

    Raises:
        ConnectionClosed: none came before the end.
    """
    messages = [await connection.recv()]
    at_ns = now_ns()
    with suppress(TimeoutError, ConnectionClosed):
        while True:
            async with asyncio.timeout(0):  # what has to be waited for belongs to the next read
                messages.append(await connection.recv())
    return [message if isinstance(message, str) else repr(message) for message in messages], at_ns


def _run_of(begun: Answer, url: str) -> str:
    """Where the run is that was begun (RFC 9110 §10.2.2: a reference, relative to what was asked), up to its query.

    Raises:
        ExchangeFailed: the answer does not say.
    """
    location = begun.header("Location") or ""
    with suppress(ValueError):
        run = urldefrag(urljoin(url, location)).url
        if location and urlsplit(run).scheme in ("http", "https"):
            return run + ("&" if urlsplit(run).query else "?")
    raise ExchangeFailed(
        f"{url} began a run and did not say where it is: its Location is {one_line(location, 80)!r}. "
        "Look at the head of its answer in the capture.",
        status=begun.status,
    )


async def _refuse(response: aiohttp.ClientResponse, url: str) -> None:
    """Say what the server said instead of an answer.

    Raises:
        ExchangeFailed: always.
    """
    said = b""
    with suppress(aiohttp.ClientError, OSError):
        said = await response.content.read(4_096)
    raise _refusal(url, response.status, response.reason or "", said)


def _require_success(answer: Answer, url: str) -> None:
    """Check the status of one exchange.

    Raises:
        ExchangeFailed: it is an error.
    """
    if not 200 <= answer.status < 300:
        raise _refusal(url, answer.status, answer.reason, answer.body)


def _refusal(url: str, status: int, reason: str, said: bytes) -> ExchangeFailed:
    text = one_line(said.decode("utf-8", errors="replace"), 160)
    return ExchangeFailed(
        f"{url} refused the question with {status} {one_line(reason, 40)}: {text}. "
        "Mend what it names and ask again; a 5xx may pass by itself.",
        status=status,
    )

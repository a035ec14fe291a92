"""The three ways in which ``resuming.py`` asks for a run and says where it was; each opens one connection and reads it.

An event stream is told by ``Last-Event-ID`` (HTML §9.2.4), lines by ``?after=``, a WebSocket by its first message.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import aiohttp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from lab_servers.clients.failures import one_line
from lab_servers.clients.http import DEFAULT_LIMIT_BYTES
from lab_servers.clients.session import body_of, open_session
from lab_servers.wire.llm.json_text import BadJson, read_object, text_in, write
from lab_servers.wire.llm.ways import Way
from lab_servers.wire.sse.decoder import EventStreamDecoder

EVENT_STREAM, LINES, WEBSOCKET = Way.EVENT_STREAM.value, Way.NDJSON.value, Way.WEBSOCKET.value

# How long to wait for the other side's Close frame, seconds: the answer is there, or the connection is no more.
CLOSE_TIMEOUT_S = 0.2
# How many bytes of a refusal are read; it is one sentence.
_REFUSAL_BYTES = 4096


@dataclass(frozen=True)
class Asked:
    """A question.

    Attributes:
        prompt: What is asked.
        settings: How the model shall behave, by name.
        key: What names this question, so that a server knows it again; empty for none.
    """

    prompt: str
    settings: Mapping[str, object]
    key: str


class Broken(Exception):
    """A connection ended without a proper end, or could not be opened.

    Attributes:
        was_sent: Whether the server may have got the request.
    """

    def __init__(self, how: str, *, was_sent: bool = True) -> None:
        super().__init__(how)
        self.was_sent = was_sent


class Refused(Exception):
    """The server answered with a status that asking again does not change.

    Attributes:
        status: The status code.
        epoch: Which life of the server it is, where the answer says so.
    """

    def __init__(self, status: int, epoch: str) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.epoch = epoch


class Opener(Protocol):
    """One of the ways."""

    # Whether the question has an exchange of its own, whose answer is the id of the run.
    asks_apart: bool

    async def ask(self) -> str:
        """Ask, and return the id of the run.

        Raises:
            Broken: the connection was cut before the id was there.
            Refused: the server does not answer this question.
        """

    def read(self, run_id: str, after: int) -> AsyncGenerator[str]:
        """The JSON texts of a run behind a number, on one connection; an empty ``run_id`` asks on that connection.

        Raises:
            Broken: the connection was cut.
            Refused: the server does not know the run, or not any more.
        """


class _OverHttp:
    """What the two ways over HTTP have in common."""

    asks_apart = True

    def __init__(self, url: str, asked: Asked, quiet_s: float) -> None:
        self._url = url
        self._asked = asked
        # Silence is told on the socket: a comment of an event stream is a sign of life, although it is no event.
        self._timeout = aiohttp.ClientTimeout(total=None, sock_read=quiet_s)

    async def ask(self) -> str:
        headers = {"Idempotency-Key": self._asked.key} if self._asked.key else {}
        settings = {name: str(value) for name, value in self._asked.settings.items()}
        body = write({"prompt": self._asked.prompt})
        try:
            async with (
                open_session(keep_alive=False, once=True) as session,
                session.post(
                    f"{self._url}/api/runs", params=settings, data=body.encode(),
                    headers={"Content-Type": "application/json", **headers}, timeout=self._timeout,
                    allow_redirects=False,
                ) as response,
            ):  # fmt: skip
                await _require_success(response)
                # The head is enough: a body that is cut takes nothing from what the head has said.
                return response.headers.get("Run-Id", "") or await _run_in_body(response)
        except aiohttp.ClientConnectorError as error:
            raise Broken(f"no connection ({one_line(str(error.os_error), 60)})", was_sent=False) from error
        except (aiohttp.ClientError, OSError) as error:
            raise Broken(_how(error)) from error

    async def _bodies(self, path: str, headers: Mapping[str, str], params: Mapping[str, str]) -> AsyncGenerator[bytes]:
        received_bytes = 0
        try:
            async with (
                open_session(keep_alive=False, once=True) as session,
                session.get(
                    f"{self._url}{path}", headers=headers, params=params, timeout=self._timeout, allow_redirects=False
                ) as response,
            ):
                await _require_success(response)
                async for data in body_of(response):
                    received_bytes += len(data)
                    if received_bytes > DEFAULT_LIMIT_BYTES:
                        raise Broken("the server sent more than this reader accepts")
                    yield data
        except aiohttp.ClientConnectorError as error:
            raise Broken(f"no connection ({one_line(str(error.os_error), 60)})", was_sent=False) from error
        except (aiohttp.ClientError, OSError) as error:
            raise Broken(_how(error)) from error


class OverEventStream(_OverHttp):
    """An event stream: the id of the last event goes back as it came."""

    def __init__(self, url: str, asked: Asked, quiet_s: float) -> None:
        super().__init__(url, asked, quiet_s)
        self._last_event_id = ""

    async def read(self, run_id: str, after: int) -> AsyncGenerator[str]:
        """The data of each event."""
        headers = {"Accept": "text/event-stream"}
        if after and self._last_event_id:
            headers["Last-Event-ID"] = self._last_event_id
        decoder = EventStreamDecoder(last_event_id=self._last_event_id)
        async for data in self._bodies(f"/api/runs/{run_id}/events", headers, {}):
            for event in decoder.feed(data):
                if event.last_event_id.isprintable():  # else no header field could carry it back
                    self._last_event_id = event.last_event_id
                yield event.data


class OverLines(_OverHttp):
    """Lines of JSON: the number of the last part goes into the query."""

    async def read(self, run_id: str, after: int) -> AsyncGenerator[str]:
        """Each line that came with its line end; a line without one was cut, and nobody can tell where."""
        waiting = b""
        async for data in self._bodies(f"/api/runs/{run_id}/lines", {}, {"after": str(after)}):
            *lines, waiting = (waiting + data).split(b"\n")
            for line in lines:
                if line.strip():  # an empty line is a sign of life
                    yield line.decode("utf-8", "replace")


class OverWebSocket:
    """A WebSocket: the first message asks, or says which run goes on and where."""

    asks_apart = False

    def __init__(self, url: str, asked: Asked, quiet_s: float) -> None:
        self._url = f"ws{url.removeprefix('http')}/ws"
        self._asked = asked
        self._quiet_s = quiet_s

    async def ask(self) -> str:
        """Not this way: the question travels on the connection of its answer."""
        raise NotImplementedError

    async def read(self, run_id: str, after: int) -> AsyncGenerator[str]:
        """Each text message."""
        connection = await self._open()
        try:
            await connection.send(write(self._first_message(run_id, after)))
            while True:
                message = await self._receive(connection)
                if isinstance(message, str):
                    yield message
        except ConnectionClosed as closed:
            if closed.rcvd is None:
                raise Broken("cut without a Close frame") from closed
        finally:
            try:
                await connection.close()
            finally:
                connection.transport.abort()

    def _first_message(self, run_id: str, after: int) -> dict[str, object]:
        if run_id:
            return {"type": "resume", "run": run_id, "after": after}
        asked = self._asked
        message = {"type": "ask", "prompt": asked.prompt, "settings": dict(asked.settings), "kept": True}
        return {**message, "key": asked.key} if asked.key else message

    async def _open(self) -> ClientConnection:
        try:
            return await connect(
                self._url, compression=None, proxy=None, ping_interval=None, open_timeout=self._quiet_s,
                close_timeout=CLOSE_TIMEOUT_S, max_size=DEFAULT_LIMIT_BYTES,
            )  # fmt: skip
        except InvalidStatus as error:
            if error.response.status_code >= 500:
                raise Broken(f"status {error.response.status_code}", was_sent=False) from error
            raise Refused(error.response.status_code, "") from error
        except (WebSocketException, OSError, EOFError) as error:
            # The question is the first message, so a handshake that failed has asked nothing.
            raise Broken(
                f"no handshake ({one_line(str(error) or type(error).__name__, 60)})", was_sent=False
            ) from error

    async def _receive(self, connection: ClientConnection) -> str | bytes:
        """The next message; in a silence, a ping finds out whether anybody is there (RFC 6455 §5.5.2)."""
        while True:
            try:
                async with asyncio.timeout(self._quiet_s):
                    return await connection.recv()
            except TimeoutError:
                pong = await connection.ping()
            try:
                async with asyncio.timeout(self._quiet_s):
                    await pong
            except TimeoutError:
                raise Broken("silent, and no pong came") from None


OPENERS: Mapping[str, Callable[[str, Asked, float], Opener]] = {
    EVENT_STREAM: OverEventStream,
    LINES: OverLines,
    WEBSOCKET: OverWebSocket,
}
WAYS = tuple(OPENERS)


async def _require_success(response: aiohttp.ClientResponse) -> None:
    """Check the status.

    Raises:
        Broken: the server cannot just now (RFC 9110 §15.6): asking again may help.
        Refused: it says something else than yes.
    """
    if response.status in (200, 201):
        return
    if response.status >= 500:
        raise Broken(f"status {response.status}")
    try:
        said = read_object((await response.content.read(_REFUSAL_BYTES)).decode("utf-8", "replace"))
    except (BadJson, aiohttp.ClientError):
        said = {}
    raise Refused(response.status, text_in(said, "epoch"))


async def _run_in_body(response: aiohttp.ClientResponse) -> str:
    try:
        run_id = text_in(read_object((await response.content.read(_REFUSAL_BYTES)).decode("utf-8", "replace")), "run")
    except BadJson:
        run_id = ""
    if not run_id:
        raise Broken("the answer names no run")
    return run_id


def _how(error: Exception) -> str:
    """How a connection broke, in a few words."""
    if isinstance(error, aiohttp.SocketTimeoutError):
        return "silent for too long"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "cut before the head was complete"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "cut before the end of the body"
    return f"cut ({one_line(str(error) or type(error).__name__, 60)})"

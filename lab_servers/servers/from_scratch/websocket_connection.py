"""A WebSocket after its handshake, for both ends: messages, control frames between them, and the closing handshake.

``websocket_frames.py`` has the frames; ``websocket_server.py`` and ``websocket_client.py`` have what comes before.
"""

from __future__ import annotations

import asyncio
import enum
import secrets
from contextlib import suppress

from .websocket_frames import LONGEST_CONTROL_BYTES, Failed, Frame, Opcode, encode, read_frame

LIMIT_BYTES = 1024 * 1024
CLOSE_TIMEOUT_S = 2.0

# RFC 6455 §7.4.1 and §7.4.2: what may stand in a Close frame. 1005, 1006 and 1015 may not; nor what is reserved.
_KNOWN_CODES = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})
_OWN_CODES = range(3000, 5000)


class ReadyState(enum.Enum):
    """The life of the connection; CONNECTING is the handshake."""

    CONNECTING = 0
    OPEN = 1
    CLOSING = 2
    CLOSED = 3


class MessageState(enum.Enum):
    """What is under way in the peer's direction."""

    NONE = "no message has begun"
    TEXT = "fragments of a text message"
    BINARY = "fragments of a binary message"


class Closed(Exception):
    """There are no more messages.

    Attributes:
        code: What the peer's Close frame said; 1005 if it had no code, 1006 if no Close frame came.
        reason: What it said as well.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}".rstrip())
        self.code = code
        self.reason = reason


class Connection:
    """One end.

    Attributes:
        ready_state: Where in its life it is.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        is_client: bool,
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        self.ready_state = ReadyState.CONNECTING
        self._reader = reader
        self._writer = writer
        self._is_client = is_client
        self._limit_bytes = limit_bytes
        self._message_state = MessageState.NONE
        self._fragments = bytearray()

    def opened(self) -> None:
        """The handshake is done."""
        self.ready_state = ReadyState.OPEN

    # --- sending --------------------------------------------------------------------------------------------

    async def send(self, message: str | bytes) -> None:
        """Send one message: text as ``str``, binary as ``bytes``.

        Raises:
            Closed: the connection is not open.
        """
        # RFC 6455 §5.6: text is UTF-8.
        opcode = Opcode.TEXT if isinstance(message, str) else Opcode.BINARY
        await self._write(Frame(opcode, message.encode() if isinstance(message, str) else message))

    async def ping(self, payload: bytes = b"") -> None:
        """Ask for a sign of life.

        Raises:
            Closed: the connection is not open.
            ValueError: the payload is too long for a control frame.
        """
        # RFC 6455 §5.5: a control frame has at most 125 bytes.
        if len(payload) > LONGEST_CONTROL_BYTES:
            raise ValueError(f"a ping has at most {LONGEST_CONTROL_BYTES} bytes")
        await self._write(Frame(Opcode.PING, payload))

    async def _write(self, frame: Frame) -> None:
        # RFC 6455 §6.1: frames are sent while the connection is open; §5.5.1: no data after a Close frame.
        if self.ready_state is not ReadyState.OPEN:
            raise Closed(1006, "it is not open")
        # RFC 6455 §5.3: a client masks with a new key for each frame, which nobody can foretell (§10.3).
        key = secrets.token_bytes(4) if self._is_client else b""
        self._writer.write(encode(frame, key))
        await self._writer.drain()

    # --- receiving ------------------------------------------------------------------------------------------

    async def receive(self) -> str | bytes:
        """The next message; control frames that come before it are dealt with.

        One at a time; where one was cancelled in the midst of a frame, only :meth:`close` makes sense.

        Raises:
            Closed: there is none: the peer closed, broke a rule, or is gone.
        """
        try:
            while True:
                limit = self._limit_bytes - len(self._fragments)
                frame = await read_frame(self._reader, is_masked=not self._is_client, limit_bytes=limit)
                if frame.opcode.is_control:
                    await self._take_control(frame)
                    continue
                message = self._take_data(frame)
                # RFC 6455 §5.5.1: after one's own Close frame the peer's data is of no use any more.
                if message is not None and self.ready_state is ReadyState.OPEN:
                    return message
        except Failed as failed:
            await self._fail(failed)
            raise Closed(1006, f"the peer broke a rule: {failed}") from None
        except (asyncio.IncompleteReadError, OSError):
            # RFC 6455 §7.1.5: without a Close frame the code is 1006, which never travels on the wire.
            await self._end()
            raise Closed(1006, "the connection ended without a Close frame") from None

    def _take_data(self, frame: Frame) -> str | bytes | None:
        """A fragment, or a whole message; the message if it is complete."""
        # RFC 6455 §5.4: a message begins with its opcode and goes on with continuations, which nothing else interrupts.
        if frame.opcode is Opcode.CONTINUATION:
            if self._message_state is MessageState.NONE:
                raise Failed(1002, "a continuation of nothing")
        else:
            if self._message_state is not MessageState.NONE:
                raise Failed(1002, "a message within a message")
            self._message_state = MessageState.TEXT if frame.opcode is Opcode.TEXT else MessageState.BINARY
        self._fragments += frame.payload
        if not frame.is_final:
            return None
        data, state = bytes(self._fragments), self._message_state
        self._fragments.clear()
        self._message_state = MessageState.NONE
        # RFC 6455 §8.1: text that is no UTF-8 as a whole fails with 1007; a character may be cut between two frames.
        return _text_of(data) if state is MessageState.TEXT else data

    async def _take_control(self, frame: Frame) -> None:
        if frame.opcode is Opcode.PING and self.ready_state is ReadyState.OPEN:
            # RFC 6455 §5.5.2: a ping is answered by a pong (§5.5.3: with the same payload).
            await self._write(Frame(Opcode.PONG, frame.payload))
        # RFC 6455 §5.5.3: a pong that nobody asked for is ignored.
        if frame.opcode is not Opcode.CLOSE:
            return
        # RFC 6455 §5.5.1: a payload is a code of two bytes and a reason in UTF-8.
        if len(frame.payload) == 1:
            raise Failed(1002, "half a close code")
        code = int.from_bytes(frame.payload[:2]) if frame.payload else 1005
        # RFC 6455 §7.4: not every number is a code that may be sent.
        if frame.payload and code not in _KNOWN_CODES and code not in _OWN_CODES:
            raise Failed(1002, "a close code that must not be sent")
        reason = _text_of(frame.payload[2:])
        if self.ready_state is ReadyState.OPEN:
            # RFC 6455 §5.5.1: a Close frame is answered by one, as a rule with the same code.
            await self._say_close(frame.payload[:2])
        await self._end()
        raise Closed(code, reason)

    # --- closing --------------------------------------------------------------------------------------------

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close: send a Close frame, wait for the peer's, and end the connection.

        Raises:
            ValueError: the code must not be sent, or the reason is too long.
        """
        # RFC 6455 §7.4.1: 1005, 1006 and 1015 are for the application; they never stand in a frame.
        if code not in _KNOWN_CODES and code not in _OWN_CODES:
            raise ValueError(f"{code} is no code for a Close frame")
        payload = code.to_bytes(2) + reason.encode()
        if len(payload) > LONGEST_CONTROL_BYTES:
            raise ValueError("the reason is too long for a Close frame")
        if self.ready_state is not ReadyState.OPEN:
            return
        await self._say_close(payload)
        # RFC 6455 §7.1.1: the peer's Close frame is waited for, but not for ever.
        with suppress(Closed, TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self.receive()
        await self._end()

    async def _fail(self, failed: Failed) -> None:
        """RFC 6455 §7.1.7: say why, and end the connection."""
        if self.ready_state is ReadyState.OPEN:
            await self._say_close(failed.code.to_bytes(2) + str(failed).encode())
        await self._end()

    async def _say_close(self, payload: bytes) -> None:
        # A peer that does not read must not keep this end from closing.
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._write(Frame(Opcode.CLOSE, payload))
        self.ready_state = ReadyState.CLOSING

    async def _end(self) -> None:
        was_open, self.ready_state = self.ready_state is not ReadyState.CLOSED, ReadyState.CLOSED
        if not was_open:
            return
        # RFC 6455 §7.1.1: the server ends the TCP connection first, and a client gives it the time to. What still
        # comes is read to its end: closing a socket over unread bytes resets it, and the Close frame might be lost.
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                if not self._is_client:
                    self._writer.write_eof()
                while await self._reader.read(64 * 1024):
                    pass
                self._writer.close()
                await self._writer.wait_closed()
        self._writer.transport.abort()


def _text_of(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Failed(1007, "text that is no UTF-8") from None

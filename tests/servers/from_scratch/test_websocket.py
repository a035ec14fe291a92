"""WebSocket without a library, against websockets, aiohttp and wsproto; hostile bytes get their rule's close code."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import cast

import aiohttp
import pytest
from websockets.asyncio.client import connect as library_connect
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as library_serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin
from wsproto.connection import Connection as Wsproto
from wsproto.connection import ConnectionType
from wsproto.events import BytesMessage, CloseConnection, TextMessage

from lab_servers.servers.from_scratch.websocket_client import connect
from lab_servers.servers.from_scratch.websocket_connection import (
    Closed,
    Connection,
    MessageState,
    ReadyState,
)
from lab_servers.servers.from_scratch.websocket_frames import Failed, Frame, Opcode, encode, mask, read_frame
from lab_servers.servers.from_scratch.websocket_handshake import HandshakeFailed, accept_value
from tests.servers.from_scratch.peers import LOOPBACK, in_a_loop, scripted, socket_server
from tests.servers.running import connected, exchange, header, request_bytes, status_of

KEY = bytes([0x37, 0xFA, 0x21, 0x3D])
HANDSHAKE = (
    "Upgrade: websocket", "Connection: keep-alive, Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
)  # fmt: skip
MESSAGES: list[str | bytes] = [
    "",
    "你好",
    "x" * 125,
    "x" * 126,
    "世" * 30_000,
    b"",
    b"\x00\xff",
    b"\x80" * 65_535,
    b"\x80" * 65_536,
]


def fed(data: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return reader


# --- frames --------------------------------------------------------------------------------------------------


@in_a_loop
async def test_the_examples_of_the_rfc_are_read_and_written() -> None:
    # RFC 6455 §5.7.
    assert encode(Frame(Opcode.TEXT, b"Hello")) == bytes.fromhex("810548656c6c6f")
    assert encode(Frame(Opcode.TEXT, b"Hello"), KEY) == bytes.fromhex("818537fa213d7f9f4d5158")
    assert encode(Frame(Opcode.TEXT, b"Hel", is_final=False)) == bytes.fromhex("010348656c")
    read = await read_frame(fed(bytes.fromhex("818537fa213d7f9f4d5158")), is_masked=True, limit_bytes=9)
    assert read == Frame(Opcode.TEXT, b"Hello")
    assert accept_value("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@in_a_loop
async def test_wsproto_reads_what_is_written_and_writes_what_is_read() -> None:
    made = random.Random(7)
    for size in (0, 1, 125, 126, 127, 65_535, 65_536, *(made.randrange(70_000) for _ in range(20))):
        payload, key = made.randbytes(size), made.randbytes(4)
        server = Wsproto(ConnectionType.SERVER)
        server.receive_data(encode(Frame(Opcode.BINARY, payload), key))
        (event,) = server.events()
        assert isinstance(event, BytesMessage)
        assert bytes(event.data) == payload
        sent = Wsproto(ConnectionType.CLIENT).send(BytesMessage(data=payload))
        assert (await read_frame(fed(sent), is_masked=True, limit_bytes=size)).payload == payload
        assert mask(mask(payload, key), key) == payload


BROKEN = {
    "a reserved bit": ("c100", 1002),
    "an unknown opcode": ("8300", 1002),
    "a client that does not mask": ("810141", 1002),
    "a long ping": ("89fe007e" + KEY.hex() + "00" * 126, 1002),
    "a fragmented ping": ("0980" + KEY.hex(), 1002),
    "16 bits for 125 bytes": ("81fe007d" + KEY.hex(), 1002),
    "64 bits for 65,535 bytes": ("81ff000000000000ffff" + KEY.hex(), 1002),
    "the highest of 64 bits": ("81ff8000000000000000" + KEY.hex(), 1002),
    "more than the limit": ("81fe2711" + KEY.hex(), 1009),
    "a continuation of nothing": ("8080" + KEY.hex(), 1002),
    "a message within a message": ("0180" + KEY.hex() + "8180" + KEY.hex(), 1002),
    "text that is no UTF-8": ("8181" + KEY.hex() + f"{0xFF ^ KEY[0]:02x}", 1007),
    "half a close code": ("8881" + KEY.hex() + "00", 1002),
    "a close code that never travels": ("8882" + KEY.hex() + mask((1006).to_bytes(2), KEY).hex(), 1002),
    "a close code that does not exist": ("8882" + KEY.hex() + mask((999).to_bytes(2), KEY).hex(), 1002),
    "a reason that is no UTF-8": ("8883" + KEY.hex() + mask(b"\x03\xe8\xff", KEY).hex(), 1007),
}


@pytest.mark.parametrize("name", BROKEN)
@in_a_loop
async def test_a_broken_rule_closes_with_its_code(name: str) -> None:
    sent, code = BROKEN[name]
    async with socket_server(limit_bytes=10_000) as port, connected(port) as (reader, writer):
        writer.write(request_bytes("/", *HANDSHAKE) + bytes.fromhex(sent))
        await reader.readuntil(b"\r\n\r\n")
        close = await read_frame(reader, is_masked=False, limit_bytes=125)
        assert (close.opcode, int.from_bytes(close.payload[:2])) == (Opcode.CLOSE, code)
        assert await reader.read() == b""


@in_a_loop
async def test_a_message_that_grows_beyond_the_limit_by_fragments_closes_with_1009() -> None:
    async with socket_server(limit_bytes=10) as port, library_connect(f"ws://{LOOPBACK}:{port}", proxy=None) as peer:
        with suppress(ConnectionClosed):
            await peer.send(["123456", "123456"])
            await peer.recv()
        await peer.wait_closed()
        assert peer.close_code == 1009


@in_a_loop
async def test_hostile_bytes_end_the_connection_and_nothing_else() -> None:
    made = random.Random(3)
    async with socket_server(limit_bytes=1_000) as port:
        for _ in range(150):
            async with connected(port) as (reader, writer):
                writer.write(request_bytes("/", *HANDSHAKE) + made.randbytes(made.randrange(60)))
                writer.write_eof()
                await reader.readuntil(b"\r\n\r\n")
                await reader.read()  # it ends
        async with library_connect(f"ws://{LOOPBACK}:{port}", proxy=None) as peer:
            await peer.send("still here")
            assert await peer.recv() == "still here"


# --- messages, cut everywhere --------------------------------------------------------------------------------


class Kept:
    """What stands where the socket's writer stands, and keeps what is written."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.transport = self

    def write(self, data: bytes) -> None:
        self.sent += data

    async def drain(self) -> None: ...

    async def wait_closed(self) -> None: ...

    def write_eof(self) -> None: ...

    def close(self) -> None: ...

    def abort(self) -> None: ...


def server_end(reader: asyncio.StreamReader) -> tuple[Connection, bytearray]:
    """A server's end without a socket, and what it sends."""
    kept = Kept()
    connection = Connection(reader, cast(asyncio.StreamWriter, kept), is_client=False)
    connection.opened()
    return connection, kept.sent


async def received(pieces: list[bytes]) -> tuple[list[str | bytes], int, bytes]:
    reader = asyncio.StreamReader()
    connection, sent = server_end(reader)
    messages: list[str | bytes] = []

    async def feed() -> None:
        for piece in pieces:
            reader.feed_data(piece)
            await asyncio.sleep(0)
        reader.feed_eof()

    feeding = asyncio.create_task(feed())
    try:
        while True:
            messages.append(await connection.receive())
    except Closed as closed:
        await feeding
        return messages, closed.code, bytes(sent)


@in_a_loop
async def test_a_conversation_is_the_same_wherever_it_is_cut() -> None:
    han = "世".encode()
    stream = b"".join(
        encode(frame, KEY)
        for frame in (
            Frame(Opcode.TEXT, b"a" + han[:1], is_final=False),
            Frame(Opcode.PING, b"there?"),
            Frame(Opcode.CONTINUATION, han[1:2], is_final=False),
            Frame(Opcode.PONG, b"unasked"),
            Frame(Opcode.CONTINUATION, han[2:]),
            Frame(Opcode.BINARY, b"\xff" * 130),
            Frame(Opcode.CLOSE, b"\x03\xe9bye"),
        )
    )
    pong, close = encode(Frame(Opcode.PONG, b"there?")), encode(Frame(Opcode.CLOSE, b"\x03\xe9"))
    wanted: tuple[list[str | bytes], int, bytes] = (["a世", b"\xff" * 130], 1001, pong + close)
    assert await received([stream]) == wanted
    assert await received([bytes([byte]) for byte in stream]) == wanted
    for cut in range(len(stream)):
        assert await received([stream[:cut], stream[cut:]]) == wanted


@in_a_loop
async def test_an_end_without_a_close_frame_is_1006_in_the_midst_of_a_message_too() -> None:
    begun = encode(Frame(Opcode.TEXT, b"a", is_final=False), KEY)
    assert await received([begun]) == ([], 1006, b"")
    connection, _ = server_end(fed(begun))
    with pytest.raises(Closed, match="without a Close frame"):
        await connection.receive()
    assert connection._message_state is MessageState.TEXT
    assert connection.ready_state is ReadyState.CLOSED


def some_frames(made: random.Random) -> bytes:
    """A valid conversation of a client, of a few messages and control frames."""
    frames = []
    for _ in range(made.randrange(1, 4)):
        opcode, text = made.choice((Opcode.TEXT, Opcode.BINARY, Opcode.PING)), "世a界"[: made.randrange(4)].encode()
        if opcode.is_control or made.random() < 0.5:
            frames.append(Frame(opcode, text))
        else:
            cut = made.randrange(len(text) + 1)
            frames += [
                Frame(opcode, text[:cut], False),
                Frame(Opcode.PONG, b"p"),
                Frame(Opcode.CONTINUATION, text[cut:]),
            ]
    frames.append(Frame(Opcode.CLOSE, b"\x03\xe8ok"))
    return b"".join(encode(frame, made.randbytes(4)) for frame in frames)


def by_wsproto(data: bytes) -> tuple[list[str | bytes], int]:
    """The messages, and the close code that was received or has to be sent."""
    peer = Wsproto(ConnectionType.SERVER)
    peer.receive_data(data)
    messages: list[str | bytes] = []
    parts: list[str | bytes] = []
    for event in peer.events():
        if isinstance(event, CloseConnection):
            return messages, int(event.code)
        if isinstance(event, TextMessage | BytesMessage):
            parts.append(event.data if isinstance(event.data, str) else bytes(event.data))
            if event.message_finished:
                whole = [one if isinstance(one, bytes) else one.encode() for one in parts]
                messages.append(b"".join(whole) if isinstance(event, BytesMessage) else b"".join(whole).decode())
                parts = []
    return messages, 1006


async def code_sent(sent: bytes) -> int | None:
    """The code of the Close frame in what a server sent."""
    reader = fed(sent)
    with suppress(asyncio.IncompleteReadError):
        while True:
            frame = await read_frame(reader, is_masked=False, limit_bytes=10_000)
            if frame.opcode is Opcode.CLOSE:
                return int.from_bytes(frame.payload[:2])
    return None


@in_a_loop
async def test_wsproto_finds_the_same_messages_and_codes_where_one_bit_is_wrong() -> None:
    made = random.Random(1)
    codes = set()
    for _ in range(800):
        data = bytearray(some_frames(made))
        data[made.randrange(len(data))] ^= 1 << made.randrange(8)
        messages, code, sent = await received([bytes(data)])
        if code == 1006:
            code = await code_sent(sent) or code
        wanted, wanted_code = by_wsproto(bytes(data))
        assert messages == wanted
        # wsproto gives up at the first byte that is no UTF-8. RFC 6455 §8.1 allows to wait for the end of the message,
        # and something else may be wrong before that, or it may never come.
        assert code == wanted_code or (wanted_code, code) in {(1007, 1006), (1007, 1002)}
        codes.add(code)
    assert {1000, 1002, 1006, 1007} <= codes


# --- the server and its peers --------------------------------------------------------------------------------


@in_a_loop
async def test_the_websockets_library_gets_every_message_back() -> None:
    async with socket_server() as port, library_connect(f"ws://{LOOPBACK}:{port}/", proxy=None) as peer:
        for message in MESSAGES:
            await peer.send(message)
            assert await peer.recv() == message
        await peer.send(["in ", "three ", "pieces"])
        assert await peer.recv() == "in three pieces"
        await asyncio.wait_for(await peer.ping(b"there?"), 10)
        await peer.close(4001, "enough")
        assert (peer.close_code, peer.protocol.close_rcvd is not None) == (4001, True)


@in_a_loop
async def test_aiohttp_s_client_gets_every_message_back() -> None:
    async with (
        socket_server() as port,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://{LOOPBACK}:{port}/", max_msg_size=0) as peer,
    ):
        for message in MESSAGES:
            if isinstance(message, str):
                await peer.send_str(message)
                assert await peer.receive_str() == message
            else:
                await peer.send_bytes(message)
                assert await peer.receive_bytes() == message


@in_a_loop
async def test_the_server_closes_when_its_handler_ends() -> None:
    async def short(connection: Connection) -> None:
        await connection.send("only this")

    async with socket_server(short) as port, library_connect(f"ws://{LOOPBACK}:{port}", proxy=None) as peer:
        assert [message async for message in peer] == ["only this"]
        assert peer.close_code == 1000


def test_a_handler_that_fails_closes_with_1011_and_its_failure_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def clumsy(connection: Connection) -> None:
        raise RuntimeError(await connection.receive())

    @in_a_loop
    async def talk() -> None:
        async with socket_server(clumsy) as port, library_connect(f"ws://{LOOPBACK}:{port}", proxy=None) as peer:
            await peer.send("stumble")
            await peer.wait_closed()
            assert peer.close_code == 1011

    talk()
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["stumble"]
    caplog.clear()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (request_bytes("/"), 426),
        (request_bytes("/", *HANDSHAKE, method="POST"), 405),
        (request_bytes("/", *HANDSHAKE, version="1.0"), 405),
        (request_bytes("/", *HANDSHAKE[:3], "Sec-WebSocket-Version: 8"), 426),
        (request_bytes("/", *HANDSHAKE[:2], HANDSHAKE[3]), 400),
        (request_bytes("/", *HANDSHAKE[:2], "Sec-WebSocket-Key: c2hvcnQ=", HANDSHAKE[3]), 400),
        (request_bytes("/", *HANDSHAKE[:2], "Sec-WebSocket-Key: \xe9", HANDSHAKE[3]), 400),
        (request_bytes("/", HANDSHAKE[0], "Connection: close", *HANDSHAKE[2:]), 400),
        (request_bytes("/", *HANDSHAKE, "Origin: https://evil.example"), 403),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
    ],
    ids=lambda one: str(one)[:80],
)
@in_a_loop
async def test_a_handshake_that_breaks_a_rule_is_refused_with_its_status(request_: bytes, status: int) -> None:
    async with socket_server() as port:
        head, _ = await exchange(port, request_)
    assert status_of(head) == status
    if status == 426:
        assert (header(head, "Upgrade"), header(head, "Sec-WebSocket-Version")) == ("websocket", "13")


@in_a_loop
async def test_a_page_that_may_connects_and_another_may_not() -> None:
    async with socket_server(origins=("https://good.example",)) as port:
        url = f"ws://{LOOPBACK}:{port}"
        async with library_connect(url, proxy=None, origin=Origin("https://good.example")) as peer:
            await peer.send("a")
            assert await peer.recv() == "a"
        with pytest.raises(InvalidStatus, match="403"):
            await library_connect(url, proxy=None, origin=Origin("https://evil.example"))


# --- the client and its peers --------------------------------------------------------------------------------


@in_a_loop
async def test_the_client_talks_with_the_websockets_library() -> None:
    closed: list[tuple[int | None, str | None]] = []

    async def echo(peer: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            async for message in peer:
                await peer.send(message)
        closed.append((peer.close_code, peer.close_reason))

    async with library_serve(echo, LOOPBACK, 0, compression=None) as server:
        client = await connect(f"ws://{LOOPBACK}:{next(iter(server.sockets)).getsockname()[1]}/")
        for message in MESSAGES:
            await client.send(message)
            assert await client.receive() == message
        await client.ping(b"there?")
        await client.send("after the ping")
        assert await client.receive() == "after the ping"
        await client.close(4002, "enough")
    assert closed == [(4002, "enough")]
    assert client.ready_state is ReadyState.CLOSED
    with pytest.raises(Closed):
        await client.send("too late")


@in_a_loop
async def test_the_client_masks_each_frame_with_another_key() -> None:
    keys = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        key = head.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0].decode()
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept_value(key).encode() + b"\r\n\r\n"
        )
        for _ in range(2):
            data = await reader.readexactly(2 + 4 + 5)
            keys.append(data[2:6])
            server = Wsproto(ConnectionType.SERVER)
            server.receive_data(data)
            assert [one.data for one in server.events() if isinstance(one, TextMessage)] == ["again"]

    async with scripted(listen) as port:
        client = await connect(f"ws://{LOOPBACK}:{port}/")
        await client.send("again")
        await client.send("again")
        await client.close()
    assert len(set(keys)) == 2


SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "status is 200"),
        (b"HTTP/1.1 101 S\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", "does not upgrade"),
        (b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n", "does not upgrade"),
        (SWITCHING + b"Sec-WebSocket-Accept: AAAA\r\n\r\n", "does not fit"),
        (SWITCHING + b"Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: chat\r\n\r\n", "not offered"),
        (b"no HTTP at all\r\n\r\n", "does not fit|status is"),
        (b"", "ended"),
    ],
)
@in_a_loop
async def test_a_wrong_answer_to_the_handshake_fails_it(answer: bytes, why: str) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        key = head.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0].decode()
        writer.write(answer.replace(b"%s", accept_value(key).encode()))

    async with scripted(script) as port:
        with pytest.raises(HandshakeFailed, match=why):
            await connect(f"ws://{LOOPBACK}:{port}/")


@in_a_loop
async def test_what_must_not_be_sent_is_refused_here_already() -> None:
    async with socket_server() as port:
        client = await connect(f"ws://{LOOPBACK}:{port}/")
        with pytest.raises(ValueError, match="125"):
            await client.ping(b"x" * 126)
        with pytest.raises(ValueError, match="no code"):
            await client.close(1006)
        with pytest.raises(ValueError, match="too long"):
            await client.close(1000, "x" * 124)
        await client.close()


def test_a_failure_knows_its_code() -> None:
    assert Failed(1009, "too big").code == 1009

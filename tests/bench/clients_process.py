"""``python -m tests.bench.clients_process KIND ADDRESS PATH COUNT``: open streams, print their number, keep them open.

``websocket`` opens sockets whose clients answer a close frame, as a browser does. ``raw`` sends one
request, which asks for an upgrade where PATH begins with ``/ws``, reads its answer's first bytes,
and does nothing ever after.
"""

from __future__ import annotations

import asyncio
import socket
import sys

from websockets.asyncio.client import ClientConnection, connect

# RFC 6455 section 1.3 uses this key as its example.
_UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


def open_raw(address: str, path: str) -> socket.socket:
    """One stream, from the first bytes of its answer on."""
    host, port = address.split(":")
    sock = socket.create_connection((host, int(port)))
    upgrade = _UPGRADE if path.startswith("/ws") else ""
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {address}\r\n{upgrade}\r\n".encode())
    if not sock.recv(4096).startswith((b"HTTP/1.1 200", b"HTTP/1.1 101")):
        raise RuntimeError("the stream was refused")
    return sock


async def open_websockets(address: str, path: str, count: int) -> None:
    """Open sockets, report, and read each to its end: a client that does not read sees no close frame either."""

    async def read(one: ClientConnection) -> None:
        async for _ in one:
            pass

    sockets: list[ClientConnection] = [
        await connect(f"ws://{address}{path}", proxy=None, compression=None) for _ in range(count)
    ]
    print(len(sockets), flush=True)
    await asyncio.gather(*map(read, sockets), return_exceptions=True)


def main() -> None:
    """Keep everything open until the process is ended."""
    kind, address, path, count = sys.argv[1:]
    if kind == "websocket":
        asyncio.run(open_websockets(address, path, int(count)))
    else:
        streams = [open_raw(address, path) for _ in range(int(count))]
        print(len(streams), flush=True)
    sys.stdin.read()  # ends with the process that started this one


if __name__ == "__main__":
    main()

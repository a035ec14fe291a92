"""A process with the server behind every hop: it echoes, or it swallows a bulk transfer and says when it is done.

The first eight bytes of a connection are a length. 0 asks for an echo of everything after it;
any other number of bytes is read, and then answered with one byte.
"""

from __future__ import annotations

import socket
import struct
import threading

READ_BYTES = 1024 * 1024

HEADER = struct.Struct("!Q")


def serve_one(connection: socket.socket) -> None:
    """Serve one connection to its end."""
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        (expected,) = HEADER.unpack(connection.recv(HEADER.size, socket.MSG_WAITALL))
        if expected:
            buffer = bytearray(READ_BYTES)
            while expected > 0:
                received = connection.recv_into(buffer)
                if not received:
                    return
                expected -= received
            connection.sendall(b"!")
        else:
            while data := connection.recv(READ_BYTES):
                connection.sendall(data)


def main() -> None:
    """Listen on a free port, print it, and serve for ever."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve_one, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main()

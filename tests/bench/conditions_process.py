"""``python -m tests.bench.conditions_process PORT TRIPS BYTES``: round trips and a transfer, timed, as JSON.

Port 0 brings the server along, in a thread: for a network namespace of its own, which no other process can reach.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time

from tests.bench.server_process import HEADER, serve_one

LOOPBACK = "127.0.0.1"
MESSAGE = b"x" * 64
WARM_UP_TRIPS = 2


def main() -> None:
    """Measure, and print ``{"trips_s": [...], "transfer_s": ...}``."""
    port, trips, size_bytes = (int(word) for word in sys.argv[1:4])
    if not port:
        listening = socket.create_server((LOOPBACK, 0))
        port = listening.getsockname()[1]
        threading.Thread(target=_accept, args=(listening,), daemon=True).start()
    print(
        json.dumps(
            {"trips_s": _trips_s(port, trips), "transfer_s": _transfer_s(port, size_bytes) if size_bytes else None}
        )
    )


def _accept(listening: socket.socket) -> None:
    while True:
        connection, _ = listening.accept()
        threading.Thread(target=serve_one, args=(connection,), daemon=True).start()


def _connect(port: int, announced_bytes: int) -> socket.socket:
    sock = socket.create_connection((LOOPBACK, port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(HEADER.pack(announced_bytes))
    return sock


def _trips_s(port: int, trips: int) -> list[float]:
    times_s = []
    with _connect(port, 0) as sock:
        for _ in range(WARM_UP_TRIPS + trips if trips else 0):
            start = time.perf_counter()
            sock.sendall(MESSAGE)
            missing = len(MESSAGE)
            while missing:
                missing -= len(sock.recv(missing))
            times_s.append(time.perf_counter() - start)
    return times_s[WARM_UP_TRIPS:]


def _transfer_s(port: int, size_bytes: int) -> float:
    with _connect(port, size_bytes) as sock:
        start = time.perf_counter()
        sock.sendall(bytes(size_bytes))
        if sock.recv(1) != b"!":
            raise RuntimeError("the transfer did not arrive")
        return time.perf_counter() - start


if __name__ == "__main__":
    main()

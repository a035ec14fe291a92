"""``python -m tests.bench.relay_process UPSTREAM_PORT``: one recording relay; it prints its port."""

from __future__ import annotations

import asyncio
import sys

from lab_servers.capture.capture import Budget
from lab_servers.capture.relay import Relay


async def main() -> None:
    """Relay until the process is ended."""
    relay = Relay("bench", ("127.0.0.1", int(sys.argv[1])), Budget())
    await relay.start()
    print(relay.address[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())

"""``python -m tests.bench.relay_process UPSTREAM_PORT [DELAY_S RATE_BYTES_S]``: one relay; it prints its port.

It records. The delay and the rate are conditions of both directions; 0 stands for none.
"""

from __future__ import annotations

import asyncio
import sys

from lab_servers.capture.capture import Budget, Side
from lab_servers.capture.conditions import Bandwidth, Condition, Delay
from lab_servers.capture.relay import Relay


def conditions(delay_s: float = 0, rate_bytes_s: float = 0) -> list[Condition]:
    """The conditions of one direction."""
    metered: list[Condition] = [Bandwidth(rate_bytes_s)] if rate_bytes_s else []
    return [*metered, Delay(delay_s)] if delay_s else metered


async def main() -> None:
    """Relay until the process is ended."""
    asked = conditions(*(float(word) for word in sys.argv[2:4]))
    relay = Relay("bench", ("127.0.0.1", int(sys.argv[1])), Budget(), dict.fromkeys(Side, asked))
    await relay.start()
    print(relay.address[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())

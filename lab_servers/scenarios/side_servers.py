"""Starts the server of one lane behind a relay of the lane's name, so that the lane is recorded alone.

``side_lanes.py`` has the clients that ask it, ``side_runs.py`` joins both.
"""

from __future__ import annotations

from lab_servers.lab import Lab
from lab_servers.lab.hosting import SHUTDOWN_S, ProblemLog, Started, start_application
from lab_servers.measure.transports import Lane, Transport
from lab_servers.servers import feed, feed_websocket, shutdown
from lab_servers.servers.feed_messages import Feed, Inbox

LOOPBACK = "127.0.0.1"


async def host_lane(lab: Lab, lane: Lane, down: Feed, up: Inbox, *, name: str = "") -> str:
    """Start it on the lab's loop, and return the URL of its relay.

    WebSocket is served by the ``websockets`` library unless the lane's library is aiohttp, which serves all the
    others: what a lane's library names is the client, except there, where it is both ends.

    Args:
        lab: The lab.
        lane: The lane; a server of its name is replaced.
        down: What its clients are sent.
        up: Where it goes what they send.
        name: What to call its relay, where that is not the lane's name.
    """
    is_websocket = lane.transport is Transport.WEBSOCKET
    # What a server reports that goes wrong shows in its client: no lane ends well with a message missing.
    logger = ProblemLog().logger

    async def start() -> Started:
        if is_websocket and not lane.library:
            server = await feed_websocket.make_server(LOOPBACK, 0, down, up, logger=logger)
            return server.sockets[0].getsockname()[:2], lambda: shutdown.stop(server, SHUTDOWN_S)
        return await start_application(feed.make_app(down, up), logger)

    scheme = "ws" if is_websocket else "http"
    return await lab.adopt(name or lane.name, start, speaks=f"messages by {lane.name}", scheme=scheme)

"""A hop that hides a cut: when its upstream breaks off, it ends its own response as if all had come.

So does a server that catches every exception around its loop and then returns. What is lost with it is the only sign of
HTTP that a body is incomplete (RFC 9112 §8): the missing last chunk. ``ai_real_clients.py`` puts clients behind it.
"""

from __future__ import annotations

import aiohttp
from aiohttp import web

from lab_servers.clients.session import open_session
from lab_servers.lab.hosting import ProblemLog, Started, start_application

_END_TO_END = ("Content-Type", "Cache-Control", "Run-Id")


async def start_tidy_hop(upstream: str) -> Started:
    """Start it on a free loopback port.

    Args:
        upstream: The URL of what it stands in front of, without a path.
    """

    async def forward(request: web.Request) -> web.StreamResponse:
        url = f"{upstream}{request.rel_url}"
        headers = {"Content-Type": request.headers.get("Content-Type", "application/json")}
        async with open_session(keep_alive=False) as session, session.request(
            request.method, url, data=await request.read() or None, headers=headers
        ) as answer:  # fmt: skip
            kept = {name: answer.headers[name] for name in _END_TO_END if name in answer.headers}
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            try:
                async for piece in answer.content.iter_any():
                    await response.write(piece)
            except aiohttp.ClientPayloadError:
                pass  # the lie: whoever reads on gets the last chunk, which says that this was all
            await response.write_eof()
            return response

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", forward)
    return await start_application(app, ProblemLog().logger)

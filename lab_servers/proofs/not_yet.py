"""The claims that nothing in the course can show yet, each with what is missing; they are never reported as passed."""

from __future__ import annotations

from lab_servers.proofs.trial import NotYet

C09 = NotYet("C09", "It needs a real browser whose EventSource asks one of the servers, and the lab runs none yet.")

C16 = NotYet("C16", "It needs a real browser that runs fetch, EventSource and WebSocket, and the lab runs none yet.")

C20 = NotYet(
    "C20",
    "It needs the same runs through a proxy that knows nothing of Upgrade and through a real nginx, and the lab has "
    "neither yet. What a hop that buffers does to an event stream is shown by C08.",
)

"""SSE and WebSocket without a library: all that is needed, no more, so that it can be read whole and counted.

Neighbours: ``sse.py`` and ``websocket.py`` one folder up do the same at work, with libraries.
``lab_servers/measure/complexity.py`` counts what is here:

* ``http_head.py`` is what both need of HTTP; ``http_body.py`` what only a reader of event streams needs.
* ``sse_*.py`` is SSE: events, a log, a server, and a reader that comes back.
* ``websocket_*.py`` is WebSocket: frames, a connection for either end, a server and a client.

Each rule that the code obeys has a comment that begins with its section. Each state is a member of an enum whose name
ends in ``State``. Each way to be wrong is a ``raise``.
"""

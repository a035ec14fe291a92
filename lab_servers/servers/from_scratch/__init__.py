"""SSE and WebSocket without a library: all that is needed, no more, so that it can be read whole and counted.

Neighbours: ``sse.py`` and ``websocket.py`` one folder up do the same at work, with libraries.
``lab_servers/measure/complexity.py`` counts what is here:

* ``http_head.py`` is what both need of HTTP; ``http_body.py`` what only a reader of event streams needs.
* ``sse_server.py`` and ``sse_reader.py`` are SSE: both ends, with ids, a log, and coming back.
* ``websocket_frames.py``, ``websocket_handshake.py`` and ``websocket_connection.py`` are WebSocket: both ends.

Each rule that the code obeys has a comment that begins with its section. Each state is a member of an enum whose name
ends in ``State``. Each way to be wrong is a ``raise``.
"""

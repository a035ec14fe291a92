"""Server-sent events: what a line of ``text/event-stream`` does, a decoder and a dissector built on that."""

"""The dissector of HTTP/1.1 (RFC 9112): which messages there are, where each ends, and what each of its bytes means."""

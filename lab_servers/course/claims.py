"""The claims that the course makes, each with its correction or limit, and the notebook that shows its bytes.

``tests/claims/`` asserts each of them on a fresh recording.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """One claim.

    Attributes:
        id: ``"C01"``.
        sentence: What is claimed.
        correction: The correction or limit that the course also shows.
        notebook: The notebook that shows the bytes.
    """

    id: str
    sentence: str
    correction: str
    notebook: str


_ALL: tuple[Claim, ...] = (
    # 01_bytes_on_tcp
    Claim(
        "C01",
        "HTTP, SSE and WebSocket are all application-layer protocols, and all three ride on TCP.",
        "TCP has no messages: five sends may arrive as one read and one send as five, so every protocol above it must "
        "frame itself.",
        "01_bytes_on_tcp",
    ),
    # 02_http
    Claim(
        "C02",
        "HTTP is one request and one complete response; the exchange ends when the body is written.",
        "The connection may live on. That a body was cut short is visible under Content-Length and chunked, for a "
        "client that looks, and invisible where the close is the end of the body.",
        "02_http",
    ),
    Claim(
        "C03",
        "A plain HTTP client cannot parse the answer before the whole body is there.",
        "A streaming client can, where the format allows it: each line of NDJSON is a value, a JSON document is one "
        "value with its last byte.",
        "02_http",
    ),
    # 04_sse
    Claim(
        "C04",
        "SSE is not a new protocol: it is an HTTP response that stays open, of the type text/event-stream.",
        "Nothing else is new on the wire: any HTTP client reads it, and any hop may buffer it like other responses.",
        "04_sse",
    ),
    Claim(
        "C05",
        "An event is one or more data lines, closed by a blank line; the client dispatches it at the blank line.",
        "Lines end in LF, CR or CRLF and in nothing else; one space after the colon and one byte order mark are taken "
        "off; comments do nothing; an id with NUL is ignored; without its blank line the last event is dropped.",
        "04_sse",
    ),
    Claim(
        "C06",
        'GET /api/stream sends {"d":"你"}, {"d":"好"}, {"d":"世"}, {"d":"界"} as four events, then completes.',
        "Chunk, event, token and character are four things: cut at every byte, the stream gives the same four events.",
        "04_sse",
    ),
    Claim(
        "C07",
        "Transfer-Encoding: chunked lets the server send before it knows the length.",
        "It is HTTP/1.1's framing and no part of SSE: a body that ends with the connection streams as well, and HTTP/2 "
        "forbids chunked (RFC 9113 §8.2.2).",
        "04_sse",
    ),
    Claim(
        "C17",
        "Automatic reconnection: a plain HTTP client has none, EventSource has it built in.",
        "An EventSource comes back after a clean end, too, and repeats the request; only 204 or another answer that is "
        "no event stream stops it, or close().",
        "04_sse",
    ),
    # 05_websocket_handshake
    Claim(
        "C10",
        "A WebSocket starts as an HTTP request and stops being HTTP at 101 Switching Protocols.",
        "The request must bring a key and the answer the accept value that belongs to it. It is computed from the key "
        "and a constant that everybody knows: it proves that the server understood the request, not who it is.",
        "05_websocket_handshake",
    ),
    Claim(
        "C12",
        "Based on HTTP? Plain HTTP and SSE: yes. WebSocket: only the handshake.",
        "That is HTTP/1.1. Over HTTP/2 the handshake itself is another: a CONNECT with :protocol, and 200 in place of "
        "101 (RFC 8441 §5).",
        "05_websocket_handshake",
    ),
    Claim(
        "C13",
        "A new protocol? Plain HTTP and SSE: no. WebSocket: yes, frames after the upgrade.",
        "New bytes need no new connection and no new port: it is the same TCP connection to the last byte.",
        "05_websocket_handshake",
    ),
    # 06_websocket_frames
    Claim(
        "C11",
        "After the handshake of a WebSocket either side sends at any time.",
        "A client must mask its frames and a server must not; control frames may stand between the fragments of a "
        "message.",
        "06_websocket_frames",
    ),
)

CLAIMS = {one.id: one for one in _ALL}

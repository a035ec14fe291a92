"""The claims that the course makes, each with its correction or limit, and the notebook that shows its bytes.

``proofs/`` settles each of them on a fresh recording, for ``python -m lab_servers claims`` and for ``tests/claims/``.
"""

from __future__ import annotations

from dataclasses import dataclass

NOT_SHOWN_YET = "not shown yet"


@dataclass(frozen=True)
class Claim:
    """One claim.

    Attributes:
        id: ``"C01"``.
        sentence: What is claimed.
        correction: The correction or limit that the course also shows.
        notebook: The notebook that shows the bytes; empty as long as none does.
    """

    id: str
    sentence: str
    correction: str
    notebook: str

    @property
    def shown_in(self) -> str:
        """The notebook, or that it is not shown yet."""
        return self.notebook or NOT_SHOWN_YET


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
        "Automatic reconnection: a plain HTTP client has none, EventSource has it built in, and with WebSocket an "
        "application does it by hand.",
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
    # 07_side_by_side
    Claim(
        "C08",
        "Streaming cuts the wait that a reader perceives, the wait for the first text, and not the total.",
        "A hop that buffers the answer takes the whole gain away, and leaves the total and the status 200 as they "
        "were.",
        "07_side_by_side",
    ),
    Claim(
        "C14",
        "Direction: HTTP asks and is answered, SSE goes from server to client, WebSocket both ways.",
        "What the client of an event stream has to say is simply another request.",
        "07_side_by_side",
    ),
    Claim(
        "C15",
        "Connection duration: short for plain HTTP, as long as the answer for SSE, as long as the session for "
        "WebSocket.",
        "Keep-alive makes the connection of plain HTTP long as well: how long a connection lasts is a matter of when "
        "somebody closes it.",
        "07_side_by_side",
    ),
    Claim(
        "C22",
        "A client that must speak often should use WebSocket.",
        "The gain is bytes for each message, since a request brings its head along every time; how much it is grows "
        "with the head and shrinks with the size of the message.",
        "07_side_by_side",
    ),
    # 08_ai_streaming
    Claim(
        "C19",
        "An AI model's answer is one POST, then a stream one way, then its end: SSE fits it.",
        "Cancelling needs no WebSocket: closing the request does it. An error after the status 200 must travel inside "
        "the stream. Stopping, being cut off and resuming are three things.",
        "08_ai_streaming",
    ),
    # Of notebooks that are still to come
    Claim(
        "C09",
        "The browser's EventSource hides connection, parsing and callbacks.",
        "It sends GET only, without header fields of one's own and without a body: a prompt in a POST needs fetch and "
        "a reader, and the automatic reconnection is lost.",
        "",
    ),
    Claim(
        "C16",
        "Browser API: fetch for plain HTTP, EventSource for SSE, WebSocket for WebSocket.",
        "fetch reads event streams, too, with a parser of one's own.",
        "",
    ),
    Claim(
        "C20",
        "Plain HTTP, and so SSE, passes proxies, gateways and CDNs more easily than WebSocket.",
        "A proxy that buffers, or compresses without flushing, destroys an event stream while the status stays 200.",
        "",
    ),
    # 12_choosing
    Claim(
        "C18",
        "Typical use: plain HTTP for forms and records, SSE for an AI model's output, WebSocket for chat and "
        "collaboration.",
        "Every one of them can carry every job; they differ in what each job then costs.",
        "12_choosing",
    ),
    Claim(
        "C21",
        "SSE is simpler to build than WebSocket.",
        "Automatic reconnection loses nothing and repeats nothing only where events have ids and the server keeps a "
        "log.",
        "12_choosing",
    ),
    Claim(
        "C23",
        "Rare status checks: polling. A steady output one way: SSE. Frequent messages both ways: WebSocket.",
        "The answer flips with the staleness that is tolerated, with the size of the heads and with how often "
        "something happens; where it flips is computed.",
        "12_choosing",
    ),
    Claim(
        "C24",
        "SSE and WebSocket both hold a connection open, and still differ in kind.",
        "One is a response that has not ended yet; the other is a stream of frames, both ways, and no HTTP any more.",
        "12_choosing",
    ),
    Claim(
        "C25",
        "The three complement each other, and none replaces the others.",
        "Each of them has a job that it fails at or pays dearly for.",
        "12_choosing",
    ),
)

CLAIMS = {one.id: one for one in _ALL}

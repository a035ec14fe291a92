"""The first half of the catalogue of misconceptions: TCP, HTTP and polling, from ``00_start_here`` to ``03_polling``.

``misconceptions.py`` has the other half, and joins the two to one catalogue.
"""

from __future__ import annotations

from lab_servers.course.misconception import Misconception

OF_HTTP: tuple[Misconception, ...] = (
    # 00_start_here
    Misconception(
        "websocket-is-faster",
        "WebSocket is faster than an HTTP response.",
        "For one answer that flows one way both carry a piece as soon as it exists. A piece of text takes its way over "
        "a TCP connection either way.",
    ),
    Misconception(
        "one-answer-is-soonest",
        "One whole answer is the quickest, since nothing is sent bit by bit.",
        "The model takes as long as it takes. Who waits for the whole sees nothing until then, and is done no sooner.",
    ),
    Misconception(
        "streaming-finishes-sooner",
        "Streaming makes the answer complete sooner.",
        "It shows the beginning sooner. The last piece exists when the model has written it, and no transport can "
        "carry it before that.",
    ),
    Misconception(
        "polling-is-never-late",
        "Polling shows a piece as soon as it exists.",
        "It shows what there was when it last asked. Each piece may be late by up to one pause between two questions.",
        "https://www.rfc-editor.org/rfc/rfc6202#section-2.1",
    ),
    # 01_bytes_on_tcp
    Misconception(
        "relay-needs-messages",
        "Whoever passes on messages must know where they end.",
        "TCP has no messages, only bytes in order. Who passes on every byte in order has passed on every message, "
        "however its reads fell.",
        "https://www.rfc-editor.org/rfc/rfc9293#section-2.2",
    ),
    Misconception(
        "websocket-is-not-tcp",
        "A WebSocket is another kind of connection than the one that HTTP uses.",
        "It is a TCP connection like any other. Its first bytes are HTTP, then both sides change what they mean by "
        "their bytes; TCP does not notice.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-1.7",
    ),
    Misconception(
        "tcp-keeps-messages",
        "What I send with one call arrives with one read.",
        "TCP keeps the order of bytes and not the borders between sends. On an idle machine they often agree, until "
        "the reader is late once.",
        "https://www.rfc-editor.org/rfc/rfc9293#section-2.2",
    ),
    Misconception(
        "tcp-joins-small-sends",
        "TCP collects small sends and delivers them together.",
        "It may, and it may not. A reader that is quick gets each as it comes; nobody promises either.",
        "https://www.rfc-editor.org/rfc/rfc9293#section-3.7.4",
    ),
    Misconception(
        "small-writes-are-free",
        "On one machine it does not matter how many writes a request is made of.",
        "The write itself is cheap. But with Nagle's algorithm the second small write waits for the first to be "
        "acknowledged, and the receiver may delay that.",
        "https://www.rfc-editor.org/rfc/rfc9293#section-3.7.4",
    ),
    Misconception(
        "writes-cost-alike",
        "Two writes take twice as long as one.",
        "The time goes into waiting and not into writing: if the receiver delays its acknowledgement, the second part "
        "waits for as long.",
        "https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.3",
    ),
    Misconception(
        "nagle-is-everywhere",
        "Two small writes always cost tens of milliseconds.",
        "Only where Nagle's algorithm is on at the sender and the receiver delays its acknowledgement. How long, and "
        "when at all, differs from system to system; half a second is the limit.",
        "https://www.rfc-editor.org/rfc/rfc9293#section-3.8.6.3",
    ),
    Misconception(
        "fin-closes-both",
        "A FIN closes the connection.",
        "It closes one direction: who sends it has no more to send, and can still receive.",
        "https://www.rfc-editor.org/rfc/rfc9293#section-3.6",
    ),
    Misconception(
        "fin-is-a-reset",
        "To the other side it is an error when somebody closes.",
        "A FIN is read as the end of the stream, after every byte before it. Only a reset is an error.",
        "https://www.rfc-editor.org/rfc/rfc9293#section-3.5.3",
    ),
    # 02_http
    Misconception(
        "characters-are-bytes",
        "A text has as many bytes as characters.",
        "UTF-8 writes a character in one to four bytes; most Chinese ones take three. Content-Length counts bytes.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-8.6",
    ),
    Misconception(
        "json-travels-escaped",
        "JSON sends a Chinese character as an escape of six bytes, such as \\u5f20.",
        "It may, and it need not: JSON text is UTF-8, and the characters can stand in it as they are.",
        "https://www.rfc-editor.org/rfc/rfc8259#section-8.1",
    ),
    Misconception(
        "200-means-complete",
        "The status says 200, so the answer is complete.",
        "The status is sent before the body. It says that the server understood the request and began to answer; that "
        "the body is complete is told by its framing.",
        "https://www.rfc-editor.org/rfc/rfc9112#section-8",
    ),
    Misconception(
        "an-early-end-is-an-error",
        "A connection that ends too early is an error that every client reports.",
        "A FIN is the ordinary end of a connection. Where it is what ends the body, it cannot come too early.",
        "https://www.rfc-editor.org/rfc/rfc9112#section-6.3",
    ),
    Misconception(
        "every-client-counts",
        "With a Content-Length every client notices missing bytes.",
        "The length lets a client notice; it has to count. Some count only when they are asked for the whole body at "
        "once, and some never.",
        "https://www.rfc-editor.org/rfc/rfc9112#section-8",
    ),
    Misconception(
        "end-of-connection-means-complete",
        "An answer is over when the connection is: one request, one connection.",
        "A body says itself where it ends, and the connection stays open for the next request unless somebody says "
        "close.",
        "https://www.rfc-editor.org/rfc/rfc9112#section-9.3",
    ),
    Misconception(
        "requests-use-up-a-connection",
        "After a few requests a server must be asked over a new connection.",
        "Nothing in HTTP/1.1 bounds the requests on a connection. Either side may close it between two of them, and "
        "says so in advance if it can.",
        "https://www.rfc-editor.org/rfc/rfc9112#section-9.3",
    ),
    Misconception(
        "bytes-there-are-values-there",
        "Whoever reads a body as it comes can use each part of it at once.",
        "Bytes become a value when a parser can tell that it is whole. A JSON document is one value, and is whole with "
        "its last bracket; a line of its own is whole with its line end.",
        "https://www.rfc-editor.org/rfc/rfc8259#section-2",
    ),
    Misconception(
        "an-answer-comes-at-once",
        "An HTTP answer arrives at once, when it is complete.",
        "The bytes of a body travel as they are written. It is the client that waits for all of them, if it does.",
        "https://www.rfc-editor.org/rfc/rfc9112#section-7.1",
    ),
    Misconception(
        "the-body-travels-with-its-head",
        "A request is sent with its body, so an error can come only after it.",
        "A client may send the head alone with Expect: 100-continue, and a server may give its final answer to that.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1",
    ),
    Misconception(
        "a-refusal-stops-halfway",
        "The client begins with the body, and stops where the refusal reaches it.",
        "A client that asked first sends nothing of the body until it has heard, or has waited for long enough. Only "
        "who does not ask can be stopped halfway, and only if it looks for an answer while it sends.",
        "https://www.rfc-editor.org/rfc/rfc9112#section-9.5",
    ),
    # 03_polling
    Misconception(
        "304-costs-nothing",
        "A 304 costs nothing.",
        "It leaves out the body, and the fields that describe it. The request, longer by one field line, and the rest "
        "of the answer's head travel each time.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-15.4.5",
    ),
    Misconception(
        "304-saves-requests",
        "With an ETag a client asks less often.",
        "A validator makes answers shorter. How often a client asks is its own choice; only an answer that may be used "
        "again without asking spares a request, and a status that may change at any moment says no-cache.",
        "https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.4",
    ),
    Misconception(
        "asking-more-is-free",
        "Asking twice as often halves the delay at no cost.",
        "It halves the delay, and doubles the requests. Each of them costs its bytes, whether there is news or not.",
        "https://www.rfc-editor.org/rfc/rfc6202#section-2.1",
    ),
    Misconception(
        "empty-answers-are-small",
        "An answer that tells nothing new is small.",
        "To a plain question the server sends the whole status again: it does not know what the client has. That "
        "needs a condition in the request.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2",
    ),
    Misconception(
        "long-poll-holds-nothing",
        "Long polling holds nothing open, it is only requests.",
        "A held question is an open request: it takes a place at the server and at every proxy on the way, and each "
        "of them has a time limit for it.",
        "https://www.rfc-editor.org/rfc/rfc6202#section-2.2",
    ),
    Misconception(
        "hold-is-the-servers-choice",
        "How long a question is held is the server's choice alone.",
        "Whoever on the way has the shortest patience decides. A server must answer before the first of them gives up.",
        "https://www.rfc-editor.org/rfc/rfc6202#section-5.5",
    ),
    Misconception(
        "only-the-client-gives-up",
        "Only the client's own time limit can end a request early.",
        "A proxy waits for the server's answer as a client does, and says 504 when it has waited for long enough.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-15.6.5",
    ),
    Misconception(
        "server-remembers-the-client",
        "The server keeps for me what I have not seen yet.",
        "HTTP is stateless: each request must be understandable by itself. Unless it says what the client has, the "
        "server cannot know.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-3.3",
    ),
    Misconception(
        "the-gap-is-empty",
        "The gap between two long polls is too short for anything to happen in it.",
        "It lasts for as long as the client works on an answer, and events like to come in bursts.",
    ),
    Misconception(
        "any-jitter-will-do",
        "Any jitter spreads a herd equally well.",
        "Who always waits a part of the time for certain comes back in a wave with those that failed at the same "
        "moment. How high the waves are depends on how much of the wait is random, and on how often each one asks.",
    ),
)

"""The one catalogue of misconceptions: what people believe, and what is true instead.

Every wrong option of a question (``question.py``) names one of these by its id. Those of ``00_start_here`` to
``03_polling`` stand in ``misconceptions_of_http.py``, those of ``07_side_by_side`` in
``misconceptions_of_comparing.py``, those of ``08_ai_streaming`` in ``misconceptions_of_streaming.py``, the others here.
"""

from __future__ import annotations

from lab_servers.course.misconception import Misconception
from lab_servers.course.misconceptions_of_choosing import OF_CHOOSING
from lab_servers.course.misconceptions_of_comparing import OF_COMPARING
from lab_servers.course.misconceptions_of_http import OF_HTTP
from lab_servers.course.misconceptions_of_streaming import OF_STREAMING

__all__ = ["CATALOGUE", "Misconception"]

# In the order of the notebooks that first answer them.
_ALL: tuple[Misconception, ...] = (
    *OF_HTTP,
    # 04_sse
    Misconception(
        "sse-needs-chunked",
        "Server-sent events need chunked transfer coding.",
        "An event stream is the body of a response, whatever its framing. Without chunks it lasts until the connection "
        "ends, and its events come one by one all the same.",
        "https://www.rfc-editor.org/rfc/rfc9112#section-6.3",
    ),
    Misconception(
        "sse-needs-http-1-1",
        "Event streams are a feature of HTTP/1.1.",
        "They ask nothing of HTTP but a response that may take its time. HTTP/1.0 has that, and so has HTTP/2, which "
        "forbids chunked.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream",
    ),
    Misconception(
        "a-chunk-is-an-event",
        "What the server writes at once is read at once, so each piece that arrives is an event.",
        "Chunks, reads and packets end where they like. Only a blank line ends an event.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream",
    ),
    Misconception(
        "only-characters-break",
        "Whoever decodes carefully is safe, since only a character can be cut.",
        "A cut inside a line makes two pieces, of which neither is an event. The line must wait for its rest, as the "
        "character must.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream",
    ),
    Misconception(
        "the-end-dispatches",
        "The end of the stream ends the last event, too.",
        "Only a blank line dispatches. What comes after the last one is dropped, because nobody can know whether more "
        "of it was to come.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation",
    ),
    Misconception(
        "half-events-are-kept",
        "Half an event is kept until the client has come back for the rest.",
        "A new response is a new stream. The buffers start empty, and so does the first line.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation",
    ),
    Misconception(
        "a-comment-is-an-event",
        "The application gets heartbeats as events without data.",
        "A comment does nothing at all, and a block without data dispatches nothing. Parsers that get this wrong break "
        "at the first heartbeat.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation",
    ),
    Misconception(
        "comments-are-useless",
        "Nobody reads comments, so they change nothing.",
        "They are bytes. A hop that counts the time since the last byte starts again, and the server learns that the "
        "client is still there.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes",
    ),
    Misconception(
        "ids-are-enough",
        "With ids in the events nothing is lost.",
        "An id lets the client say where it was. What happened since then, only a server that has kept it can tell.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header",
    ),
    Misconception(
        "resuming-repeats",
        "Who comes back gets everything again.",
        "That is so where the server cannot know what the client has. With a last event ID it can go on after it.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header",
    ),
    Misconception(
        "a-clean-end-is-final",
        "The stream has ended in good order, so the client is done.",
        "To an EventSource every end is a lost connection. It waits, and sends the same request again.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html#sse-processing-model",
    ),
    Misconception(
        "it-asks-again-once",
        "It comes back once, sees that there is nothing new, and stops.",
        "It compares nothing. Each answer that is a stream makes it come back when that has ended.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html#sse-processing-model",
    ),
    Misconception(
        "errors-are-retried",
        "An EventSource comes back after errors; that is what it is for.",
        "It comes back when there was no answer, or when a stream has ended. An answer that is no stream is an answer: "
        "it stops for good.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html#sse-processing-model",
    ),
    Misconception(
        "errors-slow-it-down",
        "After a 500 it waits longer each time.",
        "It may wait longer when the connection was lost. After a 500 it does not come back at all.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html#sse-processing-model",
    ),
    # 05_websocket_handshake
    Misconception(
        "websocket-on-another-port",
        "WebSocket runs on a port of its own, beside HTTP.",
        "ws has HTTP's port 80 and wss the port 443 of https. The request, the 101 and the frames travel on one "
        "connection to one port.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-1.7",
    ),
    Misconception(
        "101-ends-the-connection",
        "After 101 the client opens a second connection, for the WebSocket.",
        "101 changes what the bytes of this connection mean. It stays open, and the next byte after the empty line "
        "belongs to the new protocol.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-15.2.2",
    ),
    Misconception(
        "http-goes-on-beside-frames",
        "HTTP requests and WebSocket frames share the connection after the upgrade.",
        "After 101 nobody reads HTTP on it any more: the bytes of a request would be taken for a broken frame.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-7.8",
    ),
    Misconception(
        "accept-authenticates-the-server",
        "Only the real server can compute the accept value.",
        "All that it takes stands in the request and in the standard. It proves that the other side understood the "
        "handshake; who that is, TLS can tell.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-1.3",
    ),
    Misconception(
        "accept-is-remembered",
        "A server must have met this client before, to know the right accept value.",
        "The key is new and random in every handshake, so that an answer kept from an earlier one is wrong.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-4.1",
    ),
    Misconception(
        "cors-protects-websocket",
        "CORS keeps other sites' pages away from my WebSocket.",
        "There is no preflight and no permission to read: CORS has no part in WebSocket. The browser names the page in "
        "Origin, and the server must look.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-10.2",
    ),
    Misconception(
        "browser-refuses-foreign-websocket",
        "The same-origin policy stops such a request in the browser.",
        "It does not hold for WebSocket. The request goes out, and may bring along the cookies of the server that it "
        "goes to.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-10.2",
    ),
    Misconception(
        "reads-end-with-messages",
        "One read gives the head; the frames wait for the next.",
        "TCP has no messages. What was written together may be read together, and what a program has read, it must "
        "keep.",
        "https://www.rfc-editor.org/rfc/rfc9293#section-2.2",
    ),
    Misconception(
        "lost-bytes-are-noticed",
        "If a frame got lost, the client would see an error.",
        "A frame carries no number. Who throws away whole frames goes on at the start of the next one, and all looks "
        "well.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-5.2",
    ),
    Misconception(
        "subprotocol-mismatch-is-refused",
        "A server refuses a client whose subprotocols it does not know.",
        "It may, and need not: it can also leave the field out, and then the connection has no subprotocol. The client "
        "has to look.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2",
    ),
    Misconception(
        "server-names-its-own-subprotocol",
        "If none fits, the server names the one that it prefers.",
        "It may name only what the client has offered. A client must fail the connection if it gets another.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-4.1",
    ),
    # 06_websocket_frames
    Misconception(
        "same-text-same-bytes",
        "The same text is the same bytes on the wire.",
        "From a client it is not: each frame is masked with a new key, so that nobody who chooses the text can "
        "choose the bytes.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-10.3",
    ),
    Misconception(
        "masking-encrypts",
        "Masking keeps a message secret.",
        "The key stands in the frame, right before the payload. Masking protects proxies from scripts, not messages "
        "from readers; for that there is TLS.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-5.3",
    ),
    Misconception(
        "header-has-two-bytes",
        "The header of a frame has two bytes.",
        "Two bytes, then as many as the length needs (0, 2 or 8), then 4 of masking key in a frame from a client.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-5.2",
    ),
    Misconception(
        "header-has-one-size",
        "The header of a frame always has its largest size.",
        "It takes the fewest bytes that can tell the length: 7 bits up to 125, 16 bits up to 65,535, and 64 bits "
        "only beyond.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-5.2",
    ),
    Misconception(
        "control-frames-wait",
        "A ping waits until the message under way is complete.",
        "A control frame may stand between the fragments of a message, and a ping is answered without waiting for the "
        "rest. Only within a frame there is no room for another.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-5.4",
    ),
    Misconception(
        "a-frame-is-a-message",
        "A frame is a message, so each one must be text by itself.",
        "A message may take many frames. Its text must be UTF-8 as a whole; where it is cut into frames says nothing.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-5.6",
    ),
    Misconception(
        "broken-text-is-repaired",
        "Where text is broken, the receiver puts in a replacement character.",
        "A receiver of a text message that is not UTF-8 must fail the connection, with 1007. And text that is only "
        "cut is not broken.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-8.1",
    ),
    Misconception(
        "websocket-takes-turns",
        "While one side speaks, the other has to listen.",
        "The two directions are independent, as those of the TCP connection below. Each side sends when it likes.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-1.2",
    ),
    Misconception(
        "server-only-answers",
        "A server sends when it was asked.",
        "After the handshake no side asks and no side answers: a server may send a message at any time.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-1.2",
    ),
    Misconception(
        "1006-is-sent",
        "1006 is a code that the peer sends.",
        "It must not stand in a close frame. A library makes it up to tell its application that none came.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1",
    ),
    Misconception(
        "the-dead-say-goodbye",
        "Whoever goes away sends a close frame first.",
        "A process that dies says nothing. What the peer gets is the end of the TCP connection, and of a machine "
        "that lost power not even that.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-7.1.5",
    ),
    Misconception(
        "every-client-checks",
        "A real client checks every rule.",
        "Each library checks what its authors found worth it. A rule that your client does not check is one that "
        "your server may break unnoticed.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-5.1",
    ),
    Misconception(
        "masking-is-optional",
        "The MASK bit lets each side choose.",
        "A client must mask every frame and a server must mask none; whoever gets it otherwise must close the "
        "connection.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-5.1",
    ),
    Misconception(
        "each-message-shrinks-alone",
        "Compression shrinks any message to a fraction.",
        "It shortens what repeats. A small message repeats little in itself; what repeats is in the messages before "
        "it.",
        "https://www.rfc-editor.org/rfc/rfc7692#section-7.2.3.2",
    ),
    Misconception(
        "small-messages-only-grow",
        "Small messages get no smaller by compression.",
        "Names, quotes and braces can be written in fewer bits, so a message with some of them gets a little smaller "
        "by itself. Messages of a few bytes do grow.",
        "https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1",
    ),
    *OF_COMPARING,
    *OF_STREAMING,
    *OF_CHOOSING,
)

CATALOGUE = {one.id: one for one in _ALL}

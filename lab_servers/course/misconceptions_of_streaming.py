"""The misconceptions of ``08_ai_streaming``: what is believed of an answer that comes while it is written.

``misconceptions.py`` joins them to the one catalogue.
"""

from __future__ import annotations

from lab_servers.course.misconception import Misconception

OF_STREAMING: tuple[Misconception, ...] = (
    # 08_ai_streaming
    Misconception(
        "only-websocket-streams",
        "Text that appears while it is written needs a WebSocket.",
        "Any body of an HTTP response can be sent piece by piece, and read piece by piece. The prompt went up in the "
        "request, and nothing else has to go up.",
        "https://www.rfc-editor.org/rfc/rfc9112#section-7.1",
    ),
    Misconception(
        "a-token-costs-its-text",
        "A token of four letters takes about four bytes, and a little more.",
        "Each piece of text travels in an envelope: a JSON object with an id, a model, an index, in an event, in a "
        "chunk. The envelope is many times as long as the text in it.",
    ),
    Misconception(
        "each-token-is-an-exchange",
        "Each token is a message of its own with heads of its own, so it takes kilobytes.",
        "The heads pass once. What passes with each piece is its envelope and its framing.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream",
    ),
    Misconception(
        "a-good-end-is-complete",
        "A body that ends in good order is complete, so the answer is, too.",
        "HTTP tells whether the body is whole. Whether the answer is, only the server's last word in its dialect "
        "tells: a server, or a hop before it, can end half an answer in perfect order.",
        "https://www.rfc-editor.org/rfc/rfc9112#section-8",
    ),
    Misconception(
        "only-cuts-in-words-fool",
        "Half an answer is noticed: it stops within a word, or its JSON does not parse.",
        "Many cuts fall between two events. Then every event parses, and the text may even end with a full stop.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation",
    ),
    Misconception(
        "an-error-has-a-status",
        "An error has a status from 400 on, so whoever checks the status sees it.",
        "The status was sent with the head, before the first token. What goes wrong later can only be told inside the "
        "stream, and must be looked for there.",
        "https://www.rfc-editor.org/rfc/rfc9112#section-2.1",
    ),
    Misconception(
        "an-error-breaks-the-connection",
        "When the model fails, the connection breaks.",
        "The connection is fine, and so is the response: it has a last event that tells of the error, and an orderly "
        "end. A cut is another thing, and nobody tells of it.",
        "https://www.rfc-editor.org/rfc/rfc9112#section-8",
    ),
    Misconception(
        "leaving-stops-the-model",
        "When the reader closes the page, the model stops.",
        "Closing a connection only closes a connection. A server stops its model if somebody wrote the code for that, "
        "and notices at once only if it watches for the end of the connection.",
        "https://www.rfc-editor.org/rfc/rfc9112#section-9.5",
    ),
    Misconception(
        "a-failed-write-is-soon-enough",
        "The server notices at its next write, so hardly a token is wasted.",
        "A model that thinks writes nothing for a while, and a server that collects its answer never writes before "
        "the end. Every token until then is for nobody.",
        "https://www.rfc-editor.org/rfc/rfc9112#section-9.5",
    ),
    Misconception(
        "leaving-is-stopping",
        "To stop an answer that can be resumed, its reader closes the connection.",
        "A run that can be resumed cannot tell a reader who wants no more from one in a tunnel: it goes on. Stopping "
        "it needs words of its own, a request that says so.",
    ),
    Misconception(
        "a-model-waits-for-its-reader",
        "While nobody is connected the model pauses, and goes on when its reader is back.",
        "Generating and sending are two things. The model goes on, and a log keeps what was not sent yet.",
    ),
    Misconception(
        "a-repeated-post-is-recognised",
        "The server recognises a question that is asked again, and answers it once.",
        "To HTTP two POSTs are two requests, equal or not. That they are one question must be said, by a key that "
        "client and server agree on.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2",
    ),
    Misconception(
        "giving-up-takes-back",
        "A request that its client gave up is as good as not sent.",
        "What was sent was sent. The server may be at work on it, and an answer that nobody waits for is paid like "
        "any other.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2",
    ),
)

"""The misconceptions of ``07_side_by_side``: what is believed of the three when nobody has put them side by side.

``misconceptions.py`` joins them to the one catalogue.
"""

from __future__ import annotations

from lab_servers.course.misconception import Misconception

OF_COMPARING: tuple[Misconception, ...] = (
    # 07_side_by_side
    Misconception(
        "each-event-has-a-head",
        "SSE sends HTTP headers with each message.",
        "All events of a stream are the body of one response. Its head passes once, before the first of them.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream",
    ),
    Misconception(
        "a-stream-has-no-head",
        "An open stream is past HTTP, so no heads belong to it.",
        "It is a response to a request, and both have their heads, like every exchange of HTTP.",
        "https://www.rfc-editor.org/rfc/rfc9112#section-2.1",
    ),
    Misconception(
        "payload-decides",
        "Small messages cost few bytes, whatever carries them.",
        "The smaller a message, the more of its bytes are what carries it: a head for each message is many times as "
        "long as a short message.",
    ),
    Misconception(
        "sse-is-faster",
        "SSE is faster than WebSocket, because there is less to do.",
        "Neither does much: both hand some bytes to a TCP connection that is open already. What is between them is "
        "smaller than what two programs for one and the same protocol differ by.",
    ),
    Misconception(
        "never-any-difference",
        "On one machine no two ways can differ in time.",
        "They can: each message is work, for the programs at both ends. Whether a difference counts is a question of "
        "its size, and whether there is one a question of its interval.",
        "https://www.rfc-editor.org/rfc/rfc7679#section-5.2",
    ),
    Misconception(
        "hops-pass-on-at-once",
        "Whatever stands between passes on what it gets, as it gets it.",
        "A hop may read all of an answer first. HTTP allows that: an answer is the same answer whenever its bytes "
        "come.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-7.6",
    ),
    Misconception(
        "buffering-shows-as-an-error",
        "A hop that breaks streaming breaks the answer, and one sees an error.",
        "The status is 200 and every byte is there. Only the times differ, and no status tells of those.",
    ),
    Misconception(
        "keep-alive-outlives-streams",
        "A kept connection stays open for as long as the server runs.",
        "Either side may close it when it is idle, and both do. It lasts as long as there is something to ask, and a "
        "little longer.",
        "https://www.rfc-editor.org/rfc/rfc9112#section-9.5",
    ),
    Misconception(
        "requests-are-small",
        "A POST for each message costs little more than a frame.",
        "Its head and the head of its answer pass with every message. For a short message they are most of the bytes.",
        "https://www.rfc-editor.org/rfc/rfc9112#section-2.1",
    ),
    Misconception(
        "frames-cost-nothing",
        "A WebSocket message is next to free, so requests cost a hundred times as much.",
        "A frame of a client has six bytes or more around its payload, and the payload itself weighs the same "
        "everywhere. The longer the message, the smaller the factor.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-5.2",
    ),
)

"""The misconceptions of ``12_choosing``: what is believed of a choice that nobody has put numbers to.

``misconceptions.py`` joins them to the one catalogue.
"""

from __future__ import annotations

from lab_servers.course.misconception import Misconception

OF_CHOOSING: tuple[Misconception, ...] = (
    # 12_choosing
    Misconception(
        "heartbeats-are-dear",
        "A stream that must be kept alive wastes more than a question now and then.",
        "A comment is a handful of bytes, and so is a ping with its pong. A question and its answer are two heads.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes",
    ),
    Misconception(
        "heartbeats-are-free",
        "A stream in which nothing happens costs nothing.",
        "It costs a heartbeat as often as some hop on the way loses patience, all day. A question that is asked rarely "
        "enough costs less.",
        "https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes",
    ),
    Misconception(
        "push-is-always-better",
        "Polling is always wasteful, so a stream is always better.",
        "A stream is something that server and network must keep. Where little happens and little lateness hurts, "
        "what polling wastes is less than anybody would notice.",
        "https://www.rfc-editor.org/rfc/rfc6202#section-2.2",
    ),
    Misconception(
        "websocket-is-always-best",
        "WebSocket can do all that the others can, so it is the safe choice.",
        "It can carry everything, and leaves to you what HTTP brings along: methods, statuses, caches, coming back. "
        "For a job that speaks one way it saves a few bytes a message.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-1.5",
    ),
    Misconception(
        "a-post-is-a-small-message",
        "A small message by POST is a small request.",
        "Its payload is small. Its head and that of its answer are not, and a browser's fields and cookies come on "
        "top, each time.",
        "https://www.rfc-editor.org/rfc/rfc6265#section-6.1",
    ),
    Misconception(
        "only-requests-cost",
        "Without requests a message costs nothing but its payload, so WebSocket is beyond compare.",
        "What comes down costs nearly the same in an event and in a frame, and its payload is paid for by both. Only "
        "what goes up differs much.",
        "https://www.rfc-editor.org/rfc/rfc6455#section-5.2",
    ),
)

"""The one catalogue of misconceptions: what people believe, and what is true instead.

Every wrong option of a question (``question.py``) names one of these by its id.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Misconception:
    """One wrong belief.

    Attributes:
        id: Its name in lessons.
        belief: What somebody believes, as they would say it.
        correction: What is true instead, in one or two sentences.
        section: URL of the section of a specification that says so; empty where none does.
    """

    id: str
    belief: str
    correction: str
    section: str = ""


# In the order of the notebooks that first answer them.
_ALL: tuple[Misconception, ...] = (
    # 00_start_here
    # 01_bytes_on_tcp
    # 02_http
    # 03_polling
    Misconception(
        "304-costs-nothing",
        "A 304 costs nothing.",
        "It leaves out the body and nothing else. The request, longer by one field line, and the head of the answer "
        "travel each time.",
        "https://www.rfc-editor.org/rfc/rfc9110#section-15.4.5",
    ),
    Misconception(
        "304-saves-requests",
        "With an ETag a client asks less often.",
        "A validator makes answers shorter. How often a client asks is its own choice; only an answer that is still "
        "fresh spares a request, and a status that may change at any moment is never fresh.",
        "https://www.rfc-editor.org/rfc/rfc9111#section-4.2",
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
        "Who always waits at least a part of the time stays together with those that failed at the same moment. The "
        "more of the wait is random, the flatter the herd.",
    ),
    # 04_sse
    # 05_websocket_handshake
    # 06_websocket_frames
)

CATALOGUE = {one.id: one for one in _ALL}

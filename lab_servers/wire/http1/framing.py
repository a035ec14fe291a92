"""Decides how a message's body ends (RFC 9112 §6.3), and says what is wrong with how the head tells it.

It is a function of a head and, for a response, of the request that it answers. ``exchanges.py`` asks it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lab_servers.wire.http1.message import SERVER, Framing, Message, Problem
from lab_servers.wire.model import Severity

FORBIDDEN, ODD, INFO = Severity.FORBIDDEN, Severity.ODD, Severity.INFO

# 18 decimal digits fit into 64 bits, and no body is longer; zeros before them say nothing.
_LENGTH = re.compile("0*[0-9]{1,18}")


@dataclass(frozen=True)
class Ending:
    """How a body ends.

    Attributes:
        framing: The rule; ``None`` where the head leaves it unknowable, so that nothing after it can be understood.
        length: For a Content-Length, how many bytes.
        problems: What is wrong, to be noted at the fields that are to blame.
    """

    framing: Framing | None
    length: int = 0
    problems: tuple[Problem, ...] = ()


def ending_of(message: Message) -> Ending:
    """The rules of RFC 9112 §6.3 in their order."""
    lengths = message.values("Content-Length")
    codings = message.tokens("Transfer-Encoding")
    status = message.status or 0
    method = message.request.method if message.request else ""
    if message.sender == SERVER:
        if status == 101 or (method == "CONNECT" and 200 <= status < 300):
            return Ending(Framing.UPGRADED, problems=tuple(_of_bodiless(status, method, lengths, codings)))
        if method == "HEAD" or 100 <= status < 200 or status in (204, 304):
            return Ending(Framing.NONE, problems=tuple(_of_bodiless(status, method, lengths, codings)))
    if codings:
        return _by_codings(message, codings, bool(lengths))
    if lengths:
        return _by_length(message, lengths)
    if message.sender == SERVER:
        return Ending(Framing.CLOSE)
    return Ending(Framing.NONE)


def _of_bodiless(status: int, method: str, lengths: list[str], codings: list[str]) -> list[Problem]:
    """Lengths where there can be no body; they do not count (RFC 9112 §6.3, first two rules)."""
    problems = []
    what = f"An answer with status {status}" if status < 300 else "A 304 answer"
    if 100 <= status < 200 or status == 204 or (method == "CONNECT" and status < 300):
        for name, found, spec in (
            ("Content-Length", lengths, "RFC 9110 §8.6"),
            ("Transfer-Encoding", codings, "RFC 9112 §6.1"),
        ):
            if found:
                text = f"{what} has no body, and a server must not send {name} in it. A client ignores the field."
                problems.append(Problem(FORBIDDEN, text, spec, name))
    elif lengths or codings:
        why = "to a HEAD request" if method == "HEAD" else "with status 304"
        field = "Content-Length" if lengths else "Transfer-Encoding"
        text = (
            f"No body follows: an answer {why} says here what the answer to a GET would have, and ends with its head."
        )
        problems.append(Problem(INFO, text, "RFC 9112 §6.3", field))
    return problems


def _by_codings(message: Message, codings: list[str], has_length: bool) -> Ending:
    problems = []
    if has_length:
        text = (
            "Content-Length and Transfer-Encoding stand in one head, which a sender must not do. The latter counts; "
            "where two programs on the way disagree about that, one can smuggle a message past the other. A server may "
            "answer 400; whoever reads on must close the connection afterwards."
        )
        problems.append(Problem(FORBIDDEN, text, "RFC 9112 §6.3", "Content-Length"))
    if message.version == "HTTP/1.0":
        text = (
            "HTTP/1.0 has no Transfer-Encoding. A receiver must treat the framing as faulty, and close the connection "
            "after this message."
        )
        problems.append(Problem(FORBIDDEN, text, "RFC 9112 §6.1", "Transfer-Encoding"))
    if codings.count("chunked") > 1:
        text = "A sender must not apply chunked more than once. A server answers 400; a client cannot trust the answer."
        problems.append(Problem(FORBIDDEN, text, "RFC 9112 §6.1", "Transfer-Encoding"))
    # A coding may have parameters, as in "gzip;q=1"; chunked has none.
    if codings[-1] == "chunked":
        return Ending(Framing.CHUNKED, problems=tuple(problems))
    if message.sender == SERVER:
        text = "The last transfer coding is not chunked, so this body lasts until the server closes the connection."
        problems.append(Problem(ODD, text, "RFC 9112 §6.3", "Transfer-Encoding"))
        return Ending(Framing.CLOSE, problems=tuple(problems))
    text = (
        "The last transfer coding of a request must be chunked; without it nobody can tell where the body ends. "
        "The server must answer 400 and close the connection."
    )
    problems.append(Problem(FORBIDDEN, text, "RFC 9112 §6.3", "Transfer-Encoding"))
    return Ending(None, problems=tuple(problems))


def _by_length(message: Message, lengths: list[str]) -> Ending:
    elements = [one.strip(" \t") for value in lengths for one in value.split(",")]
    doing = (
        "The client must close the connection and discard the answer."
        if message.sender == SERVER
        else "The server must answer 400 and close the connection."
    )
    bad = [one for one in elements if not _LENGTH.fullmatch(one)]
    if bad:
        text = f"A Content-Length is a decimal number, and {bad[0][:40]!r} is none. {doing}"
        return Ending(None, problems=(Problem(FORBIDDEN, text, "RFC 9112 §6.3", "Content-Length"),))
    # Zeros are taken off first, because Python refuses to convert more than 4,300 digits.
    numbers = {int(one.lstrip("0") or "0") for one in elements}
    if len(numbers) > 1:
        values = ", ".join(elements[:4])
        text = f"The lengths contradict each other ({values}): where this body ends is unknowable. {doing}"
        return Ending(None, problems=(Problem(FORBIDDEN, text, "RFC 9112 §6.3", "Content-Length"),))
    problems: tuple[Problem, ...] = ()
    if len(elements) > 1:
        text = "The same length is given more than once. A receiver must reject the message, or take it as given once."
        problems = (Problem(FORBIDDEN, text, "RFC 9110 §8.6", "Content-Length"),)
    length = numbers.pop()
    return Ending(Framing.CONTENT_LENGTH, length, problems)

"""Recordings made by hand, so that views can be tested without a network and to the digit."""

from __future__ import annotations

from lab_servers.capture.capture import Capture, Chunk, Side, Transition, TransitionKind
from lab_servers.marks import Mark
from lab_servers.recording import Recording

MS = 1_000_000

REQUEST = b"GET /api/user/info HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n"
BODY = '{"name": "张"}'.encode()


def capture(*chunks: tuple[int, Side, bytes], closed: bool = True, unrecorded: int = 0) -> Capture:
    """One connection, opened at 0; times in milliseconds."""
    offsets = {Side.CLIENT: 0, Side.SERVER: 0}
    made = []
    for at_ms, sender, data in chunks:
        made.append(Chunk(at_ms * MS, sender, offsets[sender], data))
        offsets[sender] += len(data)
    last_ns = made[-1].at_ns if made else 0
    transitions = [Transition(0, TransitionKind.OPENED, Side.CLIENT)]
    if closed:
        transitions += [
            Transition(last_ns + MS, TransitionKind.HALF_CLOSED, Side.SERVER),
            Transition(last_ns + 2 * MS, TransitionKind.HALF_CLOSED, Side.CLIENT),
            Transition(last_ns + 2 * MS, TransitionKind.CLOSED, None),
        ]
    missing = {Side.CLIENT: 0, Side.SERVER: unrecorded}
    return Capture("http", 1, ("127.0.0.1", 4000), ("127.0.0.1", 80), tuple(made), tuple(transitions), missing)


def exchange(**options: bool | int) -> Capture:
    """One request, and an answer whose body is cut inside a character."""
    return capture(
        (1, Side.CLIENT, REQUEST),
        (51, Side.SERVER, HEAD + BODY[:11]),
        (61, Side.SERVER, BODY[11:]),
        **options,  # type: ignore[arg-type]
    )


def answer_over(label: str, produced_ms: list[int], shown_ms: list[int], pieces: str) -> list[Mark]:
    """The marks of one lane of the arrival picture."""
    marks = [Mark(0, f"{label}: asked")]
    marks += [Mark(at_ms * MS, f"{label}: produced", piece) for at_ms, piece in zip(produced_ms, pieces, strict=True)]
    shown = pieces if len(shown_ms) > 1 else [pieces]
    return marks + [Mark(at_ms * MS, f"{label}: shown", piece) for at_ms, piece in zip(shown_ms, shown, strict=True)]


def two_ways() -> Recording:
    """One answer shown at its end and one shown as it came."""
    marks = answer_over("whole", [100, 200], [210], "你好") + answer_over("stream", [100, 200], [101, 201], "你好")
    return Recording("two ways", (), tuple(sorted(marks, key=lambda mark: mark.at_ns)))

"""Puts C04 to C07 to the test: an event stream is an HTTP response that grows, and what its framing has to do with it.

C05 is judged in ``sse_rules.py``, and who comes back after an end, C17, in ``coming_back.py``.
"""

from __future__ import annotations

from itertools import pairwise

from lab_servers.capture.capture import Capture, Side
from lab_servers.clients import get
from lab_servers.dissection import dissect
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.proofs.buffering import kept_by_hop
from lab_servers.proofs.pointing import field_line, last_bytes, record_of, start_line
from lab_servers.proofs.proof import Judgement, cited, seen
from lab_servers.proofs.trial import Trial, trial_of
from lab_servers.recording import Recording
from lab_servers.scenarios import BufferedHop, CutEverywhere, OneStream
from lab_servers.views.heads import heads
from lab_servers.views.looks.sse import answer_of, blocks_of, content_of
from lab_servers.views.looks.sse_cuts import CHARACTER, NAIVE, STANDARD, cuts
from lab_servers.views.looks.sse_stream import growth
from lab_servers.wire.http1.message import Framing, Message
from lab_servers.wire.sse.decoder import EventStreamDecoder

TOKENS = ['{"d":"你"}', '{"d":"好"}', '{"d":"世"}', '{"d":"界"}']
_STREAM = OneStream(interval_s=0.1)


def _only(recording: Recording) -> tuple[Capture, Message]:
    """The one connection of a run, and its first answer."""
    for capture in recording.captures:
        answer = answer_of(capture)
        if answer is not None:
            return capture, answer
    raise BadParameter("This recording has no answer to a request: run the scenario OneStream.")


# --- C04 --------------------------------------------------------------------------------------------


def run_c04(lab: Lab) -> tuple[Recording, ...]:
    """The stream read by a client that knows events and by one that does not; and one through a hop."""
    stream = _STREAM.run(lab)
    with lab.record("plain client") as take:
        answer = lab.run(get(lab.url("sse", "/api/stream?interval_s=0")))
    return stream, take.recording.with_marks("plain client", answer.marks), BufferedHop(tokens=4).run(lab)


def judge_c04(stream: Recording, plain: Recording, buffered: Recording) -> Judgement:
    """All bytes are HTTP's, in one response whose body grows; a plain client reads it, and a hop keeps it."""
    capture, answer = _only(stream)
    conversation, grown = dissect(capture).conversation, growth(stream)
    of_http = {
        side: sum(stop - start for one in conversation.records(side.value, "http") for start, stop in one.pieces)
        for side in Side
    }
    sent = {side: len(capture.bytes_from(side)) for side in Side}
    sizes = [size for _, size, _ in grown.events]
    times = [grown.head_s, *(at_s for at_s, _, _ in grown.events)]
    types = answer.values("Content-Type")
    other, read = _only(plain)
    complete = plain.marks_named("plain client: body complete")
    return Judgement(
        (
            seen(
                f"HTTP's dissector reads {of_http[Side.CLIENT]} of {sent[Side.CLIENT]} bytes from the client and "
                f"{of_http[Side.SERVER]} of {sent[Side.SERVER]} from the server: "
                f"{len(heads(capture, Side.CLIENT))} request, {len(heads(capture, Side.SERVER))} response.",
                of_http == sent and conversation.upgraded_to is None and len(conversation.messages()) == 2,
                *start_line(capture, Side.CLIENT),
                *start_line(capture, Side.SERVER),
                http_bytes=of_http[Side.SERVER],
                bytes=sent[Side.SERVER],
            ),
            seen(
                f"Its type is {', '.join(types) or 'missing'}, its status {answer.status}.",
                types == ["text/event-stream"] and answer.status == 200,
                *field_line(capture, Side.SERVER, "Content-Type"),
            ),
            seen(
                f"The head passed before the first event, and the body grew from event to event: "
                f"{', '.join(map(str, sizes))} bytes.",
                times == sorted(times) and times[0] < times[1] < times[-1] and sizes == sorted(set(sizes)),
                *(one for block in blocks_of(capture)[:2] for one in record_of(capture, block)),
                events=len(sizes),
                body_bytes=grown.body_bytes,
            ),
        ),
        (
            seen(
                f"A client that knows nothing of events asked for it, too, and got status {read.status} and a body of "
                f"{read.content.length} bytes, the same as above.",
                bool(complete) and read.status == 200 and content_of(other) == content_of(capture),
                *start_line(other, Side.CLIENT),
                body_bytes=read.content.length,
            ),
            kept_by_hop(buffered),
        ),
    )


C04 = Trial("C04", run_c04, judge_c04, OneStream.servers)


# --- C06 --------------------------------------------------------------------------------------------


def judge_c06(stream: Recording, everywhere: Recording) -> Judgement:
    """Four events and an end; the same four however the bytes are cut."""
    capture, answer = _only(stream)
    grown, body, found = growth(stream), content_of(capture), cuts(everywhere)
    data = [one for _, _, one in grown.events]
    times = [at_s for at_s, _, _ in grown.events]
    gaps = ", ".join(f"{(later - earlier) * 1e3:.0f}" for earlier, later in pairwise(times))
    same = sum(_events(body[:cut], body[cut:]) == TOKENS for cut in range(len(body) + 1))
    inside, in_two = sum(cut.place == CHARACTER for cut in found.cuts), _in_two_chunks(everywhere)
    return Judgement(
        (
            seen(
                f"{len(data)} events: {', '.join(data)}. Then the response is "
                f"{'complete' if answer.is_complete else 'not complete'}.",
                data == TOKENS and answer.is_complete and _asked_for(capture).startswith("/api/stream?"),
                *start_line(capture, Side.CLIENT),
                *(one for block in blocks_of(capture) for one in record_of(capture, block)),
                *last_bytes(capture, Side.SERVER, 5),
                events=len(data),
            ),
            seen(
                f"They passed one after the other, {gaps} ms apart.",
                times == sorted(times) and times[0] < times[-1],
                gaps_ms=gaps,
            ),
        ),
        (
            seen(
                f"The body cut in two at each of {len(body) + 1} places gives the same events {same} times.",
                same == len(body) + 1,
                cuts=len(body) + 1,
                same_events=same,
            ),
            seen(
                f"Sent in two chunks, once for each of {in_two} places, {inside} of them inside a character: "
                f"a reader by the standard got the same events {found.right(STANDARD)} times, one that takes a piece "
                f"for whole events {found.right(NAIVE)} times.",
                found.events == TOKENS
                and in_two == len(found.cuts)
                and inside > 0
                and found.right(STANDARD) == len(found.cuts) == len(found.stream) - 1
                and found.right(NAIVE) < len(found.cuts),
                cuts_on_the_wire=len(found.cuts),
                inside_a_character=inside,
                right_by_the_standard=found.right(STANDARD),
                right_piece_by_piece=found.right(NAIVE),
            ),
        ),
    )


def _asked_for(capture: Capture) -> str:
    return next((one.target for one in heads(capture, Side.CLIENT)), "")


def _in_two_chunks(everywhere: Recording) -> int:
    """At how many places the stream was cut on the wire: the first of two chunks, each time with another length."""
    firsts = set()
    for capture in everywhere.captures:
        chunks = [one for one in dissect(capture).records(Side.SERVER, "http") if one.name == "chunk"]
        if len(chunks) == 2 and content_of(capture) == content_of(everywhere.captures[0]):
            firsts.add(chunks[0].pieces[0][1] - chunks[0].pieces[0][0])
    return len(firsts)


def _events(*pieces: bytes) -> list[str]:
    decoder = EventStreamDecoder()
    return [event.data for piece in pieces for event in decoder.feed(piece)]


C06 = trial_of("C06", judge_c06, _STREAM, CutEverywhere())


# --- C07 --------------------------------------------------------------------------------------------


def judge_c07(chunked: Recording, closed: Recording) -> Judgement:
    """A head without a length, and events before the end; the same bytes without any chunk."""
    capture, answer = _only(chunked)
    grown, other = growth(chunked), growth(closed)
    chunks = [one for one in dissect(capture).records(Side.SERVER, "http") if one.name.startswith("chunk")]
    other_capture, other_answer = _only(closed)
    times, other_times = ([at_s for at_s, _, _ in one.events] for one in (grown, other))
    return Judgement(
        (
            seen(
                f"The head says {answer.framing.value} and names no length; {len(chunks)} chunks bring their own.",
                answer.framing is Framing.CHUNKED and not answer.values("Content-Length") and len(chunks) > 1,
                *field_line(capture, Side.SERVER, "Transfer-Encoding"),
                *(one for each in chunks[:2] for one in record_of(capture, each)),
                chunks=len(chunks),
            ),
            seen(
                f"The head and the first of {len(times)} events passed before the last event, with which the length is "
                f"known: {grown.body_bytes} bytes.",
                grown.head_s < times[0] < times[-1] <= grown.end_s,
                body_bytes=grown.body_bytes,
            ),
        ),
        (
            seen(
                f"Asked in {heads(other_capture, Side.CLIENT)[0].version}, the server sends the same "
                f"{other_answer.content.length} bytes of body without chunks, until the {other_answer.framing.value}; "
                f"they stream as well.",
                other_answer.framing is Framing.CLOSE
                and other_answer.is_complete
                and not other_answer.values("Transfer-Encoding")
                and content_of(other_capture) == content_of(capture)
                and other_times == sorted(other_times)
                and other_times[0] < other_times[-1],
                *start_line(other_capture, Side.CLIENT),
                *field_line(other_capture, Side.SERVER, "Connection"),
                body_bytes=other_answer.content.length,
            ),
            cited("HTTP/2 forbids chunked: its frames do what chunks do.", "RFC 9113 §8.2.2"),
        ),
    )


C07 = trial_of("C07", judge_c07, _STREAM, OneStream(interval_s=0.1, http="1.0"))

"""Puts C17 to the test: who reconnects by himself after a cut and after a clean end, and what stops it for good."""

from __future__ import annotations

from collections.abc import Sequence

from lab_servers.capture.capture import Capture, Side
from lab_servers.measure.evidence import WEBSOCKET, counted
from lab_servers.measure.evidence_reconnection import BY_HAND, reconnection
from lab_servers.proofs.comparing import shown
from lab_servers.proofs.pointing import field_line, start_line
from lab_servers.proofs.proof import Evidence, Excerpt, Judgement, cited, seen
from lab_servers.proofs.trial import trial_of
from lab_servers.recording import Recording
from lab_servers.scenarios import ComingBack, ResumeAfterCut
from lab_servers.scenarios import Evidence as EvidenceRun
from lab_servers.views.looks.sse_coming_back import (
    CLEAN,
    CLOSED,
    CUT,
    EVENT_SOURCE,
    FAILED,
    NO_CONTENT,
    OTHER_TYPE,
    PLAIN,
    Asking,
    askings,
    captures_of,
)
from lab_servers.views.looks.sse_resume import IDS_AND_LOG, resumed

WATCHED = 4
# How many requests an EventSource makes until the case stops it.
STOPS_AFTER = {NO_CONTENT: 2, OTHER_TYPE: 2, FAILED: 2, CLOSED: 1}


def judge_c17(back: Recording, resume: Recording, talks: Recording) -> Judgement:
    """How often each client asked, after which end; counted on the wire. A WebSocket was cut among the ``talks``."""
    found, ids = askings(back), resumed(resume)[IDS_AND_LOG]
    clean = captures_of(back, EVENT_SOURCE, CLEAN)
    sent = {capture.bytes_from(Side.CLIENT) for capture in clean}
    second = resume.of(IDS_AND_LOG)[1:2]
    numbered = [one for capture in second for one in field_line(capture, Side.CLIENT, "Last-Event-ID")]
    return Judgement(
        (
            _after(found, CUT, *_asks(captures_of(back, EVENT_SOURCE, CUT)[1:2])),
            seen(
                f"It says how far it came: Last-Event-ID was {', '.join(map(repr, ids.sent_ids))}; with ids and a log "
                f"on the server it got events {ids.got}.",
                len(ids.sent_ids) > 1 and ids.sent_ids[0] == "" and ids.sent_ids[1] != "" and not ids.missed
                and not ids.twice,
                *numbered,
                events=len(ids.got),
            ),
            _by_hand(talks),
            cited(
                "The EventSource here is the course's own, written by the rules of the standard; a browser's is not "
                "tried yet.",
                "HTML §9.2.3",
            ),
        ),
        (
            _after(found, CLEAN),
            seen(
                f"After the clean end it repeats the very same request: {len(clean)} requests, {len(sent)} different.",
                len(clean) > 1 and len(sent) == 1,
                *_asks(clean[:2]),
                requests=len(clean),
                different_requests=len(sent),
            ),
            *(_stops(found, case, requests) for case, requests in STOPS_AFTER.items()),
        ),
    )  # fmt: skip


def _asks(captures: Sequence[Capture]) -> list[Excerpt]:
    return [one for capture in captures for one in start_line(capture, Side.CLIENT)]


def _after(found: dict[tuple[str, str], Asking], case: str, *excerpts: Excerpt) -> Evidence:
    """What both clients did after an end that is none for an EventSource."""
    event_source, plain = found[EVENT_SOURCE, case], found[PLAIN, case]
    return seen(
        f"After a {case} an EventSource asked again, {event_source.requests} requests until we stopped watching; the "
        f"plain client made {plain.requests}.",
        event_source.requests == WATCHED and plain.requests == 1,
        *excerpts,
        event_source_requests=event_source.requests,
        plain_requests=plain.requests,
    )


def _by_hand(talks: Recording) -> Evidence:
    """What followed after the connection of a WebSocket was cut."""
    cell = reconnection(talks, WEBSOCKET)
    return seen(f"{cell.column}: {cell.value}. {cell.sentence}", cell.value == BY_HAND, *shown(cell.exhibits))


def _stops(found: dict[tuple[str, str], Asking], case: str, requests: int) -> Evidence:
    asking = found[EVENT_SOURCE, case]
    return seen(
        f"{case}: an EventSource makes {counted(asking.requests, 'request')}, then it is {asking.state}.",
        (asking.requests, asking.goes_on, asking.state) == (requests, False, "CLOSED"),
        requests=asking.requests,
    )


C17 = trial_of(
    "C17",
    judge_c17,
    ComingBack(watch_requests=WATCHED, retry_ms=10),
    ResumeAfterCut(events=4, every_s=0.01, cut_in=3, retry_ms=20),
    EvidenceRun(messages=6, interval_s=0.02),
)

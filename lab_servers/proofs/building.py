"""Puts C21 to the test: the course's own SSE and WebSocket, built from nothing, run and counted; and what SSE owes.

The counting is done by ``measure/complexity.py``, from the source. That what is counted works is recorded: clients of
the lab, which know nothing of these servers, talk to them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from lab_servers.capture.capture import Side
from lab_servers.clients import converse, read_events
from lab_servers.lab import Lab
from lab_servers.measure.complexity import Complexity, End, total
from lab_servers.measure.evidence import SSE, WEBSOCKET
from lab_servers.proofs.pointing import field_line, last_bytes, record_of, start_line
from lab_servers.proofs.proof import Evidence, Judgement, seen
from lab_servers.proofs.trial import Trial
from lab_servers.recording import Recording
from lab_servers.scenarios import ResumeAfterCut
from lab_servers.servers.from_scratch.sse_log import EventLog
from lab_servers.servers.from_scratch.sse_server import serve_events
from lab_servers.servers.from_scratch.websocket_connection import Connection
from lab_servers.servers.from_scratch.websocket_server import serve_sockets
from lab_servers.views.frames import frames
from lab_servers.views.looks.sse import blocks_of
from lab_servers.views.looks.sse_resume import IDS_AND_LOG, SERVERS, resumed

BUILT_SSE, BUILT_WEBSOCKET = "SSE from scratch", "WebSocket from scratch"
SAID = tuple("你好世界")
_PATIENCE_S = 10

_Started = tuple[tuple[str, int], Callable[[], Coroutine[Any, Any, None]]]


def run_c21(lab: Lab) -> tuple[Recording, ...]:
    """Both servers talk to the lab's clients; then four servers are come back to after a cut."""
    with lab.record("from scratch") as take:
        lab.run(_talk(lab))
    return take.recording, ResumeAfterCut(events=4, every_s=0.01, cut_in=3, retry_ms=20).run(lab)


async def _talk(lab: Lab) -> None:
    log = EventLog()
    for token in SAID:
        await log.add(token)
    await log.end()

    async def echo(connection: Connection) -> None:
        for _ in SAID:
            await connection.send(await connection.receive())

    events = await lab.adopt(BUILT_SSE, lambda: _started(serve_events(log)), speaks="SSE, from scratch")
    socket = await lab.adopt(
        BUILT_WEBSOCKET, lambda: _started(serve_sockets(echo)), speaks="WebSocket, from scratch", scheme="ws"
    )
    await read_events(events + "/", timeout_s=_PATIENCE_S)
    await converse(socket + "/", list(SAID), expect=len(SAID), timeout_s=_PATIENCE_S)


async def _started(starting: Coroutine[Any, Any, asyncio.Server]) -> _Started:
    server = await starting

    async def stop() -> None:
        server.close()

    return server.sockets[0].getsockname()[:2], stop


def judge_c21(built: Recording, resume: Recording) -> Judgement:
    """Both work, and one takes less of everything that was counted; what coming back without loss needs."""
    return Judgement(
        (
            _works(built, BUILT_SSE),
            _works(built, BUILT_WEBSOCKET),
            *compared("both ends", total(SSE), total(WEBSOCKET)),
            *compared("a server alone", total(SSE, End.SERVER), total(WEBSOCKET, End.SERVER))[:1],
            *compared("a client alone", total(SSE, End.CLIENT), total(WEBSOCKET, End.CLIENT))[:1],
        ),
        _without_loss(resume),
    )


def compared(of: str, sse: Complexity, websocket: Complexity) -> tuple[Evidence, ...]:
    """One piece of evidence for each thing that was counted, lines of code first."""
    return tuple(
        seen(
            f"{what[0].upper()}{what[1:]}, {of}: SSE {of_sse}, WebSocket {of_websocket}, which is "
            f"{of_websocket / max(of_sse, 1):.1f} times as many.",
            0 < of_sse < of_websocket,
            sse=of_sse,
            websocket=of_websocket,
        )
        for what, of_sse, of_websocket in (
            ("lines of code", sse.lines, websocket.lines),
            ("states", sse.states, websocket.states),
            ("rules of the specifications to obey", sse.rules, websocket.rules),
            ("ways to be wrong", sse.ways_to_be_wrong, websocket.ways_to_be_wrong),
        )
    )


def _works(built: Recording, server: str) -> Evidence:
    """Whether the messages that the server was given stand in what it sent."""
    captures = built.of(server)
    if server == BUILT_SSE:
        found = [(one, block, block.event.data) for one in captures for block in blocks_of(one) if block.event]
        pointed = [excerpt for one, block, _ in found[:1] for excerpt in record_of(one, block)]
        texts = [text for *_, text in found]
    else:
        sent = [(one, frame) for one in captures for frame in frames(one, Side.SERVER) if not frame.is_control]
        pointed = [excerpt for one, frame in sent[:1] for excerpt in record_of(one, frame)]
        texts = [frame.payload().decode("utf-8", "replace") for _, frame in sent]
    return seen(
        f"{server}: it answered a client that knows nothing of it with {len(texts)} messages: {', '.join(texts)}.",
        tuple(texts) == SAID,
        *(excerpt for one in captures[:1] for excerpt in start_line(one, Side.SERVER)),
        *pointed,
        messages=len(texts),
    )


def _without_loss(resume: Recording) -> tuple[Evidence, ...]:
    """Of four servers that are come back to, who loses nothing and sends nothing twice?"""
    found = resumed(resume)
    evidence = []
    for name in SERVERS:
        one, captures = found[name], resume.of(name)
        is_whole = not one.missed and not one.twice
        pointed = [x for capture in captures[1:2] for x in field_line(capture, Side.CLIENT, "Last-Event-ID")]
        evidence.append(
            seen(
                f"{name[0].upper()}{name[1:]}: after a cut, events missed: {_numbers(one.missed)}; events that came "
                f"twice: {_numbers(one.twice)}.",
                is_whole == (name == IDS_AND_LOG),
                *(pointed or [x for capture in captures[:1] for x in last_bytes(capture, Side.SERVER, 16)]),
                missed=len(one.missed),
                twice=len(one.twice),
            )
        )
    return tuple(evidence)


def _numbers(found: list[int]) -> str:
    return ", ".join(map(str, found)) or "none"


C21 = Trial("C21", run_c21, judge_c21)

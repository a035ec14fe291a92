"""Puts C14, C15 and C24 to the test: direction, duration, and what is held open, of all three in one run.

The cells come from the probes of the evidence table (``measure/evidence_probes.py``), which do not know what they
should find.
"""

from __future__ import annotations

import statistics

from lab_servers.capture.capture import Side
from lab_servers.measure.evidence import (
    COLUMNS,
    HTTP,
    SSE,
    WEBSOCKET,
    Cell,
    Exhibit,
    Part,
    answers,
    connections,
    counted,
    requests,
    required,
)
from lab_servers.measure.evidence_probes import direction_of, duration, open_ms
from lab_servers.measure.holding import Holding, Kind, holding
from lab_servers.measure.turns import BOTH, REQUEST_RESPONSE, SERVER_TO_CLIENT
from lab_servers.proofs.pointing import last_bytes, range_of, start_line
from lab_servers.proofs.proof import Evidence, Excerpt, Judgement, seen
from lab_servers.proofs.trial import trial_of
from lab_servers.recording import Recording
from lab_servers.scenarios import Evidence as EvidenceRun

DIRECTIONS = {HTTP: REQUEST_RESPONSE, SSE: SERVER_TO_CLIENT, WEBSOCKET: BOTH}
# Slower than its default: whether a connection outlasts another one should not depend on a stall of the machine.
_RUN = EvidenceRun(messages=8, interval_s=0.06)
_MOST_EXHIBITS = 3


def shown(exhibits: tuple[Exhibit, ...], most: int = _MOST_EXHIBITS) -> list[Excerpt]:
    """The bytes that a cell rests on, the first of them."""
    return [one for each in exhibits[:most] for one in range_of(each.capture, each.side, each.start, each.stop)]


# --- C14 --------------------------------------------------------------------------------------------


def judge_c14(recording: Recording) -> Judgement:
    """Who sent when on each connection; and how the client of an event stream speaks."""
    cells = {column: direction_of(recording, column) for column in COLUMNS}
    return Judgement(
        tuple(_cell(cells[column], DIRECTIONS[column]) for column in COLUMNS),
        (_way_up(recording),),
    )


def _cell(cell: Cell, expected: str) -> Evidence:
    return seen(f"{cell.column}: {cell.value}. {cell.sentence}", cell.value == expected, *shown(cell.exhibits))


def _way_up(recording: Recording) -> Evidence:
    """In the chat by SSE: where did the client's own messages travel?"""
    chat = required(recording, SSE, Part.CHAT)
    posts = [(one, asked) for one in chat for asked in requests(one) if asked.method == "POST"]
    streams = [one for one in chat if any(answer.media_type == "text/event-stream" for answer in answers(one))]
    beside = {one.capture.number for one, _ in posts} - {one.capture.number for one in streams}
    first = [one for found, asked in posts[:1] for one in range_of(found.capture, Side.CLIENT, asked.start, asked.end)]
    return seen(
        f"In a chat by SSE the client's messages went as {len(posts)} POST requests, on {len(beside)} connection "
        f"beside the {len(streams)} that carried the events.",
        bool(posts) and len(streams) == 1 and bool(beside) and {one.capture.number for one, _ in posts} == beside,
        *first,
        posts=len(posts),
        streams=len(streams),
    )


C14 = trial_of("C14", judge_c14, _RUN)


# --- C15 --------------------------------------------------------------------------------------------


def judge_c15(recording: Recording) -> Judgement:
    """How long a connection was open for an answer, shortest first; and what keep-alive makes of the shortest."""
    cells = {column: duration(recording, column) for column in COLUMNS}
    open_for = {column: _median_ms(recording, column, Part.VISIT) for column in COLUMNS}
    kept = required(recording, HTTP, Part.VISIT_KEPT)
    carried = sum(len(answers(one)) for one in kept)
    kept_ms = _median_ms(recording, HTTP, Part.VISIT_KEPT)
    order = sorted(COLUMNS, key=lambda column: open_for[column])
    return Judgement(
        (
            *(
                seen(
                    f"{column}: {cells[column].value}. {cells[column].sentence}",
                    order.index(column) == COLUMNS.index(column),
                    *shown(cells[column].exhibits, 1),
                    open_ms=round(open_for[column], 1),
                )
                for column in COLUMNS
            ),
            seen(
                f"From the shortest to the longest: {', '.join(order)}.",
                open_for[HTTP] < open_for[SSE] < open_for[WEBSOCKET],
            ),
        ),
        (
            seen(
                f"With keep-alive, {len(kept)} connection of plain HTTP carried {carried} answers and was open for "
                f"{kept_ms:,.0f} ms; one for each answer was open for {open_for[HTTP]:,.0f} ms, one of SSE for "
                f"{open_for[SSE]:,.0f} ms.",
                len(kept) == 1 and carried > 1 and kept_ms > open_for[SSE] > open_for[HTTP],
                *(one for each in kept for index in range(carried)
                  for one in start_line(each.capture, Side.CLIENT, index)),
                answers=carried,
                kept_ms=round(kept_ms, 1),
            ),
        ),
    )  # fmt: skip


def _median_ms(recording: Recording, column: str, part: Part) -> float:
    return statistics.median(map(open_ms, required(recording, column, part)))


C15 = trial_of("C15", judge_c15, _RUN)


# --- C24 --------------------------------------------------------------------------------------------


def judge_c24(recording: Recording) -> Judgement:
    """Both in the midst of their lives: open for longer than an exchange, and then something else."""
    captures = {column: required(recording, column, Part.VISIT)[0].capture for column in (SSE, WEBSOCKET)}
    held = {column: holding(capture) for column, capture in captures.items()}
    short = _median_ms(recording, HTTP, Part.VISIT)
    frames = connections(recording, WEBSOCKET, Part.VISIT)[0]
    http_end = frames.conversation.http_end or {}
    after = frames.capture.bytes_from(Side.SERVER)[http_end.get("server", 0) :]
    return Judgement(
        tuple(
            seen(
                f"{column}: halfway through what the server sent the connection was open, and stayed so for "
                f"{one.open_after_s * 1e3:,.0f} ms more; one of plain HTTP was open for {short:,.0f} ms in all.",
                one.open_after_s * 1e3 > short and one.kind is not Kind.COMPLETE,
                *start_line(captures[column], Side.SERVER),
                open_after_ms=round(one.open_after_s * 1e3, 1),
            )
            for column, one in held.items()
        ),
        (
            _kind(SSE, held[SSE], Kind.RESPONSE, *last_bytes(captures[SSE], Side.SERVER, 16)),
            _kind(
                WEBSOCKET,
                held[WEBSOCKET],
                Kind.FRAMES,
                *range_of(captures[WEBSOCKET], Side.SERVER, http_end.get("server", 0), http_end.get("server", 0) + 16),
            ),
            seen(
                f"After its 101 the server of the WebSocket sent {len(after)} bytes, of which none is HTTP; "
                f"the client sent {counted(held[WEBSOCKET].frames_up, 'frame')}, {held[WEBSOCKET].masked_up} of them "
                f"masked.",
                bool(http_end) and bool(after) and b"HTTP/" not in after
                and held[WEBSOCKET].masked_up == held[WEBSOCKET].frames_up > 0,
                bytes_after_http=len(after),
                frames_up=held[WEBSOCKET].frames_up,
            ),
        ),
    )  # fmt: skip


def _kind(column: str, held: Holding, expected: Kind, *excerpts: Excerpt) -> Evidence:
    return seen(f"{column}: {held.sentence}", held.kind is expected, *excerpts, requests=held.requests)


C24 = trial_of("C24", judge_c24, _RUN)

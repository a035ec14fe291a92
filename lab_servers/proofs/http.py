"""Puts C02 and C03 to the test: one request and one complete answer, and no value before the whole body is there."""

from __future__ import annotations

import json

from lab_servers.capture.capture import Capture, Side
from lab_servers.proofs.pointing import field_line, last_bytes, start_line
from lab_servers.proofs.proof import Evidence, Judgement, seen
from lab_servers.proofs.trial import trial_of
from lab_servers.recording import Recording
from lab_servers.scenarios import Connections, CutShort, LateParse, OneExchange
from lab_servers.views.heads import heads
from lab_servers.views.looks.http_connections import ANEW, KEPT, connections
from lab_servers.views.looks.http_cut_short import FRAMINGS, WIRE, capture_of, clients, content_of, matrix, who_notices
from lab_servers.views.looks.http_late_parse import readings

_DOCUMENT = {"name": "张三", "age": 25}
# What says where the body ends, if a field does.
_FIELDS = {"content-length": "Content-Length", "chunked": "Transfer-Encoding", "close": "Connection"}
RECORDS = 4


def judge_c02(length: Recording, chunked: Recording, close: Recording, kept: Recording, cut: Recording) -> Judgement:
    """One exchange in each framing; what a kept connection carries; what each framing tells of an answer cut short."""
    whole = zip(FRAMINGS, (length, chunked, close), strict=True)
    carried = connections(kept)
    on_kept = [len(one.exchanges_s) for one in carried if one.way == KEPT]
    anew = [len(one.exchanges_s) for one in carried if one.way == ANEW]
    on_the_wire, noticed = matrix(cut)[WIRE], who_notices(cut)
    return Judgement(
        tuple(_one_exchange(framing, recording) for framing, recording in whole),
        (
            seen(
                f"A connection that was kept carried {', '.join(map(str, on_kept))} exchanges; without keep-alive "
                f"{len(anew)} exchanges took {len(anew)} connections.",
                len(on_kept) == 1 and on_kept[0] > 1 and len(anew) > 1 and set(anew) == {1},
                *(
                    one
                    for each in kept.captures[:1]
                    for place in range(len(heads(each, Side.CLIENT)))
                    for one in start_line(each, Side.CLIENT, place)
                ),
                exchanges_on_kept=sum(on_kept),
                connections_anew=len(anew),
            ),
            *(
                seen(
                    f"Cut short under {framing}: the bytes {_shows(on_the_wire[framing].notices)} it, and "
                    f"{len(noticed[framing])} of {len(clients(cut))} clients noticed.",
                    on_the_wire[framing].notices == bool(noticed[framing]) == (framing != "close"),
                    *field_line(capture_of(cut, framing), Side.SERVER, _FIELDS[framing]),
                    *last_bytes(capture_of(cut, framing), Side.SERVER, 24),
                    clients_that_noticed=len(noticed[framing]),
                    missing_bytes=int(str(cut.parameters["missing_bytes"])),
                )
                for framing in FRAMINGS
            ),
        ),
    )


def _shows(does: bool) -> str:
    return "show" if does else "do not show"


def _one_exchange(framing: str, recording: Recording) -> Evidence:
    """One request, one complete response in this framing, nothing after it, and the document in it."""
    requests, answers, capture = 0, 0, None
    for capture in recording.captures:
        requests += len(heads(capture, Side.CLIENT))
        answers += len(heads(capture, Side.SERVER))
    is_one = capture is not None and len(recording.captures) == requests == answers == 1
    if capture is None or not is_one:
        return seen(f"Under {framing}: {requests} requests and {answers} responses.", False)
    (answer,) = heads(capture, Side.SERVER)
    end = len(capture.bytes_from(Side.SERVER))
    return seen(
        f"Framed by {answer.framing.value}: 1 request, 1 response, "
        f"{'complete' if answer.is_complete else 'not complete'} at byte {answer.end} of {end}; "
        f"its body has {answer.content.length} bytes.",
        answer.framing.value == framing and answer.is_complete and answer.end == end and _is_document(capture),
        *start_line(capture, Side.CLIENT),
        *start_line(capture, Side.SERVER),
        *field_line(capture, Side.SERVER, _FIELDS[framing]),
        body_bytes=answer.content.length,
        ends_at_byte=answer.end,
    )


def _is_document(capture: Capture) -> bool:
    try:
        return bool(json.loads(content_of(capture)) == _DOCUMENT)
    except ValueError:
        return False


def judge_c03(late: Recording) -> Judgement:
    """When bytes were there, and when values were."""
    found = readings(late)
    plain = [found[lane] for lane in ("document, read whole", "lines, read whole")]
    lines, document = found["lines, read as they come"], found["document, read as it comes"]
    values = {lane: [mark.detail for mark in late.marks_named(f"{lane}: value")] for lane in found}
    return Judgement(
        tuple(
            seen(
                f"{one.lane}: the first of {len(one.passed_s)} records was there after {one.passed_s[0]:.3f} s, the "
                f"last byte after {one.last_byte_s:.3f} s, the first value after {one.values_s[0]:.3f} s.",
                one.values_s[0] > one.last_byte_s > one.passed_s[0],
                first_record_s=one.passed_s[0],
                last_byte_s=one.last_byte_s,
                first_value_s=one.values_s[0],
            )
            for one in plain
        ),
        (
            seen(
                f"{lines.lane}: the first value was there after {lines.values_s[0]:.3f} s, before the last byte "
                f"(after {lines.last_byte_s:.3f} s).",
                lines.passed_s[0] < lines.values_s[0] < lines.last_byte_s,
                first_value_s=lines.values_s[0],
                last_byte_s=lines.last_byte_s,
            ),
            seen(
                f"{document.lane}: {document.tries} tries in vain, and the first value only after the last byte.",
                document.tries > 0 and document.values_s[0] > document.last_byte_s,
                tries_in_vain=document.tries,
            ),
            seen(
                f"In the end all {len(values)} clients have the same {len(plain[0].values_s)} values.",
                len({tuple(one) for one in values.values()}) == 1,
                clients=len(values),
            ),
        ),
    )


C02 = trial_of(
    "C02",
    judge_c02,
    *(OneExchange(framing=framing) for framing in FRAMINGS),
    Connections(requests=3, delay_s=0, pause_s=0.01),
    CutShort(missing_bytes=2),
)
C03 = trial_of("C03", judge_c03, LateParse(records=RECORDS, pause_s=0.1))

"""Puts C01 to the test: one relay carries every protocol, and TCP knows no messages."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from lab_servers.capture.capture import Capture, Side
from lab_servers.clients.raw import send_bytes
from lab_servers.course.imported import protocols_known_to
from lab_servers.dissection import dissect
from lab_servers.lab import Lab
from lab_servers.proofs.pointing import range_of, start_line
from lab_servers.proofs.proof import Judgement, seen
from lab_servers.proofs.trial import Trial
from lab_servers.recording import Recording
from lab_servers.scenarios import OneRelay, SendsAndReads
from lab_servers.views.looks.tcp_one_relay import Carried, carried
from lab_servers.views.looks.tcp_sends_and_reads import ways

RELAY = "lab_servers.capture.relay"
INVENTED = "shouting"
_LINES = b"hello\n\x00\xff\n"
_SHOWN_BYTES = 24


def run_c01(lab: Lab) -> tuple[Recording, ...]:
    """Three protocols at once, the same bytes sent in several ways, and a protocol that nobody knows."""
    return OneRelay(interval_s=0.02).run(lab), SendsAndReads(pause_s=0).run(lab), invented(lab)


def invented(lab: Lab) -> Recording:
    """A protocol that was invented just now, through the same relay: a line is answered in capitals."""

    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line.upper())

    where = urlsplit(lab.host(INVENTED, shout, scheme="tcp"))
    with lab.record("invented protocol") as take:
        lab.run(send_bytes(str(where.hostname), where.port or 0, _LINES, quiet_s=0.1))
    return take.recording


def judge_c01(relay: Recording, sends: Recording, unknown: Recording) -> Judgement:
    """Same answer over all three, a relay that imports no protocol, one that is unknown; sends that are no reads."""
    found = carried(relay)
    answers = [one.answer for one in found]
    spoken = [_spoken(one.capture) for one in found]
    lines = [one for each in found for side in Side for one in start_line(each.capture, side)]
    known = protocols_known_to(RELAY)
    shouted = unknown.of(INVENTED)
    asked, answered = (b"".join(one.bytes_from(side) for one in shouted) for side in Side)
    by_label = {way.label: way for way in ways(sends)}
    late, one_send = by_label["many sends, read late"], by_label["one send, small reads"]
    return Judgement(
        (
            seen(
                f"One relay carried {', '.join(spoken)}{' at once' if _at_once(found) else ''}; the clients got "
                f"{', '.join(map(repr, answers))}.",
                len(set(answers)) == 1
                and bool(answers[0])
                and spoken == [one.label for one in found]
                and _at_once(found),
                *lines,
                protocols=len(found),
            ),
            seen(
                f"The relay's code imports {len(known)} protocols above TCP, directly or through others"
                f"{': ' + ', '.join(known) if known else ''}.",
                not known,
                imported_protocols=len(known),
            ),
            seen(
                f"A protocol invented just now passed the same relay: {len(asked)} bytes there, {len(answered)} back.",
                bool(asked) and answered == asked.upper(),
                *(one for capture in shouted for side in Side for one in range_of(capture, side, 0, _SHOWN_BYTES)),
                bytes_there=len(asked),
                bytes_back=len(answered),
            ),
        ),
        (
            seen(
                f"{len(late.sends)} sends arrived as {len(late.reads)} read.",
                len(late.sends) == 5 and len(late.reads) == 1,
                sends=len(late.sends),
                reads=len(late.reads),
            ),
            seen(
                f"{len(one_send.sends)} send arrived as {len(one_send.reads)} reads.",
                len(one_send.sends) == 1 and len(one_send.reads) == 5,
                sends=len(one_send.sends),
                reads=len(one_send.reads),
            ),
            seen(
                f"The bytes are the same {len(late.data)} in both: nothing in them tells where a send ended.",
                late.data == one_send.data and late.fingerprint == one_send.fingerprint,
                *range_of(sends.of("plain TCP")[0], Side.CLIENT, 0, _SHOWN_BYTES),
                bytes=len(late.data),
            ),
        ),
    )


def _spoken(capture: Capture) -> str:
    """What the bytes of a connection are, read without its server's name: the relay does not know."""
    found = dissect(capture)
    if found.conversation.upgraded_to == "websocket" and found.records(Side.SERVER, "websocket"):
        return "WebSocket"
    if found.records(Side.SERVER, "sse"):
        return "SSE"
    answered = any(one.is_complete for one in found.conversation.messages(Side.SERVER.value))
    return "HTTP" if answered else "nothing that was answered"


def _at_once(found: tuple[Carried, ...]) -> bool:
    """Whether there was a moment at which all of them carried: the last had begun before the first was through."""
    times = [[chunk.at_ns for chunk in one.capture.chunks] for one in found]
    return all(times) and max(map(min, times)) < min(map(max, times))


C01 = Trial("C01", run_c01, judge_c01, OneRelay.servers)

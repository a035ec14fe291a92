"""Puts C10, C12 and C13 to the test: where HTTP ends on the connection of a WebSocket, and what is new after that."""

from __future__ import annotations

from lab_servers.capture.capture import Side, TransitionKind
from lab_servers.dissection import Dissection, dissect
from lab_servers.measure.evidence import counted
from lab_servers.proofs.pointing import field_line, last_bytes, range_of, start_line
from lab_servers.proofs.proof import Evidence, Judgement, cited, seen
from lab_servers.proofs.trial import trial_of
from lab_servers.recording import Recording
from lab_servers.scenarios import Handshake, RefusedUpgrades, ShareOfHttp, WrongAnswers
from lab_servers.views.looks.handshake import http_ends, key_and_accept, upgraded
from lab_servers.views.looks.handshake_answers import answers, has_right_accept, verdict
from lab_servers.views.looks.handshake_cases import Case
from lab_servers.views.looks.handshake_refused import refusals
from lab_servers.views.looks.handshake_share import ALL, HANDSHAKE_ONLY, based_on_http, connections, is_new_protocol
from lab_servers.wire.websocket.handshake import accept_for

WRONG_ACCEPTS = ("no-accept", "value-of-another-key", "key-sent-back")
_END_OF_HEAD = b"\r\n\r\n"
_TEXT_FRAME = 0x81  # FIN, and the opcode of a text frame (RFC 6455 §5.2)


# --- C10 --------------------------------------------------------------------------------------------


def judge_c10(opened: Recording, again: Recording, no_key: Recording, wrong: Recording) -> Judgement:
    """One request, one 101, frames from the next byte on; and what key and accept value are worth."""
    capture = upgraded(opened)
    messages = dissect(capture).conversation.messages()
    lines = [one.start_line for one in messages]
    opens = [one.kind for one in capture.transitions].count(TransitionKind.OPENED)
    (key, accept), (other_key, other_accept) = key_and_accept(capture), key_and_accept(upgraded(again))
    (refused,) = refusals(no_key).values()
    odd = answers(wrong)
    right = odd["right"]
    return Judgement(
        (
            seen(
                f"It begins with {' and '.join(map(repr, lines))}.",
                len(messages) == 2
                and messages[0].method == "GET"
                and messages[1].start_line == "HTTP/1.1 101 Switching Protocols",
                *start_line(capture, Side.CLIENT),
                *start_line(capture, Side.SERVER),
                messages=len(messages),
            ),
            *(_ends(opened, side) for side in Side),
            seen(
                f"From the request to the last frame it is {counted(opens, 'connection')}.",
                len(opened.captures) == opens == 1,
                connections=len(opened.captures),
            ),
        ),
        (
            seen(
                f"Without a key the answer is {refused.answer}.",
                not refused.is_switched and refused.answer.startswith("400"),
                *start_line(refused.capture, Side.SERVER),
            ),
            seen(
                f"A client's library {_short(verdict(right))} at the right accept value and fails the connection at "
                f"{sum(_is_refused(odd[name]) for name in WRONG_ACCEPTS)} of {len(WRONG_ACCEPTS)} "
                f"others: {', '.join(WRONG_ACCEPTS)}.",
                verdict(right) == "opens" and all(_is_refused(odd[name]) for name in WRONG_ACCEPTS),
                *field_line(odd[WRONG_ACCEPTS[1]].capture, Side.SERVER, "Sec-WebSocket-Accept"),
            ),
            seen(
                f"The accept value {accept} follows from the key {key} alone; a new handshake has a new key.",
                accept == accept_for(key) and key != other_key and accept != other_accept,
                *field_line(capture, Side.CLIENT, "Sec-WebSocket-Key"),
                *field_line(capture, Side.SERVER, "Sec-WebSocket-Accept"),
            ),
            seen(
                f"A server that the client never met before ({right.capture.server!r}) computes it as well.",
                has_right_accept(right) and right.capture.server != capture.server,
                *field_line(right.capture, Side.SERVER, "Sec-WebSocket-Accept"),
            ),
        ),
    )


def _is_refused(case: Case) -> bool:
    """Whether the answer was 101 with another accept value, and the client's library said that it fails."""
    status = case.response.status if case.response else None
    return status == 101 and not has_right_accept(case) and bool(case.concluded) and verdict(case).startswith("fails")


def _short(told: str) -> str:
    return told.partition(":")[0]


def _ends(opened: Recording, side: Side) -> Evidence:
    capture = upgraded(opened)
    offset, data = http_ends(capture)[side.value], capture.bytes_from(side)
    after = data[offset : offset + 1]
    return seen(
        f"From the {side.value}, HTTP ends at byte {offset} of {len(data)}; the next byte is {after.hex() or 'missing'}"
        f", the first of a frame.",
        data.find(_END_OF_HEAD) == offset - len(_END_OF_HEAD)
        and after == bytes([_TEXT_FRAME])
        and dissect(capture).records(side, "websocket")[0].pieces[0][0] == offset,
        *range_of(capture, side, offset - len(_END_OF_HEAD), offset + 2),
        http_bytes=offset,
        bytes=len(data),
    )


C10 = trial_of("C10", judge_c10, Handshake(), Handshake(), RefusedUpgrades(case="no-key"), WrongAnswers())


# --- C12 --------------------------------------------------------------------------------------------


def judge_c12(share: Recording) -> Judgement:
    """How many bytes of each connection lie in records of HTTP."""
    found = connections(share)
    answers_ = {kind: based_on_http(one.capture) for kind, one in found.items()}
    expected = {"HTTP": ALL, "SSE": ALL, "WebSocket": HANDSHAKE_ONLY}
    request = found["WebSocket"].conversation.messages("client")[0]
    fields = [name for name in ("Upgrade", "Connection", "Sec-WebSocket-Key") if request.values(name)]
    return Judgement(
        tuple(_share(kind, one, answers_[kind], expected[kind]) for kind, one in found.items()),
        (
            seen(
                f"The handshake recorded here is one of {request.version}: {request.method} with {', '.join(fields)}.",
                (request.method, request.version, len(fields)) == ("GET", "HTTP/1.1", 3),
                *start_line(found["WebSocket"].capture, Side.CLIENT),
                *field_line(found["WebSocket"].capture, Side.CLIENT, "Upgrade"),
            ),
            cited(
                "Over HTTP/2 it is a CONNECT with :protocol, answered by 200; Upgrade, Connection and the key are not "
                "used.",
                "RFC 8441 §5",
            ),
        ),
    )


def _share(kind: str, found: Dissection, answer: str, expected: str) -> Evidence:
    of_http = {
        side: sum(stop - start for one in found.records(side, "http") for start, stop in one.pieces) for side in Side
    }
    sent = {side: len(found.capture.bytes_from(side)) for side in Side}
    is_whole = of_http == sent and all(sent.values()) and _is_answered(found, kind)
    is_part = all(0 < of_http[side] < sent[side] for side in Side)
    return seen(
        f"{kind}: {answer}; {of_http[Side.CLIENT]} of {sent[Side.CLIENT]} bytes from the client and "
        f"{of_http[Side.SERVER]} of {sent[Side.SERVER]} from the server are HTTP.",
        answer == expected and (is_whole if expected == ALL else is_part),
        *last_bytes(found.capture, Side.SERVER, 16),
        http_bytes=sum(of_http.values()),
        bytes=sum(sent.values()),
    )


def _is_answered(found: Dissection, kind: str) -> bool:
    """Whether a connection carried what its kind says: a whole response, and for SSE one that brought events."""
    complete = [one.is_complete for one in found.conversation.messages(Side.SERVER.value)]
    return bool(complete) and all(complete) and bool(found.records(Side.SERVER, "sse")) == (kind == "SSE")


C12 = trial_of("C12", judge_c12, ShareOfHttp(interval_s=0.01))


# --- C13 --------------------------------------------------------------------------------------------


def judge_c13(share: Recording, old_version: Recording) -> Judgement:
    """Which connection was switched and then spoke something else; and that it stayed the same connection."""
    found = connections(share)
    (wish,) = refusals(old_version).values()
    sockets = share.of("websocket")
    opens = sum(one.kind is TransitionKind.OPENED for capture in sockets for one in capture.transitions)
    ports = {capture.relay_address[1] for capture in sockets}
    return Judgement(
        tuple(_switched(kind, one) for kind, one in found.items()),
        (
            seen(
                f"To ask is not enough: after Upgrade: {', '.join(wish.request.values('Upgrade'))} the answer was "
                f"{wish.answer}, and no frame followed.",
                wish.request.values("Upgrade") == ["websocket"]
                and wish.answer.startswith("4")
                and is_new_protocol(wish.capture) == "no",
                *field_line(wish.capture, Side.CLIENT, "Upgrade"),
                *start_line(wish.capture, Side.SERVER),
            ),
            seen(
                f"The handshake and the frames passed on {counted(opens, 'connection')} to "
                f"{counted(len(ports), 'port')}.",
                len(sockets) == opens == len(ports) == 1 and is_new_protocol(sockets[0]) == "yes",
                *(one for each in sockets for one in last_bytes(each, Side.CLIENT, 16)),
                connections=opens,
            ),
        ),
    )


def _switched(kind: str, found: Dissection) -> Evidence:
    answer, frames = is_new_protocol(found.capture), sum(len(found.records(side, "websocket")) for side in Side)
    events, to = len(found.records(Side.SERVER, "sse")), found.conversation.upgraded_to
    inside = f"{events} events lie in the body of its response" if events else f"{counted(frames, 'frame')} followed"
    return seen(
        f"{kind}: {answer}; it was switched to {to or 'nothing'}, and {inside}.",
        answer == ("yes" if kind == "WebSocket" else "no")
        and bool(frames) == (kind == "WebSocket")
        and _is_answered(found, kind),
        *start_line(found.capture, Side.SERVER),
        frames=frames,
        events=events,
    )


C13 = trial_of("C13", judge_c13, ShareOfHttp(interval_s=0.01), RefusedUpgrades(case="old-version"))

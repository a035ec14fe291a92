"""What ``pcapng.py`` and ``packets.py`` write beside the packets, read back: labels, endings, bounds, marks.

``loading.py`` asks. A file by anybody else simply has none of these words, or has them and is believed:
they name connections, and change no byte of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace

from lab_servers.capture.capture import Side, Transition, TransitionKind
from lab_servers.marks import Mark

_LABEL = re.compile(r"(.{1,200}), connection ([1-9][0-9]{0,8})")
_BOUND = re.compile(r"recording stopped at its bound; ([0-9]{1,18}) bytes from the (client|server) passed unrecorded")
_RUN_NOTICE = re.compile(r"The bound on (recording|marks) was reached: [0-9,]+ (connections passed|came after it).*")
_ENDINGS = {
    "the relay could not reach the server, and so reset the client's connection": TransitionKind.REFUSED,
    "the relay was stopped while this connection was open": TransitionKind.ABANDONED,
}

_TAG_END = b"\0\0\0\0"  # of the tags before a mark, and the only one that is all zeros


def run_in(comment: str) -> tuple[str, tuple[str, ...]]:
    """What was run, from the comment of the interface "relay", and what was missing then beside whole connections."""
    name, *notices = comment.split("\n")
    return name, tuple(filter(_RUN_NOTICE.fullmatch, notices))


def label_in(comments: Sequence[str]) -> tuple[str, int] | None:
    """The server's name and the connection's number, from the comment on the connection's SYN."""
    found = next(filter(None, map(_LABEL.fullmatch, comments)), None)
    return (found[1], int(found[2])) if found else None


def left_out_by_bound(comments: Sequence[str]) -> dict[Side, int]:
    """How many bytes of each side passed unrecorded after the bound on recording was reached."""
    return {Side(found[2]): int(found[1]) for found in map(_BOUND.fullmatch, comments) if found}


def ended_by_relay(transitions: tuple[Transition, ...], comments: Sequence[str]) -> tuple[Transition, ...]:
    """The transitions, with a reset that was the relay's own as what it was."""
    kind = next((_ENDINGS[comment] for comment in comments if comment in _ENDINGS), None)
    if kind is None:
        return transitions
    return tuple(replace(one, kind=kind, by=None) if one.kind is TransitionKind.RESET else one for one in transitions)


def mark_in(data: bytes, at_ns: int) -> Mark | None:
    """The mark in a packet of the interface "marks"; ``None`` if it is not one."""
    try:
        value = json.loads(_after_tags(data))
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    name, detail = value.get("mark"), value.get("detail")
    return Mark(at_ns, name, detail) if isinstance(name, str) and isinstance(detail, str) else None


def _after_tags(data: bytes) -> bytes:
    # Wireshark's epan/exported_pdu.h: big-endian kind and length, then the value, up to a kind of zero.
    at = 0
    while at + 4 <= len(data) and data[at : at + 4] != _TAG_END:
        at += 4 + int.from_bytes(data[at + 2 : at + 4], "big")
    return data[at + 4 :]

"""What the bits of a WebSocket frame can say (RFC 6455 §5.2, §7.4): tables of names, values and sentences.

``fields.py`` and ``notes.py`` take the sentences from here; nothing here looks at bytes.
"""

from __future__ import annotations

import enum
from typing import NamedTuple

# The first two bytes of a frame, in the header's order.
FIN = 0b1000_0000
RSV1 = 0b0100_0000
RSV2 = 0b0010_0000
RSV3 = 0b0001_0000
OPCODE = 0b0000_1111
MASK = 0b1000_0000
PAYLOAD_LENGTH = 0b0111_1111

# Values of the 7-bit payload length: up to 125 it is the length; these two say how many bits follow.
LENGTH_16 = 126
LENGTH_64 = 127
MAX_CONTROL_BYTES = 125
# From here on a frame is worth a remark: many receivers stop at 1 MiB by default.
LARGE_BYTES = 1 << 20


class Opcode(enum.IntEnum):
    """What a frame is (RFC 6455 §5.2). From 8 on it is a control frame."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


OPCODES = frozenset(int(opcode) for opcode in Opcode)
FIRST_CONTROL_OPCODE = 0x8


class Kind(NamedTuple):
    """One value of the opcode: the name of such a frame, and what it is."""

    name: str
    meaning: str
    spec: str = "RFC 6455 §5.2"


def _kinds() -> tuple[Kind, ...]:
    known = {
        Opcode.CONTINUATION: Kind(
            "continuation frame", "Continuation: the payload goes on where the message's last fragment stopped."
        ),
        Opcode.TEXT: Kind("text frame", "Text: a message begins here, and its payload is text in UTF-8."),
        Opcode.BINARY: Kind("binary frame", "Binary: a message begins here, and its bytes mean what the peers agreed."),
        Opcode.CLOSE: Kind(
            "close frame",
            "Close: the sender sends no more data, and the peer answers with a close frame.",
            "RFC 6455 §5.5.1",
        ),
        Opcode.PING: Kind(
            "ping frame", "Ping: the peer must answer with a pong that holds the same payload.", "RFC 6455 §5.5.2"
        ),
        Opcode.PONG: Kind("pong frame", "Pong: the answer to a ping, or a sign of life.", "RFC 6455 §5.5.3"),
    }
    return tuple(
        known[Opcode(value)] if value in OPCODES else _reserved(value)  # sixteen rows, one for each value
        for value in range(16)
    )


def _reserved(value: int) -> Kind:
    sort = "control" if value >= FIRST_CONTROL_OPCODE else "data"
    return Kind(
        f"frame with reserved opcode {value}", f"Reserved for a {sort} frame that no specification has defined yet."
    )


KINDS = _kinds()


class Flag(NamedTuple):
    """One bit of the header: its place in its byte, and what 0 and 1 say."""

    name: str
    mask: int
    bits: tuple[int, int]
    meanings: tuple[str, str]
    spec: str = "RFC 6455 §5.2"


FIN_FLAG = Flag(
    "FIN",
    FIN,
    (7, 7),
    ("More fragments of this message follow.", "This is the last fragment of its message, or all of it."),
)
RSV1_FLAG = Flag(
    "RSV1",
    RSV1,
    (6, 6),
    ("Reserved for extensions, and 0 without one.", "Set, though no agreed extension gives it a meaning here."),
)
RSV2_FLAG = RSV1_FLAG._replace(name="RSV2", mask=RSV2, bits=(5, 5))
RSV3_FLAG = RSV1_FLAG._replace(name="RSV3", mask=RSV3, bits=(4, 4))
# RSV1 on the first frame of a message, where permessage-deflate was negotiated.
COMPRESSED_FLAG = Flag(
    "RSV1",
    RSV1,
    (6, 6),
    ("The sender left this message uncompressed.", "The whole message is compressed with permessage-deflate."),
    "RFC 7692 §6",
)
MASK_FLAG = Flag(
    "MASK",
    MASK,
    (7, 7),
    (
        "The payload travels as it is; every frame from a server must be so (§5.1).",
        "The payload is masked with the key that follows; every frame from a client must be (§5.1).",
    ),
)
OPCODE_BITS = (3, 0)
LENGTH_BITS = (6, 0)


class CloseCode(NamedTuple):
    """One status code of a close frame (RFC 6455 §7.4.1 and IANA's registry).

    Attributes:
        name: What it is called.
        meaning: One sentence.
        may_travel: Whether it may stand in a close frame. Some only tell an application what happened.
    """

    name: str
    meaning: str
    may_travel: bool = True
    spec: str = "RFC 6455 §7.4.1"


_IANA = "RFC 6455 §11.7"

CLOSE_CODES = {
    1000: CloseCode("normal closure", "The purpose of the connection is fulfilled."),
    1001: CloseCode("going away", "The endpoint leaves: a server goes down, or a browser leaves the page."),
    1002: CloseCode("protocol error", "The peer broke a rule of the protocol."),
    1003: CloseCode("unsupported data", "The peer sent a kind of data that this endpoint cannot accept."),
    1004: CloseCode("reserved", "Reserved: a meaning may be defined in the future.", False),
    1005: CloseCode("no status received", "Tells an application that a close frame held no code.", False),
    1006: CloseCode("abnormal closure", "Tells an application that the connection ended without a close frame.", False),
    1007: CloseCode("invalid payload data", "The bytes do not fit the kind of message, as text that is not UTF-8."),
    1008: CloseCode("policy violation", "A message breaks the endpoint's policy; the general refusal."),
    1009: CloseCode("message too big", "A message is larger than the endpoint can process."),
    1010: CloseCode("mandatory extension", "A client needs an extension that the server did not agree to."),
    1011: CloseCode("internal error", "A server met a condition that it did not expect."),
    1012: CloseCode("service restart", "The service restarts; try again after a random delay.", spec=_IANA),
    1013: CloseCode("try again later", "The service is overloaded for now.", spec=_IANA),
    1014: CloseCode("bad gateway", "A gateway got an invalid answer from the server behind it.", spec=_IANA),
    1015: CloseCode("TLS handshake failed", "Tells an application that TLS could not be set up.", False),
}


def close_code(code: int) -> CloseCode:
    """What a status code says, for every number that two bytes can hold (§7.4.2 has the ranges)."""
    spec = "RFC 6455 §7.4.2"
    if code in CLOSE_CODES:
        return CLOSE_CODES[code]
    if code < 1000:
        return CloseCode("not used", "Codes from 0 to 999 are not used.", False, spec)
    if code < 3000:
        return CloseCode("unregistered", "Reserved for the protocol, and nothing has registered it.", False, spec)
    if code < 4000:
        return CloseCode("registered use", "For libraries and frameworks, which register it with IANA.", spec=spec)
    if code < 5000:
        return CloseCode("private use", "The two applications agreed on its meaning.", spec=spec)
    return CloseCode("out of range", "No range of codes is defined from 5000 on.", False, spec)

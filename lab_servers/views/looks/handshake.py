"""One opening handshake: where HTTP ends in both directions, both heads field by field, and the accept value by hand.

``scenarios/handshake_chat.py`` makes the recording; every function here takes any capture that has an upgrade.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import Dissection, dissect
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording, bound_notices
from lab_servers.views.bands import band_of, draw_bands
from lab_servers.views.picture import Picture
from lab_servers.views.table import Table
from lab_servers.wire.http1.message import Message
from lab_servers.wire.printable import printable
from lab_servers.wire.websocket.handshake import GUID

RUN_IT = "This recording has no connection that was upgraded to WebSocket: run the scenario Handshake."
MAX_CHARACTERS = 200

ARROWS = {Side.CLIENT: "client → server", Side.SERVER: "server → client"}


def upgraded(recording: Recording) -> Capture:
    """The first connection that became a WebSocket.

    Raises:
        BadParameter: there is none.
    """
    for capture in recording.captures:
        if dissect(capture).conversation.upgraded_to == "websocket":
            return capture
    raise BadParameter(RUN_IT)


def http_ends(capture: Capture) -> dict[str, int]:
    """How many bytes each side, by name, sent before the connection stopped being HTTP.

    Raises:
        BadParameter: it never did.
    """
    end = dissect(capture).conversation.http_end
    if end is None:
        raise BadParameter(RUN_IT)
    return dict(end)


# --- the look -------------------------------------------------------------------------------------


def picture(recording: Recording) -> Picture:
    """Both directions as bands of bytes."""
    found = dissect(upgraded(recording))
    figure = draw_bands([band_of(found, side, ARROWS[side]) for side in Side])
    return Picture(figure, "Where HTTP ends on one connection", sentence(recording), recording.notices)


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    capture = upgraded(recording)
    ends, found = http_ends(capture), dissect(capture)
    told = []
    for side in Side:
        sent, frames = len(capture.bytes_from(side)), found.records(side, "websocket")
        told.append(
            f"of {sent} bytes from the {side.value} the first {ends[side.value]} are HTTP, and the other "
            f"{sent - ends[side.value]} are {_frames(len(frames))}"
        )
    return f"One connection, to port {capture.relay_address[1]}: {'; '.join(told)}."


def _frames(count: int) -> str:
    return "one WebSocket frame" if count == 1 else f"{count} WebSocket frames"


def table(recording: Recording) -> Table:
    """Both heads, field by field."""
    return head_fields(upgraded(recording))


# --- the heads ------------------------------------------------------------------------------------


def head_fields(capture: Capture) -> Table:
    """The request (→) and the response (←): each field with its meaning and the section that says so."""
    found = dissect(capture)
    rows = [row for side in Side for row in _rows(found, side)]
    ends = found.conversation.http_end
    after = f"; HTTP ends at byte {ends['client']} of the client and {ends['server']} of the server" if ends else ""
    return Table(
        f"The opening handshake, field by field{after}",
        ("field", "bytes", "value", "meaning", "section"),
        tuple(rows),
        notices=bound_notices(capture),
    )


def _rows(found: Dissection, side: Side) -> Iterator[tuple[str, ...]]:
    arrow = {Side.CLIENT: "→", Side.SERVER: "←"}[side]
    head = next((one for one in found.records(side, "http") if one.name.endswith("head")), None)
    for field in head.fields if head is not None else ():
        if field.name in ("colon", "space", "white space", "line end", "field name"):
            continue
        (start, stop), *_ = field.pieces
        name = printable(field.group if field.name == "field value" else field.name, MAX_CHARACTERS)
        value = printable(str(field.value), MAX_CHARACTERS)
        yield f"{arrow} {name}", f"{start} to {stop - 1}", value, printable(field.meaning, MAX_CHARACTERS), field.spec


# --- the accept value -----------------------------------------------------------------------------


def key_and_accept(capture: Capture) -> tuple[str, str]:
    """The values of ``Sec-WebSocket-Key`` and ``Sec-WebSocket-Accept``.

    Raises:
        BadParameter: one of them is missing.
    """
    messages = dissect(capture).conversation.messages()
    keys = [value for one in messages if one.sender == Side.CLIENT.value for value in _values(one, "Key")]
    accepts = [value for one in messages if one.sender == Side.SERVER.value for value in _values(one, "Accept")]
    if not keys or not accepts:
        raise BadParameter(RUN_IT)
    return keys[0], accepts[0]


def _values(message: Message, name: str) -> list[str]:
    return message.values(f"Sec-WebSocket-{name}")


def accept_steps(capture: Capture) -> Table:
    """How the accept value comes from the recorded key, step by step (RFC 6455 §4.2.2)."""
    key, accept = key_and_accept(capture)
    digest = hashlib.sha1((key + GUID).encode(), usedforsecurity=False).digest()
    made = base64.b64encode(digest).decode()
    verdict = "the two are the same" if made == accept else "the two differ: the client must fail the connection"
    return Table(
        f"From the key to the accept value: {verdict}",
        ("step", "result"),
        (
            (f"the key, {len(key)} characters", printable(key, MAX_CHARACTERS)),
            (f"the GUID, {len(GUID)} more", GUID),
            # In few groups, so that the row fits a narrow window.
            (f"SHA-1 of both, {len(digest)} bytes", digest.hex(" ", 4)),
            (f"in base64, {len(made)} characters", made),
            ("Sec-WebSocket-Accept", printable(accept, MAX_CHARACTERS)),
        ),
        frozenset({1}),
    )

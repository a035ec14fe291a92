"""Which of three connections is based on HTTP, and which speaks a new protocol: read from where HTTP ends in each.

``scenarios/handshake_share.py`` makes the recording. A connection is based on HTTP if its bytes are; it speaks a new
protocol if it was switched to one.
"""

from __future__ import annotations

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import Dissection, dissect
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.bands import band_of, draw_bands
from lab_servers.views.picture import Picture
from lab_servers.views.table import Table

# The lab's servers, and what the course calls the way in which each one talks.
KINDS = {"http": "HTTP", "sse": "SSE", "websocket": "WebSocket"}
ALL, HANDSHAKE_ONLY, NOT = "yes", "only the handshake", "no"


def connections(recording: Recording) -> dict[str, Dissection]:
    """The first connection to each of the three servers, by the name of its kind.

    Raises:
        BadParameter: one of the three is missing.
    """
    found: dict[str, Dissection] = {}
    for server, kind in KINDS.items():
        captures = recording.of(server)
        if not captures:
            raise BadParameter(f"This recording has no connection to {server!r}: run the scenario ShareOfHttp.")
        found[kind] = dissect(captures[0])
    return found


def based_on_http(capture: Capture) -> str:
    """How much of a connection is HTTP: ``"yes"``, ``"only the handshake"`` or ``"no"``."""
    conversation = dissect(capture).conversation
    if not conversation.messages():
        return NOT
    return ALL if conversation.http_end is None else HANDSHAKE_ONLY


def is_new_protocol(capture: Capture) -> str:
    """Whether a connection was switched to another protocol and then spoke it: ``"yes"`` or ``"no"``."""
    found = dissect(capture)
    spoke = any(found.records(side, "websocket") for side in Side)
    return "yes" if found.conversation.upgraded_to == "websocket" and spoke else "no"


def _http_bytes(found: Dissection, side: Side) -> str:
    band = band_of(found, side, "")
    return f"{band.http_bytes} of {band.end}"


def _status(found: Dissection) -> str:
    return ", ".join(str(one.status) for one in found.conversation.messages(Side.SERVER.value))


def _events(found: Dissection) -> int:
    return sum(record.name == "event" for record in found.records(Side.SERVER, "sse"))


def _frames(found: Dissection) -> int:
    return sum(len(found.records(side, "websocket")) for side in Side)


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    told = [
        f"{kind}: {_http_bytes(found, Side.CLIENT)} bytes from the client and {_http_bytes(found, Side.SERVER)} from "
        f"the server are HTTP"
        for kind, found in connections(recording).items()
    ]
    return f"{'; '.join(told)}."


def picture(recording: Recording) -> Picture:
    """Both directions of each connection as bands of bytes."""
    bands = [
        band_of(found, side, f"{kind}: {'client → server' if side is Side.CLIENT else 'server → client'}")
        for kind, found in connections(recording).items()
        for side in Side
    ]
    return Picture(draw_bands(bands), "How much is HTTP", sentence(recording), recording.notices)


def table(recording: Recording) -> Table:
    """The two questions, answered from the bytes, after the figures that the answers rest on."""
    found = connections(recording)
    rows = (
        ("status of the answer", *map(_status, found.values())),
        ("client → server: bytes that are HTTP", *(_http_bytes(one, Side.CLIENT) for one in found.values())),
        ("server → client: bytes that are HTTP", *(_http_bytes(one, Side.SERVER) for one in found.values())),
        ("switched to", *(one.conversation.upgraded_to or "nothing" for one in found.values())),
        ("events inside the HTTP body", *(str(_events(one)) for one in found.values())),
        ("WebSocket frames after HTTP", *(str(_frames(one)) for one in found.values())),
        ("based on HTTP?", *(based_on_http(one.capture) for one in found.values())),
        ("a new protocol?", *(is_new_protocol(one.capture) for one in found.values())),
    )
    return Table("How much of each connection is HTTP", ("", *found), rows, notices=recording.notices)

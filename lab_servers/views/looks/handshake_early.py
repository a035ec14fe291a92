"""Who got the messages that came in the same read as the 101, and where that read ended.

``scenarios/handshake_early.py`` makes the recording.
"""

from __future__ import annotations

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import dissect
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.bands import band_of, draw_bands
from lab_servers.views.frames import frames
from lab_servers.views.picture import Picture
from lab_servers.views.table import Table
from lab_servers.wire.printable import printable

WHO = ("naive", "careful")
MAX_CHARACTERS = 80


def connection_of(recording: Recording, who: str) -> Capture:
    """The connection of one of the two clients.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    ports = {int(mark.detail) for mark in recording.marks_named(f"{who}: port")}
    for capture in recording.captures:
        if capture.client_address[1] in ports and dissect(capture).conversation.http_end:
            return capture
    raise BadParameter("This recording has no frames that came with a 101: run the scenario EarlyFrame.")


def sent_messages(recording: Recording, who: str) -> list[str]:
    """The texts of the frames that the server sent to a client, read from the bytes."""
    capture = connection_of(recording, who)
    return [one.payload().decode("utf-8", "replace") for one in frames(capture, Side.SERVER) if one.opcode == 1]


def got(recording: Recording, who: str) -> list[str]:
    """The messages that a client says it received."""
    return [mark.detail for mark in recording.marks_named(f"{who}: received")]


def lost(recording: Recording, who: str) -> list[str]:
    """The messages that were sent to a client, and that it never saw."""
    return [text for text in sent_messages(recording, who) if text not in got(recording, who)]


def with_the_101(recording: Recording, who: str) -> int:
    """How many bytes of frames came in the same read as the end of the 101."""
    return dissect(connection_of(recording, who)).came_with_upgrade


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    told = []
    for who in WHO:
        sent, missing = sent_messages(recording, who), lost(recording, who)
        told.append(f"The {who} client got {len(sent) - len(missing)} of {len(sent)} messages")
    early = with_the_101(recording, WHO[0])
    came = f"{early} bytes of frames came in the same read as the 101" if early else "no frame came with the 101"
    return f"{'. '.join(told)}. On the connection of the {WHO[0]} client {came}."


def picture(recording: Recording) -> Picture:
    """What the server sent to each client, and where the reads of the relay ended."""
    bands = [
        band_of(dissect(connection_of(recording, who)), Side.SERVER, f"to the {who} client", _words(recording, who))
        for who in WHO
    ]
    return Picture(draw_bands(bands, reads=True), "Frames that came early", sentence(recording), recording.notices)


def _words(recording: Recording, who: str) -> str:
    sent, missing = sent_messages(recording, who), lost(recording, who)
    return f"got {len(sent) - len(missing)} of {len(sent)}"


def table(recording: Recording) -> Table:
    """Each message: where its frame lies, which read brought it, and who got it."""
    capture = connection_of(recording, WHO[0])
    texts = [one for one in frames(capture, Side.SERVER) if one.opcode == 1]
    chunks = capture.chunks_from(Side.SERVER)
    rows = []
    for one in texts:
        text = one.payload().decode("utf-8", "replace")
        read = next(number for number, chunk in enumerate(chunks, 1) if one.stop <= chunk.end)
        who_got = ["yes" if text in got(recording, who) else "no: lost" for who in WHO]
        rows.append((printable(text, MAX_CHARACTERS), f"{one.start} to {one.stop - 1}", f"{read}", *who_got))
    end = dissect(capture).conversation.http_end
    assert end is not None
    first = next(number for number, chunk in enumerate(chunks, 1) if end[Side.SERVER.value] <= chunk.end)
    return Table(
        f"What the server sent after its 101, which ended at byte {end[Side.SERVER.value]} in read {first}",
        ("message", "bytes", "came with read", *(f"the {who} client got it" for who in WHO)),
        tuple(rows),
        frozenset({0}),
        recording.notices,
    )

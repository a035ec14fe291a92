"""The chunks of a small document: their bytes, and what two kinds of decoder make of them.

``scenarios/http_split_character.py`` makes the recording; everything here is computed from its bytes.
"""

from __future__ import annotations

import codecs

from lab_servers.capture.capture import Capture, Side
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.heads import heads
from lab_servers.views.picture import Picture
from lab_servers.views.sequence import sequence_picture
from lab_servers.views.table import Table


def _capture(recording: Recording) -> Capture:
    for capture in recording.of("two chunks"):
        if heads(capture, Side.SERVER):
            return capture
    raise BadParameter("This recording has no document in two chunks: run the scenario SplitCharacter.")


def chunks(recording: Recording) -> tuple[bytes, ...]:
    """The data of each chunk.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    capture = _capture(recording)
    stream = capture.bytes_from(Side.SERVER)
    return tuple(stream[start:stop] for start, stop in heads(capture, Side.SERVER)[0].content.all_pieces)


def picture(recording: Recording) -> Picture:
    """The sequence of the connection."""
    return sequence_picture(_capture(recording))


def _hex(data: bytes) -> str:
    """Two digits for each byte, in lines that fit a narrow window."""
    return "\n".join(data[start : start + 3].hex(" ") for start in range(0, len(data), 3))


def table(recording: Recording) -> Table:
    """Each chunk decoded by itself, and by a decoder that keeps what is not yet a character."""
    incremental = codecs.getincrementaldecoder("utf-8")(errors="replace")
    rows, alone, kept = [], "", ""
    found = chunks(recording)
    for number, data in enumerate(found, 1):
        by_itself = data.decode("utf-8", errors="replace")
        in_turn = incremental.decode(data, final=number == len(found))
        rows.append((f"chunk {number}", _hex(data), by_itself, in_turn))
        alone, kept = alone + by_itself, kept + in_turn
    broken = alone.count("�")
    caption = (
        f"Decoded chunk by chunk, the text has {broken} broken characters; decoded as one stream, {kept.count('�')}"
    )
    rows.append(("together", f"{sum(map(len, found))} bytes", alone, kept))
    columns = ("what", "bytes", "each by itself", "incremental decoder")
    return Table(caption, columns, tuple(rows), frozenset({1, 2, 3}), recording.notices)

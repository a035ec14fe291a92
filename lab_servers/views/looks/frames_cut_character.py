"""A message in two fragments: what passed in order, and of which part alone a decoder could make text.

``scenarios/frames_cut_character.py`` makes the recording.
"""

from __future__ import annotations

from lab_servers.capture.capture import Side
from lab_servers.recording import Recording
from lab_servers.views.frames import frames
from lab_servers.views.looks.frames import websocket_capture
from lab_servers.views.picture import Picture
from lab_servers.views.sequence import sequence_picture
from lab_servers.views.table import Table
from lab_servers.wire.websocket.messages import messages_of


def is_utf8(data: bytes) -> bool:
    """Whether a strict decoder takes these bytes."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def picture(recording: Recording) -> Picture:
    """The sequence of all frames."""
    return sequence_picture(websocket_capture(recording, "CutCharacter"))


def table(recording: Recording) -> Table:
    """The client's frames and then the message that they make, each with its bytes and whether they are UTF-8."""
    capture = websocket_capture(recording, "CutCharacter")
    rows = []
    for frame in frames(capture, Side.CLIENT):
        if not frame.is_control:
            rows.append((frame.name, f"{frame.head >> 7}", *_content(frame.payload())))
    for message in messages_of(frames(capture, Side.CLIENT)):
        if not message.frames[0].is_control:
            payload = b"".join(frame.payload() for frame in message.frames)
            rows.append((f"the {message.name}", "", *_content(payload)))
    return Table(
        "The fragments without their masks, and the message that they make",
        ("what", "FIN", "bytes", "UTF-8", "as text"),
        tuple(rows),
        frozenset({2}),
        recording.notices,
    )


def _content(payload: bytes) -> tuple[str, str, str]:
    return payload.hex(" "), "yes" if is_utf8(payload) else "no", payload.decode("utf-8", errors="replace")

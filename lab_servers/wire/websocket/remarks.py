"""The sentences about the content of data messages: broken UTF-8, and what goes wrong with inflating.

``reception.py`` finds these; ``notes.py`` has those about headers and close frames.
"""

from __future__ import annotations

import zlib

from lab_servers.wire.model import Note, Pieces, Severity, joined
from lab_servers.wire.websocket.frame import Frame
from lab_servers.wire.websocket.inflate import Ending
from lab_servers.wire.websocket.text import BrokenText

_MIB = 1 << 20


def payload_or_frame(frame: Frame) -> Pieces:
    """The bytes of the payload; of a frame without one, all of it."""
    return frame.payload_pieces or ((frame.start, frame.stop),)


def broken_text(frame: Frame, broken: BrokenText, pieces: Pieces | None) -> Note:
    """The text of a message is not UTF-8.

    Args:
        frame: The frame with which a receiver can first know.
        broken: Which bytes of the text.
        pieces: Where they lie; ``None`` where the text was compressed, so that they lie nowhere.
    """
    what = "ends in the middle of a character" if broken.is_cut else "is not UTF-8"
    where = f"at byte {broken.start} of the message" + (", counted after inflating" if pieces is None else "")
    if pieces is None:
        pieces = payload_or_frame(frame)
    elif not frame.payload_at <= pieces[0][0]:
        where += ", in an earlier fragment"
    text = (
        f"The text {what} ({where}). A receiver must fail the connection, with close code 1007; "
        f"the frame at offset {frame.start} is the first with which it can know."
    )
    return Note(Severity.FORBIDDEN, text, "RFC 6455 §8.1", pieces)


def not_deflate(frame: Frame, error: zlib.error) -> Note:
    """The payload of a compressed message does not inflate."""
    # "Error -3 while decompressing data: invalid block type": people need the end of it.
    reason = str(error).rpartition(": ")[2]
    text = (
        f"The payload does not inflate ({reason}), though RSV1 says that the message is compressed. "
        "A receiver can only fail the connection; most use close code 1007."
    )
    return Note(Severity.FORBIDDEN, text, "RFC 7692 §7.2.2", payload_or_frame(frame))


def bad_ending(frame: Frame, ending: Ending) -> Note:
    """The compressed bytes of a message end otherwise than RFC 7692 §7.2.1 says, though a receiver can read them."""
    pieces = payload_or_frame(frame)
    if ending is Ending.EMPTY:
        text = (
            "A compressed message without any byte: an empty one should be the byte 00, the header of an empty block. "
            "A receiver that appends 00 00 ff ff all the same begins the next message in the middle of a block."
        )
        return Note(Severity.ODD, text, "RFC 7692 §7.2.3.6", pieces)
    tail = ((frame.stop - 4, frame.stop),) if frame.stop - frame.payload_at >= 4 else pieces
    text = (
        "The sender should have left out the last four bytes, 00 00 ff ff. A receiver appends them once more: it "
        "delivers this message, but with context takeover it stands in the middle of a block when the next begins. "
        "Here they were not appended."
    )
    return Note(Severity.ODD, text, "RFC 7692 §7.2.1", tail)


def inside_block(frame: Frame) -> Note:
    """The compressed bytes of a message stop too early."""
    text = (
        "The compressed data stops in the middle of a block, so that its end is missing. A receiver may deliver what "
        "came out, or fail the connection (most use close code 1007); with context takeover the next message fails."
    )
    return Note(Severity.FORBIDDEN, text, "RFC 7692 §7.2.1", payload_or_frame(frame))


def empty_compressed(frame: Frame) -> Note:
    """A compressed message that inflates to nothing."""
    text = "An empty message, compressed: the receiver's application gets a message of 0 bytes."
    return Note(Severity.INFO, text, "RFC 7692 §7.2.3.6", payload_or_frame(frame))


def ended_stream(frame: Frame) -> Note:
    """A block of the message had BFINAL = 1."""
    text = (
        "The message holds a block with BFINAL = 1, which ends a DEFLATE stream. That is allowed, and the window goes "
        "on; but a receiver that does not begin a new stream after it loses what follows."
    )
    return Note(Severity.ODD, text, "RFC 7692 §7.2.3.4", payload_or_frame(frame))


def context_lost(frame: Frame, lost_at: Frame) -> Note:
    """A message that cannot be inflated because an earlier one could not."""
    text = (
        "This message is not inflated: inflating stopped for the whole connection with the frame "
        f"at offset {lost_at.start}, and what comes after builds on what came before."
    )
    return Note(Severity.INFO, text, "RFC 7692 §7.2.2", payload_or_frame(frame))


def message_too_big(frame: Frame, limit_bytes: int) -> Note:
    """A message inflates to more than is kept of it."""
    text = (
        f"The message inflates to more than {limit_bytes // _MIB} MiB; only so much of it is shown. "
        "A receiver should have a limit of its own, and may fail the connection with close code 1009."
    )
    return Note(Severity.INFO, text, "RFC 6455 §10.4", payload_or_frame(frame))


def connection_too_big(frame: Frame, limit_bytes: int) -> Note:
    """The messages of one direction inflate to more than is read."""
    text = (
        f"The messages up to this one inflate to more than {limit_bytes // _MIB} MiB: inflating stops here. "
        "A receiver may fail the connection with close code 1009."
    )
    return Note(Severity.INFO, text, "RFC 6455 §10.4", payload_or_frame(frame))


def broken_reason(frame: Frame, start: int, stop: int) -> Note:
    """The reason of a close frame is not UTF-8."""
    shown = joined(frame.direction.data, ((start, stop),)).hex(" ")
    text = (
        f"The reason is not UTF-8 (bytes {shown} on the wire). "
        "A receiver must fail the connection, with close code 1007."
    )
    return Note(Severity.FORBIDDEN, text, "RFC 6455 §5.5.1", ((start, stop),))

"""The heads of HTTP messages as tables: the start line in its parts, then one row per field line."""

from __future__ import annotations

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import conversation_of
from lab_servers.recording import bound_notices
from lab_servers.views.table import Table
from lab_servers.wire.http1.message import CLIENT, SERVER, Message

_PARTS = {
    CLIENT: ("method", "request target", "version"),
    SERVER: ("version", "status code", "reason phrase"),
}


def heads(capture: Capture, sender: Side) -> list[Message]:
    """The HTTP messages that one side sent on a connection."""
    return conversation_of(capture).messages(sender.value)


def head_table(capture: Capture, sender: Side, index: int = 0) -> Table:
    """One head: of the first message that the side sent, or of a later one.

    Args:
        capture: The connection.
        sender: :attr:`Side.CLIENT` for a request, :attr:`Side.SERVER` for a response.
        index: Which of that side's messages, from 0; -1 for the last.
    """
    found = heads(capture, sender)
    what = "request" if sender is Side.CLIENT else "response"
    if not -len(found) <= index < len(found):
        return Table(
            f"There is no {what} number {index} on this connection; it has {len(found)}.", ("field", "value"), ()
        )
    message = found[index]
    parts = (*message.start_line.split(" ", 2), "")[:3]
    rows = [*zip(_PARTS[sender.value], parts, strict=True), *message.field_lines]
    caption = (
        f"The head of the {what}: {message.head_end - message.start} bytes, {len(message.field_lines)} field lines; "
        f"body: {message.content.length} bytes, framing: {message.framing.value}"
    )
    return Table(caption, ("name", "value"), tuple(rows), frozenset({0, 1}), bound_notices(capture))

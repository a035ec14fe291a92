"""One WebSocket frame taken apart: its first two bytes bit by bit, as a picture and a table, and its mask by hand.

``frames()`` finds the frames of a capture; ``looks/frames_*.py`` show whole runs.
"""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import conversation_of
from lab_servers.errors import BadParameter
from lab_servers.recording import bound_notices
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, FAINT, GREEN, INK, PURPLE, VERMILION, new_figure, payload_fonts
from lab_servers.views.table import Table
from lab_servers.wire.model import Field, preview
from lab_servers.wire.printable import printable
from lab_servers.wire.websocket.frames import KINDS, LENGTH_16, LENGTH_64
from lab_servers.wire.websocket.records import FrameRecord

# What belongs together has one colour: the MASK bit and the key, the length and its extension.
_COLORS = {
    "FIN": BLUE, "RSV1": FAINT, "RSV2": FAINT, "RSV3": FAINT, "opcode": VERMILION, "MASK": GREEN,
    "payload length": PURPLE, "extended payload length": PURPLE, "masking key": GREEN,
}  # fmt: skip

BITS = 16
# So many bytes of one part fit beside the others.
_SHOWN_BYTES = 8
MASK_ROWS = 24
_NO_BREAK = "\N{NO-BREAK SPACE}"


def frames(capture: Capture, sender: Side) -> list[FrameRecord]:
    """The complete frames that one side sent on a connection; none where it is no WebSocket."""
    stream = conversation_of(capture).frames(sender.value)
    return [record for record in stream.records if isinstance(record, FrameRecord)] if stream else []


def wire_bytes(frame: FrameRecord) -> bytes:
    """The bytes of a frame, header and payload, as they passed."""
    return bytes(frame.direction.data[frame.start : frame.stop])


# --- the first two bytes -------------------------------------------------------------------------


def bit_table(frame: FrameRecord) -> Table:
    """The bits of the first two bytes, then what follows them: one row for each field, in the order of the wire."""
    data = frame.direction.data
    rows = []
    for field in frame.fields:
        (start, stop), bits, wire = field.pieces[0], "", _hex(bytes(data[slice(*field.pieces[0])]))
        if field.bits is not None:
            high, low = field.bits
            bits = f"{high}" if high == low else _range(high, low)
            wire = f"{data[start]:08b}"[7 - high : 8 - low]
        first, last = start - frame.start, stop - 1 - frame.start
        place = f"{first}" if first == last else _range(first, last)
        # The section has no column of its own, which would leave the meaning too little room on a narrow page.
        meaning = f"{field.meaning} ({field.spec.replace(' ', _NO_BREAK)})"
        rows.append((field.name, place, bits, wire, printable(str(field.value), 60), meaning))
    return Table(
        f"A {frame.name} from the {frame.sender}, {_count(frame.stop - frame.start)}, field by field",
        ("field", "byte", "bit", "on the wire", "value", "meaning"),
        tuple(rows),
        frozenset({3}),
    )


def _range(first: int, last: int) -> str:
    """On one line, however narrow the page is."""
    return f"{first:,}{_NO_BREAK}to{_NO_BREAK}{last:,}"


def bit_picture(frame: FrameRecord) -> Picture:
    """Draw the two first bytes as sixteen bits under the names of their fields, and the bytes that follow below."""
    figure, axes = new_figure(10.0, 4.1)
    axes.set_axis_off()
    axes.set_xlim(-0.1, BITS + 0.1)
    axes.set_ylim(-3.9, 2.25)
    data = frame.direction.data
    bit_fields = [field for field in frame.fields if field.bits is not None]
    for field in bit_fields:
        _draw_bits(axes, field, data[field.pieces[0][0]], 8 * (field.pieces[0][0] - frame.start))
    for byte in (0, 1):
        axes.text(
            8 * byte + 4, 2.0, f"byte {byte} = {data[frame.start + byte]:02x}", ha="center", va="center", color=INK,
            fontsize=14, weight="bold",
        )  # fmt: skip
    axes.plot([8, 8], [-0.2, 1.2], color=INK, linewidth=2.5)
    _draw_parts(axes, frame, [field for field in frame.fields if field.bits is None])
    return Picture(figure, f"The first two bytes of a {frame.name}", bit_sentence(frame))


def bit_sentence(frame: FrameRecord) -> str:
    """What the picture shows, in words."""
    data = frame.direction.data
    bits = ", ".join(f"{field.name} {field.value}" for field in frame.fields if field.bits is not None)
    parts = [
        f"{field.name} {_count(field.pieces[0][1] - field.pieces[0][0])}" for field in frame.fields if not field.bits
    ]
    follows = f" Then follow: {', '.join(parts)}." if parts else " Nothing follows: the payload is empty."
    return (
        f"The {frame.name} from the {frame.sender} has {_count(frame.stop - frame.start)}. The first two are "
        f"{data[frame.start]:02x} {data[frame.start + 1]:02x}: {bits}.{follows}"
    )


def _draw_bits(axes: Axes, field: Field, byte: int, left: int) -> None:
    """The cells of one field, its name above and what it says below."""
    assert field.bits is not None
    high, low = field.bits
    color = _COLORS.get(field.name, INK)
    first, last = left + 7 - high, left + 8 - low
    for bit in range(high, low - 1, -1):
        x = left + 7 - bit
        axes.add_patch(Rectangle((x, 0), 1, 1, fill=False, edgecolor=FAINT, linewidth=1))
        digit = str(byte >> bit & 1)
        axes.text(x + 0.5, 0.48, digit, ha="center", va="center", color=INK, fontsize=22, family="monospace")
    axes.plot([first + 0.06, last - 0.06], [1.08, 1.08], color=color, linewidth=5, solid_capstyle="butt")
    axes.text((first + last) / 2, 1.4, field.name, ha="center", va="center", color=INK, fontsize=12)
    axes.plot([first + 0.06, last - 0.06], [-0.08, -0.08], color=color, linewidth=5, solid_capstyle="butt")
    if high > low:
        axes.text((first + last) / 2, -0.5, _said(field), ha="center", va="center", color=INK, fontsize=12)


def _said(field: Field) -> str:
    value = int(field.value)
    if field.name == "opcode":
        return (
            f"{value}: {KINDS[value].name.removesuffix(' frame')}"
            if "opcode" not in KINDS[value].name
            else f"{value}: reserved"
        )
    following = {LENGTH_16: ": the next 16 bits tell it", LENGTH_64: ": the next 64 bits tell it"}
    return f"{value}{following.get(value, ' bytes' if value != 1 else ' byte')}"


def _draw_parts(axes: Axes, frame: FrameRecord, parts: list[Field]) -> None:
    """What follows the first two bytes, as one box for each part; their widths fit their words."""
    data = frame.direction.data
    words = [_hex(bytes(data[field.pieces[0][0] : field.pieces[0][1]])) for field in parts]
    names = [f"{field.name}, {_count(field.pieces[0][1] - field.pieces[0][0])}" for field in parts]
    wide = [max(0.28 * len(word), 0.2 * len(name), 1.6) + 0.5 for word, name in zip(words, names, strict=True)]
    x, factor = 0.0, min(1.0, BITS / max(sum(wide), 1))
    if not parts:
        axes.text(0, -1.9, "nothing follows: the payload is empty", ha="left", va="center", color=INK, fontsize=12)
    for field, word, name, width in zip(parts, words, names, wide, strict=True):
        width *= factor
        color = _COLORS.get(field.name, INK)
        axes.add_patch(Rectangle((x, -2.6), width, 1, fill=False, edgecolor=FAINT, linewidth=1))
        axes.plot([x + 0.06, x + width - 0.06], [-1.52, -1.52], color=color, linewidth=5, solid_capstyle="butt")
        axes.text(x + width / 2, -1.2, name, ha="center", va="center", color=INK, fontsize=12)
        axes.text(
            x + width / 2, -2.12, word, ha="center", va="center", color=INK, fontsize=13, family="monospace",
        )  # fmt: skip
        x += width
    if parts and parts[-1].name == "payload" and frame.payload(1):
        what = "without the mask" if frame.is_masked else "as text"
        shown = preview(frame.payload(24)) + ("…" if frame.stop - frame.payload_at > 24 else "")
        axes.text(
            0, -3.3, f"the payload {what}: {printable(shown, 60)}", ha="left", va="center", color=INK, fontsize=12,
            fontfamily=payload_fonts(), parse_math=False,
        )  # fmt: skip


def _hex(data: bytes) -> str:
    return data[:_SHOWN_BYTES].hex(" ") + (" …" if len(data) > _SHOWN_BYTES else "")


def _count(size: int) -> str:
    return "1 byte" if size == 1 else f"{size:,} bytes"


# --- the mask ------------------------------------------------------------------------------------


def mask_table(frame: FrameRecord) -> Table:
    """Unmasking by hand: each byte of the payload, the byte of the key that it meets, and their XOR, bit by bit.

    Raises:
        BadParameter: the frame is not masked, or carries nothing.
    """
    if not frame.is_masked or frame.payload_at == frame.stop:
        raise BadParameter("mask_table() needs a masked frame with a payload: take one that the client sent.")
    plain = frame.payload(MASK_ROWS)
    rows = []
    for place, byte in enumerate(plain):
        wire, key = frame.direction.data[frame.payload_at + place], frame.key[place % 4]
        rows.append((f"{place}", f"{place % 4}", *(f"{one:08b}  {one:02x}" for one in (wire, key, byte))))
    size = frame.stop - frame.payload_at
    more = f" (the first {MASK_ROWS} of {size:,} bytes)" if size > MASK_ROWS else ""
    return Table(
        f"The payload under the key {frame.key.hex(' ')}{more}: {printable(preview(plain), 80)}",
        ("byte", "of the key", "on the wire", "key", "XOR of the two"),
        tuple(rows),
        frozenset({2, 3, 4}),
    )


def frame_table(capture: Capture) -> Table:
    """Every frame of a connection in the order in which it passed, with the bits of its first two bytes."""
    found = [(capture.time_of(side, one.stop - 1), side, one) for side in Side for one in frames(capture, side)]
    rows = []
    for _, side, one in sorted(found, key=lambda row: row[0]):
        header = one.payload_at - one.start
        rows.append(
            (
                f"{side.value} {'→' if side is Side.CLIENT else '←'}",
                one.name,
                f"{one.head >> 7}",
                "yes" if one.is_masked else "no",
                f"{header}",
                f"{one.stop - one.payload_at:,}",
                printable(one.summary, 80),
            )
        )
    return Table(
        "The frames in order", ("from", "what", "FIN", "masked", "header bytes", "payload bytes", "content"),
        tuple(rows), notices=bound_notices(capture),
    )  # fmt: skip

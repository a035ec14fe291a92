"""The same bytes, cut by the sender's sends and by the receiver's reads, way by way.

``scenarios/tcp_sends_and_reads.py`` makes the recording.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from matplotlib.axes import Axes

from lab_servers.capture.capture import Side
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.hexdump import printable
from lab_servers.views.picture import Picture
from lab_servers.views.style import BLUE, INK, VERMILION, new_figure
from lab_servers.views.table import Table

SERVER = "plain TCP"
SEND, READ = ": send", ": read"

# More bytes than these are drawn as bars without their text, and so are more pieces.
MOST_LETTERS = 60
MOST_SIZES = 12

# How wide all bytes are drawn; the largest letters; how wide a monospaced letter and a space are, in sizes of the font.
WIDTH_PT = 534.0
LETTER_PT = 10.2
SPACED_EM = 1.204


@dataclass(frozen=True)
class Way:
    """One connection.

    Attributes:
        label: How its bytes were sent and read.
        data: All of them.
        sends: The size of each send, in order.
        reads: The size of each read, in order.
        relay_reads: The size of each read of the relay between the two.
        fingerprint: A hash of what the reader got.
    """

    label: str
    data: bytes
    sends: tuple[int, ...]
    reads: tuple[int, ...]
    relay_reads: tuple[int, ...]
    fingerprint: str

    def pieces(self, sizes: Sequence[int]) -> tuple[bytes, ...]:
        """The bytes, cut into pieces of these sizes."""
        return tuple(self.data[start:stop] for start, stop in pairwise((0, *accumulate(sizes))))


def ways(recording: Recording) -> tuple[Way, ...]:
    """The connections, in the order in which they were made.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    labels = list(dict.fromkeys(mark.name.removesuffix(SEND) for mark in recording.marks if mark.name.endswith(SEND)))
    captures = recording.of(SERVER)
    if not labels or len(labels) != len(captures):
        raise BadParameter("This recording has no bytes sent in several ways: run the scenario SendsAndReads.")
    return tuple(
        Way(
            label,
            capture.bytes_from(Side.CLIENT),
            _sizes(recording, label + SEND),
            _sizes(recording, label + READ),
            tuple(len(chunk.data) for chunk in capture.chunks_from(Side.CLIENT)),
            "".join(mark.detail for mark in recording.marks_named(f"{label}: fingerprint of all")),
        )
        for label, capture in zip(labels, captures, strict=True)
    )


def _sizes(recording: Recording, name: str) -> tuple[int, ...]:
    return tuple(int(mark.detail) for mark in recording.marks_named(name))


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    found = ways(recording)
    told = "; ".join(f"{one.label}: {_counted(one.sends, 'send')}, {_counted(one.reads, 'read')}" for one in found)
    same = len({one.fingerprint for one in found}) == 1 and len({one.data for one in found}) == 1
    told = f"{told[:1].upper()}{told[1:]}"
    return f"{told}. The {len(found[0].data):,} bytes are {'the same' if same else 'not the same'} in all of them."


def _counted(sizes: Sequence[int], what: str) -> str:
    return f"{len(sizes):,} {what}{'' if len(sizes) == 1 else 's'}"


def table(recording: Recording) -> Table:
    """The sizes, and a fingerprint of what was read."""
    rows = tuple(
        (one.label, _listed(one.sends), _listed(one.relay_reads), _listed(one.reads), one.fingerprint)
        for one in ways(recording)
    )
    return Table(
        "Sizes of the sends and of the reads, in bytes. How many reads the relay needed is the system's choice as well",
        ("way", "sends", "reads of the relay", "reads of the server", "fingerprint of the bytes read"),
        rows,
        frozenset({4}),
        recording.notices,
    )


def _listed(sizes: Sequence[int]) -> str:
    shown = ", ".join(f"{size:,}" for size in sizes[:MOST_SIZES])
    return shown if len(sizes) <= MOST_SIZES else f"{shown}, … ({len(sizes):,} in all)"


def picture(recording: Recording) -> Picture:
    """Two rows for each way: the bytes as they were handed over, and as they were read."""
    found = ways(recording)
    figure, axes = new_figure(8.8, 0.5 + 1.02 * len(found))
    for row, one in enumerate(found):
        y = -1.35 * row
        axes.text(0, y + 0.55, one.label, ha="left", va="bottom", color=INK, fontsize=11.5, weight="bold")
        for word, sizes, color, below in (("sends", one.sends, BLUE, 0.27), ("reads", one.reads, VERMILION, -0.27)):
            _draw_pieces(axes, one.pieces(sizes), y + below, color)
            axes.text(
                -0.012 * len(one.data), y + below, f"{len(sizes):,} {word[:-1] if len(sizes) == 1 else word}",
                ha="right", va="center", color=INK, fontsize=11,
            )  # fmt: skip
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlim(-0.13 * len(found[0].data), 1.01 * len(found[0].data))
    axes.set_ylim(-1.35 * (len(found) - 1) - 0.6, 0.9)
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= len(found[0].data)])
    axes.set_xlabel("offset in the byte stream, in bytes")
    return Picture(figure, "The same bytes, sent and read", sentence(recording), recording.notices)


def _draw_pieces(axes: Axes, pieces: Sequence[bytes], y: float, color: str) -> None:
    """One bar per piece with a gap between them, and the bytes in it while they can be read."""
    total = sum(map(len, pieces))
    gap = 0.0022 * total
    starts = [stop - len(piece) for piece, stop in zip(pieces, accumulate(map(len, pieces)), strict=True)]
    ranges = [(start + gap, len(piece) - 2 * gap) for start, piece in zip(starts, pieces, strict=True)]
    axes.broken_barh(ranges, (y - 0.22, 0.44), facecolors="none", edgecolors=color, linewidth=1.8)
    if total > MOST_LETTERS and len(pieces) > MOST_SIZES:
        return
    for start, piece in zip(starts, pieces, strict=True):
        if total <= MOST_LETTERS:
            # With a space after each, letters of this size stand at their offsets, so that rows can be compared.
            words, family, size_pt = _spaced(piece), "monospace", min(LETTER_PT, WIDTH_PT / total / SPACED_EM)
        else:
            words, family, size_pt = f"{len(piece):,}", "sans-serif", 10.0
        axes.text(
            start + len(piece) / 2, y, words, ha="center", va="center", color=INK, fontsize=size_pt,
            fontfamily=family, parse_math=False,
        )  # fmt: skip


def _spaced(piece: bytes) -> str:
    # No-break spaces: a browser would draw several plain ones as one.
    return "\u00a0".join(printable(piece)).replace(" ", "\u00a0")

"""What the same messages cost on three connections: bytes after each message, as a picture and as figures.

``scenarios/frames_compression.py`` makes the recording. Only frames with data count, header and payload.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from lab_servers.capture.capture import Side
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.views.frames import frames
from lab_servers.views.picture import Picture
from lab_servers.views.style import INK, MARKERS, SERIES, new_figure
from lab_servers.views.table import Table

PLAIN, ALONE, TAKEOVER = "not compressed", "each alone", "with what came before"
WAYS = (PLAIN, ALONE, TAKEOVER)


@dataclass(frozen=True)
class Cost:
    """One connection's messages.

    Attributes:
        way: How they were compressed.
        frame_bytes: Header and payload of each message, in bytes.
        payload_bytes: The payload of each.
        text_bytes: What each holds once it is inflated.
    """

    way: str
    frame_bytes: tuple[int, ...]
    payload_bytes: tuple[int, ...]
    text_bytes: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """All frames together, in bytes."""
        return sum(self.frame_bytes)


def costs(recording: Recording) -> dict[str, Cost]:
    """What the messages cost in each of the three ways.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    found = {}
    for way in WAYS:
        captures = recording.of(way)
        if not captures:
            raise BadParameter("This recording has no three kinds of compression: run the scenario TokenCompression.")
        sent = [one for one in frames(captures[0], Side.SERVER) if not one.is_control]
        found[way] = Cost(
            way,
            tuple(one.stop - one.start for one in sent),
            tuple(one.stop - one.payload_at for one in sent),
            tuple(len(one.layers[-1].data) if one.layers else 0 for one in sent),
        )
    return found


def ratio(recording: Recording, way: str) -> float:
    """The bytes of one way for each byte without compression."""
    found = costs(recording)
    return found[way].bytes / found[PLAIN].bytes


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    found = costs(recording)
    told = "; ".join(
        f"{way}: {cost.bytes:,} bytes ({100 * ratio(recording, way):.0f} %)" for way, cost in found.items()
    )
    count = len(found[PLAIN].frame_bytes)
    return f"{count:,} message{'' if count == 1 else 's'} from the server, frames and all. {told[0].upper()}{told[1:]}."


def table(recording: Recording) -> Table:
    """The three sums, and the first and last message of each."""
    rows = tuple(
        (
            way,
            f"{len(cost.frame_bytes):,}",
            f"{sum(cost.text_bytes):,}",
            f"{sum(cost.payload_bytes):,}",
            f"{cost.bytes:,}",
            f"{100 * ratio(recording, way):.0f} %",
            f"{cost.payload_bytes[0]:,}",
            f"{cost.payload_bytes[-1]:,}",
        )
        for way, cost in costs(recording).items()
    )
    return Table(
        "What the server sent on each of the three connections, in bytes",
        (
            "compressed", "messages", "content", "payloads", "frames", "of the uncompressed", "first payload",
            "last payload",
        ),
        rows,
        notices=recording.notices,
    )  # fmt: skip


def picture(recording: Recording) -> Picture:
    """Bytes so far after each message, a line for each way."""
    figure, axes = new_figure(8.8, 4.0)
    for place, (way, cost) in enumerate(costs(recording).items()):
        sums = list(accumulate(cost.frame_bytes))
        axes.plot(
            range(1, len(sums) + 1), sums, color=SERIES[place], marker=MARKERS[place], markersize=6, linewidth=2,
            markevery=max(1, len(sums) // 8), label=f"{way}: {sums[-1]:,} bytes",
        )  # fmt: skip
    axes.set_xlabel("messages so far")
    axes.set_ylabel("bytes from the server so far")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    legend = axes.legend(loc="upper left", frameon=False, fontsize=12)
    for text in legend.get_texts():
        text.set_color(INK)
    return Picture(figure, "The same messages in three ways", sentence(recording), recording.notices)

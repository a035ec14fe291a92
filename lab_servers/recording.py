"""A recording: the parameters, captures and marks of one run, which every view is made from.

It comes from a lab (``lab/lab.py``), a scenario or a capture file (``capture/loading.py``), and can be saved as
a pcapng file that Wireshark opens (``capture/pcapng.py``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path

from lab_servers.capture.capture import Capture, Side
from lab_servers.capture.loading import DEFAULT_FILE_LIMIT_BYTES, load_captures
from lab_servers.capture.pcapng import write_pcapng
from lab_servers.errors import BadParameter, SaveFailed
from lab_servers.marks import Mark

# A pcapng option holds at most 65,535 bytes, and a character of UTF-8 takes up to four.
COMMENT_LIMIT = 16_000


def bound_notices(capture: Capture) -> tuple[str, ...]:
    """What is missing from a capture, one sentence each: by the bound on recording, or from the file it came from."""
    return capture.remarks or tuple(
        f"The bound on recording was reached: {capture.unrecorded_bytes[side]:,} bytes from the {side.value} of "
        f"{capture.server} connection {capture.number} passed unrecorded."
        for side in Side
        if capture.unrecorded_bytes.get(side)
    )


@dataclass(frozen=True)
class Recording:
    """What one run left behind.

    Attributes:
        name: What was run.
        captures: One for each connection, in the order of opening.
        marks: The applications' own moments, in order of time.
        parameters: The parameters of the run, by name.
        wall_clock_offset_ns: What to add to a time of this recording to get Unix time.
        unrecorded_connections: Connections that passed after the bound on recording was reached.
        unrecorded_marks: Marks that came after their bound was reached.
        file_notices: What the file that it was loaded from lacks or cannot show, one sentence each.
    """

    name: str
    captures: tuple[Capture, ...]
    marks: tuple[Mark, ...] = ()
    parameters: Mapping[str, object] = field(default_factory=dict)
    wall_clock_offset_ns: int = 0
    unrecorded_connections: int = 0
    unrecorded_marks: int = 0
    file_notices: tuple[str, ...] = ()

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, limit_bytes: int = DEFAULT_FILE_LIMIT_BYTES) -> Recording:
        """Read a pcapng or classic pcap file from tcpdump, Wireshark or :meth:`save`.

        Every TCP connection becomes a capture whose chunks are its segments in order. A side's bytes end at
        the first byte that the file lacks, and :attr:`notices` says what is missing. Checksums are not
        verified: network cards fill them in after the capture was made, so good captures have wrong ones.
        Times count from the first packet, and ``wall_clock_offset_ns`` is its Unix time.

        Args:
            path: The file.
            limit_bytes: The largest file to read, 256 MiB unless told. Loading needs memory of at most
                three times the file's size and 32 MiB.

        Raises:
            LoadFailed: there is no such file, it cannot be read, it is larger than the bound, or it is no
                capture file.
        """
        loaded = load_captures(path, limit_bytes)
        return cls(
            loaded.name,
            loaded.captures,
            loaded.marks,
            wall_clock_offset_ns=loaded.base_ns,
            unrecorded_connections=loaded.unrecorded_connections,
            file_notices=loaded.notices,
        )

    def __iter__(self) -> Iterator[Capture]:
        return iter(self.captures)

    def __len__(self) -> int:
        return len(self.captures)

    def of(self, server: str) -> tuple[Capture, ...]:
        """The captures of one server, by its name."""
        return tuple(capture for capture in self.captures if capture.server == server)

    def marks_named(self, name: str) -> tuple[Mark, ...]:
        """The marks of one series, in order of time."""
        return tuple(mark for mark in self.marks if mark.name == name)

    def with_marks(self, name: str, marks: Iterable[Mark]) -> Recording:
        """A copy with a client's marks added; ``name`` is put before theirs, as in ``"SSE: event"``."""
        added = tuple(replace(mark, name=f"{name}: {mark.name}") for mark in marks)
        return replace(self, marks=tuple(sorted((*self.marks, *added), key=lambda mark: mark.at_ns)))

    @property
    def start_ns(self) -> int:
        """The earliest time in the recording; 0 when it is empty."""
        times = [capture.opened_ns for capture in self.captures] + [mark.at_ns for mark in self.marks]
        return min(times, default=0)

    @property
    def notices(self) -> tuple[str, ...]:
        """What whoever looks at this recording must know about it, one sentence each."""
        sentences: list[str] = list(self.file_notices)
        for capture in self.captures:
            sentences += bound_notices(capture)
            if capture.closed_ns is None:
                sentences.append(f"{capture.server} connection {capture.number} was still open.")
        if self.unrecorded_connections:
            sentences.append(
                f"The bound on recording was reached: {self.unrecorded_connections:,} connections passed unrecorded."
            )
        if self.unrecorded_marks:
            sentences.append(f"The bound on marks was reached: {self.unrecorded_marks:,} came after it.")
        return tuple(sentences)

    @property
    def comment(self) -> str:
        """One line that says what was run with which parameters; saved files carry it."""
        parameters = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        return f"{self.name}({parameters})" if parameters else self.name

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a pcapng file that Wireshark opens, and return its path.

        Raises:
            SaveFailed: the file cannot be written.
        """
        target = Path(path)
        # Written beside it and then moved, so that a failure leaves an earlier file as it was.
        unfinished = target.with_name(f"{target.name}.part")
        try:
            with unfinished.open("wb") as stream:
                write_pcapng(
                    stream,
                    self.captures,
                    wall_clock_offset_ns=self.wall_clock_offset_ns,
                    comment="\n".join((self.comment, *self.notices))[:COMMENT_LIMIT],
                    marks=self.marks,
                )
            unfinished.replace(target)
        except (OSError, ValueError) as error:
            with suppress(OSError, ValueError):
                unfinished.unlink(missing_ok=True)
            if isinstance(error, BadParameter):
                raise
            why = error.strerror if isinstance(error, OSError) else error
            raise SaveFailed(f"{str(target)!r} cannot be written ({why}): choose another place.") from None
        return target

    def __str__(self) -> str:
        lines = [self.comment]
        for capture in self.captures:
            lines.append("  " + "  ".join(_row(capture, self.start_ns)))
        return "\n".join((*lines, *self.notices))

    def _repr_html_(self) -> str:
        style = "text-align:left;padding:0.3em 0.9em"
        heads = ("server", "connection", "client sent", "server sent", "opened", "open for")
        head = "".join(f'<th scope="col" style="{style}">{name}</th>' for name in heads)
        rows = "".join(
            "<tr>"
            + "".join(f'<td style="{style}">{escape(cell)}</td>' for cell in _row(capture, self.start_ns))
            + "</tr>"
            for capture in self.captures
        )
        notices = "".join(f"<p>{escape(notice)}</p>" for notice in self.notices)
        return (
            f'<p><strong>{escape(self.comment)}</strong></p><div style="overflow-x:auto"><table style="margin-left:0">'
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{notices}"
        )


def _row(capture: Capture, start_ns: int) -> tuple[str, ...]:
    sent = [len(capture.bytes_from(side)) + capture.unrecorded_bytes.get(side, 0) for side in Side]
    closed_ns = capture.closed_ns
    return (
        capture.server,
        str(capture.number),
        f"{sent[0]:,} bytes",
        f"{sent[1]:,} bytes",
        f"{(capture.opened_ns - start_ns) / 1e6:,.1f} ms",
        "still open" if closed_ns is None else f"{(closed_ns - capture.opened_ns) / 1e6:,.1f} ms",
    )

"""What a lab keeps of what passed: marks, the relays that hold captures, and the takes that still need them.

The lab (``lab.py``) asks it for recordings and tells it what to forget. Used on the lab's loop, or while that stands
still.
"""

from __future__ import annotations

from collections.abc import Mapping
from weakref import WeakSet

from lab_servers.lab.hosting import Hosted
from lab_servers.lab.take import Take
from lab_servers.marks import Mark, now_ns
from lab_servers.recording import Recording

MARKS_LIMIT = 100_000


class Kept:
    """The marks and captures of one lab, from its start on."""

    def __init__(self, wall_clock_offset_ns: int = 0) -> None:
        self.hosted: dict[str, Hosted] = {}
        self.takes: WeakSet[Take] = WeakSet()  # weak: an interrupt may keep a take from ever ending
        self._replaced: list[Hosted] = []  # servers of one's own that a take under way has seen
        self._marks: list[Mark] = []
        self._unrecorded_marks = 0
        self._wall_clock_offset_ns = wall_clock_offset_ns

    def add_mark(self, mark: Mark) -> None:
        """Keep a mark, or only count it once there are too many."""
        if len(self._marks) < MARKS_LIMIT:
            self._marks.append(mark)
        else:
            self._unrecorded_marks += 1

    @property
    def all_hosted(self) -> tuple[Hosted, ...]:
        """The servers that run and those that were replaced while a take had seen them."""
        return (*self._replaced, *self.hosted.values())

    async def replace(self, name: str, hosted: Hosted) -> None:
        """Put a server into the place of the one that has its name; that one is stopped."""
        before, self.hosted[name] = self.hosted.get(name), hosted
        if before is not None:
            self._replaced.append(before)
            await before.stop()
            before.relay.forget(0, self.first_take_ns())
            self._drop_replaced()

    def recording(self, name: str, parameters: Mapping[str, object], since_ns: int) -> Recording:
        """What is kept of the connections and marks since then."""
        captures = [capture for hosted in self.all_hosted for capture in hosted.relay.captures()]
        return Recording(
            name,
            tuple(sorted((c for c in captures if c.opened_ns >= since_ns), key=lambda capture: capture.opened_ns)),
            tuple(sorted((m for m in self._marks if m.at_ns >= since_ns), key=lambda mark: mark.at_ns)),
            dict(parameters),
            self._wall_clock_offset_ns,
            sum(hosted.relay.unrecorded_connections(since_ns) for hosted in self.all_hosted),
            self._unrecorded_marks,
        )

    def forget(self, since_ns: int, before_ns: int, *, later_too: bool = False) -> None:
        """Drop the marks and the closed connections of that time; ``later_too``: the others when they close."""
        self._marks = [mark for mark in self._marks if not since_ns <= mark.at_ns < before_ns]
        self._unrecorded_marks = 0
        for hosted in self.all_hosted:
            hosted.relay.forget(since_ns, before_ns, later_too=later_too)
        self._drop_replaced()

    def first_take_ns(self) -> int:
        """When the first of the takes under way began; now, if there is none."""
        return min((take.since_ns for take in self.takes), default=now_ns())

    def _drop_replaced(self) -> None:
        # One whose stopping was broken off is still to be stopped with the lab.
        self._replaced = [one for one in self._replaced if not (one.relay.is_empty and one.relay.is_stopped)]

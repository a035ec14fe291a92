"""A take: the recording of one run while it is under way, as a context manager."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from lab_servers.errors import LabNotRunning
from lab_servers.marks import now_ns
from lab_servers.recording import Recording

if TYPE_CHECKING:
    from lab_servers.lab.lab import Lab


class Take:
    """The recording of one run, under way: a context manager, plain or ``async``.

    When no other take is under way, what was recorded since its start is handed over: the
    recording keeps it and the lab forgets what of it is closed. So a notebook that is run many
    times does not reach the bound on recording.
    """

    def __init__(self, lab: Lab, name: str, settle_s: float, parameters: Mapping[str, object]) -> None:
        self.name = name
        self.parameters = parameters
        self.since_ns = 0
        self._lab = lab
        self._settle_s = settle_s
        self._recording: Recording | None = None

    @property
    def recording(self) -> Recording:
        """What was recorded.

        Raises:
            LabNotRunning: the take has not ended yet, or the lab was stopped before it ended.
        """
        if self._recording is None:
            raise LabNotRunning("This take has no recording: read it after the with block, with the lab still running.")
        return self._recording

    def __enter__(self) -> Take:
        self.since_ns = now_ns()
        self._lab.run(self._lab.begin_take(self))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._lab.is_running:
            self._recording = self._lab.run(self._lab.end_take(self, self._settle_s))

    async def __aenter__(self) -> Take:
        self.since_ns = now_ns()
        await self._lab.submit(self._lab.begin_take(self))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._lab.is_running:
            self._recording = await self._lab.submit(self._lab.end_take(self, self._settle_s))

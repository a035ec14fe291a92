"""One daemon thread with one event loop, and the door through which any other thread reaches it.

A server on the kernel's own loop stops serving whenever a cell computes, and a widget's callback
may run on yet another thread and loop. Here everything runs on one loop that nobody else blocks,
and :class:`Job` is how a cell, a callback or a script waits for what happens there.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

from lab_servers.errors import LabError, LabNotRunning, WouldDeadlock

T = TypeVar("T")

# A blocked lock cannot be interrupted on every platform; waking this often means that the
# notebook's stop button works within the time on all of them.
WAKE_EVERY_S = 0.2

STOP_WITHIN_S = 10.0

ExceptionHandler = Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object]


class Job(Generic[T]):
    """Something under way on the lab's loop: block for it with :meth:`result`, or ``await`` it."""

    def __init__(self, future: concurrent.futures.Future[T], thread: LoopThread) -> None:
        self._future = future
        self._thread = thread

    def result(self, timeout_s: float | None = None) -> T:
        """Wait until it is done and return its value, or raise what it raised.

        An interrupt (the notebook's stop button) cancels the job and leaves the lab running.

        Raises:
            WouldDeadlock: called on the lab's own thread; use ``await`` there.
            TimeoutError: it was not done after ``timeout_s`` seconds; it goes on.
            LabNotRunning: the lab was stopped before it was done.
        """
        if self._thread.is_current:
            raise WouldDeadlock("This would wait for the lab on the lab's own thread: use await instead.")
        remaining_s = timeout_s
        try:
            while not self._future.done() and (remaining_s is None or remaining_s > 0):
                wait_s = WAKE_EVERY_S if remaining_s is None else min(WAKE_EVERY_S, remaining_s)
                concurrent.futures.wait([self._future], timeout=wait_s)
                remaining_s = None if remaining_s is None else remaining_s - wait_s
        except BaseException:
            self._future.cancel()
            raise
        if not self._future.done():
            raise TimeoutError(f"not done after {timeout_s:g} s")
        try:
            return self._future.result()
        except concurrent.futures.CancelledError:
            if self._thread.is_running:
                raise
            raise LabNotRunning("The lab was stopped while this was under way: start it again and repeat.") from None

    def cancel(self) -> bool:
        """Ask for it to be cancelled; False when it was done already."""
        return self._future.cancel()

    def done(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self._future.done()

    def __await__(self) -> Generator[Any, None, T]:
        return asyncio.wrap_future(self._future).__await__()


class LoopThread:
    """A daemon thread that runs one event loop from :meth:`start` to :meth:`stop`."""

    def __init__(self, name: str, exception_handler: ExceptionHandler) -> None:
        self._name = name
        self._exception_handler = exception_handler
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop_asked: asyncio.Event | None = None

    @property
    def is_running(self) -> bool:
        """Whether the loop takes new work."""
        return self._loop is not None

    @property
    def is_current(self) -> bool:
        """Whether the caller runs on this thread."""
        return self._thread is threading.current_thread()

    def start(self) -> None:
        """Start the thread and wait until its loop runs."""
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), name=self._name, daemon=True)
        self._thread.start()
        ready.wait()

    def submit(self, work: Coroutine[Any, Any, T]) -> Job[T]:
        """Start a coroutine on the loop, from any thread.

        Raises:
            LabNotRunning: the loop does not run.
        """
        loop = self._loop
        if loop is None:
            work.close()
            raise LabNotRunning("The lab is not running: start it with start_lab().")
        return Job(asyncio.run_coroutine_threadsafe(work, loop), self)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and wait for it; an interrupt cancels it, at whatever moment it comes.

        Raises:
            LabNotRunning: the loop does not run.
            WouldDeadlock: called on the loop's own thread.
        """
        if self.is_current:
            work.close()
            raise WouldDeadlock("This would wait for the lab on the lab's own thread: use await instead.")
        job: Job[T] | None = None
        try:
            job = self.submit(work)
            return job.result()
        except KeyboardInterrupt:
            # It may have come before there was a job to cancel, with the work already under way.
            if job is not None:
                job.cancel()
            elif self._loop is not None:
                self._loop.call_soon_threadsafe(_cancel, work)
            raise

    def stop(self) -> None:
        """Cancel what is left on the loop, close it, and wait for the thread to end.

        Raises:
            LabError: something on the loop did not end when it was cancelled.
        """
        loop, thread, stop_asked = self._loop, self._thread, self._stop_asked
        self._loop = None
        if loop is None or thread is None or stop_asked is None:
            return
        loop.call_soon_threadsafe(stop_asked.set)
        thread.join(STOP_WITHIN_S)
        if thread.is_alive():
            raise LabError(f"The lab's thread did not end within {STOP_WITHIN_S:g} s: restart the kernel.")

    def _run(self, ready: threading.Event) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._serve(ready))

    async def _serve(self, ready: threading.Event) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._exception_handler)
        self._stop_asked = asyncio.Event()
        self._loop = loop
        ready.set()
        await self._stop_asked.wait()


def _cancel(work: Coroutine[Any, Any, Any]) -> None:
    """Cancel a coroutine that was handed to the running loop; on the loop's thread."""
    for task in asyncio.all_tasks():
        if task.get_coro() is work:
            task.cancel()

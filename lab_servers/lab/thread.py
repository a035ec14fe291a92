"""One daemon thread with one event loop, and the door through which any other thread reaches it.

A server on the kernel's own loop stops serving whenever a cell computes, and a widget's callback
may run on yet another thread and loop. Here everything runs on one loop that nobody else blocks,
and :class:`Job` is how a cell, a callback or a script waits for what happens there.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from typing import Any, Generic, TypeVar

from lab_servers.errors import LabError, LabNotRunning, WouldDeadlock

T = TypeVar("T")

# A blocked wait cannot be interrupted on every platform; waking this often means that the
# notebook's stop button works within the time on all of them.
WAKE_EVERY_S = 0.2

STOP_WITHIN_S = 10.0

ExceptionHandler = Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object]

NOT_RUNNING = "The lab is not running: start it with start_lab()."
STOPPED_MEANWHILE = "The lab was stopped while this was under way: start it again and repeat."


class Job(Generic[T]):
    """Something under way on the lab's loop: block for it with :meth:`result`, or ``await`` it.

    It is no ``concurrent.futures.Future``: an interrupt can come between any two steps of the
    waiting thread, also while that thread holds a future's lock, and the loop would then wait for
    the lock for ever. A ``SimpleQueue`` has no such moment.
    """

    def __init__(self, thread: LoopThread, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T]) -> None:
        self._thread = thread
        self._loop = loop
        self._work = work
        self._ended: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._task: asyncio.Task[T] | None = None  # once it has ended
        self._listeners: list[Callable[[], object]] = []

    def result(self, timeout_s: float | None = None) -> T:
        """Wait until it is done and return its value, or raise what it raised.

        An interrupt (the notebook's stop button) cancels the job and leaves the lab running.

        Raises:
            WouldDeadlock: called on the lab's own thread; use ``await`` there.
            TimeoutError: it was not done after ``timeout_s`` seconds; it goes on.
            LabNotRunning: the lab was stopped before it was done.
        """
        self._thread.require_other()
        give_up = None if timeout_s is None else time.monotonic() + timeout_s
        try:
            while self._task is None and (self._thread.owns(self._loop) or self._thread.is_alive):
                left_s = WAKE_EVERY_S if give_up is None else min(WAKE_EVERY_S, give_up - time.monotonic())
                if left_s <= 0:
                    raise TimeoutError(f"not done after {timeout_s:g} s")
                with suppress(queue.Empty):
                    self._ended.get(timeout=left_s)
        except KeyboardInterrupt:
            self.cancel()
            raise
        return self._value()

    def cancel(self) -> None:
        """Ask for it to be cancelled, if it is not done yet."""
        with suppress(RuntimeError):  # the loop is closed, so there is nothing left to cancel
            self._loop.call_soon_threadsafe(cancel_work, self._work)

    def done(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self._task is not None

    def __await__(self) -> Generator[Any, None, T]:
        return self._wait().__await__()

    async def _wait(self) -> T:
        here = asyncio.get_running_loop()
        ended = here.create_future()

        def tell() -> None:
            with suppress(RuntimeError):  # whoever waited has gone, and the loop with it
                here.call_soon_threadsafe(_set, ended)

        try:
            self._loop.call_soon_threadsafe(self._when_ended, tell)
            await ended
        except asyncio.CancelledError:
            self.cancel()
            raise
        except RuntimeError:  # the loop is closed
            pass
        return self._value()

    def _value(self) -> T:
        if self._task is None or (self._task.cancelled() and not self._thread.owns(self._loop)):
            raise LabNotRunning(STOPPED_MEANWHILE)
        return self._task.result()

    # --- on the lab's loop ---

    def begin(self) -> None:
        """Start the work."""
        task = self._loop.create_task(self._work)
        task.add_done_callback(self._end)
        if not self._thread.owns(self._loop):
            task.cancel()

    def _end(self, task: asyncio.Task[T]) -> None:
        self._task = task
        self._ended.put(None)
        for tell in self._listeners:
            tell()

    def _when_ended(self, tell: Callable[[], object]) -> None:
        if self._task is not None:
            tell()
        else:
            self._listeners.append(tell)


def _set(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)


def cancel_work(work: Coroutine[Any, Any, Any]) -> None:
    """Cancel a coroutine that was handed to the running loop, unless that was asked before; on the loop's thread."""
    for task in asyncio.all_tasks():
        if task.get_coro() is work and not task.cancelling():
            task.cancel()


class _Attempt:
    """One attempt to start the thread, which whoever waits for it may give up."""

    def __init__(self) -> None:
        self.over = threading.Event()  # the loop runs, or cannot be made
        self.lock = threading.Lock()
        self.is_abandoned = False


class LoopThread:
    """A daemon thread that runs one event loop from :meth:`start` to :meth:`stop`."""

    def __init__(self, name: str, exception_handler: ExceptionHandler) -> None:
        self._name = name
        self._exception_handler = exception_handler
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop_asked: asyncio.Event | None = None
        self._failure: BaseException | None = None

    @property
    def is_running(self) -> bool:
        """Whether the loop takes new work."""
        return self._loop is not None

    @property
    def is_alive(self) -> bool:
        """Whether the thread has not ended."""
        return self._thread is not None and self._thread.is_alive()

    def owns(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether ``loop`` is the one that takes new work now."""
        return self._loop is loop

    def require_other(self) -> None:
        """Check that the caller may block.

        Raises:
            WouldDeadlock: the caller runs on this thread.
        """
        if self._thread is threading.current_thread():
            raise WouldDeadlock("This would wait for the lab on the lab's own thread: use await instead.")

    def start(self) -> None:
        """Start the thread and wait until its loop runs.

        Raises:
            LabError: no loop can be made, for example because too many files are open.
        """
        attempt = _Attempt()
        self._failure = None
        self._thread = threading.Thread(target=self._run, args=(attempt,), name=self._name, daemon=True)
        try:
            self._thread.start()
            attempt.over.wait()
        except BaseException:
            # The interrupted wait may have been Thread.start's own, with the thread already on its way.
            with attempt.lock:
                attempt.is_abandoned = True
            self.stop()
            raise
        if self._loop is None:
            raise LabError(f"The lab's event loop cannot be made ({self._failure}): close what you do not need.")

    def submit(self, work: Coroutine[Any, Any, T]) -> Job[T]:
        """Start a coroutine on the loop, from any thread.

        Raises:
            LabNotRunning: the loop does not run.
        """
        loop = self._loop
        try:
            if loop is None:
                raise LabNotRunning(NOT_RUNNING)
            job = Job(self, loop, work)
            loop.call_soon_threadsafe(job.begin)
        except RuntimeError:  # LabNotRunning is one; the other is a loop that was closed just now
            work.close()
            raise LabNotRunning(NOT_RUNNING) from None
        return job

    def call(self, function: Callable[[T], object], argument: T) -> None:
        """Call a function on the loop as soon as it comes to it; here and now where no loop runs."""
        loop = self._loop
        try:
            if loop is not None:
                loop.call_soon_threadsafe(function, argument)
        except RuntimeError:  # closed just now
            loop = None
        if loop is None:
            function(argument)

    def run(self, work: Coroutine[Any, Any, T], timeout_s: float | None = None) -> T:
        """Run a coroutine on the loop and wait for it; an interrupt cancels it, at whatever moment it comes.

        Raises:
            TimeoutError: it was not done after ``timeout_s`` seconds; it goes on.
            LabNotRunning: the loop does not run.
            WouldDeadlock: called on the loop's own thread.
        """
        try:
            self.require_other()
        except WouldDeadlock:
            work.close()
            raise
        try:
            return self.submit(work).result(timeout_s)
        except KeyboardInterrupt:
            # It may have come before there was a job to cancel, with the work already under way.
            loop = self._loop
            if loop is not None:
                with suppress(RuntimeError):  # closed just now
                    loop.call_soon_threadsafe(cancel_work, work)
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
        with suppress(RuntimeError):  # closed just now
            loop.call_soon_threadsafe(stop_asked.set)
        thread.join(STOP_WITHIN_S)
        if thread.is_alive():
            raise LabError(f"The lab's thread did not end within {STOP_WITHIN_S:g} s: restart the kernel.")

    def _run(self, attempt: _Attempt) -> None:
        try:
            with asyncio.Runner() as runner:
                runner.run(self._serve(attempt))
        except OSError as error:
            self._failure = error
        except (SystemExit, KeyboardInterrupt):  # of a task; whoever waits for its job gets it
            pass
        finally:
            attempt.over.set()

    async def _serve(self, attempt: _Attempt) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._exception_handler)
        stop_asked = asyncio.Event()
        with attempt.lock:
            if attempt.is_abandoned:
                return
            self._stop_asked = stop_asked
            self._loop = loop
        attempt.over.set()
        try:
            await stop_asked.wait()
        finally:
            if self._loop is loop:  # an exit() in a task has ended the loop
                self._loop = None

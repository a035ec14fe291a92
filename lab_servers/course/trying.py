"""Calls a learner's code within bounds: it may raise, or never end, and the notebook goes on.

``checking.py`` says what is called and what the outcome means.

The calls are made on a thread of their own, one after the other, while the cell waits; so the notebook's stop button
works at once. A call that does not end in time is broken off by an exception that CPython raises in that thread
(``PyThreadState_SetAsyncExc``, which needs no tracing and works on every platform). It reaches Python code between two
of its instructions. A single call into C that never returns (``time.sleep(1e9)``) can be broken off by nothing: its
thread is left behind, and :attr:`Tries.is_left_behind` says so.
"""

from __future__ import annotations

import contextvars
import ctypes
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# Both are generous: a machine that is busy with something else must break off nobody's correct answer.
ONE_LIMIT_S = 10.0
ALL_LIMIT_S = 60.0

_LOOK_EVERY_S = 0.05
_BREAK_OFF_TIMES = 40


class TimeIsUp(BaseException):
    """Raised in a learner's code that has run for too long; no ``except Exception`` of theirs catches it."""


@dataclass
class Tries(Generic[Result]):
    """What came of the calls.

    Attributes:
        results: Those of the calls that ended, in order.
        is_broken_off: Whether the call after them did not end in time.
        is_out_of_time: Whether all of them together took too long, though each ended.
        is_left_behind: Whether the call that did not end could not be ended either.
    """

    results: list[Result] = field(default_factory=list)
    is_broken_off: bool = False
    is_out_of_time: bool = False
    is_left_behind: bool = False


def try_each(
    call: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    one_limit_s: float = ONE_LIMIT_S,
    all_limit_s: float = ALL_LIMIT_S,
) -> Tries[Result]:
    """Call with each item, until one does not end.

    Args:
        call: What is called; what it raises ends the whole.
        items: What it is called with.
        one_limit_s: How long one call may take.
        all_limit_s: How long all of them may take.

    Raises:
        BaseException: whatever a call raised.
    """
    tries: Tries[Result] = Tries()
    raised: list[BaseException] = []
    is_over = threading.Event()

    def work() -> None:
        try:
            for item in items:
                if is_over.is_set():  # the code has swallowed the exception that was to break it off
                    return
                tries.results.append(call(item))
        except BaseException as error:
            raised.append(error)

    # In a copy of the cell's context, so that what the learner's code prints appears under the cell.
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(work,), name="check", daemon=True)
    try:
        thread.start()  # inside, since the stop button may be pressed already
        _wait(thread, tries, one_limit_s, time.monotonic() + all_limit_s)
    finally:
        is_over.set()
        if thread.is_alive():  # out of time, or the stop button was pressed
            tries.is_left_behind = not _break_off(thread)
    for error in raised:
        if not isinstance(error, TimeIsUp):
            raise error
    return tries


def _wait(thread: threading.Thread, tries: Tries[Result], one_limit_s: float, give_up_s: float) -> None:
    """Return when the thread has ended, when one call has used up its time, or all of them theirs."""
    done, since_s = -1, 0.0
    while thread.is_alive():
        now_s = time.monotonic()
        if len(tries.results) > done:
            done, since_s = len(tries.results), now_s
        tries.is_broken_off = now_s - since_s > one_limit_s
        tries.is_out_of_time = now_s > give_up_s and not tries.is_broken_off
        if tries.is_broken_off or tries.is_out_of_time:
            return
        thread.join(_LOOK_EVERY_S)


def _break_off(thread: threading.Thread) -> bool:
    """Whether the thread has ended. More than one attempt: a bare ``except:`` in the code swallows the first."""
    for _ in range(_BREAK_OFF_TIMES):
        assert thread.ident is not None
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(TimeIsUp))
        thread.join(_LOOK_EVERY_S)
        if not thread.is_alive():
            return True
    return False

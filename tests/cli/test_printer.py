"""Lines on their way out of the process, when the other end keeps up and when it does not."""

from __future__ import annotations

import io
import threading

import pytest

from lab_servers.cli import printer as module
from lab_servers.cli.printer import Printer


class Paused(io.StringIO):
    """A terminal that somebody has paused."""

    def __init__(self) -> None:
        super().__init__()
        self.blocked = threading.Event()
        self.goes_on = threading.Event()

    def write(self, text: str) -> int:
        self.blocked.set()
        self.goes_on.wait()
        return super().write(text)


class Broken(io.StringIO):
    """A pipe that nobody reads any more."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_lines_come_out_in_their_order() -> None:
    stream = io.StringIO()
    printer = Printer(stream, lambda: None)
    for number in range(100):
        printer.put(str(number))
    assert printer.finish(10)
    assert stream.getvalue().split() == [str(number) for number in range(100)]


def test_lines_for_a_paused_terminal_are_bounded_and_their_loss_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING_LINES", 10)
    stream = Paused()
    printer = Printer(stream, lambda: None)
    printer.put("first")
    assert stream.blocked.wait(10)
    for _ in range(25):
        printer.put("more")
    assert not printer.finish(0), "a paused terminal must not hold up whoever ends the process"
    stream.goes_on.set()
    assert printer.finish(10)
    assert stream.getvalue().splitlines() == [
        "first",
        *10 * ["more"],
        "… 15 lines were left out: the output was not read fast enough.",
    ]


def test_a_pipe_that_nobody_reads_is_reported_once() -> None:
    reports: list[str] = []
    printer = Printer(Broken(), lambda: reports.append("broken"))
    printer.put("one")
    printer.put("two")
    assert printer.finish(10)
    assert reports == ["broken"]

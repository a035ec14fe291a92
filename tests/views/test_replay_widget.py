"""The replay panel: edits become bytes, one press is one run, and whatever goes wrong is one sentence."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import ipywidgets
import pytest

from lab_servers.capture.capture import Capture, Side
from lab_servers.errors import BadParameter, ExchangeFailed
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import OneExchange, Replay
from lab_servers.scenarios.replay import LARGEST_BYTES
from lab_servers.views import ReplayPanel, replay_panel, replay_widget
from tests.views.recorded import REQUEST, capture, exchange
from tests.waiting import until_sync

MARKUP = b"GET /<script>alert(1)</script><img src=x onerror=alert(1)> HTTP/1.1\r\n\r\n"


@pytest.fixture
def quick_clicks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Presses that follow each other at once count as two."""
    monkeypatch.setattr(replay_widget, "DOUBLE_CLICK_S", 0.0)


def answer(data: bytes) -> Recording:
    """A run whose server answers 405 to everything."""
    sent = capture((1, Side.CLIENT, data), (2, Side.SERVER, b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n"))
    return Recording("Replay", (sent,))


class Hand:
    """Uses a panel as a learner does, and knows how often it has run something."""

    def __init__(self, send: Callable[[bytes], Any] = answer, shown: Capture | None = None) -> None:
        self.sent: list[bytes] = []
        self._send = send
        self.panel: ReplayPanel = replay_panel(shown or exchange(), self._counted)

    def _counted(self, data: bytes) -> Any:
        self.sent.append(data)
        return self._send(data)

    def find(self, sort: type, **traits: str) -> Any:
        waiting = [self.panel.widget]
        while waiting:
            widget = waiting.pop()
            if isinstance(widget, sort) and all(getattr(widget, name) == value for name, value in traits.items()):
                return widget
            waiting += getattr(widget, "children", ())
        raise AssertionError(f"the panel has no {sort.__name__} with {traits}")

    def press(self, button: str) -> None:
        self.find(ipywidgets.Button, description=button).click()

    def send(self) -> str:
        """Press Send, wait until the run has ended, and return the status."""
        self.press("Send")
        until_sync(lambda: not self.panel.is_sending)
        return self.panel.status

    @property
    def editor(self) -> Any:
        return self.find(ipywidgets.Textarea)

    @property
    def form(self) -> Any:
        return self.find(ipywidgets.RadioButtons)

    def line(self, kind: str) -> str:
        return str(self.find(replay_widget.Line, kind=kind).text)


# --- editing --------------------------------------------------------------------------------


def test_it_opens_with_what_the_client_sent_and_the_call_that_sends_it() -> None:
    hand = Hand()
    assert hand.editor.value.split("\n") == [r"GET /api/user/info HTTP/1.1\r\n", r"Host: 127.0.0.1\r\n", r"\r\n"]
    assert hand.panel.status == "48 bytes, as recorded."
    assert hand.panel.data == REQUEST
    code = hand.line("code")
    assert eval(code.removesuffix(".run(lab)")) == Replay("http", REQUEST)
    assert hand.sent == []


def test_an_edit_is_counted_and_changes_the_call() -> None:
    hand = Hand()
    hand.editor.value = hand.editor.value.replace("GET", "DELETE")
    assert hand.panel.status == "51 bytes, 3 more than recorded."
    assert (
        eval(hand.line("code").removesuffix(".run(lab)")).data == hand.panel.data == REQUEST.replace(b"GET", b"DELETE")
    )
    hand.editor.value = hand.editor.value.replace("DELETE", "PUT")
    assert hand.panel.status == "48 bytes, changed."
    hand.press("Reset")
    assert hand.panel.status == "48 bytes, as recorded."
    assert hand.panel.data == REQUEST


def test_the_bytes_stay_the_same_from_text_to_hexadecimal_and_back() -> None:
    hand = Hand()
    text = hand.editor.value
    hand.form.value = "Hex"
    assert bytes.fromhex(hand.editor.value) == REQUEST
    hand.editor.value = hand.editor.value.replace("47 45 54", "50 55 54")
    hand.form.value = "Text"
    assert hand.editor.value == text.replace("GET", "PUT")


def test_a_mistake_is_one_sentence_and_nothing_is_sent_or_rewritten() -> None:
    hand = Hand()
    hand.editor.value = wrong = hand.editor.value + "\\q"
    assert hand.panel.status.startswith("Line 3, column 5: a backslash before “q” is no escape;")
    assert hand.panel.data == REQUEST
    hand.form.value = "Hex"
    assert (hand.form.value, hand.editor.value) == ("Text", wrong)
    assert hand.panel.status.endswith("Only then it can be shown as hex.")
    hand.press("Send")
    assert hand.panel.status.startswith("Nothing was sent. Line 3, column 5:")
    assert hand.sent == []


def test_a_stream_longer_than_may_be_sent_is_cut_and_says_so() -> None:
    assert replay_widget.MAX_BYTES == LARGEST_BYTES
    hand = Hand(shown=capture((1, Side.CLIENT, b"x" * (LARGEST_BYTES + 7))))
    assert hand.panel.status == "1,048,576 bytes, as recorded; 7 bytes after them are left out."
    assert hand.line("code") == "Replay('http', panel.data).run(lab)  # 1,048,576 bytes; panel = replay_panel(…)"


# --- sending --------------------------------------------------------------------------------


def test_a_press_sends_what_stands_there_and_shows_what_became_different(capsys: pytest.CaptureFixture[str]) -> None:
    hand = Hand()
    hand.editor.value = hand.editor.value.replace("GET", "DELETE")
    assert hand.send() == "Sent 51 bytes."
    assert hand.sent == [REQUEST.replace(b"GET", b"DELETE")]
    assert hand.panel.comparison.startswith("Answer: 405; before: 200. Bytes from the client: 51; before: 48. ")
    assert hand.panel.recording is not None
    assert hand.find(replay_widget.Line, kind="heading", text="Sent now")
    hand.press("Reset")
    assert hand.panel.status == "48 bytes, as recorded. Not sent yet."
    # What is printed on a thread of a run would stand under whichever cell happens to run.
    assert capsys.readouterr() == ("", "")


def test_two_quick_clicks_are_one_run() -> None:
    hand = Hand()
    hand.send()
    hand.press("Send")
    assert not hand.panel.is_sending
    assert len(hand.sent) == 1


@pytest.mark.usefixtures("quick_clicks")
def test_a_click_while_a_run_is_under_way_starts_no_other() -> None:
    may_end = threading.Event()

    def slow(data: bytes) -> Recording:
        assert may_end.wait(20)
        return answer(data)

    hand = Hand(slow)
    hand.press("Send")
    hand.press("Send")
    assert hand.panel.status == "A run is under way; this click started no other."
    hand.editor.value += "x"
    may_end.set()
    until_sync(lambda: not hand.panel.is_sending)
    assert hand.panel.status == "Sent 48 bytes. The text was changed meanwhile."
    assert hand.sent == [REQUEST]
    hand.send()
    assert hand.sent == [REQUEST, REQUEST + b"x"]


def failing(error: BaseException) -> Callable[[bytes], Recording]:
    def send(data: bytes) -> Recording:
        raise error

    return send


@pytest.mark.usefixtures("quick_clicks")
@pytest.mark.parametrize(
    ("send", "sentence"),
    [
        (failing(ExchangeFailed("No server could be reached.")), "No server could be reached."),
        (failing(NameError("name 'lab' is not defined")), "The run failed with NameError: name 'lab' is not defined."),
        (failing(SystemExit()), "The run failed with SystemExit: it says no more."),
        (failing(ValueError("a\n\x1b[31m" + "b" * 1000)), r"The run failed with ValueError: a\n\x1b[31mbbb"),
        (lambda data: None, "send must return a recording, as Replay(…).run(lab) does, not None."),
        (lambda data: Recording("Replay", ()), "The run left no recorded connection behind."),
        (
            lambda data: Recording("Replay", (), unrecorded_connections=1),
            "The run left no recorded connection behind. The bound on recording was reached: "
            "1 connections passed unrecorded.",
        ),
    ],
)
def test_whatever_goes_wrong_in_a_run_is_one_sentence_and_the_next_press_runs_again(
    send: Callable[[bytes], Any], sentence: str
) -> None:
    hand = Hand(send)
    for _ in range(2):
        assert hand.send().startswith(sentence)
        assert hand.panel.status.isprintable()
        assert len(hand.panel.status) < 500
    assert len(hand.sent) == 2
    assert hand.panel.comparison == ""


@pytest.mark.usefixtures("quick_clicks")
def test_runs_leave_no_widgets_behind() -> None:
    hand = Hand()
    hand.send()
    before = len(ipywidgets.widgets.widget._instances)
    for _ in range(5):
        hand.send()
    assert len(ipywidgets.widgets.widget._instances) == before


def test_of_several_recorded_connections_the_one_that_carried_the_bytes_is_shown() -> None:
    mine, other = answer(REQUEST).captures[0], capture((1, Side.CLIENT, b"GET /other HTTP/1.1\r\n\r\n"))
    for order in ((mine, other), (other, mine)):
        hand = Hand(lambda data, order=order: Recording("Replay", order))  # type: ignore[misc]
        hand.send()
        assert hand.panel.comparison.startswith("Answer: 405; before: 200.")


# --- with a real lab ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["http", "sse"]) as running:
        yield running


def test_a_method_changed_by_hand_gets_405_from_the_real_server(lab: Lab) -> None:
    hand = Hand(lambda data: Replay("http", data).run(lab), OneExchange().run(lab).captures[0])
    hand.editor.value = hand.editor.value.replace("GET", "DELETE")
    assert hand.send().endswith("It ended because the server closed the connection.")
    assert hand.panel.comparison.startswith("Answer: 405; before: 200.")


@pytest.mark.usefixtures("quick_clicks")
def test_a_lab_that_is_stopped_meanwhile_or_before_is_one_sentence() -> None:
    with Lab(["sse"]) as lab:
        hand = Hand(
            lambda data: Replay("sse", data, timeout_s=60, quiet_s=60).run(lab),
            capture((1, Side.CLIENT, b"GET /api/build/log HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")),
        )
        hand.press("Send")
        until_sync(lambda: len(lab.recording()))
    until_sync(lambda: not hand.panel.is_sending)
    # Whether the client still hears the reset depends on which of the two the lab's loop comes to first.
    assert "lab was stopped" in hand.panel.status or "connection was reset" in hand.panel.status
    assert hand.send() == "The lab is not running: start it with start_lab()."


# --- plain forms ----------------------------------------------------------------------------


def test_beside_the_widget_stand_a_page_and_a_text() -> None:
    hand = Hand()
    hand.send()
    data, _ = hand.panel._repr_mimebundle_()
    assert set(data) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    for words in ("Edit and replay", "Host: 127.0.0.1", "Answer: 405; before: 200."):
        assert words in data["text/html"]
        assert words in data["text/plain"]
    assert "<p><strong>Recorded</strong></p>" in data["text/html"]
    assert "<p><strong>Sent now</strong></p>" in data["text/html"]


def test_captured_markup_is_text_in_the_page() -> None:
    hand = Hand(shown=capture((1, Side.CLIENT, MARKUP)))
    hand.send()
    page = hand.panel._repr_html_()
    assert not re.search(r"<(script|img)", page)
    assert "&lt;script&gt;" in page


def test_the_plain_forms_of_a_large_stream_are_bounded() -> None:
    hand = Hand(shown=capture((1, Side.CLIENT, b"\xff" * LARGEST_BYTES)))
    assert len(str(hand.panel)) < 30_000
    assert len(hand.panel._repr_html_()) < 300_000


# --- parameters -----------------------------------------------------------------------------


def test_what_is_no_connection_and_what_is_no_function_is_named() -> None:
    with pytest.raises(BadParameter) as error:
        replay_panel(Recording("x", ()), answer)  # type: ignore[arg-type]
    assert str(error.value) == "A replay panel needs one connection, such as recording.captures[0], not a Recording."
    with pytest.raises(BadParameter, match="send must be a function from bytes to a recording, not a str"):
        replay_panel(exchange(), "http")  # type: ignore[arg-type]

"""The replay panel: a learner edits what a client sent, sends it again, and sees both runs beside each other.

``byte_text.py`` turns bytes into text to edit and back, ``replay_comparison.py`` says what became different, and
``replay_text.py`` has the words. The panel owns no run: it calls the function that it was given, on a thread of its
own, so that neither the kernel nor the browser waits, and sets values of widgets when that has ended.
"""

from __future__ import annotations

import pathlib
import threading
import time
from collections.abc import Callable
from typing import Any

import anywidget
import ipywidgets
import traitlets

from lab_servers.capture.capture import Capture, Side
from lab_servers.errors import BadParameter, LabError
from lab_servers.recording import Recording
from lab_servers.views.byte_text import bytes_of_hex, bytes_of_text, editable_text, hex_text
from lab_servers.views.inspector_widget import Inspector, inspector
from lab_servers.views.replay_comparison import compare
from lab_servers.views.replay_text import as_html, as_text, call_text
from lab_servers.wire.printable import printable

# The bound of the scenario `Replay`; a longer stream is cut to it, and the panel says so.
MAX_BYTES = 1024 * 1024

# Above this, a browser hands the text over when it is left and not at every key.
LIVE_BYTES = 64 * 1024

# The second click of a double click comes within this time, and may come when a short run has already ended.
DOUBLE_CLICK_S = 0.4

MAX_SENTENCE_CHARACTERS = 400

TEXT, HEX = "Text", "Hex"
RECORDED, SENT = "Recorded", "Sent now"

_WRITE = {TEXT: editable_text, HEX: hex_text}
_READ = {TEXT: bytes_of_text, HEX: bytes_of_hex}
_HERE = pathlib.Path(__file__).parent

_HINT = {
    TEXT: r"\r\n are the two bytes that end a line of the message; the line break after them is only layout. "
    r"\t, \x00 to \xff and \\ stand for one byte each.",
    HEX: "Two digits are one byte; spaces and line breaks are only layout.",
}


class Line(anywidget.AnyWidget):
    """Text that is shown as it is: a ``status``, which is read out too, a ``sentence``, a ``heading`` or ``code``."""

    _esm = _HERE / "replay_line.js"
    _css = _HERE / "replay_widget.css"

    kind = traitlets.Unicode("sentence").tag(sync=True)
    text = traitlets.Unicode("").tag(sync=True)
    is_wrong = traitlets.Bool(False).tag(sync=True)


class ReplayPanel:
    """What a client sent on one connection, to be changed and sent again. Use :func:`replay_panel` to make one.

    Attributes:
        capture: The connection whose client stream is edited.
        recording: What the last run left behind; ``None`` before the first.
        widget: The panel as a widget, to be put into another one.
    """

    def __init__(self, capture: Capture, send: Callable[[bytes], Recording]) -> None:
        self.capture = capture
        self.recording: Recording | None = None
        self._shown: dict[str, Inspector] = {}  # by the heading above it
        self._send = send
        self._recorded = capture.bytes_from(Side.CLIENT)[:MAX_BYTES]
        self._data = self._recorded
        self._sent: bytes | None = None
        self._form = TEXT
        # Callbacks come on whatever thread the kernel chooses, and a run ends on its own.
        self._lock = threading.RLock()
        self._is_sending = False
        self._begun_s = -DOUBLE_CLICK_S

        lines = self._recorded.count(b"\n") + 2
        self._editor = ipywidgets.Textarea(
            value=editable_text(self._recorded),
            description=f"What the client sends to {printable(capture.server, 60)}",
            continuous_update=len(self._recorded) <= LIVE_BYTES,
            rows=min(max(lines, 4), 14),
        )
        self._toggle = ipywidgets.RadioButtons(options=[TEXT, HEX], value=TEXT, orientation="horizontal")
        self._send_button = ipywidgets.Button(description="Send", button_style="primary")
        self._reset_button = ipywidgets.Button(description="Reset", tooltip="Back to the bytes as recorded")
        self._hint = Line(kind="hint")
        self._status = Line(kind="status")
        self._code = Line(kind="code")
        self._comparison = Line(kind="sentence")
        self._new_heading = Line(kind="heading", text=f"{SENT}: nothing yet")
        self._new = ipywidgets.VBox([self._new_heading])
        self.widget = self._laid_out()

        self._editor.observe(self._edited, "value")
        self._toggle.observe(self._toggled, "value")
        self._send_button.on_click(self._pressed_send)
        self._reset_button.on_click(self._pressed_reset)
        self._describe()

    def _laid_out(self) -> Any:
        controls = ipywidgets.HBox([self._toggle, self._send_button, self._reset_button])
        controls.add_class("lsr-controls")
        self._shown[RECORDED] = inspector(self.capture)
        old = ipywidgets.VBox([Line(kind="heading", text=RECORDED), self._shown[RECORDED]])
        beside = ipywidgets.HBox([old, self._new])
        beside.add_class("lsr-beside")
        widget = ipywidgets.VBox(
            [controls, self._editor, self._hint, self._status, self._code, self._comparison, beside]
        )
        widget.add_class("lsr")
        return widget

    # --- what it holds --------------------------------------------------------------------------

    @property
    def data(self) -> bytes:
        """The bytes as edited; while the editor holds a mistake, those before it."""
        return self._data

    @property
    def is_sending(self) -> bool:
        """Whether a run is under way."""
        return self._is_sending

    @property
    def status(self) -> str:
        """What the status line says."""
        return str(self._status.text)

    @property
    def comparison(self) -> str:
        """What became different with the last run; empty before the first."""
        return str(self._comparison.text)

    # --- editing --------------------------------------------------------------------------------

    def _edited(self, _: object = None) -> None:
        with self._lock:
            try:
                self._data = _READ[self._form](self._editor.value)
            except BadParameter as mistake:
                self._say(str(mistake), is_wrong=True)
            else:
                self._describe()

    def _toggled(self, change: traitlets.Bunch) -> None:
        with self._lock:
            if change.new == self._form:
                return
            try:
                self._data = _READ[self._form](self._editor.value)
            except BadParameter as mistake:
                self._toggle.value = self._form
                self._say(f"{mistake} Only then it can be shown as {change.new.lower()}.", is_wrong=True)
                return
            self._form = change.new
            self._write()

    def _pressed_reset(self, _: object) -> None:
        with self._lock:
            self._data = self._recorded
            self._write()

    def _write(self) -> None:
        """Put the bytes into the editor in the form that is chosen."""
        self._editor.value = _WRITE[self._form](self._data)
        self._describe()

    def _describe(self) -> None:
        """Say how the bytes differ from the recorded ones, and show the call that sends them."""
        self._hint.text = _HINT[self._form]
        size, more = len(self._data), len(self._data) - len(self._recorded)
        if self._data == self._recorded:
            how = "as recorded"
            cut = len(self.capture.bytes_from(Side.CLIENT)) - size
            how += f"; {cut:,} bytes after them are left out" if cut else ""
        elif more:
            how = f"{abs(more):,} {'more' if more > 0 else 'fewer'} than recorded"
        else:
            how = "changed"
        sent = "" if self._sent is None else " These were sent last." if self._data == self._sent else " Not sent yet."
        self._code.text = call_text(self.capture.server, self._data)
        self._say(f"{size:,} byte{'' if size == 1 else 's'}, {how}.{sent}")

    def _say(self, sentence: str, *, is_wrong: bool = False) -> None:
        self._status.is_wrong = is_wrong
        self._status.text = printable(sentence, MAX_SENTENCE_CHARACTERS)

    # --- sending --------------------------------------------------------------------------------

    def _pressed_send(self, _: object) -> None:
        with self._lock:
            if self._is_sending:
                self._say("A run is under way; this click started no other.")
                return
            if time.monotonic() - self._begun_s < DOUBLE_CLICK_S:
                return
            try:
                data = _READ[self._form](self._editor.value)
            except BadParameter as mistake:
                self._say(f"Nothing was sent. {mistake}", is_wrong=True)
                return
            self._is_sending = True
            self._begun_s = time.monotonic()
            self._send_button.disabled = True
            self._say(f"Sending {len(data):,} bytes…")
        try:
            threading.Thread(target=self._run, args=(data,), name="replay", daemon=True).start()
        except RuntimeError as error:  # the system has no thread left
            self._ended(f"Nothing was sent ({error}): end other programs and try again.", is_wrong=True)

    def _run(self, data: bytes) -> None:
        """One run, on a thread of its own."""
        try:
            sentence = self._show(data, self._send(data))
        except LabError as error:
            self._ended(str(error), is_wrong=True)
        except BaseException as error:  # an exit() too: nobody is above this thread to hear of it
            said = str(error) or "it says no more"
            self._ended(f"The run failed with {type(error).__name__}: {said}.", is_wrong=True)
        else:
            self._ended(sentence)

    def _ended(self, sentence: str, *, is_wrong: bool = False) -> None:
        with self._lock:
            self._send_button.disabled = False
            self._say(sentence, is_wrong=is_wrong)
            self._is_sending = False

    def _show(self, data: bytes, recording: Recording) -> str:
        """Put a new recording beside the old one, and say how the run ended."""
        if not isinstance(recording, Recording):
            raise BadParameter(f"send must return a recording, as Replay(…).run(lab) does, not {recording!r:.60}.")
        capture = _own(recording, data)
        if capture is None:
            raise LabError(" ".join(("The run left no recorded connection behind.", *recording.notices)))
        told = compare(self.capture, capture)
        shown = inspector(capture)
        with self._lock:
            last = self._shown.get(SENT)
            self._shown[SENT] = shown
            self._new.children = (self._new_heading, shown)
            if last is not None:  # else each run would leave one behind, with its bytes
                last.layout.close()
                last.close()
            self.recording, self._sent = recording, data
            self._new_heading.text = SENT
            self._comparison.text = told
        ended = [mark.detail for mark in recording.marks_named("client: ended")]
        why = f" It ended because {ended[-1]}." if ended else ""
        since = "" if self._data == data else " The text was changed meanwhile."
        return f"Sent {len(data):,} bytes.{why}{since}"

    # --- how it shows itself ----------------------------------------------------------------------

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and beside it what a saved page, a screen reader or a terminal can show."""
        made = self.widget._repr_mimebundle_(**options) or {}
        data, metadata = made if isinstance(made, tuple) else (made, {})
        return {**data, "text/html": self._repr_html_(), "text/plain": str(self)}, metadata

    def _repr_html_(self) -> str:
        with self._lock:
            shown = {heading: one._repr_html_() for heading, one in self._shown.items()}
        return as_html(self.capture.server, self._data, self.status, self.comparison, shown)

    def __str__(self) -> str:
        return as_text(self.capture.server, self._data, self.status, self.comparison)

    def __repr__(self) -> str:
        return str(self)


def _own(recording: Recording, data: bytes) -> Capture | None:
    """The connection that carried these bytes, where others were recorded at the same time."""
    sent = [(capture, capture.bytes_from(Side.CLIENT)) for capture in recording.captures]
    # A server that closes early may leave some of them unsent.
    own = [(len(stream), -number) for number, (_, stream) in enumerate(sent) if data.startswith(stream)]
    return recording.captures[-max(own)[1]] if own else next(iter(recording.captures), None)


def replay_panel(capture: Capture, send: Callable[[bytes], Recording]) -> ReplayPanel:
    """Edit what a client sent, send it again, and see both runs beside each other.

    ``replay_panel(exchange, lambda data: Replay("http", data).run(lab))``

    Args:
        capture: The connection whose client stream is edited, for example ``recording.captures[0]``.
        send: Sends bytes and returns the recording of that. It is called on a thread of the panel's, once for each
            press of *Send*, and never while a run is under way.

    Raises:
        BadParameter: an argument is something else.
    """
    if not isinstance(capture, Capture):
        raise BadParameter(
            f"A replay panel needs one connection, such as recording.captures[0], not a {type(capture).__name__}."
        )
    if not callable(send):
        raise BadParameter(f"send must be a function from bytes to a recording, not a {type(send).__name__}.")
    return ReplayPanel(capture, send)

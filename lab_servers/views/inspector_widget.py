"""The byte inspector as a widget: hexadecimal, text, records and fields of a recording, linked both ways.

``inspector_model.py`` knows what is to be shown, ``inspector_text.py`` its plain forms. This module hands both to a
browser, where ``inspector_store.js`` and the files beside it draw, and answers what that asks.
"""

from __future__ import annotations

import os
import pathlib
import threading
from collections.abc import Iterable
from typing import Any

import anywidget
import traitlets

from lab_servers.capture.capture import Capture
from lab_servers.dissection import Dissection
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording, bound_notices
from lab_servers.views.inspector_model import Inspected, is_below
from lab_servers.views.inspector_signs import SIGNS
from lab_servers.views.inspector_text import as_html, as_text, title_of
from lab_servers.views.outline import heading
from lab_servers.wire.model import CLIENT, SERVER, Field, Record

# A page of rows takes some 50 ms to make at most, so that the questions in between are answered soon.
PAGE_ROWS = 256
MAX_DETAILS = 64

_HERE = pathlib.Path(__file__).parent

# One job each. A browser loads a widget's script from the kernel as one module, which can import no other
# file without a network, so they are joined here as they are; the last one exports the widget.
_SCRIPTS = ("store", "rows", "hex", "list", "detail")


def _script() -> str:
    names = [*(f"inspector_{name}.js" for name in _SCRIPTS), "inspector.js"]
    return "\n".join((_HERE / name).read_text(encoding="utf-8") for name in names)


class Inspector(anywidget.AnyWidget):
    """Every byte of some connections, explained. Use :func:`inspector` to make one.

    Args:
        connections: The connections to choose from, at least one.
        notices: What the reader must know about the recording, one sentence each.

    Attributes:
        connection: Which of the connections is shown, from 0. Setting it shows another.
        selection: What is selected: ``sender``; ``start`` and ``stop``, its extent in what that side sent; ``record``
            and ``field``, their numbers (``field`` is ``None`` while a whole record is selected); ``offset``, the byte
            under the cursor. Setting a part of it, such as ``{"record": 3}`` or ``{"sender": "server", "offset":
            120}``, moves the view; observe it to follow what the reader looks at. Empty where nothing is selected.
    """

    _esm = _script()
    _css = _HERE / "inspector.css"

    connection = traitlets.Int(0).tag(sync=True)
    # Without an echo: it would come late and move the cursor back while a reader holds a key down.
    selection = traitlets.Dict().tag(sync=True, echo_update=False)

    _head = traitlets.Dict().tag(sync=True)
    _client = traitlets.Bytes().tag(sync=True)
    _server = traitlets.Bytes().tag(sync=True)
    _client_times = traitlets.Bytes().tag(sync=True)
    _server_times = traitlets.Bytes().tag(sync=True)
    _places = traitlets.Bytes().tag(sync=True)
    _pages: traitlets.List[Any] = traitlets.List().tag(sync=True)

    def __init__(self, connections: Iterable[Capture | Dissection], notices: Iterable[str] = ()) -> None:
        self._connections = tuple(connections)
        self._notices = tuple(notices)
        self._made: dict[int, Inspected] = {}
        # A front end's questions may come on another thread than the cells, and some of what dissectors
        # find is filled in when it is first looked at.
        self._lock = threading.RLock()
        super().__init__(**self._state(0))
        self.on_msg(self._answer)

    def _state(self, number: int) -> dict[str, Any]:
        """All that is sent of one connection at first."""
        shown = self._inspected(number)
        captures = [one.capture if isinstance(one, Dissection) else one for one in self._connections]
        head = {
            "connections": [title_of(capture) for capture in captures],
            "connection": number,
            "isTimed": shown.dissection.is_timed,
            "notices": [*self._notices, *shown.notices],
            "signs": [sign._asdict() for sign in SIGNS],
        }
        return {
            "_head": head,
            "_client": shown.data[CLIENT],
            "_server": shown.data[SERVER],
            "_client_times": shown.times(CLIENT),
            "_server_times": shown.times(SERVER),
            "_places": shown.places(),
            "_pages": [shown.rows(0, PAGE_ROWS)] if shown.records else [],
            "selection": shown.selection({"record": 0}),
        }

    def _inspected(self, number: int) -> Inspected:
        with self._lock:
            if number not in self._made:
                one = self._connections[number]
                self._made[number] = Inspected(one) if isinstance(one, Dissection) else Inspected.of(one)
            return self._made[number]

    # --- what is selected ------------------------------------------------------------------

    @property
    def record(self) -> Record | None:
        """The selected record."""
        number = self.selection.get("record")
        return None if number is None else self._inspected(self.connection).records[number]

    @property
    def field(self) -> Field | None:
        """The selected field."""
        record, number = self.record, self.selection.get("field")
        return None if record is None or number is None else record.fields[number]

    @traitlets.validate("connection")
    def _known_connection(self, proposal: traitlets.Bunch) -> int:
        last = len(self._connections) - 1
        if not 0 <= proposal.value <= last:
            raise BadParameter(f"connection must be a whole number from 0 to {last}, not {proposal.value!r}.")
        return int(proposal.value)

    @traitlets.validate("selection")
    def _whole_selection(self, proposal: traitlets.Bunch) -> dict[str, Any]:
        with self._lock:
            return self._inspected(self.connection).selection(proposal.value)

    @traitlets.observe("connection")
    def _show_connection(self, change: traitlets.Bunch) -> None:
        with self._lock, self.hold_sync():
            for name, value in self._state(change.new).items():
                setattr(self, name, value)

    # --- what the browser asks ---------------------------------------------------------------

    def _answer(self, _: object, question: Any, __: object) -> None:
        """Answer one question of the browser's. What makes no sense gets an answer without content."""
        if not isinstance(question, dict):
            return
        answer: dict[str, Any] = {"id": question.get("id")}
        buffers: list[bytes] | None = None
        with self._lock:
            shown = self._inspected(self.connection)
            count = len(shown.records)
            match question:
                case {"ask": "rows", "page": int(page)} if page >= 0:
                    answer["rows"] = shown.rows(page * PAGE_ROWS, PAGE_ROWS)
                case {"ask": "details", "records": list(records)}:
                    known = [one for one in records if is_below(one, count)]
                    answer["details"] = [shown.details(one) for one in known[:MAX_DETAILS]]
                case {"ask": "layers", "record": int(record)} if is_below(record, count):
                    answer["layers"] = shown.layers(record)
                case {"ask": "layer", "record": int(record), "layer": number} if is_below(record, count):
                    if is_below(number, len(shown.records[record].layers)):
                        buffers = list(shown.layer(record, number))
        self.send(answer, buffers)

    # --- plain forms -------------------------------------------------------------------------

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The widget, and beside it what a saved page, a screen reader or a terminal can show."""
        made = super()._repr_mimebundle_(**options)
        if made is None:
            return None
        data, metadata = made
        return {**data, "text/html": self._repr_html_(), "text/plain": str(self)}, metadata

    def _repr_html_(self) -> str:
        with self._lock:
            shown = self._inspected(self.connection)
            return as_html(shown, (*self._notices, *shown.notices), len(self._connections))

    def __str__(self) -> str:
        with self._lock:
            shown = self._inspected(self.connection)
            return as_text(shown, (*self._notices, *shown.notices), len(self._connections))

    def __repr__(self) -> str:
        shown = self._inspected(self.connection)
        return f"<Inspector of {heading(shown.dissection)}>"


def inspector(source: Recording | Capture | Dissection | str | os.PathLike[str]) -> Inspector:
    """Show every byte of a recording, explained.

    Args:
        source: A recording, one of its captures, a dissection, or the path of a capture file.

    Raises:
        BadParameter: there is no connection in it.
        LoadFailed: the file cannot be read as a capture file.
    """
    if isinstance(source, str | os.PathLike):
        source = Recording.load(source)
    if isinstance(source, Capture | Dissection):
        capture = source if isinstance(source, Capture) else source.capture
        return Inspector([source], bound_notices(capture))
    if not isinstance(source, Recording):
        kind = type(source).__name__
        raise BadParameter(f"An inspector shows a recording, a capture or the path of a capture file, not a {kind}.")
    if not source.captures:
        raise BadParameter(
            f"There is no connection in the recording {source.name!r}: run something that opens one while recording."
        )
    return Inspector(source.captures, source.notices)

"""The truncation slider: cut a recorded answer at any byte, and see what six client strategies say of it.

``truncation_moments.py`` computes what is shown, ``truncation_slider.js`` draws it. The page gets all turns of an
answer at once, so moving the slider needs no kernel; choosing another answer or ending does.
"""

from __future__ import annotations

import pathlib
from html import escape
from typing import Any

import anywidget
import traitlets

from lab_servers.measure.cut_anywhere import CHUNKED, CLOSE, answers, way_in
from lab_servers.measure.truncated_answer import TruncatedAnswer
from lab_servers.measure.truncation import CutBy
from lab_servers.recording import Recording
from lab_servers.views.truncation_moments import moment, moment_table, page_data
from lab_servers.wire.llm.ways import Way

__all__ = ["TruncationSlider", "truncation_slider"]

_HERE = pathlib.Path(__file__).parent

ENDINGS: dict[str, tuple[str, CutBy]] = {
    "the body reaches to the close; a FIN ends it": (CLOSE, CutBy.FIN),
    "the body reaches to the close; a reset ends it": (CLOSE, CutBy.RESET),
    "the body is in chunks; a FIN ends it": (CHUNKED, CutBy.FIN),
    "the body is in chunks; a reset ends it": (CHUNKED, CutBy.RESET),
    "the body is in chunks; a hop adds the last chunk": (CHUNKED, CutBy.LAST_CHUNK),
}
FIRST_ENDING = "the body is in chunks; a FIN ends it"


class TruncationSlider(anywidget.AnyWidget):
    """A slider over the bytes of a recorded answer. Use :func:`truncation_slider` to make one.

    Attributes:
        way: The name of the answer that is cut.
        ending: How the connection ends at the cut: one of :data:`ENDINGS`.
        cut: So many bytes come.
    """

    _esm = _HERE / "truncation_slider.js"
    _css = _HERE / "truncation_slider.css"

    ways = traitlets.List(traitlets.Unicode()).tag(sync=True)
    endings = traitlets.List(traitlets.Unicode()).tag(sync=True)
    way = traitlets.Unicode().tag(sync=True)
    ending = traitlets.Unicode(FIRST_ENDING).tag(sync=True)
    cut = traitlets.Int(0).tag(sync=True)
    data = traitlets.Dict().tag(sync=True)
    wire = traitlets.Bytes(b"").tag(sync=True)

    def __init__(self, answers_of: dict[tuple[Way, str], TruncatedAnswer], way: Way, cut: int | None) -> None:
        self._answers = answers_of
        names = list(dict.fromkeys(one.value for one, _ in answers_of))
        super().__init__(ways=names, endings=list(ENDINGS), way=way.value)
        self._choose()
        answer, _ = self._chosen()
        # Where it begins something is missing, and the strategies differ.
        self.cut = answer.text_end * 2 // 3 if cut is None else min(max(cut, 0), len(answer.wire))
        self.observe(self._choose, names=["way", "ending"])

    def _chosen(self) -> tuple[TruncatedAnswer, CutBy]:
        framing, cut_by = ENDINGS[self.ending]
        return self._answers[Way(self.way), framing], cut_by

    def _choose(self, _: object = None) -> None:
        # A page may be of another recording, and its words are not to be trusted.
        if self.way not in self.ways or self.ending not in ENDINGS:
            self.way, self.ending = self.ways[0], FIRST_ENDING
        answer, cut_by = self._chosen()
        with self.hold_sync():
            self.wire = answer.wire
            self.data = page_data(answer, cut_by)
            self.cut = min(max(self.cut, 0), len(answer.wire))

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """The widget, and beside it what a saved page, a screen reader or a terminal can show."""
        made = super()._repr_mimebundle_(**options)
        data, metadata = made if isinstance(made, tuple) else (made or {}, {})
        return {**data, "text/html": self._repr_html_(), "text/plain": str(self)}, metadata

    def _repr_html_(self) -> str:
        answer, cut_by = self._chosen()
        cut = min(max(self.cut, 0), len(answer.wire))
        now = moment(answer, cut, cut_by)
        return (
            f"{moment_table(answer, cut, cut_by)._repr_html_()}"
            f"<p>The last bytes that came:</p><pre>{escape(now.before)}</pre>"
            f"<p>The first bytes that are lost:</p><pre>{escape(now.after)}</pre>"
            f"<p>The reader shows: {escape(now.shown)}</p>"
        )

    def __str__(self) -> str:
        answer, cut_by = self._chosen()
        cut = min(max(self.cut, 0), len(answer.wire))
        now = moment(answer, cut, cut_by)
        return (
            f"{moment_table(answer, cut, cut_by)}\n\nThe last bytes that came:\n{now.before}\n\n"
            f"The first bytes that are lost:\n{now.after}\n\nThe reader shows: {now.shown}"
        )

    def __repr__(self) -> str:
        return str(self)


def truncation_slider(recording: Recording, way: Way | str = "", cut: int | None = None) -> TruncationSlider:
    """A slider that cuts a recorded answer at any byte, and shows what six client strategies say of it.

    Args:
        recording: A run of the scenario ``CutAnywhere``.
        way: Which answer is cut first, by the name of its way; the first of the recording unless told.
        cut: After how many bytes.

    Raises:
        BadParameter: this is no recording of such a run, or it has no answer on this way.
    """
    found = answers(recording)
    return TruncationSlider(found, way_in(found, way), cut)

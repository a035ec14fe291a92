"""The live panel: one prompt on several ways at once, each answer in a column of its own while it arrives, with Stop.

``live_answers_page.py`` is what the browser shows of it, ``live_answers_text.py`` the plain form. The panel owns no
run: it starts one with the class that it was given, follows it on a thread of its own, and hands what is new to the
page at most every 50 ms, so that eleven columns leave the kernel time for the servers.
"""

from __future__ import annotations

import threading
import time
from asyncio import CancelledError
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from weakref import WeakSet

from lab_servers.errors import BadParameter, LabError, LabNotRunning
from lab_servers.measure.live_column import Column
from lab_servers.parameters import Parameter
from lab_servers.recording import Recording
from lab_servers.views.live_answers_page import LivePage, column_values
from lab_servers.views.live_answers_text import NOTE, as_html, as_text, summary
from lab_servers.views.scenario_panel_controls import Mistake, fields_of, texts_of, values_of
from lab_servers.views.scenario_panel_run import AGAIN, DOUBLE_CLICK_S, UnderWay
from lab_servers.wire.printable import printable

LabT = TypeVar("LabT", contravariant=True)

SHOW_EVERY_S = 0.05
MAX_SENTENCE_CHARACTERS = 400
NOT_ASKED = "Not asked yet: press Ask."


class Answers(Protocol):
    """Answers under way."""

    @property
    def columns(self) -> Sequence[Column]:
        """What there is to see now."""

    @property
    def job(self) -> UnderWay:
        """The run, whose result is the recording."""

    def stop(self, way: str = "") -> None:
        """Press Stop on one way, or on all."""


class Askable(Protocol[LabT]):
    """What a panel needs of ``scenarios/ai_live.py``'s class: a frozen dataclass of what can be chosen."""

    @property
    def ways(self) -> tuple[str, ...]:
        """The ways that are asked."""

    @classmethod
    def parameters(cls) -> tuple[Parameter, ...]:
        """What else can be chosen."""

    @classmethod
    def all_ways(cls) -> tuple[str, ...]:
        """The ways that can be chosen."""

    def begin(self, lab: LabT) -> Answers:
        """Ask, without waiting."""


class LiveAnswersPanel(Generic[LabT]):
    """Answers to be watched while they arrive. Use ``live_answers(lab)`` of the course to make one.

    Attributes:
        lab: The lab that it runs in.
        recording: The last run that ended; ``None`` before the first.
        columns: What the page shows.
        widget: The panel as a widget, to be put into another one.
    """

    _made: ClassVar[WeakSet[LiveAnswersPanel[Any]]] = WeakSet()

    def __init__(self, first: Askable[LabT], lab: LabT) -> None:
        self.lab = lab
        self.recording: Recording | None = None
        self.columns: tuple[Column, ...] = ()
        self._kind: type[Any] = type(first)
        self._parameters = first.parameters()
        self._typed: dict[str, Any] = dict(texts_of(self._parameters, first))
        self._ways: tuple[str, ...] = first.ways
        # Messages of a page come on whatever thread the kernel chooses, and a run is followed on its own.
        self._lock = threading.RLock()
        self._under_way: Answers | None = None
        self._begun_s = -DOUBLE_CLICK_S
        self._is_closed = False
        # An earlier panel of the same lab would keep the lab busy with answers that nobody sees.
        for earlier in list(self._made):
            if earlier.lab is lab:
                earlier.close()
        self.widget = LivePage(
            head={"fields": fields_of(self._parameters), "ways": list(first.all_ways()), "note": NOTE},
            typed={"by": "", "values": self._typed, "ways": list(self._ways)},
            status=NOT_ASKED,
        )
        self.widget.on_msg(self._heard)
        self._made.add(self)

    @property
    def status(self) -> str:
        """What the status line says."""
        return str(self.widget.status)

    @property
    def is_running(self) -> bool:
        """Whether answers are under way."""
        return self._under_way is not None

    # --- what can be pressed ------------------------------------------------------------------

    def ask(self) -> None:
        """Press Ask: ask what stands in the controls, on every way that is chosen."""
        with self._lock:
            if self.is_running:
                self._say("Answers are under way; this press asked nothing more.")
                return
            if time.monotonic() - self._begun_s < DOUBLE_CLICK_S:
                return
            values = values_of(self._parameters, self._typed)
            if isinstance(values, Mistake):
                self._say(values.sentence, wrong=values.name, is_wrong=True)
                return
            try:
                under_way: Answers = self._kind(**values, ways=self._ways).begin(self.lab)
            except LabNotRunning:
                self._say(f"The lab is not running: {AGAIN}", is_wrong=True)
                return
            except LabError as mistake:
                self._say(str(mistake), is_wrong=True)
                return
            self._under_way, self._begun_s = under_way, time.monotonic()
            self.widget.is_running = True
            count = len(under_way.columns)
            self._say(f"Asked on {count} way{'' if count == 1 else 's'}.")
            self._show(under_way.columns)
            threading.Thread(target=self._follow, args=(under_way,), name="live answers", daemon=True).start()

    def stop(self, way: str = "") -> None:
        """Press Stop in one column, or the one for all; where nothing is under way, nothing happens."""
        with self._lock:
            if self._under_way is not None:
                self._under_way.stop(way)

    def wait(self, timeout_s: float = 60.0) -> None:
        """Wait until nothing is under way, for a script or a test.

        Raises:
            TimeoutError: it is not so after ``timeout_s`` seconds.
        """
        give_up_s = time.monotonic() + timeout_s
        while self.is_running:
            if time.monotonic() > give_up_s:
                raise TimeoutError(f"answers are still under way after {timeout_s:g} s")
            time.sleep(0.01)

    def close(self) -> None:
        """End what is under way, and take the panel off the page; closing twice is harmless."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                if self._under_way is not None:
                    self._under_way.job.cancel()
                self.widget.close()

    def _heard(self, _: object, message: Any, __: object) -> None:
        """One message of a page. What makes no sense is left alone."""
        with self._lock:
            match message:
                case _ if self._is_closed:
                    pass
                case {"press": "ask", "id": str(press), "typed": dict(typed), "ways": list(ways)}:
                    self._keep(typed, ways, press.partition(" ")[0])
                    self.ask()
                    self.widget.heard = press
                case {"press": "stop", "way": str(way)}:
                    self.stop(way)
                case {"press": "end"}:
                    if self._under_way is not None:
                        self._under_way.job.cancel()
                case {"typed": dict(typed), "ways": list(ways), "by": str(view)}:
                    self._keep(typed, ways, view)

    def _keep(self, typed: dict[str, Any], ways: list[Any], view: str) -> None:
        names = {one.name for one in self._parameters}
        self._typed |= {name: value for name, value in typed.items() if name in names}
        self._ways = tuple(name for name in self._kind.all_ways() if name in ways)
        self.widget.typed = {"by": view, "values": dict(self._typed), "ways": list(self._ways)}

    # --- on the panel's own thread --------------------------------------------------------------

    def _follow(self, under_way: Answers) -> None:
        """Show what is new until the run has ended."""
        recording: Recording | None = None
        is_wrong = True
        try:
            recording = self._result(under_way)
            sentence, is_wrong = summary(under_way.columns), False
        except CancelledError:
            sentence, is_wrong = "Ended before everything had come.", False
        except LabNotRunning:
            sentence = f"The lab was stopped meanwhile: {AGAIN}"
        except LabError as error:
            sentence = str(error)
        except BaseException as error:  # nobody is above this thread to hear of it
            sentence = f"The run failed with {type(error).__name__}: {str(error) or 'it says no more'}."
        with self._lock:
            self.recording = recording or self.recording
            self._show(under_way.columns)
            self._under_way = None
            if not self._is_closed:
                self._say(sentence, is_wrong=is_wrong)
                self.widget.is_running = False

    def _result(self, under_way: Answers) -> Recording:
        while not under_way.job.done():
            try:
                return under_way.job.result(SHOW_EVERY_S)
            except TimeoutError:  # not ended yet, or the run's own, which result() below raises again
                with self._lock:
                    self._show(under_way.columns)
        return under_way.job.result()

    def _show(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        if not self._is_closed:
            shown = [column_values(one) for one in self.columns]
            if shown != self.widget.columns:
                self.widget.columns = shown

    def _say(self, sentence: str, *, is_wrong: bool = False, wrong: str = "") -> None:
        with self.widget.hold_sync():
            self.widget.wrong, self.widget.is_wrong = wrong, is_wrong
            self.widget.status = printable(sentence, MAX_SENTENCE_CHARACTERS)

    # --- how it shows itself ----------------------------------------------------------------------

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The widget, and beside it what a saved page, a screen reader or a terminal can show."""
        with self._lock:
            made: Any = {} if self._is_closed else self.widget._repr_mimebundle_(**options) or {}
        data, metadata = made if isinstance(made, tuple) else (made, {})
        return {**data, "text/html": self._repr_html_(), "text/plain": str(self)}, metadata

    def _repr_html_(self) -> str:
        with self._lock:
            return as_html(self.columns, self.status)

    def __str__(self) -> str:
        with self._lock:
            return as_text(self.columns, self.status)

    def __repr__(self) -> str:
        return str(self)


def live_panel(first: Askable[LabT], lab: LabT, *, ask_now: bool = True) -> LiveAnswersPanel[LabT]:
    """Watch one answer arrive on several ways at once, and stop it on each as that way stops.

    Args:
        first: What is asked first.
        lab: The lab that it runs in.
        ask_now: Ask once before the panel is shown, and wait for it a minute at most, so that a saved page has a run to
            show.

    Raises:
        BadParameter: an argument is something else.
    """
    if not hasattr(first, "begin") or not hasattr(lab, "is_running"):
        raise BadParameter("A live panel needs what to ask, and the lab that start_lab() gave: live_answers(lab).")
    made = LiveAnswersPanel(first, lab)
    if ask_now:
        made.ask()
        try:
            with suppress(TimeoutError):  # a long answer goes on in the panel
                made.wait()
        except KeyboardInterrupt:
            made.stop()
            raise
    return made

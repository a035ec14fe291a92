"""The scenario panel as its page uses it: fields, Run, Cancel, pages, and what stands beside it in a saved page."""

from __future__ import annotations

import _thread
import asyncio
import json
import re
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import ipywidgets
import matplotlib as mpl
import pytest

from lab_servers.errors import BadParameter, LabNotRunning
from lab_servers.lab import Lab
from lab_servers.parameters import Choice
from lab_servers.scenarios import SCENARIOS, OneExchange, Scenario
from lab_servers.views import panel, scenario_panel_run
from lab_servers.views.looks import look_of
from lab_servers.views.scenario_panel import BYTES_TO_COME, NO_BYTES
from lab_servers.views.scenario_panel_controls import fields_of, text_of, texts_of, values_of
from tests.views.panel_hand import Asking, Going, Hand, Held
from tests.waiting import until_sync


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["http"]) as running:
        yield running


@pytest.fixture
def quick_presses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Presses that follow each other at once count as two."""
    monkeypatch.setattr(scenario_panel_run, "DOUBLE_CLICK_S", 0.0)


@pytest.fixture
def held(lab: Lab) -> Iterator[Hand]:
    """A panel whose runs last until :func:`let_go`, bar its first."""

    async def event() -> asyncio.Event:
        return asyncio.Event()

    Held.may_end = lab.run(event())
    Held.begun = []
    yield Hand(panel(Held, lab))
    let_go(lab)


def let_go(lab: Lab) -> None:
    async def end() -> None:
        Held.may_end.set()

    lab.run(end())


# --- the first result -----------------------------------------------------------------------


def test_it_opens_with_the_result_of_the_default_run_and_its_call(lab: Lab) -> None:
    hand = Hand(panel(Asking, lab))
    assert len(hand.panel.recording) == 1
    assert hand.panel.status == "Shown: the run with every parameter at its default."
    assert "<svg" in hand.shown("pages")["picture"]
    assert '<th scope="col"' in hand.shown("pages")["table"]
    assert hand.shown("pages")["code"] == hand.panel.code
    assert hand.panel.code == "from tests.views.panel_hand import Asking\n\nAsking().run(lab)"


def test_with_a_recording_nothing_is_run_and_the_fields_show_what_it_was_made_with(lab: Lab) -> None:
    recording = Asking(times=2, framing="close").run(lab)
    hand = Hand(panel(Asking, lab, recording))
    assert hand.panel.recording is recording
    assert hand.panel.scenario == Asking(times=2, framing="close")
    assert hand.panel.status == "Shown: the run with times = 2, framing = close."
    assert hand.shown("typed")["values"] == {"times": "2", "pause_s": "0", "framing": "close", "is_greedy": False}


def test_an_instance_is_run_as_it_is(lab: Lab) -> None:
    assert len(panel(Asking(times=3), lab).recording) == 3


def test_each_field_tells_its_name_unit_bounds_and_sentence(lab: Lab) -> None:
    times, pause_s, framing, is_greedy = Hand(panel(Asking, lab)).shown("head")["fields"]
    assert times == {
        "name": "times", "kind": "whole", "unit": "requests", "bounds": "0 to 5 requests", "options": [],
        "sentence": "How often it asks.",
    }  # fmt: skip
    assert (pause_s["kind"], pause_s["bounds"]) == ("number", "0 to 60 seconds")
    assert (framing["kind"], framing["options"]) == ("choice", ["chunked", "close"])
    assert (is_greedy["kind"], is_greedy["bounds"]) == ("switch", "")


def test_many_options_are_counted_beside_the_list_that_tells_them() -> None:
    (field,) = fields_of([Choice("case", "a", "Which one.", tuple("abcdefg"))])
    assert (field["bounds"], field["options"]) == ("one of 7", list("abcdefg"))


@pytest.mark.parametrize("kind", SCENARIOS.values())
def test_what_the_fields_of_a_scenario_show_reads_as_the_same_values(kind: type[Scenario]) -> None:
    parameters, scenario = kind.parameters(), kind()
    values = values_of(parameters, texts_of(parameters, scenario))
    assert values == {one.name: getattr(scenario, one.name) for one in parameters}


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-9, 1234567.5, 0.0, 2.0])
def test_a_number_is_shown_with_no_more_digits_than_it_needs_and_none_lost(value: float) -> None:
    text = text_of(value)
    assert isinstance(text, str)
    assert float(text) == value
    assert not text.endswith(".0")


# --- choosing and running -------------------------------------------------------------------


def test_run_runs_what_stands_in_the_fields_and_the_code_says_so(lab: Lab) -> None:
    hand = Hand(panel(Asking, lab))
    status = hand.run(times="2", framing="close")
    assert re.fullmatch(r"Done in (less than 0\.1|\d+\.\d) s, with times = 2, framing = close\.", status)
    assert len(hand.panel.recording) == 2
    assert b"framing=close" in hand.panel.recording.captures[0].chunks[0].data
    assert hand.panel.code.endswith("\n\nAsking(times=2, framing='close').run(lab)")
    assert hand.shown("is_running") is False


def test_the_code_makes_the_run_that_was_clicked(lab: Lab) -> None:
    hand = Hand(panel(OneExchange, lab))
    hand.run(framing="close", parts="3")
    namespace: dict[str, Any] = {"lab": lab}
    *imports, call = hand.panel.code.splitlines()
    exec("\n".join(imports), namespace)
    again = eval(call, namespace)
    assert imports == ["from lab_servers.scenarios import OneExchange", ""]
    assert again.parameters == hand.panel.recording.parameters


@pytest.mark.parametrize(
    ("typed", "name", "sentence"),
    [
        ({"pause_s": "61"}, "pause_s", "pause_s must be a number from 0 to 60 seconds, not 61.0."),
        ({"pause_s": "-1e999"}, "pause_s", "pause_s must be a number from 0 to 60 seconds, not -inf."),
        ({"pause_s": ""}, "pause_s", "pause_s must be a number from 0 to 60 seconds, not ''."),
        ({"pause_s": "0,5"}, "pause_s", "pause_s must be a number from 0 to 60 seconds, not '0,5'."),
        ({"times": "6"}, "times", "times must be a whole number from 0 to 5 requests, not 6."),
        ({"times": "1.5"}, "times", "times must be a whole number from 0 to 5 requests, not '1.5'."),
        ({"framing": "<b>"}, "framing", "framing must be one of chunked, close, not '<b>'."),
        ({"is_greedy": "yes"}, "is_greedy", "is_greedy must be True or False, not 'yes'."),
        ({"times": "4"}, "", "times above 3 requests need is_greedy: choose it, or fewer requests."),
    ],
)
def test_a_bad_value_is_one_sentence_at_once_and_on_run_and_nothing_is_clamped_or_run(
    lab: Lab, typed: dict[str, Any], name: str, sentence: str
) -> None:
    hand = Hand(panel(Asking, lab))
    before = hand.panel.recording
    assert hand.type(**typed) == hand.press_run() == sentence
    assert (hand.shown("wrong"), hand.shown("is_wrong"), hand.panel.is_running) == (name, True, False)
    assert hand.shown("typed")["values"].items() >= typed.items()
    assert hand.panel.recording is before
    assert hand.type(**dict.fromkeys(typed, "1") | {"framing": "close", "is_greedy": True}).startswith("Changed")
    assert (hand.shown("wrong"), hand.shown("is_wrong")) == ("", False)


def test_a_change_is_said_to_be_not_run_yet_until_it_is_taken_back(lab: Lab) -> None:
    hand = Hand(panel(Asking, lab))
    assert hand.type(times="2") == "Changed, and not run yet: press Run."
    assert hand.type(times="1") == "Shown: the run with every parameter at its default."


def test_a_long_run_tells_how_far_it_is_and_a_short_one_does_not(lab: Lab, held: Hand) -> None:
    held.press_run(number="1")
    assert held.shown("elapsed_s") == -1
    until_sync(lambda: held.shown("elapsed_s") >= scenario_panel_run.PROGRESS_AFTER_S)
    assert held.shown("about_s") == Held().about_s
    let_go(lab)
    assert held.wait().endswith(" s, with number = 1.")
    assert held.shown("elapsed_s") == -1


def test_a_change_during_the_run_is_kept_and_said(lab: Lab, held: Hand) -> None:
    held.press_run(number="1")
    held.type(number="2")
    let_go(lab)
    assert held.wait().endswith(" The fields were changed meanwhile.")
    assert held.shown("typed")["values"] == {"number": "2"}
    assert held.panel.code.endswith("Held(number=1).run(lab)")


# --- presses at any moment ------------------------------------------------------------------


def test_two_quick_presses_are_one_run(lab: Lab) -> None:
    hand = Hand(panel(Asking, lab))
    hand.run(times="0")
    first = hand.panel.recording
    hand.press_run()
    assert not hand.panel.is_running
    assert hand.panel.recording is first
    # Another value is another wish, however soon it comes.
    hand.run(times="2")
    assert len(hand.panel.recording) == 2


@pytest.mark.usefixtures("quick_presses")
def test_a_press_while_a_run_is_under_way_starts_no_other(lab: Lab, held: Hand) -> None:
    held.press_run(number="1")
    assert held.press_run(number="2") == "A run is under way; this press started no other."
    let_go(lab)
    held.wait()
    assert Held.begun == [0, 1]
    held.run(number="3")
    assert Held.begun == [0, 1, 3]


def test_the_page_hears_that_its_press_arrived(lab: Lab) -> None:
    hand = Hand(panel(Asking, lab))
    for press, typed in (("a 1", {}), ("a 2", {"times": "99"})):
        hand.say({"press": "run", "id": press, "typed": typed})
        assert hand.shown("heard") == press
        hand.wait()


def test_a_run_waits_for_the_run_of_a_cell_and_records_nothing_of_it(lab: Lab) -> None:
    hand = Hand(panel(Asking, lab))
    job = Asking(times=3, pause_s=0.05).start(lab)
    hand.run(times="2")
    assert len(job.result()) == 3
    assert len(hand.panel.recording) == 2


@pytest.mark.parametrize(
    "message",
    [None, [], "run", {"press": "run"}, {"press": "run", "id": 1, "typed": {}}, {"typed": [], "by": ""}, {"tab": 3},
     {"press": "explode"}, {"typed": {"lab": "x", "times": ["1"]}, "by": "here"}],
)  # fmt: skip
def test_what_makes_no_sense_from_a_page_is_left_alone(lab: Lab, message: Any) -> None:
    hand = Hand(panel(Asking, lab))
    hand.say(message)
    assert not hand.panel.is_running
    assert hand.run(times="0").endswith(" s, with times = 0.")


def test_a_run_that_is_drawn_while_a_cell_draws_disturbs_neither(lab: Lab) -> None:
    hand = Hand(panel(Asking, lab))
    before = dict(mpl.rcParams), list(warnings.filters)
    hand.press_run(times="2")
    while hand.panel.is_running:
        picture = look_of(hand.panel.recording).picture
        assert picture
        assert "<text" in picture.svg()
    assert "<text" in hand.shown("pages")["picture"]
    assert (dict(mpl.rcParams), list(warnings.filters)) == before


# --- cancelling and closing -----------------------------------------------------------------


def test_cancel_ends_the_run_and_what_was_shown_stays(held: Hand) -> None:
    before, pages = held.panel.recording, held.shown("pages")
    held.press_run(number="1")
    held.cancel()
    held.cancel()
    assert held.wait() == "Cancelled. Still shown: the run before, with every parameter at its default."
    assert held.panel.recording is before
    assert held.shown("pages") is pages
    held.cancel()
    assert held.panel.status.startswith("Cancelled.")


@pytest.mark.usefixtures("quick_presses")
def test_after_a_cancelled_run_the_next_press_runs(lab: Lab, held: Hand) -> None:
    held.press_run(number="1")
    held.cancel()
    held.wait()
    assert held.run(number="0").endswith(" s, with every parameter at its default.")


def test_a_panel_that_is_closed_while_it_runs_ends_the_run_and_says_nothing_more(lab: Lab, held: Hand) -> None:
    widgets = len(ipywidgets.widgets.widget._instances)
    held.press_run(number="1")
    until_sync(lambda: 1 in Held.begun)
    held.panel.close()
    held.panel.close()
    until_sync(lambda: not held.panel.is_running)
    assert lab.problems == ()
    assert not [one for one in threading.enumerate() if one.name == "scenario panel"]
    assert len(ipywidgets.widgets.widget._instances) < widgets
    held.press_run(number="2")
    assert Held.begun == [0, 1]
    data, _ = held.panel._repr_mimebundle_()
    assert set(data) == {"text/html", "text/plain"}


def test_a_panel_made_anew_does_not_wait_for_what_the_old_one_runs(lab: Lab, held: Hand) -> None:
    held.press_run(number="1")
    until_sync(lambda: 1 in Held.begun)
    again = panel(Held, lab)
    assert again.recording.parameters == {"number": 0}
    assert held.wait().startswith("Cancelled.")


@pytest.mark.usefixtures("quick_presses")
def test_runs_leave_no_widgets_and_no_threads_behind(lab: Lab) -> None:
    hand = Hand(panel(Asking, lab))
    hand.open("bytes")
    hand.run()
    before = len(ipywidgets.widgets.widget._instances)
    for _ in range(3):
        hand.run()
    assert len(ipywidgets.widgets.widget._instances) == before
    until_sync(lambda: not [one for one in threading.enumerate() if one.name == "scenario panel"])


# --- what goes wrong ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("wrong", "Nobody answered: try again."),
        ("very wrong", r"The run failed with ValueError: a\n\x1b[31mbbb"),
        ("out", "The run failed with KeyError: it says no more."),
        ("without words", "The run failed with Unspeakable: it says no more."),
        ("out of time", "The run failed with TimeoutError: the run's own."),
    ],
)
@pytest.mark.usefixtures("quick_presses")
def test_whatever_goes_wrong_in_a_run_is_one_sentence_and_the_next_press_runs_again(
    lab: Lab, how: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hand = Hand(panel(Going, lab))
    before = hand.panel.recording
    for _ in range(2):
        assert hand.run(how=how).startswith(sentence)
        assert hand.panel.status.isprintable()
        assert len(hand.panel.status) < 500
        assert hand.shown("is_wrong")
    assert hand.panel.recording is before
    assert hand.run(how="well").endswith(" s, with every parameter at its default.")
    assert not hand.shown("is_wrong")
    assert capsys.readouterr() == ("", "")


def test_a_lab_that_is_stopped_before_or_during_a_run_is_one_sentence() -> None:
    with Lab(["http"]) as lab:
        hand = Hand(panel(Asking, lab))
        hand.press_run(pause_s="60")
        until_sync(lambda: len(lab.recording()))
    assert hand.wait() == "The lab was stopped during the run: run the cell that starts it, then this cell again."
    assert hand.run(times="2") == "The lab is not running: run the cell that starts it, then this cell again."
    assert hand.panel.recording.parameters["times"] == 1
    with pytest.raises(LabNotRunning, match=r"^The lab is not running: start it with start_lab\(\)\.$"):
        panel(Asking, lab)
    assert panel(Asking, lab, hand.panel.recording).recording is hand.panel.recording


@pytest.mark.usefixtures("quick_presses")
def test_the_stop_button_just_before_a_run_begins_leaves_a_panel_that_runs(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand = Hand(panel(Asking, lab))

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    for owner, step in ((threading.Thread, "start"), (type(hand.panel._runner), "begin")):
        with monkeypatch.context() as patch:
            patch.setattr(owner, step, interrupted)
            with pytest.raises(KeyboardInterrupt):
                hand.press_run(times="2")
        assert not hand.shown("is_running")
        assert not hand.panel.is_running
    assert hand.run(times="2").startswith("Done in ")


def test_the_stop_button_ends_the_first_run_and_leaves_the_lab_running(lab: Lab) -> None:
    threading.Timer(0.3, _thread.interrupt_main).start()
    with pytest.raises(KeyboardInterrupt):
        panel(Asking(pause_s=60), lab)
    assert len(panel(Asking, lab).recording) == 1


def test_what_is_no_scenario_no_lab_and_no_recording_of_it_is_named(lab: Lab) -> None:
    recording = Asking().run(lab)
    wrong: list[tuple[tuple[Any, ...], str]] = [
        (("Asking", lab), "A panel needs a scenario, such as FourWays or FourWays(interval_s=0.1), not 'Asking'."),
        ((Asking, recording), "A panel needs the lab that start_lab() gave, not a Recording."),
        ((Asking, lab, "x"), "The panel of Asking begins with a recording that Asking(…).run(lab) gave, not a str."),
        (
            (Going, lab, recording),
            "The panel of Going begins with a recording that Going(…).run(lab) gave, not the one of 'Asking'.",
        ),
    ]
    for arguments, sentence in wrong:
        with pytest.raises(BadParameter) as error:
            panel(*arguments)
        assert str(error.value) == sentence


# --- the bytes ------------------------------------------------------------------------------


def test_the_inspector_is_made_when_its_tab_is_opened_and_follows_the_runs(lab: Lab) -> None:
    hand = Hand(panel(Asking, lab))
    assert hand.panel._bytes.children == ()
    assert hand.shown("bytes_note") == BYTES_TO_COME
    hand.open("bytes")
    (first,) = hand.panel._bytes.children
    assert hand.shown("bytes_note") == ""
    hand.open("picture")
    hand.open("bytes")
    assert hand.panel._bytes.children == (first,)
    hand.run(times="2")
    (second,) = hand.panel._bytes.children
    assert len(second._connections) == 2
    assert first.comm is None
    hand.open("table")
    hand.run(times="3")
    assert hand.panel._bytes.children == ()


def test_a_run_without_a_connection_has_no_bytes_and_says_so(lab: Lab) -> None:
    hand = Hand(panel(Asking(times=0), lab))
    hand.open("bytes")
    assert hand.shown("bytes_note") == NO_BYTES
    assert "could be drawn" in hand.shown("pages")["picture"]
    hand.run(times="1")
    assert hand.shown("bytes_note") == ""


# --- plain forms ----------------------------------------------------------------------------


def test_beside_the_widget_stand_a_page_and_a_text_that_tell_all_of_it(lab: Lab) -> None:
    hand = Hand(panel(Asking, lab))
    hand.run(times="2")
    data, _ = hand.panel._repr_mimebundle_()
    assert set(data) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    for words in ("How does asking go?", "0 to 60 seconds", "Asking(times=2).run(lab)", "the client sent"):
        assert words in data["text/html"]
        assert words in data["text/plain"]
    assert '<svg role="img" aria-label=' in data["text/html"]
    assert data["text/html"].count("<thead>") == 2
    assert not re.search(r"<(script|input|button|h\d)", data["text/html"])


def test_in_a_program_without_a_notebook_it_is_its_text() -> None:
    program = (
        "from lab_servers.lab import Lab; from lab_servers.scenarios import OneExchange; "
        "from lab_servers.views import panel\n"
        "with Lab(['http']) as lab: shown = panel(OneExchange, lab)\n"
        "import json; print(json.dumps(str(shown)))"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert json.loads(done.stdout).endswith("OneExchange().run(lab)")

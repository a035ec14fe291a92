"""The live panel without a browser: what its page is told, what a press does, and what a saved page shows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from lab_servers.course import live_answers
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.measure.live_column import Column, Progress
from lab_servers.recording import Recording
from lab_servers.views.live_answers import NOT_ASKED, LiveAnswersPanel
from lab_servers.views.live_answers_page import column_values
from lab_servers.views.live_answers_text import as_html, summary
from tests.waiting import until_sync

_presses = itertools.count(1)
HOSTILE = "<img src=x onerror=alert(1)></script>\x1b[31m"


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


@pytest.fixture
def panel(lab: Lab) -> LiveAnswersPanel[Any]:
    return live_answers(lab, ask_now=False, tokens=40, ttft_s=0.05, gap_s=0.02, ways=("NDJSON", "short polling"))


def say(panel: LiveAnswersPanel[Any], message: object) -> None:
    """A message of the page."""
    panel.widget._handle_custom_msg(message, [])


def press_ask(panel: LiveAnswersPanel[Any], *ways: str, **typed: str) -> None:
    values = {**panel.widget.typed["values"], **typed}
    chosen = list(ways or panel.widget.typed["ways"])
    say(panel, {"press": "ask", "id": f"here {next(_presses)}", "typed": values, "ways": chosen})


def test_asked_once_before_it_is_shown_so_that_a_saved_page_has_a_run(lab: Lab) -> None:
    live = live_answers(lab, tokens=5, ttft_s=0.01, gap_s=0.01)
    assert live.status == "All has ended: 5 complete."
    assert isinstance(live.recording, Recording)
    assert {capture.server for capture in live.recording} == {one.way for one in live.columns}
    html = live._repr_html_()
    assert html.count("<tr>") == 1 + 5
    assert "Complete: 5 tokens." in html
    assert "at most every 50 ms" in str(live)


def test_columns_grow_while_the_answer_arrives(panel: LiveAnswersPanel[Any]) -> None:
    assert panel.status == NOT_ASKED
    press_ask(panel)
    until_sync(lambda: len(panel.widget.columns[0]["text"]) > 3)
    early = panel.widget.columns[0]
    assert (early["progress"], early["can_stop"], panel.widget.is_running) == ("writing", True, True)
    panel.wait()
    late = panel.widget.columns[0]
    assert late["text"].startswith(early["text"])
    assert (late["progress"], late["can_stop"], panel.widget.is_running) == ("complete", False, False)


def test_stop_in_one_column_leaves_the_others_alone(panel: LiveAnswersPanel[Any]) -> None:
    press_ask(panel)
    until_sync(lambda: panel.widget.columns[0]["text"])
    say(panel, {"press": "stop", "way": "NDJSON"})
    panel.wait()
    assert [one.progress for one in panel.columns] == [Progress.STOPPED, Progress.COMPLETE]
    assert "You stopped it at" in panel.widget.columns[0]["told"]
    assert "1 complete, 1 stopped by you. After your stops the models generated" in panel.status


def test_a_press_during_a_run_asks_nothing_more_and_one_after_it_asks_anew(panel: LiveAnswersPanel[Any]) -> None:
    press_ask(panel)
    until_sync(lambda: panel.widget.columns[0]["text"])
    press_ask(panel)
    assert panel.status == "Answers are under way; this press asked nothing more."
    panel.wait()
    first = panel.recording
    press_ask(panel, tokens="5")
    panel.wait()
    assert panel.recording is not first
    assert {one.generated for one in panel.columns} == {5}


def test_the_run_can_be_ended_from_the_page(panel: LiveAnswersPanel[Any]) -> None:
    press_ask(panel, tokens="400", gap_s="1")
    until_sync(lambda: panel.columns[0].up_bytes)
    say(panel, {"press": "end"})
    panel.wait()
    assert panel.status == "Ended before everything had come."
    assert panel.recording is None


def test_what_is_out_of_bounds_is_one_sentence_at_its_field(panel: LiveAnswersPanel[Any]) -> None:
    press_ask(panel, tokens="many")
    assert (panel.widget.wrong, panel.widget.is_wrong) == ("tokens", True)
    assert "tokens must be" in panel.status
    say(panel, {"press": "ask", "id": "here x", "typed": {"tokens": "5"}, "ways": []})
    assert "choose at least one" in panel.status
    assert not panel.is_running


@pytest.mark.parametrize(
    "message",
    [None, "ask", {}, {"press": "ask"}, {"press": "stop", "way": 3}, {"press": "stop", "way": "telegraph"},
     {"press": "ask", "id": 1, "typed": {}, "ways": []}, {"typed": [], "ways": [], "by": ""}, {"press": "end"}],
)  # fmt: skip
def test_a_message_that_makes_no_sense_is_left_alone(panel: LiveAnswersPanel[Any], message: object) -> None:
    say(panel, message)
    assert panel.status == NOT_ASKED


def test_a_stopped_lab_is_one_sentence_before_and_during_a_run(lab: Lab, panel: LiveAnswersPanel[Any]) -> None:
    press_ask(panel, tokens="400", gap_s="1")
    until_sync(lambda: panel.columns[0].up_bytes)
    lab.stop()
    panel.wait()
    assert panel.status.startswith("The lab was stopped meanwhile: run the cell")
    panel._begun_s = 0.0  # long after the first press
    press_ask(panel)
    assert panel.status.startswith("The lab is not running: run the cell")


def test_a_new_panel_of_the_same_lab_ends_what_the_old_one_runs(lab: Lab, panel: LiveAnswersPanel[Any]) -> None:
    press_ask(panel, tokens="400", gap_s="1")
    until_sync(lambda: panel.columns[0].up_bytes)
    live_answers(lab, tokens=3, ttft_s=0.01, gap_s=0.01, ways=("NDJSON",))
    panel.wait()
    assert not panel.is_running
    panel.close()


def test_hostile_text_is_text_everywhere() -> None:
    column = Column("NDJSON", "closes the connection", Progress.COMPLETE, HOSTILE, 0.1, 0.2, 3, 4, 5)
    assert column_values(column)["text"] == HOSTILE
    html = as_html([column], summary([column]))
    assert "<img" not in html
    assert "</script" not in html


def test_a_column_says_what_has_become_of_it() -> None:
    waiting = Column("NDJSON", "closes the connection")
    assert (waiting.clock, waiting.told) == ("0 bytes so far.", "Asked; nothing to read yet.")
    going = Column("short polling", "", Progress.STOPPED, "你", 0.1, 0.25, 10, 1_000, 9, 2, True)
    assert going.clock == "First text after 0.10 s, stopped after 0.25 s, 1,010 bytes."
    assert going.told == "You stopped it. The model goes on: 7 tokens after your stop so far."
    ended = Column("NDJSON", "", Progress.STOPPED, "你", 0.1, 0.25, 10, 1_000, 3, 2, False)
    assert ended.told == "You stopped it at 2 tokens. The model generated 1 more after that."


def test_what_is_no_lab_is_refused() -> None:
    with pytest.raises(BadParameter, match=r"live_answers\(lab\)"):
        live_answers(None)

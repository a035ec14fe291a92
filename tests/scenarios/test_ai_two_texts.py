"""One disconnect under two MCP texts: under the old the call goes on and is resumed, under the new it is over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lab_servers.capture.capture import Side
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import TwoTexts
from lab_servers.scenarios.ai_two_texts import CANCEL, STAY_AWAY
from lab_servers.scenarios.ai_two_texts_servers import NEW, OLD
from lab_servers.views.looks.ai_two_texts import told
from lab_servers.views.looks.sse import blocks_of

STEPS, LEAVE_AFTER = 12, 3


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab([]) as running:
        yield running


def run(lab: Lab, **parameters: Any) -> Recording:
    return TwoTexts(steps=STEPS, step_s=0.02, leave_after=LEAVE_AFTER, away_s=0.06, **parameters).run(lab)


@pytest.fixture(scope="module")
def both(lab: Lab) -> Recording:
    return run(lab)


def test_under_the_old_text_the_call_goes_on_and_the_stream_is_resumed_without_a_hole(both: Recording) -> None:
    old = told(both)[OLD]
    assert old.ends == (("1", "complete"),)
    assert old.steps_after > 0
    assert old.notified == tuple(range(1, STEPS))
    assert old.refused is None
    assert old.result_ns is not None
    assert len(old.worked) == STEPS


def test_under_the_new_text_the_call_is_cancelled_and_asked_anew_under_a_new_id(both: Recording) -> None:
    new = told(both)[NEW]
    assert new.ends == (("1", "cancelled"), ("2", "complete"))
    assert new.refused is not None
    assert new.refused[1] == "405"
    assert new.notified == (*range(1, LEAVE_AFTER + 1), *range(1, STEPS))
    assert new.result_ns is not None
    assert len(new.worked) > STEPS


def test_events_have_ids_only_under_the_old_text(both: Recording) -> None:
    def ids(text: str) -> list[str]:
        blocks = [block for capture in both.of(text) for block in blocks_of(capture)]
        return [block.event.last_event_id for block in blocks if block.event is not None]

    assert ids(OLD) == [f"1/{number}" for number in range(STEPS + 1)]
    assert set(ids(NEW)) == {""}


def test_the_first_event_of_the_old_stream_is_an_id_without_data(both: Recording) -> None:
    assert any(b"\r\nid: 1/0\ndata:\n\n" in capture.bytes_from(Side.SERVER) for capture in both.of(OLD))


def test_what_says_that_a_person_cancels_is_sent_under_the_old_text_only(lab: Lab) -> None:
    cancelled = run(lab, then=CANCEL)
    assert {text: one.ends for text, one in told(cancelled).items()} == {
        OLD: (("1", "cancelled"),),
        NEW: (("1", "cancelled"),),
    }

    def sent(text: str) -> bytes:
        return b"".join(capture.bytes_from(Side.CLIENT) for capture in cancelled.of(text))

    assert b"notifications/cancelled" in sent(OLD)
    assert b"notifications/cancelled" not in sent(NEW)
    assert told(cancelled)[OLD].steps_after >= told(cancelled)[NEW].steps_after


def test_who_stays_away_costs_a_whole_call_under_the_old_text(lab: Lab) -> None:
    away = told(run(lab, then=STAY_AWAY))
    assert (len(away[OLD].worked), away[OLD].result_ns) == (STEPS, None)
    assert len(away[NEW].worked) < STEPS


def test_leaving_behind_the_result_is_refused() -> None:
    with pytest.raises(BadParameter, match="leave_after must be less than 4"):
        TwoTexts(steps=4, leave_after=4)

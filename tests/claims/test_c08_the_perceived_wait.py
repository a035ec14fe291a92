"""C08: streaming cuts the wait for the first text and not the total; a buffering hop takes the gain away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab_servers.capture.capture import Side
from lab_servers.marks import Mark
from lab_servers.recording import Recording
from lab_servers.views.looks.side_buffered import STREAMED, THROUGH_HOP, WHOLE, before_hop, waits
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_bytes, with_marks


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C08")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C08", recordings)


def test_the_first_text_comes_before_the_second_token_was_produced_and_of_a_whole_response_after_the_last(
    recordings: tuple[Recording, ...],
) -> None:
    (run,) = recordings
    found = waits(run)
    assert found[STREAMED].first_shown_s < found[WHOLE].first_shown_s
    assert found[WHOLE].first_shown_s > found[WHOLE].last_produced_s
    # The total is the model's: no way of carrying tokens makes it work faster.
    assert all(one.all_shown_s > one.last_produced_s for one in found.values())


def test_correction_the_hop_changes_when_and_nothing_else(recordings: tuple[Recording, ...]) -> None:
    (run,) = recordings
    found = waits(run)
    assert found[THROUGH_HOP].body == found[STREAMED].body
    assert {one.status for one in found.values()} == {200}
    assert found[THROUGH_HOP].first_shown_s > found[THROUGH_HOP].last_produced_s


def renamed(run: Recording, labels: dict[str, str]) -> Recording:
    """The run with the readers under other names."""

    def change(mark: Mark) -> Mark:
        label, colon, what = mark.name.rpartition(": ")
        return replace(mark, name=f"{labels.get(label, label)}{colon}{what}")

    return with_marks(run, change)


def test_a_stream_that_is_shown_no_sooner_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    told = contradicted(assert_fails("C08", renamed(recordings[0], {STREAMED: WHOLE, WHOLE: STREAMED})))
    assert "Streamed, the first text" in told


def test_another_answer_in_the_whole_response_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    other = with_bytes(recordings[0], Side.SERVER, '{"d":"你好'.encode(), '{"d":"您好'.encode())
    assert "The answer is the same" in contradicted(assert_fails("C08", other))


def test_a_hop_that_takes_nothing_away_contradicts_the_correction(recordings: tuple[Recording, ...]) -> None:
    told = contradicted(assert_fails("C08", renamed(recordings[0], {STREAMED: THROUGH_HOP, THROUGH_HOP: STREAMED})))
    assert "Behind the hop" in told


def test_a_hop_that_passes_on_at_once_contradicts_the_correction(recordings: tuple[Recording, ...]) -> None:
    (run,) = recordings
    into = replace(before_hop(run), server="buffering hop")
    at_once = tuple(into if one.server == "buffering hop" else one for one in run.captures)
    assert "Into the hop" in contradicted(assert_fails("C08", replace(run, captures=at_once)))

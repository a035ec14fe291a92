"""Questions of ``04_sse`` meet recordings that cannot answer them: the error says which run to take."""

from __future__ import annotations

import pytest

from lab_servers import start_lab
from lab_servers.course import predict
from lab_servers.errors import BadParameter
from lab_servers.scenarios import ComingBack, Heartbeat, OneStream, ParserSteps, ResumeAfterCut
from lab_servers.scenarios.scenario import Scenario


@pytest.mark.parametrize(
    ("question", "run", "says"),
    [
        ("04-without-chunks", OneStream(interval_s=0.01), 'take the run with http="1.0"'),
        ("04-last-block", ParserSteps(sample="one space"), 'take the sample "a tour"'),
        ("04-heartbeat", Heartbeat(quiet_s=0.05, idle_s=30), "take a longer quiet_s"),
        ("04-heartbeat", Heartbeat(heartbeat_s=30, idle_s=0.05), "take a heartbeat_s well below idle_s"),
        ("04-resume", ResumeAfterCut(events=2, cut_in=2, every_s=2, retry_ms=0), "take a longer retry_ms"),
        ("04-clean-end", ComingBack(case="204"), 'take the run with case="all"'),
        ("04-status-500", ComingBack(case="204"), 'take the run with case="all"'),
    ],
)
def test_a_recording_that_a_question_is_not_about_answers_nothing(question: str, run: Scenario, says: str) -> None:
    lab = start_lab(["sse"])
    try:
        recording = run.run(lab)
    finally:
        lab.stop()
    with pytest.raises(BadParameter, match="cannot be answered") as raised:
        predict(question).compare(recording)
    assert says in str(raised.value)

"""Node reads the model's own ways: fetch with a reader, and the EventSource that Node's users install (npm)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from lab_servers.dissection import conversation_of
from tests.servers.llm.hosted import BREAKS, CLIENT, ENDLESS, FAILS, HALVES, PROMPT, REFUSES, Hosted, hosted, query
from tests.tools import require_tool

SCRIPT = Path(__file__).parent / "node" / "read.mjs"
FETCH, EVENT_SOURCE = "fetch", "EventSource"
BOTH = pytest.mark.parametrize("way", [FETCH, EVENT_SOURCE])


@pytest.fixture
def model() -> Iterator[Hosted]:
    with hosted() as running:
        yield running


def require_packages() -> None:
    if (SCRIPT.parent / "node_modules" / "eventsource").is_dir():
        return
    sentence = "the packages are missing: npm ci --prefix tests/servers/llm/node"
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


def read(model: Hosted, way: str, settings: dict[str, object], leave_after: int = 0) -> list[dict[str, object]]:
    """What Node prints that is no piece of text, to the end of the program."""
    node = require_tool("node")
    require_packages()
    target = f"/api/answer?prompt={quote(PROMPT)}&" if way == EVENT_SOURCE else "/api/answer/lines?"
    command = [node, str(SCRIPT), way, f"{model.url}{target}{query(settings)}", str(leave_after)]
    happenings = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            happening = json.loads(line)
            if "saw" in happening:
                model.sees(happening["saw"])
            else:
                happenings.append(happening)
        assert process.stderr is not None
        assert process.stderr.read() == ""
    return happenings


@BOTH
def test_node_is_shown_each_part_when_the_model_makes_it(model: Hosted, way: str) -> None:
    with model.lab.record("Node") as take:
        assert read(model, way, HALVES) == [{"over": True}]
    model.assert_token_by_token()
    assert len(take.recording.of(CLIENT)) == 1


@BOTH
def test_a_user_of_node_who_leaves_stops_the_model(model: Hosted, way: str) -> None:
    assert read(model, way, ENDLESS, leave_after=5) == [{"left": True}]
    assert len(model.seen) == 5
    model.assert_stopped_in_the_middle()


@BOTH
def test_an_error_in_mid_stream_is_data_that_somebody_must_look_at(model: Hosted, way: str) -> None:
    told, *after = read(model, way, FAILS)
    assert list(told) == ["told"]
    assert model.text == "".join(model.made())
    if way == FETCH:
        assert after == [{"over": True}]  # nothing is raised


def test_a_cut_makes_fetch_throw_an_error_whose_reason_is_in_its_cause(model: Hosted) -> None:
    assert read(model, FETCH, BREAKS) == [{"error": "TypeError", "message": "terminated", "cause": "other side closed"}]
    model.assert_shown_up_to_the_cut()


def test_a_cut_makes_event_source_come_back_until_the_server_says_204(model: Hosted) -> None:
    """It asks again by itself; the server knows by the last event ID, and only 204 ends it (HTML §9.2.3)."""
    with model.lab.record("EventSource") as take:
        first, last = read(model, EVENT_SOURCE, BREAKS)
    assert first["state"] == 0, "it is connecting again"
    assert (last["code"], last["state"]) == (204, 2)
    model.assert_shown_up_to_the_cut()
    statuses = [
        answer.status for capture in take.recording.of(CLIENT) for answer in conversation_of(capture).messages("server")
    ]
    assert statuses == [200, 204]


def test_fetch_raises_nothing_for_a_status_and_event_source_gives_up(model: Hosted) -> None:
    assert read(model, FETCH, REFUSES) == [{"status": 503}]
    (only,) = read(model, EVENT_SOURCE, REFUSES)
    assert (only["code"], only["state"]) == (503, 2)
    assert model.made() == []

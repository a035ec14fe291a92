"""``run`` as a person runs it: a scenario in, figures, files or JSON out, one sentence for what cannot be done."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from lab_servers import Lab, Side
from lab_servers.cli.arguments import parse
from lab_servers.cli.run import scenario_of
from lab_servers.cli.run_arguments import Run
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.scenarios import SCENARIOS, FourWays, OneExchange, Scenario
from lab_servers.views.looks import look_of
from tests.cli.running import run

QUICK = ("--set", "interval_s=0.02", "--set", "poll_every_s=0.05")

every_scenario = pytest.mark.parametrize("kind", SCENARIOS.values(), ids=lambda kind: kind.__name__)


def scenario(*arguments: str) -> Scenario:
    command = parse(["run", *arguments])
    assert isinstance(command, Run)
    return scenario_of(command)


def test_what_is_set_on_the_command_line_is_what_the_call_in_a_notebook_sets() -> None:
    assert scenario("OneExchange", "--set", "framing=chunked", "--set", "parts=3") == OneExchange("chunked", parts=3)
    assert scenario("FourWays") == FourWays()


def test_a_run_tells_its_connections_its_table_and_the_sentence_of_its_picture() -> None:
    done = run("run", "FourWays", *QUICK)
    assert (done.returncode, done.stderr) == (0, "")
    assert FourWays.sentence() in done.stdout
    assert "FourWays(interval_s=0.02, poll_every_s=0.05)" in done.stdout
    assert "whole response" in done.stdout
    assert "Until the first text was shown" in done.stdout


def test_the_json_holds_parameters_connections_marks_table_and_the_call_that_runs_it_again() -> None:
    done = run("run", "FourWays", *QUICK, "--json")
    told = json.loads(done.stdout)
    assert told["parameters"] == {"interval_s": 0.02, "poll_every_s": 0.05}
    assert told["call"] == "FourWays(interval_s=0.02, poll_every_s=0.05).run(lab)"
    assert {one["server"] for one in told["connections"]} == {"http", "polling", "sse", "websocket"}
    assert [one["detail"] for one in told["marks"] if one["name"] == "SSE: shown"] == list("你好世界")
    assert [row[0] for row in told["table"]["rows"]] == ["whole response", "polling", "SSE", "WebSocket"]
    assert all(one["closed_s"] > one["opened_s"] >= 0 for one in told["connections"])


def test_what_was_recorded_and_its_picture_are_written_to_files(tmp_path: Path) -> None:
    saved, plotted = tmp_path / "run.pcapng", tmp_path / "run.svg"
    done = run("run", "OneExchange", "--save", str(saved), "--plot", str(plotted))
    assert (done.returncode, done.stderr) == (0, "")
    assert "张三" in Recording.load(saved).captures[0].bytes_from(Side.SERVER).decode()
    assert ElementTree.parse(plotted).getroot().tag.endswith("svg")


def test_the_list_names_every_scenario_with_its_parameters_bounds_and_sentences() -> None:
    listed, as_json = run("run", "--list").stdout, json.loads(run("run", "--list", "--json").stdout)
    assert [one["name"] for one in as_json] == list(SCENARIOS)
    for one in as_json:
        assert f"{one['name']}: {one['sentence']}" in listed
        for parameter in one["parameters"]:
            assert parameter["bounds"] in listed
            assert parameter["sentence"] in listed


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run"], "run needs the name of a scenario: run --list tells which there are."),
        (["run", "FourWay"], "There is no scenario 'FourWay': the nearest is FourWays."),
        (["run", "x"], "There is no scenario 'x': run --list tells which there are."),
        (["run", "FourWays", "--set", "x=1"], "FourWays has no parameter 'x': it takes interval_s, poll_every_s."),
        (
            ["run", "FourWays", "--set", "interval_s"],
            "--set needs PARAMETER=VALUE, such as delay_s=0.2, not 'interval_s'.",
        ),
        (
            ["run", "FourWays", "--set", "interval_s=9"],
            "interval_s must be a number from 0.02 to 5 seconds, not 9.0.",
        ),
        (
            ["run", "FourWays", "--set", "interval_s=nan"],
            "interval_s must be a number from 0.02 to 5 seconds, not nan.",
        ),
        (
            ["run", "FourWays", "--set", "interval_s=fast"],
            "interval_s must be a number from 0.02 to 5 seconds, not 'fast'.",
        ),
        (["run", "OneExchange", "--set", "parts=1_0"], "parts must be a whole number from 1 to 29, not '1_0'."),
        (
            ["run", "OneExchange", "--set", "framing=no"],
            "framing must be one of content-length, chunked, close, not 'no'.",
        ),
        (["run", "FourWays", "--seed", "1"], "FourWays makes no random choice: leave --seed out."),
        (
            ["run", "FourWays", "--set", "interval_s=1", "--set", "interval_s=2"],
            "interval_s is set twice: set it once.",
        ),
        (["run", "--list", "FourWays"], "run --list runs nothing: leave out the other options, or --list."),
        (["run", "FourWays", "--save", ""], "--save needs the name of a file."),
        (["run", "FourWays", "--sav", "x"], "run has no option '--sav': the nearest is --save."),
    ],
)
def test_a_mistake_gets_one_sentence(arguments: list[str], sentence: str) -> None:
    with pytest.raises(BadParameter) as caught:
        scenario(*arguments[1:])
    assert str(caught.value) == sentence


def test_a_mistake_ends_with_status_2_and_the_sentence_alone(tmp_path: Path) -> None:
    done = run("run", "OneExchange", "--save", str(tmp_path / "nowhere" / "file.pcapng"))
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert "cannot be written" in done.stderr


# --- what holds for every scenario of the course -----------------------------------------


@every_scenario
def test_every_scenario_says_what_it_answers_and_what_each_parameter_does(kind: type[Scenario]) -> None:
    assert kind.sentence().endswith(("?", "."))
    for parameter in kind.parameters():
        assert parameter.sentence.endswith((".", "?"))
        parameter.check(parameter.default)
        assert parameter.read(str(parameter.default)) == parameter.default


@every_scenario
def test_every_scenario_runs_with_its_defaults_alone_and_its_look_is_made_of_the_recording(
    kind: type[Scenario],
) -> None:
    with Lab(kind.servers) as lab:
        recording = kind().run(lab)
        assert lab.problems == ()
    assert recording.name == kind.__name__
    assert set(recording.parameters) == {one.name for one in kind.parameters()}
    assert recording.captures or recording.marks
    look = look_of(recording)
    assert look.picture is not None
    assert look.picture.text.endswith(".")
    assert look.table.rows


@every_scenario
def test_a_value_that_is_none_is_refused_with_the_name_of_the_parameter(kind: type[Scenario]) -> None:
    for parameter in kind.parameters():
        for bad in ("no such thing", "", "1e99", "nan"):
            with pytest.raises(BadParameter, match=f"^{parameter.name} must be .*, not .*[.]$"):
                parameter.read(bad)

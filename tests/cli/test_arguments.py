"""The command line's words: what they mean, and the one sentence that each wrong word gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab_servers.cli.arguments import SERVERS, Doctor, Serve, parse
from lab_servers.cli.claims_arguments import Claims
from lab_servers.errors import BadParameter
from lab_servers.lab.hosting import KINDS
from tests.cli.running import run

ANY = dict.fromkeys(SERVERS, 0)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("doctor", Doctor(as_json=False)),
        ("doctor --json", Doctor(as_json=True)),
        ("claims", Claims(ids=(), as_json=False)),
        ("claims C01 c02 --json", Claims(ids=("C01", "c02"), as_json=True)),
        ("serve", Serve(as_json=False, ports=ANY, save=None)),
        ("serve --network 4G", Serve(as_json=False, ports=ANY, save=None, network="4G")),
        ("serve --json --save a/b", Serve(as_json=True, ports=ANY, save=Path("a/b"))),
        ("serve --http 8001 --sse=65535", Serve(as_json=False, ports={**ANY, "http": 8001, "sse": 65535}, save=None)),
    ],
)
def test_a_command_line_becomes_a_command(line: str, command: Doctor | Serve | Claims) -> None:
    assert parse(line.split()) == command


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sevre"], "There is no command 'sevre': the nearest is serve."),
        (["ls"], "There is no command 'ls': choose from doctor, serve, run, explain, claims."),
        (["serve", "--http", "abc"], "--http must be a port from 0 to 65535 (0: any free one), not 'abc'."),
        (["serve", "--sse", "65536"], "--sse must be a port from 0 to 65535 (0: any free one), not '65536'."),
        (["serve", "--sse", "-1"], "--sse must be a port from 0 to 65535 (0: any free one), not '-1'."),
        (["serve", "--sse", "٨٠"], "--sse must be a port from 0 to 65535 (0: any free one), not '٨٠'."),
        (["serve", "--polling", ""], "--polling must be a port from 0 to 65535 (0: any free one), not ''."),
        (["serve", "--websockets", "1"], "serve has no option '--websockets': the nearest is --websocket."),
        (["serve", "--smtp=25"], "serve has no option '--smtp': choose from"),
        (["serve", "8001"], "serve takes no argument '8001': see python -m lab_servers serve --help."),
        (["serve", "--save"], "Argument --save: expected one argument: see python -m lab_servers serve --help."),
        (["serve", "--save", ""], "--save needs the name of a folder"),
        (["serve", "--http", "81", "--sse", "81"], "--http and --sse both ask for port 81: give each its own, or 0."),
        (["claims", "--text"], "claims has no option '--text': choose from --json."),
        (["doctor", "--http", "1"], "doctor has no option '--http': choose from --json."),
        (["--json"], "The following arguments are required: COMMAND: see python -m lab_servers --help."),
    ],
)
def test_a_wrong_word_gets_one_sentence_that_names_it(arguments: list[str], sentence: str) -> None:
    with pytest.raises(BadParameter) as caught:
        parse(arguments)
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize("arguments", [["serve", "--http", "70000"], ["sevre"], ["serve", "--no\n\x1b[31m"]])
def test_bad_input_ends_with_status_2_and_one_harmless_line_on_standard_error(arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(".\n")
    assert done.stderr.removesuffix("\n").isprintable()


def test_an_option_is_never_abbreviated() -> None:
    with pytest.raises(BadParameter, match="--js"):
        parse(["serve", "--js"])


def test_the_options_name_the_servers_that_a_lab_has() -> None:
    assert tuple(KINDS) == SERVERS


def test_without_a_command_the_help_appears_and_the_status_tells_a_script_that_nothing_was_done() -> None:
    done = run()
    assert (done.returncode, done.stdout) == (2, "")
    assert "doctor" in done.stderr
    assert "serve" in done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["doctor", "--help"], ["--version"]])
def test_help_and_version_are_results_and_succeed(arguments: list[str]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "lab_servers" in done.stdout

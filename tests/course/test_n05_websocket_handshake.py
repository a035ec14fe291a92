"""The handshake's questions are answered from the recording alone, and answers that look right fail by their rule."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab_servers.course.checking import try_out
from lab_servers.course.finding import exercise_named, question_named
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.scenarios import (
    EarlyFrame,
    Handshake,
    RefusedUpgrades,
    Scenario,
    ShareOfHttp,
    Subprotocols,
    WrongAnswers,
)

Fields = list[tuple[str, str]]

SAME = "on this very connection, from the byte after the head of the 101"
RIGHT = (
    ("05-where", Handshake(), SAME),
    ("05-where", Handshake(times=0), SAME),
    ("05-where", RefusedUpgrades(), SAME),
    ("05-where", ShareOfHttp(interval_s=0), SAME),
    ("05-impostor", WrongAnswers(), "yes: all that it takes is in the request and in the standard"),
    ("05-foreign-origin", RefusedUpgrades(), "the server alone, if it looks at Origin"),
    ("05-early", EarlyFrame(), "all but those that came with the 101, and nothing tells it so"),
    ("05-early", EarlyFrame(early=3), "all but those that came with the 101, and nothing tells it so"),
    ("05-subprotocol-mismatch", Subprotocols(), "101 without naming any"),
)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["http", "sse", "websocket"]) as running:
        yield running


@pytest.mark.parametrize(("name", "run", "right"), RIGHT)
def test_the_recording_tells_what_is_right(lab: Lab, name: str, run: Scenario, right: str) -> None:
    question, recording = question_named(name), run.run(lab)
    assert question.truth(recording) == right
    assert question.require(right) == right
    assert question.shows(recording).endswith(".")


def test_a_run_in_which_the_client_failed_does_not_tell_where_frames_travel(lab: Lab) -> None:
    with pytest.raises(BadParameter, match="No frame follows the 101"):
        question_named("05-where").truth(Subprotocols(case="not-offered").run(lab))


def test_a_run_in_which_no_frame_came_early_does_not_answer_the_question(lab: Lab) -> None:
    with pytest.raises(BadParameter, match="early=1 or more"):
        question_named("05-early").truth(EarlyFrame(early=0).run(lab))


# --- answers that look right --------------------------------------------------------------------------------


def _has_element(value: str, word: str) -> bool:
    return word in [one.strip().lower() for one in value.split(",")]


def _is_valid(
    method: str,
    fields: Fields,
    *,
    has: Callable[[str, str], bool] = _has_element,
    is_key: Callable[[str], bool] = lambda key: _size(key) == 16,
    is_version: Callable[[str], bool] = lambda version: version == "13",
) -> bool:
    """A right answer, of which each wrong one changes a part."""
    found = {name.lower(): value for name, value in fields}
    return (
        method == "GET"
        and "host" in found
        and has(found.get("connection", ""), "upgrade")
        and has(found.get("upgrade", ""), "websocket")
        and is_key(found.get("sec-websocket-key", ""))
        and is_version(found.get("sec-websocket-version", ""))
    )


def _size(key: str, *, is_strict: bool = True) -> int:
    try:
        return len(base64.b64decode(key, validate=is_strict))
    except ValueError:
        return -1


def looks_for_letters(method: str, fields: Fields) -> bool:
    return _is_valid(method, fields, has=lambda value, word: word in value.lower())


def takes_a_list_for_one_word(method: str, fields: Fields) -> bool:
    return _is_valid(method, fields, has=lambda value, word: value.lower() == word)


def counts_characters_of_the_key(method: str, fields: Fields) -> bool:
    return _is_valid(method, fields, is_key=lambda key: len(key) == 24)


def decodes_what_is_no_base64(method: str, fields: Fields) -> bool:
    return _is_valid(method, fields, is_key=lambda key: _size(key, is_strict=False) == 16)


def looks_for_13_anywhere(method: str, fields: Fields) -> bool:
    return _is_valid(method, fields, is_version=lambda version: "13" in version)


def takes_a_method_in_any_case(method: str, fields: Fields) -> bool:
    return _is_valid(method.upper(), fields)


def refuses_a_foreign_page(method: str, fields: Fields) -> bool:
    return _is_valid(method, fields) and "Origin" not in dict(fields)


def cuts_at_the_last_empty_line(data: bytes) -> tuple[bytes, bytes]:
    head, end, rest = data.rpartition(b"\r\n\r\n")
    return head + end, rest


def drops_the_empty_line(data: bytes) -> tuple[bytes, bytes]:
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def takes_a_part_for_a_head(data: bytes) -> tuple[bytes, bytes]:
    head, end, rest = data.partition(b"\r\n\r\n")
    return head + end, rest


def looks_for_the_first_byte_of_a_frame(data: bytes) -> tuple[bytes, bytes]:
    if b"\r\n\r\n" not in data:
        return b"", data
    start = min((place for byte in (b"\x81", b"\x82") if (place := data.find(byte)) >= 0), default=len(data))
    return data[:start], data[start:]


def matches_in_any_case(offered: list[str], named: str | None, is_browser: bool) -> bool:
    if named is None:
        return not (is_browser and offered)
    return named.lower() in [one.lower() for one in offered]


def matches_a_part(offered: list[str], named: str | None, is_browser: bool) -> bool:
    return not (is_browser and offered) if named is None else any(named in one for one in offered)


def takes_several(offered: list[str], named: str | None, is_browser: bool) -> bool:
    return not (is_browser and offered) if named is None else set(named.split(", ")) <= set(offered)


def lets_no_browser_go_without(offered: list[str], named: str | None, is_browser: bool) -> bool:
    return not is_browser if named is None else named in offered


def takes_the_first_alone(offered: list[str], named: str | None, is_browser: bool) -> bool:
    return not (is_browser and offered) if named is None else offered[:1] == [named]


WRONG: tuple[tuple[str, Scenario, Callable[..., Any], str], ...] = (
    ("05-split-upgrade", EarlyFrame(), cuts_at_the_last_empty_line, "The first empty line ends the head"),
    ("05-split-upgrade", EarlyFrame(), drops_the_empty_line, "HTTP ends with the empty line"),
    ("05-split-upgrade", EarlyFrame(), takes_a_part_for_a_head, "Without its empty line"),
    ("05-split-upgrade", EarlyFrame(), looks_for_the_first_byte_of_a_frame, "HTTP ends with the empty line"),
    ("05-valid-upgrade", RefusedUpgrades(), looks_for_letters, "One element of Connection"),
    ("05-valid-upgrade", RefusedUpgrades(), looks_for_letters, "One element of Upgrade"),
    ("05-valid-upgrade", RefusedUpgrades(), takes_a_list_for_one_word, "Connection and Upgrade are lists"),
    ("05-valid-upgrade", RefusedUpgrades(), counts_characters_of_the_key, "base64 of exactly 16 bytes"),
    ("05-valid-upgrade", RefusedUpgrades(), decodes_what_is_no_base64, "base64 of exactly 16 bytes"),
    ("05-valid-upgrade", RefusedUpgrades(), looks_for_13_anywhere, "The version must be 13"),
    ("05-valid-upgrade", RefusedUpgrades(), takes_a_method_in_any_case, "methods match with their case"),
    ("05-valid-upgrade", RefusedUpgrades(), refuses_a_foreign_page, "a foreign Origin is another question"),
    ("05-subprotocol", Subprotocols(), matches_in_any_case, "letter for letter"),
    ("05-subprotocol", Subprotocols(), matches_a_part, "letter for letter"),
    ("05-subprotocol", Subprotocols(), takes_several, "letter for letter"),
    ("05-subprotocol", Subprotocols(), takes_the_first_alone, "letter for letter"),
    ("05-subprotocol", Subprotocols(), lets_no_browser_go_without, "A server may name none"),
)


@pytest.mark.parametrize(("name", "run", "answer", "rule"), WRONG)
def test_an_answer_that_looks_right_fails_by_its_rule(
    lab: Lab, name: str, run: Scenario, answer: Callable[..., Any], rule: str
) -> None:
    recording = run.run(lab)
    # With seeds of other visitors: what tells it apart must not hang on luck.
    for seed in range(5):
        verdict = try_out(exercise_named(name), answer, recording, seed=seed)
        assert any(rule in failure.case.rule for failure in verdict.failures), str(verdict)

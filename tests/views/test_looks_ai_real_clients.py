"""The look of real clients: a line for each, the end in words and signs, and the table with all that each was told."""

from __future__ import annotations

import json

import pytest

from lab_servers.marks import Mark
from lab_servers.recording import Recording
from lab_servers.views.looks import look_of
from lab_servers.views.looks.ai_real_clients import picture, table
from tests.views.looks_rules import (
    assert_picture_with_words_and_table_with_rows,
    assert_refused_with_what_to_run,
    assert_same_again,
)

MS = 1_000_000


def marks_of(client: str, *, how: str = "over", name: str = "", message: str = "", met: str = "") -> list[Mark]:
    made = [Mark(0, f"{client}: calls", "ask()"), Mark(MS, f"{client}: asked")]
    made += [Mark(at * MS, f"{client}: saw", text) for at, text in ((5, "世"), (9, "界"))]
    if met:
        made.append(Mark(10 * MS, f"{client}: met", met))
    return [*made, Mark(11 * MS, f"{client}: ended", json.dumps({"how": how, "name": name, "message": message}))]


def recording(*marks: Mark) -> Recording:
    return Recording("RealClients", (), tuple(sorted(marks, key=lambda mark: mark.at_ns)), {"case": "cut"})


@pytest.fixture
def four() -> Recording:
    missing = [Mark(0, "b: calls", "ask()"), Mark(1, "b: missing", "b is not installed: install b")]
    return recording(
        *marks_of("a", how="error", name="Broken", message="it broke."), *missing, *marks_of("c"),
        *marks_of("d", met="overloaded"), *marks_of("e", how="left", name="close()"),
    )  # fmt: skip


def test_it_has_a_picture_with_words_and_a_table(four: Recording) -> None:
    assert_picture_with_words_and_table_with_rows(four)
    assert_same_again(four)


def test_another_recording_is_refused_with_what_to_run() -> None:
    assert_refused_with_what_to_run("RealClients")


def test_the_table_says_what_each_user_was_told(four: Recording) -> None:
    told = {row[0]: (row[1], row[2]) for row in table(four).rows}
    assert told == {
        "a": ("2 pieces, 2 characters", "Broken: it broke"),
        "b": ("not here", "b is not installed: install b"),
        "c": ("2 pieces, 2 characters", "the end, and nothing else"),
        "d": ("2 pieces, 2 characters", "an error in the data: overloaded; then the end, and nothing else"),
        "e": ("2 pieces, 2 characters", "left by close()"),
    }


def test_the_words_name_those_who_were_told_nothing(four: Recording) -> None:
    assert picture(four).text.endswith("Not told that text is missing: c.")


def test_the_words_group_the_users_by_what_became_of_them(four: Recording) -> None:
    assert picture(four).text == (
        "b is not here: b is not installed: install b. Pieces of text that each user saw: 2. "
        "An error is raised: a (Broken). Over; the error was data: d. "
        "The user left: e (close()). Not told that text is missing: c."
    )


def test_a_line_is_drawn_for_each_client_that_is_here(four: Recording) -> None:
    (axes,) = picture(four).figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "c", "d", "e"]


@pytest.mark.parametrize("detail", ["", "[1]", "{", '{"how": 7}', "null"])
def test_an_end_that_cannot_be_read_says_nothing(detail: str) -> None:
    hostile = recording(Mark(0, "<b>: calls", "x"), Mark(1, "<b>: asked"), Mark(2, "<b>: ended", detail))
    ((client, _, words, *_),) = look_of(hostile).table.rows
    assert (client, words) == ("<b>", "nothing")
    assert "<b>:" not in look_of(hostile).table._repr_html_()
    look = look_of(hostile)
    assert look.picture is not None
    assert "<svg" in look.picture._repr_html_()


def test_a_run_in_which_no_client_is_here_has_a_picture_all_the_same() -> None:
    nobody = recording(Mark(0, "a: calls", "x"), Mark(1, "a: missing", "install a"))
    assert picture(nobody).text == "a is not here: install a."

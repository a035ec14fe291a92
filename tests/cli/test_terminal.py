"""Text that came from the wire, on its way to a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_servers.cli.terminal import counted, lasted
from lab_servers.wire.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET /你好", "GET /你好"),
        ("\x1b]0;new title\x07", r"\x1b]0;new title\x07"),  # a terminal would obey this one
        ("\x9b31m", r"\x9b31m"),  # the same introducer as one character
        ("one\r\ntwo\tthree", r"one\r\ntwo\tthree"),
        ("\u202etxt.exe", r"\u202etxt.exe"),  # turns the direction of what follows
        ("\udc80", r"\udc80"),  # half a surrogate pair, which no encoding takes
    ],
)
def test_what_a_terminal_would_obey_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert printable(text, 100) == shown


@given(st.text(max_size=200))
def test_any_text_becomes_one_printable_line_of_bounded_length(text: str) -> None:
    shown = printable(text, 50)
    assert shown.isprintable()
    assert len(shown) <= 50 * len(r"\U0010ffff") + len("… (200 characters)")


def test_a_long_text_is_cut_and_says_how_long_it_was() -> None:
    assert printable("a" * 60_000, 3) == "aaa… (60,000 characters)"


def test_numbers_are_put_into_words() -> None:
    assert [counted(0, "byte"), counted(1, "byte"), counted(2048, "byte")] == ["0 bytes", "1 byte", "2,048 bytes"]
    assert [lasted(1_234_567), lasted(999_949_999), lasted(999_950_000), lasted(4 * 10**9)] == [
        "1.2 ms", "999.9 ms", "1.0 s", "4.0 s",
    ]  # fmt: skip

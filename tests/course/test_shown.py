"""Values in a verdict: short, on one line, and with the place at which two of them part."""

from __future__ import annotations

from typing import Any

import pytest

from lab_servers.course.shown import first_difference, hexadecimal, literal, size


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"GET \x00", r"b'GET \x00'"),
        (bytearray(b"ab"), "bytearray(b'ab')"),
        ("a\u202eb\x1b", r"'a\u202eb\x1b'"),
        ({"b": [1, (2,)]}, "{'b': [1, (2,)]}"),
        (list(range(100)), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, ...]"),
        (None, "None"),
        (10**100, "100000000000000000000000000"),
    ],
)
def test_a_value_is_a_short_literal(value: Any, text: str) -> None:
    assert literal(value).startswith(text)
    assert len(literal(value)) < 500


def test_of_many_bytes_both_ends_are_shown() -> None:
    data = b"a" * 200 + b"\r\n\r\n"
    assert literal(data) == rf"b'{'a' * 50}' … b'{'a' * 36}\r\n\r\n' (204 bytes)"
    assert hexadecimal(data) == f"{' '.join(['61'] * 16)} … {' '.join(['61'] * 12)} 0d 0a 0d 0a"
    assert hexadecimal(b"\x00\xff") == "00 ff"
    assert hexadecimal("text") == hexadecimal(b"") == ""


@pytest.mark.parametrize(
    ("given", "expected", "sentence"),
    [
        (b"abc", b"abd", "byte 2: 64 expected, 63 given"),
        (b"ab", b"abd", "length: 3 bytes expected, 2 given; they agree as far as the shorter goes"),
        ("abc", "abd", "character 2: 'd' expected, 'c' given"),
        ([1, 2], [1, 3], "item 1: 3 expected, 2 given"),
        ([1, b"abc"], [1, b"abd"], "item 1, byte 2: 64 expected, 63 given"),
        (
            (b"abc", b""),
            (b"ab", b"c"),
            "item 0, length: 2 bytes expected, 3 given; they agree as far as the shorter goes",
        ),
        ([[1], [2, 3]], [[1], [2, 4]], "item 1, item 1: 4 expected, 3 given"),
        (b"abc", "abc", ""),
        (7, 8, ""),
        ({"a": 1}, {"a": 2}, ""),
        (b"", b"", ""),
    ],
)
def test_where_two_values_part_is_said_in_words(given: Any, expected: Any, sentence: str) -> None:
    assert first_difference(given, expected) == sentence


def test_the_smaller_of_two_inputs_has_less_to_read() -> None:
    values = [b"", b"abc", [b"abc"], [b"abc", b"d"], {"key": [b"abc", b"d"]}]
    assert sorted(values, key=size) == values
    assert size((b"\xff" * 4,)) < size((b"abcdef",)), "escapes count nothing"

r"""Bytes to text and back: nothing is lost, everything can be seen, and a mistake is named with its place."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lab_servers.errors import BadParameter
from lab_servers.views.byte_text import bytes_of_hex, bytes_of_text, editable_text, hex_text

REQUEST = "GET /张 HTTP/1.1\r\nHost: a\\b\r\n\r\n".encode()


def test_a_request_reads_as_lines_that_say_how_they_end() -> None:
    assert editable_text(REQUEST).split("\n") == [r"GET /张 HTTP/1.1\r\n", r"Host: a\\b\r\n", r"\r\n"]


def test_hexadecimal_has_sixteen_bytes_to_a_line() -> None:
    assert hex_text(bytes(range(18))) == "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f\n10 11"


@given(st.binary(max_size=400))
@example(b"")
@example(b"\n")
@example(b"\n\n\r\r\n\\n\\\\n")
@example(bytes(range(256)))
@example("\u202e\u2028\xa0\ufeff\U0001f600e\u0301\U000e0001".encode() + b"\xed\xa0\x80")
def test_any_bytes_come_back_from_both_forms(data: bytes) -> None:
    assert bytes_of_text(editable_text(data)) == data
    assert bytes_of_hex(hex_text(data)) == data


@given(st.one_of(st.binary(max_size=200), st.text(max_size=100).map(str.encode)))
def test_nothing_in_the_text_is_invisible_and_a_browser_changes_no_line_break_of_it(data: bytes) -> None:
    text = editable_text(data)
    assert all(line.isprintable() for line in text.split("\n"))
    # A text area knows one kind of line break; a paste from elsewhere may bring another.
    assert bytes_of_text(text.replace("\n", "\r\n")) == data


@given(st.text(max_size=200))
@example("\\")
@example("\\x")
@example("\ud800")
def test_any_text_is_bytes_or_a_sentence(text: str) -> None:
    for read in (bytes_of_text, bytes_of_hex):
        said = "Line "
        try:
            read(text)
        except BadParameter as mistake:
            said = str(mistake)
        assert said.startswith("Line ")
        assert said.isprintable()


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", b""),
        (r"a\x00b", b"a\x00b"),
        (r"a\nb", b"a\nb"),  # no line break is needed after it
        ("a\\n\n", b"a\n"),  # and one at the end is welcome
        ("a\\x0a\nb", b"a\nb"),
        ("a\tb", b"a\tb"),
        (r"\\n", b"\\n"),
        (r"\xE5\xBC\xA0", "张".encode()),
        ("张", "张".encode()),
    ],
)
def test_what_a_person_writes(text: str, data: bytes) -> None:
    assert bytes_of_text(text) == data


@pytest.mark.parametrize(("text", "data"), [("", b""), (" 0a0B\n\t0c ", b"\n\x0b\x0c"), ("ff\u00a000", b"\xff\x00")])
def test_white_space_between_hexadecimal_bytes_is_free(text: str, data: bytes) -> None:
    assert bytes_of_hex(text) == data


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "GET / HTTP/1.1\nHost: x",
            r"Line 1, column 15: this line ends without saying with which bytes; write \r\n before the line break.",
        ),
        (
            "GET / HTTP/1.1\\r\\n\n\n",
            r"Line 2, column 1: this line is empty, which stands for no byte; write \r\n for an empty line of the "
            "message.",
        ),
        (
            "a\\r\\n\nb\\q",
            r"Line 2, column 2: a backslash before “q” is no escape; write \\ for a backslash, or \r, \n, \t or "
            r"\x00 to \xff for a byte.",
        ),
        (
            "a\\",
            r"Line 1, column 2: a backslash alone is no escape; write \\ for a backslash, or \r, \n, \t or "
            r"\x00 to \xff for a byte.",
        ),
        (r"\x0g", r"Line 1, column 1: after \x two hexadecimal digits are expected, such as \x0a."),
        (
            "a\ud83d",
            r"Line 1, column 2: U+D83D is half a character and has no UTF-8; write bytes as \x00 to \xff.",
        ),
    ],
)
def test_a_mistake_in_the_text_is_named_with_its_place(text: str, sentence: str) -> None:
    with pytest.raises(BadParameter) as error:
        bytes_of_text(text)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("47 4\n54", "Line 1, column 4: the digit 4 is alone; a byte is two, such as 04."),
        ("47\n54 0x0a", "Line 2, column 5: “x” is no hexadecimal digit; a byte is two, such as 0a."),
        ("47\u202e", "Line 1, column 3: U+202E is no hexadecimal digit; a byte is two, such as 0a."),
        ("٤٧", "Line 1, column 1: “٤” is no hexadecimal digit; a byte is two, such as 0a."),
    ],
)
def test_a_mistake_in_the_digits_is_named_with_its_place(text: str, sentence: str) -> None:
    with pytest.raises(BadParameter) as error:
        bytes_of_hex(text)
    assert str(error.value) == sentence

"""The messages of a comparison: the same from the same seed, numbered, without line ends, and never ASCII alone."""

from __future__ import annotations

import json

import pytest

from lab_servers.errors import BadParameter
from lab_servers.scenarios.side_payload import BLOBS, KINDS, LEAST_BLOB_BYTES, MOST_BLOB_BYTES, TOKENS, make_messages

# What some reader of lines takes for the end of one, though it is none in NDJSON, nor in an event stream.
LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_makes_the_same_messages_again_and_another_makes_others(kind: str) -> None:
    assert make_messages(kind, 50, 1_000, 7) == make_messages(kind, 50, 1_000, 7)
    assert make_messages(kind, 50, 1_000, 7) != make_messages(kind, 50, 1_000, 8)
    assert make_messages(kind, 50, 1_000, 7) == make_messages(kind, 80, 1_000, 7)[:50]


@pytest.mark.parametrize("kind", KINDS)
def test_each_message_is_json_with_its_number_and_stays_on_one_line_for_every_reader(kind: str) -> None:
    for number, message in enumerate(make_messages(kind, 200, 300, 3), start=1):
        value = json.loads(message)
        assert value["n"] == number
        assert json.dumps(value, ensure_ascii=False, separators=(",", ":")) == message
        assert not set(message) & set(LINE_ENDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_characters_of_more_than_one_byte(kind: str) -> None:
    text = "".join(make_messages(kind, 100, 300, 1))
    lengths = {len(character.encode()) for character in text}
    assert {1, 2} <= lengths
    assert lengths & {3, 4}


def test_tokens_have_chinese_an_emoji_of_several_code_points_and_a_combining_mark() -> None:
    text = "".join(json.loads(message)["d"] for message in make_messages(TOKENS, 500, 300, 1))
    assert "世" in text
    assert "👩‍💻" in text
    assert "e\u0301" in text


@pytest.mark.parametrize("size_bytes", [LEAST_BLOB_BYTES, 65, 66, 67, 125, 65_536, MOST_BLOB_BYTES])
def test_a_blob_is_as_long_as_was_asked_to_the_byte(size_bytes: int) -> None:
    assert {len(message.encode()) for message in make_messages(BLOBS, 12, size_bytes, 5)} == {size_bytes}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("songs", 1, 100, 0), "kind must be one of"),
        ((TOKENS, -1, 100, 0), "count must be a whole number"),
        ((BLOBS, 1, LEAST_BLOB_BYTES - 1, 0), "size_bytes must be a whole number"),
        ((BLOBS, 1, MOST_BLOB_BYTES + 1, 0), "size_bytes must be a whole number"),
    ],
)
def test_what_is_out_of_bounds_is_refused(arguments: tuple[str, int, int, int], sentence: str) -> None:
    with pytest.raises(BadParameter, match=sentence):
        make_messages(*arguments)

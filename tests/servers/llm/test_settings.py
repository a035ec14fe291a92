"""Settings are read from a query or from JSON, within bounds; a mistake is one sentence that names them."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_servers.servers.llm.settings import BOUNDS, CHOICES, Settings
from lab_servers.servers.query import BadValue


def test_every_setting_has_bounds_or_choices_and_its_default_lies_within() -> None:
    assert {one.name for one in fields(Settings)} == set(Settings.names)
    for name, (least, most) in BOUNDS.items():
        assert least <= getattr(Settings(), name) <= most
    for name, allowed in CHOICES.items():
        assert getattr(Settings(), name) == allowed[0]


def test_text_of_a_query_and_values_of_json_read_the_same() -> None:
    assert Settings.from_values({"tokens": "5", "gap_s": "0.25", "fail": "cut"}) == Settings.from_values(
        {"tokens": 5, "gap_s": 0.25, "fail": "cut"}
    )
    assert Settings.from_values({}) == Settings()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"tokens": "0"}, "tokens must be a whole number from 1 to 20000, not '0'."),
        ({"tokens": 1.5}, "tokens must be a whole number from 1 to 20000, not 1.5."),
        ({"tokens": True}, "tokens must be a whole number from 1 to 20000, not True."),
        ({"gap_s": "nan"}, "gap_s must be a number of seconds from 0 to 10, not 'nan'."),
        ({"gap_s": "1e999"}, "gap_s must be a number of seconds from 0 to 10, not '1e999'."),
        ({"spread": -1}, "spread must be a number from 0 to 2, not -1."),
        ({"seed": 2**31}, "seed must be a whole number from 0 to 2147483647, not 2147483648."),
        ({"language": "latin"}, "language must be one of mixed, english, chinese, emoji, combining, not 'latin'."),
        ({"fail": None}, "fail must be one of no, error, cut, not None."),
    ],
)
def test_a_value_out_of_its_bounds_is_named_with_them(values: dict, sentence: str) -> None:
    with pytest.raises(BadValue) as refused:
        Settings.from_values(values)
    assert str(refused.value) == sentence


def test_an_unknown_name_is_named_with_those_that_there_are() -> None:
    with pytest.raises(BadValue, match=r"'tokns' is no setting: there are seed, language, tokens, .* and|.*linger_s\."):
        Settings.from_values({"tokns": 1})


@given(
    st.dictionaries(
        st.sampled_from(Settings.names),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60) | st.lists(st.integers()),
    )
)
def test_whatever_comes_is_read_within_bounds_or_refused(values: dict) -> None:
    try:
        settings = Settings.from_values(values)
    except BadValue:
        return
    for name, (least, most) in BOUNDS.items():
        assert least <= getattr(settings, name) <= most

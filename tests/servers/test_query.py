"""A mistake in a query gives one sentence that names the parameter and its bounds."""

from __future__ import annotations

import pytest

from lab_servers.servers.query import BadValue, Query, number_of_seconds


def test_a_parameter_that_is_absent_takes_its_default() -> None:
    query = Query("", "interval_s", "parts", "framing")
    assert query.number("interval_s", 0.3, 0, 60) == 0.3
    assert query.whole("parts", 1, 1, 9) == 1
    assert query.choice("framing", "chunked", "close") == "chunked"


def test_the_bounds_themselves_are_allowed() -> None:
    assert Query("interval_s=0", "interval_s").number("interval_s", 1, 0, 60) == 0
    assert Query("interval_s=60", "interval_s").number("interval_s", 1, 0, 60) == 60


@pytest.mark.parametrize("text", ["x", "", "nan", "inf", "-inf", "-0.001", "60.001", "1e999", "0x10", "1,5"])
def test_a_number_that_is_none_or_out_of_bounds_is_named_with_its_bounds(text: str) -> None:
    query = Query(f"interval_s={text}", "interval_s")
    with pytest.raises(BadValue) as caught:
        query.number("interval_s", 0.3, 0, 60)
    assert str(caught.value) == f"interval_s must be a number of seconds from 0 to 60, not {text!r}."


@pytest.mark.parametrize("text", ["x", "", "0", "10", "1.5", "-1", "%C2%B2", "%D9%A3"])
def test_a_whole_number_that_is_none_or_out_of_bounds_is_named_with_its_bounds(text: str) -> None:
    with pytest.raises(BadValue, match=r"^parts must be a whole number from 1 to 9, not '.*'\.$"):
        Query(f"parts={text}", "parts").whole("parts", 1, 1, 9)


@pytest.mark.parametrize("value", [True, None, [1], {"a": 1}, 10**400])
def test_a_json_value_that_is_no_duration_is_refused(value: object) -> None:
    with pytest.raises(BadValue, match=r"^duration_s must be a number of seconds from 0 to 300, not "):
        number_of_seconds("duration_s", value, 0, 300)


def test_an_unknown_choice_is_answered_with_the_known_ones() -> None:
    with pytest.raises(BadValue, match=r"^framing must be one of chunked, close, not 'gzip'\.$"):
        Query("framing=gzip", "framing").choice("framing", "chunked", "close")


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(BadValue, match=r"^'intervall_s' is an unknown query parameter: this path takes interval_s\.$"):
        Query("intervall_s=1", "interval_s")
    with pytest.raises(BadValue, match=r"takes no query parameters\.$"):
        Query("a=1")


def test_a_name_given_twice_is_refused_because_it_is_unclear_which_one_counts() -> None:
    with pytest.raises(BadValue, match=r"^parts must be given once, not several times\.$"):
        Query("parts=1&parts=2", "parts")


@pytest.mark.parametrize("text", ["9" * 5_000, "x" * 5_000])
def test_a_very_long_value_gives_a_short_sentence(text: str) -> None:
    query = Query(f"parts={text}&delay_s={text}", "parts", "delay_s")
    for ask in (lambda: query.whole("parts", 1, 1, 9), lambda: query.number("delay_s", 0, 0, 30)):
        with pytest.raises(BadValue) as caught:
            ask()
        assert len(str(caught.value)) < 120

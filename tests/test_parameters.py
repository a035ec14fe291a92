"""A parameter gives the same one sentence for a bad value, whether it came as a value or as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from lab_servers.errors import BadParameter
from lab_servers.parameters import choice, number, parameters_of, switch, whole


@dataclass(frozen=True)
class Drive:
    speed_m_s: float = number(1.5, 0, 30, "metres per second", "How fast.")
    laps: int = whole(3, 1, 1000, "", "How often.")
    way: str = choice("left", ("left", "right"), "Which way.")
    lights: bool = switch(False, "Whether with lights.")


PARAMETERS = {one.name: one for one in parameters_of(Drive)}


def test_the_declaration_is_an_ordinary_dataclass_with_these_defaults() -> None:
    assert Drive() == Drive(1.5, 3, "left", False)
    assert Drive(laps=4).laps == 4


def test_what_is_declared_can_be_read_off_the_class_or_an_instance_in_order() -> None:
    assert list(PARAMETERS) == ["speed_m_s", "laps", "way", "lights"]
    assert parameters_of(Drive()) == parameters_of(Drive)
    assert [one.bounds for one in PARAMETERS.values()] == [
        "0 to 30 metres per second",
        "1 to 1,000",
        "one of left, right",
        "True or False",
    ]


class Hostile:
    """A value that fights back, and whose words a terminal would obey."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise ValueError("no comparison")

    def __repr__(self) -> str:
        return "a\x1b[31m\n"


def test_a_number_that_python_does_not_write_out_is_told_by_its_type() -> None:
    with pytest.raises(BadParameter, match="not a value of type int"):
        PARAMETERS["laps"].check(10**5000)


def test_nothing_is_minus_nothing() -> None:
    assert str(PARAMETERS["speed_m_s"].read("-0")) == "0.0"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("speed_m_s", "2", 2.0),
        ("speed_m_s", "1e1", 10.0),
        ("laps", "12", 12),
        ("way", "right", "right"),
        ("lights", "True", True),
        ("lights", "no", False),
    ],
)
def test_text_is_read_as_the_value_that_it_stands_for(name: str, text: str, value: Any) -> None:
    read = PARAMETERS[name].read(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("speed_m_s", 31, "speed_m_s must be a number from 0 to 30 metres per second, not 31."),
        ("speed_m_s", float("inf"), "speed_m_s must be a number from 0 to 30 metres per second, not inf."),
        ("speed_m_s", "2", "speed_m_s must be a number from 0 to 30 metres per second, not '2'."),
        ("laps", 2.0, "laps must be a whole number from 1 to 1,000, not 2.0."),
        ("laps", True, "laps must be a whole number from 1 to 1,000, not True."),
        ("way", "up", "way must be one of left, right, not 'up'."),
        ("lights", 1, "lights must be True or False, not 1."),
        ("laps", 10**400, f"laps must be a whole number from 1 to 1,000, not 1{'0' * 79}…."),
        ("speed_m_s", -(10**400), f"speed_m_s must be a number from 0 to 30 metres per second, not -1{'0' * 78}…."),
        ("speed_m_s", float("nan"), "speed_m_s must be a number from 0 to 30 metres per second, not nan."),
        ("speed_m_s", Hostile(), "speed_m_s must be a number from 0 to 30 metres per second, not a\ufffd[31m\ufffd."),
        ("way", Hostile(), "way must be one of left, right, not a\ufffd[31m\ufffd."),
    ],
)
def test_a_bad_value_is_named_with_bounds_and_unit(name: str, value: Any, sentence: str) -> None:
    with pytest.raises(BadParameter) as caught:
        PARAMETERS[name].check(value)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("speed_m_s", ""),
        ("speed_m_s", "0x10"),
        ("speed_m_s", "1_0"),
        ("speed_m_s", "\N{ARABIC-INDIC DIGIT ONE}"),
        ("laps", "1_0"),
        ("laps", "٣"),
        ("laps", "9" * 5000),
        ("laps", "-1"),
        ("lights", "perhaps"),
        ("way", "LEFT"),
    ],
)
def test_text_that_stands_for_no_value_gets_the_sentence_too(name: str, text: str) -> None:
    with pytest.raises(BadParameter, match=f"^{name} must be "):
        PARAMETERS[name].read(text)

"""What is offered, what is named, and what a client may make of it: each case on a real connection."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.lab import Lab
from lab_servers.scenarios import Subprotocols
from lab_servers.scenarios.handshake_subprotocols import CASES
from lab_servers.views.looks.handshake_answers import verdict
from lab_servers.views.looks.handshake_cases import Case
from lab_servers.views.looks.handshake_subprotocols import browser, named, negotiations, offered


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["websocket"]) as running:
        yield running


@pytest.fixture(scope="module")
def cases(lab: Lab) -> dict[str, Case]:
    return negotiations(Subprotocols().run(lab))


def test_what_stands_in_the_request_is_what_was_offered(cases: dict[str, Case]) -> None:
    assert {name: offered(case) for name, case in cases.items()} == {name: one.offered for name, one in CASES.items()}


@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("one-offered", "chat.v1.lab"),
        ("two-offered", "chat.v2.lab"),
        ("none-offered", None),
        ("none-in-common", None),
        ("other-case", None),
        ("not-offered", "chat.v9.lab"),
        ("named-unasked", "chat.v1.lab"),
        ("named-two", "chat.v2.lab, chat.v1.lab"),
    ],
)
def test_what_the_server_names(cases: dict[str, Case], name: str, chosen: str | None) -> None:
    assert named(cases[name]) == chosen


def test_a_client_fails_at_a_name_that_it_did_not_offer_and_the_dissector_says_why(cases: dict[str, Case]) -> None:
    failed = {name for name, case in cases.items() if verdict(case) != "opens"}
    assert failed == {"not-offered", "named-unasked", "named-two"}
    assert {name for name, case in cases.items() if case.broken(Side.SERVER)} == failed


def test_a_browser_also_fails_where_none_of_its_offers_was_taken(cases: dict[str, Case]) -> None:
    opened = {name for name, case in cases.items() if browser(case) == "opens"}
    assert opened == {"one-offered", "two-offered", "none-offered"}


def test_one_case_is_one_connection(lab: Lab) -> None:
    assert len(Subprotocols(case="named-two").run(lab).captures) == 1
    assert lab.problems == ()

"""Each wrong request gets the answer that the notebook speaks of, on a connection of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import RefusedUpgrades
from lab_servers.scenarios.handshake_refused import CASES
from lab_servers.views.looks.handshake_cases import Case
from lab_servers.views.looks.handshake_refused import concludes, refusals
from lab_servers.wire.model import Severity


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["websocket"]) as running:
        yield running


@pytest.fixture(scope="module")
def refused(lab: Lab) -> Recording:
    return RefusedUpgrades().run(lab)


@pytest.fixture(scope="module")
def cases(refused: Recording) -> dict[str, Case]:
    return refusals(refused)


def test_each_case_has_one_connection(refused: Recording, cases: dict[str, Case]) -> None:
    assert list(cases) == list(CASES)
    assert len(refused.captures) == len(CASES)
    assert len({id(case.capture) for case in cases.values()}) == len(CASES)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("right", "101 Switching Protocols"),
        ("plain-get", "426 Upgrade Required"),
        ("no-connection", "426 Upgrade Required"),
        ("post", "405 Method Not Allowed"),
        ("unknown-path", "404 Not Found"),
        ("no-host", "400 Bad Request"),
        ("no-key", "400 Bad Request"),
        ("short-key", "400 Bad Request"),
        ("old-version", "400 Bad Request"),
        ("old-version-by-hand", "426 Upgrade Required"),
        ("foreign-origin", "403 Forbidden"),
        ("foreign-origin-by-hand", "101 Switching Protocols"),
        ("foreign-host", "421 Misdirected Request"),
    ],
)
def test_the_answer_on_the_wire(cases: dict[str, Case], name: str, answer: str) -> None:
    assert cases[name].answer == answer
    assert cases[name].is_switched is answer.startswith("101")


def test_a_426_says_what_to_upgrade_to(cases: dict[str, Case]) -> None:
    response = cases["plain-get"].response
    assert response is not None
    assert response.values("Upgrade") == ["websocket"]


def test_the_library_does_not_tell_which_version_it_speaks_and_the_server_by_hand_does(cases: dict[str, Case]) -> None:
    # RFC 6455 §4.2.2 has a server send Sec-WebSocket-Version here; the library (17.4) leaves it out.
    told = {
        name: case.response.values("Sec-WebSocket-Version")
        for name in ("old-version", "old-version-by-hand")
        if (case := cases[name]).response is not None
    }
    assert told == {"old-version": [], "old-version-by-hand": ["13"]}
    assert concludes(cases["old-version-by-hand"]) == "not open: ask again with version 13"


def test_the_dissector_names_the_broken_rule_where_there_is_one(cases: dict[str, Case]) -> None:
    fine = {name for name, case in cases.items() if not case.broken(Side.CLIENT)}
    assert fine == {
        "right", "plain-get", "unknown-path", "foreign-origin", "foreign-origin-by-hand", "foreign-host",
    }  # fmt: skip


def test_only_the_right_request_opens_and_the_foreign_page_where_nobody_looks(cases: dict[str, Case]) -> None:
    assert {name for name, case in cases.items() if case.is_switched} == {"right", "foreign-origin-by-hand"}


def test_what_opens_is_closed_in_good_order_by_both_sides(cases: dict[str, Case]) -> None:
    for name in ("right", "foreign-origin-by-hand"):
        for side in Side:
            (close,) = cases[name].found.records(side, "websocket")
            assert close.name == "close frame"
            assert [note for note in close.notes if note.severity is Severity.FORBIDDEN] == []


def test_one_case_is_one_connection_and_the_seed_makes_its_key(lab: Lab) -> None:
    keys = []
    for seed in (1, 1, 2):
        recording = RefusedUpgrades(case="right", seed=seed).run(lab)
        assert len(recording.captures) == 1
        keys += refusals(recording)["right"].request.values("Sec-WebSocket-Key")
    assert keys[0] == keys[1] != keys[2]


def test_nothing_is_reported_as_a_problem(lab: Lab, refused: Recording) -> None:
    assert lab.problems == ()
    assert refused.notices == ()

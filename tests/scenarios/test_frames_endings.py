"""How connections end, what clients do about broken rules, and what compression gains: on fresh recordings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.capture.capture import Side
from lab_servers.lab import Lab
from lab_servers.scenarios import CloseCodes, ForbiddenFrames, TokenCompression
from lab_servers.scenarios.frames_closing import ENDINGS
from lab_servers.scenarios.frames_compression import ALONE, PLAIN, TAKEOVER
from lab_servers.scenarios.frames_forbidden import CLIENTS, MISTAKES
from lab_servers.views.frames import frames
from lab_servers.views.heads import heads
from lab_servers.views.looks.frames_closing import Ending, endings
from lab_servers.views.looks.frames_compression import costs
from lab_servers.views.looks.frames_forbidden import Meeting, meetings

NEVER_TRAVEL = {1005, 1006, 1015}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["websocket"]) as running:
        yield running


@pytest.fixture(scope="module")
def ended(lab: Lab) -> dict[str, Ending]:
    return {one.name: one for one in endings(CloseCodes().run(lab))}


@pytest.fixture(scope="module")
def met(lab: Lab) -> dict[tuple[str, str], Meeting]:
    recording = ForbiddenFrames().run(lab)
    words = {mistake.words: name for name, mistake in MISTAKES.items()}
    return {(words[one.mistake], one.client): one for one in meetings(recording)}


# --- endings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "first", "code"),
    [
        ("client-done", Side.CLIENT, 1000),
        ("server-done", Side.SERVER, 1000),
        ("server-leaves", Side.SERVER, 1001),
        ("broken-rule", Side.CLIENT, 1002),
        ("binary", Side.SERVER, 1003),
        ("broken-text", Side.SERVER, 1007),
        ("too-large", Side.SERVER, 1009),
        ("server-fails", Side.SERVER, 1011),
        ("private", Side.SERVER, 4000),
        ("no-code", Side.SERVER, None),
    ],
)
def test_who_closes_says_why_and_the_other_repeats_it(
    ended: dict[str, Ending], ending: str, first: Side, code: int | None
) -> None:
    assert ended[ending].wire == ((first, code), (first.other, code))


def test_a_cut_leaves_no_close_frame_and_is_told_as_1006(ended: dict[str, Ending]) -> None:
    assert (ended["cut"].wire, ended["cut"].client_told) == ((), 1006)


def test_a_close_frame_without_a_code_is_told_as_1005(ended: dict[str, Ending]) -> None:
    assert (ended["no-code"].client_told, ended["no-code"].codes_on_wire) == (1005, frozenset())


def test_no_code_that_is_for_telling_only_is_on_the_wire(ended: dict[str, Ending]) -> None:
    assert set(ended) == set(ENDINGS)
    assert not NEVER_TRAVEL & set().union(*(one.codes_on_wire for one in ended.values()))


def test_where_both_sides_close_in_good_order_both_are_told_the_code_of_the_wire(ended: dict[str, Ending]) -> None:
    for name in ("client-done", "server-done", "server-leaves", "binary", "server-fails", "private"):
        assert {ended[name].client_told, ended[name].server_told} == ended[name].codes_on_wire


def test_who_fails_a_connection_may_be_told_another_code_than_it_sent(ended: dict[str, Ending]) -> None:
    assert (ended["broken-rule"].codes_on_wire, ended["broken-rule"].client_told) == (frozenset({1002}), 1006)


@pytest.mark.parametrize("ending", ENDINGS)
def test_each_ending_can_be_seen_alone(lab: Lab, ending: str) -> None:
    (one,) = endings(CloseCodes(ending=ending, private_code=3999).run(lab))
    assert one.happens == ENDINGS[ending]
    assert ending != "private" or one.client_told == 3999


def test_a_server_that_fails_on_purpose_is_no_problem_of_the_lab(lab: Lab, ended: dict[str, Ending]) -> None:
    assert lab.problems == ()


# --- broken rules ------------------------------------------------------------------------------------


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("mistake", "code"),
    [
        ("reserved-opcode", 1002),
        ("rsv1", 1002),
        ("not-utf8", 1007),
        ("half-character", 1007),
        ("too-large", 1009),
        ("fragmented-ping", 1002),
        ("long-ping", 1002),
        ("lonely-continuation", 1002),
        ("message-in-message", 1002),
        ("code-1015", 1002),
    ],
)
def test_both_clients_fail_the_connection_with_the_code_of_the_rule(
    met: dict[tuple[str, str], Meeting], mistake: str, code: int, client: str
) -> None:
    assert (met[mistake, client].code, met[mistake, client].minded) == (code, True)


def test_websockets_minds_a_masked_frame_and_a_code_that_must_not_travel(
    met: dict[tuple[str, str], Meeting],
) -> None:
    for mistake in ("masked", "code-1006"):
        assert met[mistake, "websockets"].code == 1002


def test_the_bytes_of_every_mistake_but_a_limit_break_a_rule_by_the_dissector(
    met: dict[tuple[str, str], Meeting],
) -> None:
    without = {mistake for (mistake, _), one in met.items() if not one.rule.startswith("RFC 6455 §")}
    assert without == {"too-large"}
    assert {mistake for mistake, _ in met} == set(MISTAKES)


@pytest.mark.parametrize("client", CLIENTS)
def test_one_mistake_can_be_met_by_one_client(lab: Lab, client: str) -> None:
    (one,) = meetings(ForbiddenFrames(mistake="rsv1", client=client).run(lab))
    assert (one.client, one.code) == (client, 1002)


# --- compression -------------------------------------------------------------------------------------


def test_the_three_connections_carry_the_same_messages(lab: Lab) -> None:
    found = costs(TokenCompression(messages=20).run(lab))
    assert found[PLAIN].text_bytes == found[ALONE].text_bytes == found[TAKEOVER].text_bytes
    assert len(found[PLAIN].frame_bytes) == 20


def test_context_takeover_gains_most_and_each_alone_little(lab: Lab) -> None:
    found = costs(TokenCompression().run(lab))
    assert found[TAKEOVER].bytes < 0.2 * found[PLAIN].bytes
    assert 0.5 * found[PLAIN].bytes < found[ALONE].bytes < found[PLAIN].bytes
    # The first message has nothing before it.
    assert found[TAKEOVER].payload_bytes[0] == found[ALONE].payload_bytes[0]
    assert found[TAKEOVER].payload_bytes[-1] < 0.2 * found[ALONE].payload_bytes[-1]


def test_small_messages_and_random_bytes_grow_when_each_is_compressed_alone(lab: Lab) -> None:
    for content in ("bare tokens", "random bytes"):
        found = costs(TokenCompression(content=content).run(lab))
        assert found[ALONE].bytes > found[PLAIN].bytes


def test_the_answer_to_the_handshake_says_what_was_agreed(lab: Lab) -> None:
    recording = TokenCompression(messages=2, window_bits=10).run(lab)
    agreed = {
        name: ", ".join(heads(recording.of(name)[0], Side.SERVER)[0].values("Sec-WebSocket-Extensions"))
        for name in (PLAIN, ALONE, TAKEOVER)
    }
    assert agreed[PLAIN] == ""
    assert "server_no_context_takeover" in agreed[ALONE]
    assert "no_context_takeover" not in agreed[TAKEOVER]
    assert "server_max_window_bits=10" in agreed[TAKEOVER]


def test_a_larger_window_is_never_worse(lab: Lab) -> None:
    sizes = [costs(TokenCompression(window_bits=bits).run(lab))[TAKEOVER].bytes for bits in (9, 15)]
    assert sizes[0] >= sizes[1]


def test_the_messages_come_from_the_seed(lab: Lab) -> None:
    payloads = [
        [one.payload() for one in frames(TokenCompression(messages=3, seed=seed).run(lab).of(PLAIN)[0], Side.SERVER)]
        for seed in (1, 1, 2)
    ]
    assert payloads[0] == payloads[1] != payloads[2]

"""Real clients on one model: each user sees the answer as it is made, and how it ends; what is silent is called so."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab_servers.capture.capture import Side
from lab_servers.lab import Lab
from lab_servers.measure.users import ERROR, LEFT, OVER, UserSaw, users
from lab_servers.recording import Recording
from lab_servers.scenarios import RealClients
from lab_servers.scenarios.ai_programs import PROGRAMS
from lab_servers.scenarios.ai_real_clients import (
    CASES,
    CLIENTS,
    CUT,
    HIDDEN,
    INTERRUPTED,
    NEITHER,
    REFUSED,
    TO_ITS_END,
    VENDORS,
)
from lab_servers.scenarios.ai_real_clients import (
    ERROR as ERROR_CASE,
)
from lab_servers.scenarios.ai_sdks import SDKS
from tests.tools import require_tool

EVENT_SOURCE = "EventSource in Node"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    require_tool("curl")
    require_tool("node")
    with Lab([]) as running:
        yield running


@pytest.fixture(scope="module")
def run_case(lab: Lab) -> Callable[[str], Recording]:
    """Runs a case once, however many tests look at it."""
    recordings: dict[str, Recording] = {}

    def run(case: str) -> Recording:
        if case not in recordings:
            recordings[case] = RealClients(case=case, gap_s=0.05).run(lab)
        return recordings[case]

    return run


def here(recording: Recording) -> dict[str, UserSaw]:
    """The users whose client is installed: all but, with an old Node, one."""
    found = {user.client: user for user in users(recording)}
    assert set(found) == set(CLIENTS)
    assert {name for name, user in found.items() if user.missing} <= {EVENT_SOURCE}
    return {name: user for name, user in found.items() if not user.missing}


def test_each_user_sees_the_whole_answer_and_its_beginning_before_its_end_is_made(
    run_case: Callable[[str], Recording],
) -> None:
    recording = run_case(TO_ITS_END)
    texts = set()
    for user in here(recording).values():
        assert len(user.pieces) == len(user.model_made_ns)
        assert user.before_the_last > 2
        assert all(seen.at_ns > made for seen, made in zip(user.pieces, user.model_made_ns, strict=True))
        assert (user.how, user.met, user.is_silent) == (OVER, "", False)
        assert user.message, "each client has something to show for the end"
        assert user.model_end is not None
        assert user.model_end.reason == "complete"
        texts.add(user.text)
    assert len(texts) == 1, "the same answer, to the last code point"


def test_each_user_who_leaves_stops_the_model(run_case: Callable[[str], Recording]) -> None:
    for user in here(run_case(INTERRUPTED)).values():
        assert user.how == LEFT
        assert len(user.pieces) == RealClients().tokens // 3
        assert user.model_end is not None
        assert user.model_end.reason == "reader left"
        assert user.model_end.generated < RealClients().tokens


def test_an_error_in_mid_stream_is_raised_by_some_clients_and_data_to_the_others(
    run_case: Callable[[str], Recording],
) -> None:
    found = here(run_case(ERROR_CASE))
    raised = {name for name, user in found.items() if user.how == ERROR}
    assert raised == {"openai chat", "anthropic stream", "anthropic events"}
    for name, user in found.items():
        assert user.pieces
        assert bool(user.met) == (name not in raised)
        assert "overloaded" in (user.met or user.message)
        assert not user.is_silent
        assert user.statuses[0] == 200


def test_a_cut_is_noticed_by_every_client_in_words_of_its_own(run_case: Callable[[str], Recording]) -> None:
    found = here(run_case(CUT))
    assert all(user.how == ERROR and user.pieces for user in found.values())
    names = {name: user.name for name, user in found.items()}
    assert names["openai chat"] == names["openai responses"] == "openai.APIConnectionError"
    # No exception of the SDK's: `except anthropic.AnthropicError` lets it through.
    assert names["anthropic stream"] == names["anthropic events"] == "httpx2.RemoteProtocolError"
    assert names["httpx-sse"] == "httpx.RemoteProtocolError"
    assert names["curl -N"] == "exit status 18, partial file"
    assert names["fetch in Node"] == "TypeError"


def test_a_cut_that_a_proxy_hides_is_silent_to_every_client_but_one_that_always_complains(
    run_case: Callable[[str], Recording],
) -> None:
    for name, user in here(run_case(HIDDEN)).items():
        assert user.pieces
        assert user.model_end is not None
        assert user.model_end.reason == "cut"
        # EventSource takes every end for a broken connection, so it cannot tell this one from a good one.
        assert user.is_silent == (name != EVENT_SOURCE)


def test_before_the_head_the_sdks_ask_three_times_and_the_others_once(run_case: Callable[[str], Recording]) -> None:
    for name, user in here(run_case(REFUSED)).items():
        is_sdk = name in SDKS and name != "httpx-sse"
        assert len(user.requests_ns) == len(user.statuses) == (3 if is_sdk else 1)
        assert set(user.statuses) == {529 if name.startswith("anthropic") else 503}
        assert not user.pieces
        assert not user.is_silent
        assert user.model_end is None


@pytest.mark.parametrize("case", CASES)
def test_each_client_has_a_relay_of_its_own(run_case: Callable[[str], Recording], case: str) -> None:
    recording = run_case(case)
    for name in here(recording):
        assert recording.of(name)


def test_nothing_of_the_environment_is_sent_or_changes_what_is_seen(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "a-secret-of-the-environment"
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, secret)
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", secret)
    for name in ("OPENAI_CUSTOM_HEADERS", "ANTHROPIC_CUSTOM_HEADERS"):
        monkeypatch.setenv(name, f"X-Mine: {secret}\nAuthorization: Bearer {secret}\nX-Api-Key: {secret}")
    for name in ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NODE_OPTIONS", "--no-such-option")
    recording = RealClients(tokens=8, gap_s=0.005).run(lab)
    assert all(user.how == OVER for user in here(recording).values())
    sent = b"".join(capture.bytes_from(Side.CLIENT) for capture in recording.captures)
    assert b"not-needed" in sent
    assert secret.encode() not in sent


def test_a_client_that_is_missing_is_one_line_and_the_others_run(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden: dict[str, Any] = {name: None for name in ("openai", "anthropic")}
    for name, module in hidden.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setenv("PATH", "")
    found = {user.client: user for user in users(RealClients(tokens=8, gap_s=0.005).run(lab))}
    assert found["openai chat"].missing == "openai is not installed: python -m pip install openai"
    assert found["anthropic events"].missing == "anthropic is not installed: python -m pip install anthropic"
    assert "apt install curl" in found["curl -N"].missing
    assert "apt install nodejs" in found["fetch in Node"].missing
    assert found["httpx-sse"].how == OVER


@pytest.mark.parametrize("vendor", VENDORS)
def test_only_the_sdks_that_are_asked_for_ask(lab: Lab, vendor: str) -> None:
    other = next(one for one in VENDORS if one != vendor)
    recording = RealClients(sdks=vendor, case=HIDDEN, tokens=8, gap_s=0.005).run(lab)
    names = [user.client for user in users(recording)]
    assert names == [name for name in CLIENTS if not name.startswith(other)]
    assert all(recording.of(user.client) for user in users(recording) if not user.missing)


def test_without_sdks_the_other_clients_ask_and_no_sdk_is_imported(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    for vendor in VENDORS:
        monkeypatch.setitem(sys.modules, vendor, None)
    found = users(RealClients(sdks=NEITHER, tokens=8, gap_s=0.005).run(lab))
    assert [user.client for user in found] == ["httpx-sse", *PROGRAMS]
    assert not any(user.missing for user in found if user.client != EVENT_SOURCE)


def test_programs_that_are_ended_are_no_surprise_to_asyncio(lab: Lab, caplog: pytest.LogCaptureFixture) -> None:
    """It would say so on standard error, below the learner's cell."""
    for _ in range(5):
        RealClients(sdks=NEITHER, case=INTERRUPTED, tokens=8, gap_s=0.002).run(lab)
    assert [record.message for record in caplog.records if record.name == "asyncio"] == []


def test_a_run_that_is_stopped_leaves_no_program_and_no_problem() -> None:
    with Lab([]) as lab:
        job = RealClients(tokens=400, gap_s=1).start(lab)
        job.cancel()
        assert lab.problems == ()

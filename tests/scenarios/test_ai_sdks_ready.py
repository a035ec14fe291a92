"""What a run may count on: an SDK that is here and works; of any other, one line says what is wrong and what to do."""

from __future__ import annotations

import asyncio
import sys
import types

import pytest

from lab_servers.scenarios.ai_sdks import SDKS, Ask, Sdk
from lab_servers.scenarios.ai_sdks_ready import lacking
from lab_servers.scenarios.ai_user import User


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> str:
    """A package that can be imported."""
    monkeypatch.setitem(sys.modules, "an_sdk", types.ModuleType("an_sdk"))
    return "an_sdk"


def raises(error: Exception) -> Ask:
    async def ask(url: str, user: User) -> None:
        raise error

    return ask


def remedies(*clients: Sdk) -> dict[str, str]:
    return asyncio.run(lacking(clients))


def test_what_is_installed_here_works() -> None:
    assert remedies(*SDKS.values()) == {}


def test_a_package_that_is_not_there_is_named_with_what_installs_it() -> None:
    absent = Sdk("no_such_sdk", "", raises(AssertionError("nobody asks")))
    assert remedies(absent) == {
        "no_such_sdk": "no_such_sdk is not installed: python -m pip install no_such_sdk",
    }


@pytest.mark.parametrize("error", [TypeError("wants another\nclient"), ModuleNotFoundError("none", name="its_parts")])
def test_a_version_that_cannot_read_an_answer_is_left_out_in_words_of_its_own(package: str, error: Exception) -> None:
    sentence = remedies(Sdk(package, "", raises(error)))[package]
    reason = f"{type(error).__name__}: {error}".replace("\n", " ")
    assert sentence == f"an_sdk does not work here ({reason}): python -m pip install --upgrade an_sdk"


def test_a_package_is_tried_once_in_a_process_and_again_as_long_as_it_fails(package: str) -> None:
    asked: list[str] = []

    async def works_at_the_second(url: str, user: User) -> None:
        asked.append(url)
        if len(asked) == 1:
            raise ValueError("not yet")

    client = Sdk(package, "", works_at_the_second)
    assert package in remedies(client)
    assert remedies(client) == {}
    assert remedies(client) == {}
    assert len(asked) == 2

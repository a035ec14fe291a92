"""A running lab, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab_servers.lab import Lab


@pytest.fixture
def lab() -> Iterator[Lab]:
    """All servers behind their relays."""
    with Lab() as running:
        yield running

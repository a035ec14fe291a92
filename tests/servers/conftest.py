"""What every server test also checks: nothing was logged, so nothing went wrong behind the client's back."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from aiohttp.http_exceptions import BadHttpMessage


def is_ours(record: logging.LogRecord) -> bool:
    """False for aiohttp's own complaint about bytes that are no HTTP: its parser writes it, no server sees them."""
    return not (record.exc_info and isinstance(record.exc_info[1], BadHttpMessage))


@pytest.fixture(autouse=True)
def _no_complaint_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A traceback in the log is a failure, although the client may have got a fine answer."""
    with caplog.at_level(logging.WARNING):
        yield
    assert [record.getMessage() for record in caplog.get_records("call") if is_ours(record)] == []

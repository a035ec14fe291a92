"""What every server test also checks: nothing was logged, so nothing went wrong behind the client's back."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from aiohttp.http_exceptions import BadHttpMessage


def is_ours(record: logging.LogRecord) -> bool:
    """False for aiohttp's own complaint about bytes that are no HTTP: its parser writes it, no server sees them."""
    error = record.exc_info[1] if record.exc_info else None
    # Of a body that is not encoded as its head says, it complains once more when the handler has refused it.
    return not (isinstance(error, BadHttpMessage) or (error and isinstance(error.__cause__, BadHttpMessage)))


@pytest.fixture(autouse=True)
def _no_complaint_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A traceback in the log is a failure, although the client may have got a fine answer."""
    with caplog.at_level(logging.WARNING):
        yield
    assert [record.getMessage() for record in caplog.get_records("call") if is_ours(record)] == []

"""Whatever happens to a test, its JupyterLab and the kernels in it end with it."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.browser.jupyter import running_jupyterlab

pytestmark = pytest.mark.slow


def test_after_a_failure_no_process_and_no_port_is_left(tmp_path: Path) -> None:
    with suppress(ZeroDivisionError), running_jupyterlab(tmp_path) as lab:
        assert json.loads(lab.ask("POST", "api/kernels"))["name"] == "python3"
        assert len(lab.kernels()) == 1
        family = [lab.process, *lab.process.children(recursive=True)]
        raise ZeroDivisionError("a test that fails")

    assert [process for process in family if process.is_running()] == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", urlsplit(lab.url).port or 0)) != 0

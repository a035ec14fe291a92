"""One JupyterLab and one Chromium for all tests of this folder, and windows in them.

Package scope, not session: Playwright keeps an event loop running in the main thread, in which no
other folder's ``asyncio.run()`` could run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser

from tests.browser import notebook as driver
from tests.browser.jupyter import JupyterLab, running_jupyterlab
from tests.browser.notebook import Notebook, open_notebook
from tests.notebooks.kernel import NOTEBOOKS
from tests.tools import require_tool

OpenCells = Callable[..., Notebook]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with driver.chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    with running_jupyterlab(tmp_path_factory.mktemp("jupyterlab")) as lab:
        yield lab


@pytest.fixture(scope="package", params=NOTEBOOKS, ids=lambda path: path.stem)
def ran(request: pytest.FixtureRequest, chromium: Browser, jupyterlab: JupyterLab) -> Iterator[Notebook]:
    """Each notebook of the course, opened and run once from the menu; every test leaves it run."""
    require_tool("curl")
    original: Path = request.param
    jupyterlab.set({})
    with open_notebook(jupyterlab, chromium, nbformat.read(original, as_version=4), original.name) as notebook:
        notebook.run_all()
        yield notebook


@pytest.fixture
def open_cells(chromium: Browser, jupyterlab: JupyterLab) -> Iterator[OpenCells]:
    """Opens a notebook with the given code cells; ``settings`` are those of JupyterLab's plugins."""
    with ExitStack() as windows:

        def opened(*sources: str, settings: dict[str, dict[str, object]] | None = None) -> Notebook:
            jupyterlab.set(settings or {})
            document = driver.notebook_of(*sources)
            return windows.enter_context(open_notebook(jupyterlab, chromium, document, "cells.ipynb"))

        yield opened

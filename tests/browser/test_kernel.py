"""What only a real JupyterLab does to a kernel: the stop button, queued ``asyncio.run()``, callbacks of widgets."""

from __future__ import annotations

import json

import psutil
import pytest

from tests.browser.conftest import OpenCells
from tests.browser.notebook import Notebook
from tests.repository.project import ROOT
from tests.waiting import until_sync

pytestmark = pytest.mark.slow

START = """
from lab_servers import allow_asyncio_run, get, read_events, start_lab

lab = start_lab()
"""


def connections(notebook: Notebook, port: int) -> int:
    """How many connections to a port of the kernel's are open."""
    found = notebook.kernel.net_connections("tcp")
    return sum(one.laddr.port == port and one.status == psutil.CONN_ESTABLISHED for one in found)


def test_the_stop_button_ends_a_cell_that_waits_for_a_stream_and_the_lab_stays_usable(open_cells: OpenCells) -> None:
    notebook = open_cells(
        START,
        'lab.url("sse").rsplit(":", 1)[1]',
        'lab.run(read_events(lab.url("sse", "/api/build/log")))',
        'lab.run(get(lab.url("http", "/api/user/info"))).status',
        'lab.run(read_events(lab.url("sse", "/api/stream?interval_s=0.02"))).events[-1].data',
    )
    notebook.run(0)
    port = int(notebook.run(1).text.strip("'"))
    notebook.begin(2)
    until_sync(lambda: connections(notebook, port))

    notebook.interrupt()

    notebook.wait_for_answers(1)
    assert notebook.cells()[2].errors == ("KeyboardInterrupt",)
    until_sync(lambda: not connections(notebook, port))
    assert notebook.run(3).text == "200"
    assert "界" in notebook.run(4).text


def test_every_queued_cell_answers_after_allow_asyncio_run(open_cells: OpenCells) -> None:
    script = """
import asyncio

async def main():
    await asyncio.sleep(0)
    answer = await get(URL)
    print(answer.status)

asyncio.run(main())
"""
    ask = "print(lab.run(get(URL)).status)"
    notebook = open_cells(
        START,
        'URL = lab.url("http", "/api/user/info")',
        "allow_asyncio_run()",
        script,
        ask,
        "print((await lab.submit(get(URL))).status)",
        script,
        ask,
        script,
        'lab.stop(); print("stopped")',
    )
    notebook.run_all()
    cells = notebook.cells()
    assert notebook.messages == ["request"] * len(cells) + ["reply"] * len(cells)
    assert [cell.errors for cell in cells] == [()] * len(cells)
    assert [cell.text for cell in cells[3:]] == ["200\n"] * 6 + ["stopped\n"]


# A learner who follows the README's plain pip lines has JupyterLab's defaults; who runs `make lab` has ours.
SUBSHELLS = {
    "JupyterLab's defaults": {},
    "make lab's settings": json.loads((ROOT / "binder/overrides.json").read_text(encoding="utf-8")),
}


@pytest.mark.parametrize("settings", SUBSHELLS.values(), ids=SUBSHELLS.keys())
def test_a_button_asks_the_lab_on_whatever_thread_the_kernel_calls_it(
    open_cells: OpenCells, settings: dict[str, dict[str, object]]
) -> None:
    notebook = open_cells(
        START,
        """
import ipywidgets

answers = []
button = ipywidgets.Button(description="ask")

def ask(_):
    answers.append(lab.run(get(lab.url("http", "/api/user/info"))).status)
    button.description = f"asked {len(answers)} times"

button.on_click(ask)
button
""",
        "answers",
        settings=settings,
    )
    notebook.run_all()
    button = notebook.page.locator(".jp-OutputArea-output button")
    for count in (1, 2):
        button.click()
        notebook.page.locator(f'.jp-OutputArea-output button:has-text("asked {count} times")').wait_for()
    assert notebook.run(2).text == "[200, 200]"
    assert notebook.complaints == []
    assert notebook.asked_elsewhere == []

"""Every notebook runs alone, all cells queued at once, twice, and out of order, and leaves nothing behind."""

from __future__ import annotations

import random
import re
import socket
import tempfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import lab_servers.errors
from tests.notebooks.kernel import NOTEBOOKS, CellResult, code_cells, connect_in, running_kernel
from tests.notebooks.load import busy_machine
from tests.tools import require_tool

OUR_ERRORS = {name for name in vars(lab_servers.errors) if isinstance(getattr(lab_servers.errors, name), type)}

every_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)


def assert_all_ok(results: list[CellResult]) -> None:
    assert [(one.status, one.error) for one in results] == [("ok", "")] * len(results)


def in_a_folder_of_its_own(notebook: Path, folder: Path) -> Path:
    """What a notebook saves goes to a temporary folder."""
    copy = folder / notebook.name
    copy.write_bytes(notebook.read_bytes())
    return copy


@every_notebook
def test_it_runs_under_nbclient_and_every_picture_and_table_is_there(notebook: Path, tmp_path: Path) -> None:
    require_tool("curl")
    document = nbformat.read(notebook, as_version=4)
    with tempfile.TemporaryDirectory() as sockets:
        settings = connect_in(sockets)
        NotebookClient(document, timeout=60, resources={"metadata": {"path": tmp_path}}, config=settings).execute()
    outputs = [output for cell in document.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "stream" and output.name == "stderr"]
    html = [output.data["text/html"] for output in outputs if "text/html" in output.get("data", {})]
    assert any("<svg" in one for one in html)
    assert any("<table" in one for one in html)
    for one in html:
        assert "<script" not in one
        linked = re.sub(r'<a href="https://[^"]*"', "<a", one)  # a link to a specification loads nothing by itself
        assert "://" not in linked.replace("http://127.0.0.1", "").replace("ws://127.0.0.1", "").replace(
            "http://www.w3.org/", ""
        ), "an output may load nothing from the network"


@every_notebook
def test_it_runs_with_all_cells_queued_at_once_and_twice_in_a_row(notebook: Path, tmp_path: Path) -> None:
    cells = code_cells(notebook)
    with running_kernel(tmp_path) as kernel:
        for _ in range(2):
            assert_all_ok(kernel.run_all(cells))
            assert kernel.leftovers() == []


@every_notebook
def test_it_runs_while_every_core_is_busy(notebook: Path, tmp_path: Path) -> None:
    with running_kernel(tmp_path) as kernel, busy_machine():
        assert_all_ok(kernel.run_all(code_cells(notebook)))
        assert kernel.leftovers() == []


@every_notebook
def test_out_of_order_each_cell_works_or_says_in_one_sentence_what_to_do(notebook: Path, tmp_path: Path) -> None:
    cells = code_cells(notebook)
    with running_kernel(tmp_path) as kernel:
        assert_all_ok(kernel.run_all(cells))
        for seed in (1, 2):
            for result in kernel.run_all(random.Random(seed).sample(cells, len(cells))):
                assert result.status == "ok" or result.error in OUR_ERRORS, result.source
        assert_all_ok(kernel.run_all(cells))
        assert kernel.leftovers() == []


def test_pasted_scripts_with_asyncio_run_work_in_a_run_all_and_the_lab_goes_on_serving(tmp_path: Path) -> None:
    script = """
import asyncio

async def main():
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    writer.write(b"GET /api/user/info HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
    print((await reader.read()).decode())
    writer.close()

asyncio.run(main())
"""
    ask = 'print(lab.run(get(lab.url("http", "/api/user/info"))).text)'
    cells = [
        "from lab_servers import allow_asyncio_run, get, start_lab\nlab = start_lab()",
        'PORT = int(lab.url("http").rsplit(":")[-1])',
        "allow_asyncio_run()",
        script,
        ask,
        "await lab.submit(get(lab.url('http', '/api/user/info')))",
        script,
        "import asyncio\nawait asyncio.sleep(0)\nprint('awaited')",
        ask,
        "lab.stop()",
        "start_lab(); lab = start_lab()",
        ask,
        "lab.stop()",
    ]
    with running_kernel(tmp_path) as kernel:
        results = kernel.run_all(cells)
        assert_all_ok(results)
        assert [result.text.count("张三") for result in results] == [0, 0, 0, 1, 1, 0, 1, 0, 1, 0, 0, 1, 0]
        assert kernel.leftovers() == []


def test_without_being_asked_nothing_patches_asyncio(tmp_path: Path) -> None:
    with running_kernel(tmp_path) as kernel:
        (result,) = kernel.run_all(["import lab_servers, asyncio; print(hasattr(asyncio, '_nest_patched'))"])
    assert result.text == "False\n"


def test_a_restarted_kernel_leaves_no_port(tmp_path: Path) -> None:
    with running_kernel(tmp_path) as kernel:
        (result,) = kernel.run_all(["from lab_servers import start_lab\nlab = start_lab()\nprint(lab.url('http'))"])
        port = int(result.text.rsplit(":", 1)[1])
        assert port in kernel.listening()
        kernel.process.terminate()
        kernel.process.wait(timeout=20)

    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0

"""The notebooks as a real *Run All* in JupyterLab: every cell answers, also the second time and after a restart."""

from __future__ import annotations

import psutil
import pytest

from tests.browser.notebook import Notebook
from tests.repository.project import ROOT

pytestmark = pytest.mark.slow

SAVED = "four_ways.pcapng"


def assert_every_cell_answered(notebook: Notebook) -> None:
    cells = notebook.cells()
    assert {cell.source: cell.errors for cell in cells if cell.errors} == {}
    counts = [cell.count for cell in cells]
    assert counts == list(range(counts[0], counts[0] + len(cells)))
    # JupyterLab sends all of them before it hears of the first: a kernel that loses queued cells shows here.
    assert notebook.messages == ["request"] * len(cells) + ["reply"] * len(cells)


def test_every_cell_answers_with_all_cells_queued_at_once_and_again_in_the_same_kernel(ran: Notebook) -> None:
    assert_every_cell_answered(ran)
    first = ran.cells()
    kernel = ran.kernel
    ran.run_all()
    assert_every_cell_answered(ran)
    assert ran.kernel == kernel
    assert ran.cells()[0].count == first[-1].count + 1


def test_after_a_restart_every_cell_answers_again_and_the_old_lab_is_gone(ran: Notebook) -> None:
    without_a_lab = ran.listening()
    # Where a lab starts with no server, the first run brings some.
    for does in ("start_lab(", ".run(lab)"):
        if not ran.listening() - without_a_lab:
            ran.run(next(position for position, cell in enumerate(ran.cells()) if does in cell.source))
    old, labs_ports = ran.kernel, ran.listening() - without_a_lab
    assert labs_ports, "the learner left a lab running"

    ran.restart_and_run_all()

    assert not old.is_running()
    assert_every_cell_answered(ran)
    assert ran.cells()[0].count == 1
    assert not labs_ports & listening_anywhere()
    assert len(ran.listening()) == len(without_a_lab)


def listening_anywhere() -> set[int]:
    return {one.laddr.port for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN}


def test_what_a_notebook_saves_lies_beside_it(ran: Notebook) -> None:
    saves = any(SAVED in cell.source for cell in ran.cells())
    assert (ran.folder / SAVED).exists() == saves
    assert not (ROOT / SAVED).exists()
    assert not (ROOT / "notebooks" / SAVED).exists()


def test_nothing_is_asked_of_anybody_but_the_jupyterlab_server_and_the_console_is_quiet(ran: Notebook) -> None:
    assert ran.asked_elsewhere == []
    assert ran.complaints == []

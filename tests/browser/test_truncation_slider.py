"""The truncation slider as a learner meets it: keys, both themes, a narrow window, and a kernel that follows."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Locator, Page, expect

from lab_servers.measure.truncation import Strategy
from tests.browser.conftest import OpenCells
from tests.browser.notebook import DARK, LIGHT, Notebook
from tests.browser.test_look import LEAST_CONTRAST
from tests.repository.project import ROOT

pytestmark = pytest.mark.slow

RUN = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from lab_servers.lab import Lab
from lab_servers.scenarios import CutAnywhere
from lab_servers.views import truncation_slider
with Lab([]) as lab:
    recording = CutAnywhere(cuts=1, tokens=8).run(lab)
"""
SHOW = "view = truncation_slider(recording, cut=400); view"
TELL = "import json; print(json.dumps([view.cut, view.way, str(view)]))"


@pytest.fixture
def shown(open_cells: OpenCells) -> Notebook:
    notebook = open_cells(RUN, SHOW, TELL)
    notebook.run_all()
    assert [cell.errors for cell in notebook.cells()] == [(), (), ()]
    notebook.page.locator(".lst tbody tr").first.wait_for()
    return notebook


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Cut after so many bytes")


def verdicts(page: Page) -> list[list[str]]:
    rows = page.locator(".lst tbody tr").all()
    return [[cell.inner_text() for cell in row.locator("th, td").all()] for row in rows]


def told(notebook: Notebook) -> list[object]:
    found: list[object] = json.loads(notebook.run(2).text)
    return found


def test_keys_move_the_cut_byte_by_byte_and_the_kernel_follows(shown: Notebook) -> None:
    page = shown.page
    expect(page.locator(".lst-where")).to_contain_text("400 of ")
    slider(page).focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".lst-where")).to_contain_text("403 of ")
    assert [row[0] for row in verdicts(page)] == [strategy.value for strategy in Strategy]
    for _ in range(100):
        cut, _, text = told(shown)
        if cut == 403:
            break
        page.wait_for_timeout(20)
    assert cut == 403
    # The page and the static form have the same words.
    assert all(row[2] in str(text) for row in verdicts(page))


def test_at_its_end_nothing_is_lost_and_everybody_is_right(shown: Notebook) -> None:
    page = shown.page
    slider(page).focus()
    page.keyboard.press("End")
    expect(page.locator(".lst-where")).to_contain_text("No text is missing.")
    expect(page.locator(".lst-lost")).to_have_text("")
    assert {row[3] for row in verdicts(page)} == {"✓ right"}
    page.keyboard.press("Home")
    expect(page.locator(".lst-where")).to_contain_text("there is no answer at all")
    expect(page.locator(".lst-shown")).to_have_text("(nothing yet)")


def test_another_answer_and_ending_come_from_the_kernel(shown: Notebook) -> None:
    page = shown.page
    page.get_by_label("Answer").select_option("messages")
    expect(page.locator(".lst tbody")).to_contain_text("there is no message_stop")
    page.get_by_label("How it ends").select_option("the body is in chunks; a hop adds the last chunk")
    expect(page.locator(".lst tbody")).to_contain_text("no reason to ask again: the last chunk came")
    expect(page.locator(".lst-lie th").first).to_have_text("trust the end of file")


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_it_can_be_read_in_both_themes_and_fits_a_narrow_window(shown: Notebook, theme: str) -> None:
    shown.choose_theme(theme)
    shown.resize(800)
    too_wide = (
        "e => [...e.querySelectorAll('*')].filter(one => one.scrollWidth > e.clientWidth + 1).map(one => one.outerHTML)"
    )
    assert shown.page.locator(".lst").evaluate(too_wide) == []
    contrasts = shown.contrasts(".lst")
    assert contrasts
    assert {text: round(ratio, 1) for text, ratio in contrasts.items() if ratio < LEAST_CONTRAST} == {}

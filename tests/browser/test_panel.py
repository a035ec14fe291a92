"""The scenario panel as a learner meets it: by pointer, by keyboard alone, at awkward moments, in both themes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenCells
from tests.browser.notebook import DARK, LIGHT, Notebook
from tests.browser.test_look import LEAST_CONTRAST

pytestmark = pytest.mark.slow

START = """
import asyncio, time
from dataclasses import dataclass
from lab_servers import start_lab
from lab_servers.clients import get
from lab_servers.parameters import choice, number, switch
from lab_servers.scenarios import Scenario
from lab_servers.views import panel

lab = start_lab(["http"])
runs = []


@dataclass(frozen=True)
class Asking(Scenario):
    "What comes back, and in which framing?"

    pause_s: float = number(0.0, 0, 60, "seconds", "How long the client stays after the answer.")
    framing: str = choice("content-length", ("content-length", "chunked"), "How the body's end is told.")
    is_twice: bool = switch(False, "Whether it asks twice.")

    @property
    def about_s(self):
        return self.pause_s

    async def perform(self, lab):
        runs.append(self.pause_s)
        for _ in range(1 + self.is_twice):
            answer = await get(lab.url("http", f"/api/user/info?framing={self.framing}"))
        await asyncio.sleep(self.pause_s)
        return {"client": answer.marks}
"""
PANEL = "p = panel(Asking, lab); p"
TELL, BUSY, DRAW, CLOSE, STOP = range(2, 7)
LATER = (
    "print(runs, p.is_running)",
    "time.sleep(3)",
    "for _ in range(8): str(p._repr_html_()); p._look.picture.svg()",
    "p.close()",
    "lab.stop()",
)

# What of the panel sticks out of it; what scrolls in a box of its own is left out.
_TOO_WIDE = """() => {
    const panel = document.querySelector('.lss-panel'), right = panel.getBoundingClientRect().right;
    const notebook = document.querySelector('.jp-WindowedPanel-outer');
    return [notebook, panel, ...panel.querySelectorAll('.lss, .lss-form, .lss-page, .lss-code, .lss-tabs')]
        .filter(box => box.scrollWidth > box.clientWidth + 1)
        .concat([...panel.querySelectorAll('p, button, label, input, select, code, .lss-hint')]
            .filter(part => part.getBoundingClientRect().right > right + 1 && !part.closest('.lsi-panes')))
        .map(element => element.className || element.tagName);
}"""
_FOCUSED = """() => {
    const one = document.activeElement;
    return one.closest('.lss') ? (one.name || one.textContent || one.tagName) : '';
}"""
_OUTLINE = "() => getComputedStyle(document.activeElement).outlineStyle"


@pytest.fixture
def notebook(open_cells: OpenCells) -> Notebook:
    opened = open_cells(START, PANEL, *LATER)
    for position in (0, 1):
        assert opened.run(position).errors == ()
    expect(field(opened.page, "pause_s")).to_be_visible()
    return opened


def field(page: Page, name: str) -> Locator:
    return page.locator(".lss").get_by_label(name, exact=True)


def button(page: Page, name: str) -> Locator:
    return page.locator(".lss").get_by_role("button", name=name, exact=True)


def tab(page: Page, name: str) -> Locator:
    return page.locator(".lss").get_by_role("tab", name=name, exact=True)


def status(page: Page) -> Locator:
    return page.locator(".lss").get_by_role("status").first


def runs(notebook: Notebook) -> str:
    return notebook.run(TELL).text.strip()


def test_it_shows_the_default_run_without_a_click_and_the_saved_page_has_it(notebook: Notebook) -> None:
    page = notebook.page
    expect(page.locator(".lss svg[role=img]")).to_be_visible()
    expect(page.locator(".lss figcaption")).to_contain_text("the client sent")
    expect(status(page)).to_have_text("Shown: the run with every parameter at its default.")
    expect(field(page, "pause_s")).to_have_value("0")
    expect(field(page, "pause_s")).to_have_accessible_description(
        "0 to 60 seconds. How long the client stays after the answer."
    )
    saved = page.evaluate("() => jupyterapp.shell.currentWidget.content.widgets[1].model.outputs.toJSON()[0].data")
    assert set(saved) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert "<svg" in saved["text/html"]
    assert runs(notebook) == "[0.0] False"


def test_by_pointer(notebook: Notebook) -> None:
    page = notebook.page
    field(page, "framing").select_option("chunked")
    expect(status(page)).to_have_text("Changed, and not run yet: press Run.")
    field(page, "is_twice").check()
    button(page, "Run").click()
    expect(status(page)).to_contain_text(" s, with framing = chunked, is_twice = True.")
    tab(page, "bytes").click()
    expect(page.locator(".lss-bytes .lsi")).to_be_visible()
    expect(page.locator(".lss-bytes .lsi")).to_contain_text("framing=chunked")
    expect(page.locator(".lss-note")).to_have_text("")
    tab(page, "table").click()
    expect(page.locator(".lss-bytes")).to_be_hidden()
    expect(page.locator(".lss table th[scope=col]").first).to_be_visible()
    tab(page, "code").click()
    expect(page.locator(".lss-code")).to_have_text("Asking(framing='chunked', is_twice=True).run(lab)")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button(page, "Copy").click()
    expect(page.locator(".lss-copied")).to_have_text("Copied.")
    assert page.evaluate("() => navigator.clipboard.readText()") == "Asking(framing='chunked', is_twice=True).run(lab)"
    assert runs(notebook) == "[0.0, 0.0] False"
    assert notebook.complaints == []
    assert notebook.asked_elsewhere == []


def test_by_keyboard_alone(notebook: Notebook) -> None:
    page = notebook.page
    keys = page.keyboard
    keys.press("Escape")
    for _ in range(40):
        if page.evaluate(_FOCUSED):
            break
        keys.press("Tab")
    order = [page.evaluate(_FOCUSED)]
    for _ in range(5):
        keys.press("Tab")
        order.append(page.evaluate(_FOCUSED))
        assert page.evaluate(_OUTLINE) == "solid"
    assert order == ["pause_s", "framing", "is_twice", "Run", "Cancel", "picture"]

    for _ in range(3):
        keys.press("Shift+Tab")
    keys.press("Space")
    keys.press("Shift+Tab")
    keys.press("ArrowDown")
    keys.press("Shift+Tab")
    keys.press("Control+a")
    # Longer than the time in which a second press of the same run counts as a double click.
    keys.type("0.5")
    keys.press("Enter")
    expect(status(page)).to_contain_text(" s, with pause_s = 0.5, framing = chunked, is_twice = True.")
    expect(field(page, "pause_s")).to_be_focused()

    for _ in range(3):
        keys.press("Tab")
    keys.press("Space")
    expect(button(page, "Run")).to_be_focused()
    for _ in range(2):
        keys.press("Tab")
    for key, name in (("ArrowRight", "bytes"), ("ArrowRight", "table"), ("End", "code"), ("ArrowRight", "picture"),
                      ("ArrowLeft", "code"), ("Home", "picture"), ("ArrowRight", "bytes")):  # fmt: skip
        keys.press(key)
        expect(tab(page, name)).to_be_focused()
        expect(tab(page, name)).to_have_attribute("aria-selected", "true")
        expect(page.locator(f".lss-page-{name}")).to_be_visible()
    expect(page.locator(".lss-bytes .lsi")).to_be_visible()
    expect(status(page)).to_contain_text(" s, with pause_s = 0.5")
    assert runs(notebook) == "[0.0, 0.5, 0.5] False"
    # None of these keys was taken for one of the notebook's own commands.
    assert len(notebook.cells()) == 2 + len(LATER)


def test_what_is_out_of_bounds_is_one_sentence_at_its_field_and_stays_as_typed(notebook: Notebook) -> None:
    page = notebook.page
    field(page, "pause_s").fill("61")
    field(page, "pause_s").blur()
    sentence = "pause_s must be a number from 0 to 60 seconds, not 61.0."
    expect(status(page)).to_have_text(sentence)
    expect(field(page, "pause_s")).to_have_attribute("aria-invalid", "true")
    button(page, "Run").click()
    expect(status(page)).to_have_text(sentence)
    expect(field(page, "pause_s")).to_have_value("61")
    field(page, "pause_s").fill("0")
    button(page, "Run").click()
    expect(status(page)).to_contain_text(" s, with every parameter at its default.")
    expect(field(page, "pause_s")).not_to_have_attribute("aria-invalid", "true")
    assert runs(notebook) == "[0.0, 0.0] False"


def test_two_quick_clicks_are_one_run(notebook: Notebook) -> None:
    button(notebook.page, "Run").dblclick()
    expect(status(notebook.page)).to_contain_text(" s, with every parameter at its default.")
    assert runs(notebook) == "[0.0, 0.0] False"


@pytest.mark.parametrize("cell", [BUSY, DRAW])
def test_clicks_during_a_running_cell_are_one_run_of_what_stood_in_the_fields(notebook: Notebook, cell: int) -> None:
    page = notebook.page
    notebook.begin(cell)
    field(page, "pause_s").fill("0.1")
    field(page, "pause_s").fill("0.2")
    button(page, "Run").click()
    button(page, "Run").click(force=True)
    field(page, "pause_s").fill("0.3")
    button(page, "Run").click(force=True)
    notebook.wait_for_answers(1)
    expect(status(page)).to_contain_text(" s, with pause_s = 0.2")
    expect(field(page, "pause_s")).to_have_value("0.3")
    assert runs(notebook) == "[0.0, 0.2] False"
    button(page, "Run").click()
    expect(status(page)).to_contain_text(" s, with pause_s = 0.3.")
    assert runs(notebook) == "[0.0, 0.2, 0.3] False"


def test_a_long_run_shows_how_far_it_is_and_can_be_cancelled(notebook: Notebook) -> None:
    page = notebook.page
    field(page, "pause_s").fill("60")
    button(page, "Run").click()
    expect(page.locator(".lss").get_by_role("progressbar")).to_be_visible()
    expect(page.locator(".lss-time")).to_have_text(re.compile(r"^\d+\.\d s of about 60\.0 s$"))
    # The kernel is free meanwhile.
    assert runs(notebook) == "[0.0, 60.0] True"
    button(page, "Cancel").click()
    expect(status(page)).to_have_text("Cancelled. Still shown: the run before, with every parameter at its default.")
    expect(page.locator(".lss").get_by_role("progressbar")).to_be_hidden()
    field(page, "pause_s").fill("0")
    button(page, "Run").click()
    expect(status(page)).to_contain_text(" s, with every parameter at its default.")
    assert runs(notebook) == "[0.0, 60.0, 0.0] False"


def test_a_panel_that_is_closed_or_cleared_while_it_runs_holds_nothing_up(notebook: Notebook) -> None:
    page = notebook.page
    field(page, "pause_s").fill("60")
    button(page, "Run").click()
    expect(status(page)).to_have_text("Running…")
    notebook.run(CLOSE)
    expect(page.locator(".lss")).to_have_count(0)
    assert runs(notebook) == "[0.0, 60.0] False"

    notebook.run(1)
    field(page, "pause_s").fill("0.5")
    button(page, "Run").click()
    expect(status(page)).to_have_text("Running…")
    notebook.menu("Edit", "Clear Outputs of All Cells")
    expect(page.locator(".lss")).to_have_count(0)
    assert notebook.run(STOP).errors == ()
    assert runs(notebook) == "[0.0, 60.0, 0.0, 0.5] False"
    assert notebook.complaints == []


def test_its_cell_run_again_while_it_runs_begins_anew_at_once(notebook: Notebook) -> None:
    page = notebook.page
    field(page, "pause_s").fill("60")
    button(page, "Run").click()
    expect(status(page)).to_have_text("Running…")
    assert notebook.run(1).errors == ()
    expect(status(page)).to_have_text("Shown: the run with every parameter at its default.")
    expect(page.locator(".lss")).to_have_count(1)
    assert runs(notebook) == "[0.0, 60.0, 0.0] False"


def test_a_stopped_lab_is_one_sentence(notebook: Notebook) -> None:
    notebook.run(STOP)
    button(notebook.page, "Run").click()
    expect(status(notebook.page)).to_have_text(
        "The lab is not running: run the cell that starts it, then this cell again."
    )


@pytest.mark.parametrize(("width", "files"), [(1280, False), (800, False), (800, True)])
def test_nothing_sticks_out_of_the_window(notebook: Notebook, width: int, files: bool) -> None:
    page = notebook.page
    notebook.resize(width)
    notebook.show_files(files)
    for name in ("picture", "bytes", "table", "code"):
        tab(page, name).click()
        if name == "bytes":
            expect(page.locator(".lss-bytes .lsi")).to_be_visible()
        assert page.evaluate(_TOO_WIDE) == [], name


def test_its_words_can_be_read_in_both_themes(notebook: Notebook) -> None:
    page = notebook.page
    for theme in (LIGHT, DARK):
        notebook.choose_theme(theme)
        for name in ("picture", "table", "code"):
            tab(page, name).click()
            found = notebook.contrasts(".lss")
            assert len(found) > 10, name
            assert {text: round(ratio, 1) for text, ratio in found.items() if ratio < LEAST_CONTRAST} == {}, name
    field(page, "pause_s").fill("x")
    button(page, "Run").click()
    expect(page.locator(".lss-wrong")).to_be_visible()
    for theme in (DARK, LIGHT):
        notebook.choose_theme(theme)
        assert min(notebook.contrasts(".lss-wrong").values()) >= LEAST_CONTRAST

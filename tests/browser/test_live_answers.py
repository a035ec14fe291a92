"""The live panel as a learner meets it: answers grow beside each other, each stops in its own way, in both themes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenCells
from tests.browser.notebook import DARK, LIGHT, Notebook
from tests.browser.test_look import LEAST_CONTRAST

pytestmark = pytest.mark.slow

START = """
import time
from lab_servers import start_lab
from lab_servers.course import live_answers

lab = start_lab([])
"""
PANEL = "live = live_answers(lab, tokens=150); live"
TELL, BUSY, STOP = range(2, 5)
LATER = (
    "print([(one.way, one.progress.value, one.generated_after) for one in live.columns], live.recording is not None)",
    "time.sleep(3)",
    "lab.stop()",
)

_TOO_WIDE = """() => {
    const panel = document.querySelector('.lsa'), right = panel.getBoundingClientRect().right;
    const boxes = panel.querySelectorAll('.lsa-form, .lsa-column, .lsa-text');
    return [document.querySelector('.jp-WindowedPanel-outer'), panel, ...boxes]
        .filter(box => box.scrollWidth > box.clientWidth + 1)
        .concat([...panel.querySelectorAll('p, button, label, input, select')]
            .filter(part => part.getBoundingClientRect().right > right + 1))
        .map(element => element.className || element.tagName);
}"""
_FOCUSED = """() => {
    const one = document.activeElement;
    return one.closest('.lsa') ? (one.name || one.getAttribute('aria-label') || one.textContent
        || one.parentElement.textContent) : '';
}"""


@pytest.fixture
def notebook(open_cells: OpenCells) -> Notebook:
    opened = open_cells(START, PANEL, *LATER)
    for position in (0, 1):
        assert opened.run(position).errors == ()
    expect(column(opened.page, "NDJSON")).to_be_visible()
    return opened


def column(page: Page, way: str) -> Locator:
    return page.locator(".lsa").get_by_role("article", name=way)


def text(page: Page, way: str) -> Locator:
    return column(page, way).locator(".lsa-text")


def told(page: Page, way: str) -> Locator:
    return column(page, way).locator(".lsa-told")


def button(page: Page, name: str) -> Locator:
    return page.locator(".lsa").get_by_role("button", name=name, exact=True)


def status(page: Page) -> Locator:
    return page.locator(".lsa").get_by_role("status")


def test_a_saved_page_has_the_first_run_without_a_click(notebook: Notebook) -> None:
    page = notebook.page
    expect(status(page)).to_have_text("All has ended: 5 complete.")
    saved = page.evaluate("() => jupyterapp.shell.currentWidget.content.widgets[1].model.outputs.toJSON()[0].data")
    assert set(saved) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert "<table" in saved["text/html"]
    assert "<script" not in saved["text/html"]
    assert "世界" in saved["text/plain"]


def test_answers_grow_while_they_are_written_and_the_whole_one_does_not(notebook: Notebook) -> None:
    page = notebook.page
    button(page, "Ask").click()
    expect(told(page, "event stream")).to_have_text("Being written.")
    expect(text(page, "event stream")).to_contain_text("世界")
    early = text(page, "event stream").inner_text()
    expect(text(page, "whole JSON")).to_have_text("")
    expect(told(page, "whole JSON")).to_have_text("Asked; nothing to read yet.")
    expect(status(page)).to_have_text("All has ended: 5 complete.", timeout=20_000)
    whole = text(page, "whole JSON").inner_text()
    assert whole.startswith(early)
    assert len(early) < len(whole)
    assert {text(page, way).inner_text() for way in ("NDJSON", "WebSocket", "short polling")} == {whole}
    expect(column(page, "WebSocket").locator(".lsa-clock")).to_have_text(
        re.compile(r"^First text after [\d.]+ s, done after [\d.]+ s, [\d,]+ bytes\.$")
    )
    assert notebook.complaints == []
    assert notebook.asked_elsewhere == []


def test_each_way_stops_in_its_own_way_and_polling_does_not_stop_the_model(notebook: Notebook) -> None:
    page = notebook.page
    button(page, "Ask").click()
    for way in ("NDJSON", "WebSocket", "event stream", "short polling"):
        expect(told(page, way)).to_have_text("Being written.")
        button(page, f"Stop {way}").click()
    expect(told(page, "short polling")).to_contain_text("The model goes on")
    expect(told(page, "NDJSON")).to_contain_text("You stopped it at")
    expect(status(page)).to_contain_text("1 complete, 4 stopped by you", timeout=20_000)
    cell = notebook.run(TELL).text
    after = dict(re.findall(r"\('([^']+)', '\w+', (\d+|None)\)", cell))
    assert after["whole JSON"] == "None"
    for way in ("NDJSON", "WebSocket", "event stream"):
        assert int(after[way]) < int(after["short polling"])


def test_stop_all_stops_all(notebook: Notebook) -> None:
    page = notebook.page
    button(page, "Ask").click()
    expect(told(page, "WebSocket")).to_have_text("Being written.")
    button(page, "Stop all").click()
    expect(status(page)).to_contain_text("All has ended: 5 stopped by you.", timeout=20_000)
    expect(button(page, "Stop all")).to_have_attribute("aria-disabled", "true")


def test_by_keyboard_alone(notebook: Notebook) -> None:
    page = notebook.page
    keys = page.keyboard
    keys.press("Escape")
    for _ in range(40):
        if page.evaluate(_FOCUSED):
            break
        keys.press("Tab")
    order = [page.evaluate(_FOCUSED)]
    for _ in range(4 + 11 + 2):
        keys.press("Tab")
        order.append(page.evaluate(_FOCUSED))
    assert order[:5] == ["language", "tokens", "ttft_s", "gap_s", "network"]
    assert order[5:7] == ["whole JSON", "event stream"]
    assert order[-2:] == ["Ask", "Stop all"]
    keys.press("Shift+Tab")
    keys.press("Enter")
    expect(told(page, "WebSocket")).to_have_text("Being written.")
    keys.press("Tab")
    keys.press("Enter")
    expect(status(page)).to_contain_text("All has ended: 5 stopped by you.", timeout=20_000)
    # None of these keys was taken for one of the notebook's own commands.
    assert len(notebook.cells()) == 2 + len(LATER)


def test_ways_and_parameters_are_chosen_and_a_mistake_is_one_sentence(notebook: Notebook) -> None:
    page = notebook.page
    tokens = page.locator(".lsa").get_by_label("tokens", exact=True)
    tokens.fill("0")
    button(page, "Ask").click()
    expect(status(page)).to_have_text("tokens must be a whole number from 1 to 400 tokens, not 0.")
    expect(tokens).to_have_attribute("aria-invalid", "true")
    tokens.fill("5")
    for way in ("whole JSON", "short polling", "NDJSON", "WebSocket"):
        page.locator(".lsa").get_by_role("checkbox", name=way, exact=True).uncheck()
    button(page, "Ask").click()
    expect(status(page)).to_have_text("All has ended: 1 complete.")
    expect(told(page, "event stream")).to_have_text("Complete: 5 tokens.")
    expect(page.locator(".lsa article")).to_have_count(1)


def test_a_stopped_lab_and_a_busy_kernel_are_said(notebook: Notebook) -> None:
    page = notebook.page
    notebook.begin(BUSY)
    button(page, "Ask").click()
    expect(status(page)).to_have_text("The kernel is busy: the question goes out when it is free.")
    notebook.wait_for_answers(1)
    expect(status(page)).to_have_text("All has ended: 5 complete.", timeout=20_000)
    notebook.run(STOP)
    button(page, "Ask").click()
    expect(status(page)).to_have_text("The lab is not running: run the cell that starts it, then this cell again.")


@pytest.mark.parametrize(("width", "files"), [(1280, False), (800, False), (800, True)])
def test_nothing_sticks_out_of_the_window(notebook: Notebook, width: int, files: bool) -> None:
    notebook.resize(width)
    notebook.show_files(files)
    for way in ("chat completions", "responses", "messages", "Gemini", "Ollama", "long polling"):
        notebook.page.locator(".lsa").get_by_role("checkbox", name=way, exact=True).check()
    button(notebook.page, "Ask").click()
    expect(told(notebook.page, "WebSocket")).to_have_text("Being written.")
    assert notebook.page.evaluate(_TOO_WIDE) == []


def test_its_words_can_be_read_in_both_themes(notebook: Notebook) -> None:
    page = notebook.page
    button(page, "Ask").click()
    expect(told(page, "WebSocket")).to_have_text("Being written.")
    button(page, "Stop short polling").click()
    expect(told(page, "short polling")).to_contain_text("The model goes on")
    for theme in (DARK, LIGHT):
        notebook.choose_theme(theme)
        found = notebook.contrasts(".lsa")
        assert len(found) > 20
        assert {text: round(ratio, 1) for text, ratio in found.items() if ratio < LEAST_CONTRAST} == {}

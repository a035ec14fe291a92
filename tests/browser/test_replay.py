"""The replay panel as a learner meets it: type, press Send, and read the new answer beside the old one."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenCells
from tests.browser.notebook import DARK, LIGHT, Notebook
from tests.browser.test_look import LEAST_CONTRAST

pytestmark = pytest.mark.slow

START = """
from lab_servers import start_lab
from lab_servers.scenarios import OneExchange, Replay
from lab_servers.views import replay_panel

lab = start_lab(["http"])
exchange = OneExchange().run(lab).captures[0]
"""
PANEL = 'panel = replay_panel(exchange, lambda data: Replay("http", data).run(lab)); panel'

# What in the panel is cut off or sticks out of it; what scrolls or ends in "…" by itself is left out.
_TOO_WIDE = """() => {
    const panel = document.querySelector('.lsr'), right = panel.getBoundingClientRect().right;
    const boxes = [panel, ...panel.querySelectorAll('.lsr-beside, .lsr-controls')];
    const parts = [...panel.querySelectorAll('p, code, button, label, textarea, .lsi')];
    return boxes.filter(box => box.scrollWidth > box.clientWidth + 1)
        .concat(parts.filter(part => part.getBoundingClientRect().right > right + 1 && !part.closest('.lsi-panes')))
        .map(element => element.className);
}"""


@pytest.fixture
def notebook(open_cells: OpenCells) -> Notebook:
    opened = open_cells(START, PANEL, "panel.data", "print(panel.recording.comment)", "lab.stop()")
    for position in (0, 1):
        assert opened.run(position).errors == ()
    opened.page.locator(".lsr textarea").wait_for()
    return opened


def editor(page: Page) -> Locator:
    return page.get_by_role("textbox", name="What the client sends to http")


def status(page: Page) -> Locator:
    return page.locator(".lsr-status")


def send(page: Page) -> None:
    page.locator(".lsr").get_by_role("button", name="Send").click()
    expect(status(page)).to_contain_text("Sent ")


def replace(page: Page, old: str, new: str) -> None:
    editor(page).fill(editor(page).input_value().replace(old, new))


def test_a_changed_method_gets_its_new_answer_beside_the_old_one(notebook: Notebook) -> None:
    page = notebook.page
    expect(page.locator(".lsr .lsi")).to_have_count(1)

    editor(page).click()
    page.keyboard.press("Control+Home")
    page.keyboard.press("Control+Shift+ArrowRight")
    page.keyboard.type("DELETE")
    expect(status(page)).to_contain_text("3 more than recorded")
    send(page)

    expect(status(page)).to_contain_text("It ended because the server closed the connection.")
    expect(page.locator(".lsr-sentence").first).to_contain_text("Answer: 405; before: 200.")
    expect(page.locator(".lsr .lsi")).to_have_count(2)
    expect(page.locator(".lsr .lsi").nth(1)).to_contain_text("DELETE /api/user/info")
    expect(page.locator(".lsr-code")).to_contain_text("b'DELETE /api/user/info HTTP/1.1\\r\\n'")
    # A screen reader hears the same, once the typing has stopped.
    expect(page.locator(".lsr [role=status]").first).to_contain_text("It ended because")
    assert notebook.run(3).text.startswith("Replay(server='http', size_bytes=")
    assert notebook.complaints == []
    assert notebook.asked_elsewhere == []


def test_a_double_click_is_one_run_and_the_page_goes_on(notebook: Notebook) -> None:
    page = notebook.page
    page.locator(".lsr").get_by_role("button", name="Send").dblclick()
    expect(status(page)).to_contain_text("Sent ")
    expect(page.locator(".lsr .lsi")).to_have_count(2)
    editor(page).click()
    expect(page.locator(".lsr").get_by_role("button", name="Send")).to_be_enabled()


def test_hexadecimal_mistakes_and_reset(notebook: Notebook) -> None:
    page = notebook.page
    page.get_by_role("radio", name="Hex").check()
    expect(editor(page)).to_have_value(re.compile("^47 45 54 20"))
    replace(page, "47 45 54", "47 45 5")
    expect(status(page)).to_have_text("Line 1, column 7: the digit 5 is alone; a byte is two, such as 05.")
    page.get_by_role("radio", name="Text").check()
    expect(page.get_by_role("radio", name="Hex")).to_be_checked()
    page.locator(".lsr").get_by_role("button", name="Send").click()
    expect(status(page)).to_contain_text("Nothing was sent.")
    page.locator(".lsr").get_by_role("button", name="Reset").click()
    expect(status(page)).to_contain_text("as recorded")
    page.get_by_role("radio", name="Text").check()
    send(page)
    expect(page.locator(".lsr-sentence").first).to_contain_text("Answer: 200, as before.")


def test_a_stopped_lab_is_one_sentence(notebook: Notebook) -> None:
    notebook.run(4)
    notebook.page.locator(".lsr").get_by_role("button", name="Send").click()
    expect(status(notebook.page)).to_have_text("The lab is not running: start it with start_lab().")


def test_markup_that_a_learner_types_is_text(notebook: Notebook) -> None:
    page = notebook.page
    markup = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    replace(page, "/api/user/info", f"/{markup}")
    page.on("dialog", lambda dialog: pytest.fail("it was executed"))
    send(page)
    expect(page.locator(".lsr-code")).to_contain_text(markup)
    assert page.locator(".lsr img, .lsr script").count() == 0


def test_the_two_runs_stand_beside_each_other_where_there_is_room(notebook: Notebook) -> None:
    page = notebook.page
    send(page)
    for width, files, beside in ((1600, True, True), (1280, True, False), (1280, False, True), (700, False, False)):
        notebook.resize(width)
        notebook.show_files(files)
        first, second = [box.bounding_box() for box in page.locator(".lsr .lsi").all()]
        assert first
        assert second
        assert (second["y"] == pytest.approx(first["y"], abs=3)) == beside
        assert page.evaluate(_TOO_WIDE) == []


def test_its_words_can_be_read_in_both_themes(notebook: Notebook) -> None:
    replace(notebook.page, "GET", "DELETE")
    send(notebook.page)
    for theme in (LIGHT, DARK):
        notebook.choose_theme(theme)
        for selector in (".lsr p", ".lsr code", ".lsr label", ".lsr h4", ".lsr button"):
            found = notebook.contrasts(selector)
            assert found, selector
            assert {text: round(ratio, 1) for text, ratio in found.items() if ratio < LEAST_CONTRAST} == {}, selector
    replace(notebook.page, "Host", "\\q")
    expect(notebook.page.locator(".lsr-wrong")).to_be_visible()
    for theme in (DARK, LIGHT):
        notebook.choose_theme(theme)
        assert min(notebook.contrasts(".lsr-wrong").values()) >= LEAST_CONTRAST

"""Predictions as a learner meets them: answer by pointer or by keyboard, run on, and see both beside each other."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenCells
from tests.browser.notebook import DARK, LIGHT, Notebook
from tests.browser.test_look import LEAST_CONTRAST

pytestmark = pytest.mark.slow

MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script>"

QUESTIONS = f"""
from lab_servers.course.question import Choice, Number, Option, Order
from lab_servers.course.prediction import Prediction
from lab_servers.recording import Recording

seen = lambda recording: "The client sent 3 requests."
options = (Option("It stops."), Option("It asks {MARKUP}."), Option("It asks again."))
clean_end = Choice("x-end", "The stream ends. What now?", lambda r: "It asks again.", seen, options)
how_many = Number("x-many", "How many requests?", lambda r: 300, seen, "requests", 0, 1000)
who = Order("x-who", "Who is first?", lambda r: ("SSE", "polling", "HTTP"), seen, ("HTTP", "polling", "SSE"))
recording = Recording("CleanEnd", ())
"""
CHOICE, NUMBER, ORDER = (f"{name} = Prediction({of}, None); {name}" for name, of in
                         (("end", "clean_end"), ("many", "how_many"), ("first", "who")))  # fmt: skip
CELLS = (QUESTIONS, CHOICE, NUMBER, ORDER, "end.compare(recording)", "many.compare(recording)",
         "first.compare(recording)", "print(end.answer, many.answer, first.answer)")  # fmt: skip

_STICKS_OUT = """() => [...document.querySelectorAll('.lsp')].flatMap(form => {
    const right = form.getBoundingClientRect().right;
    return [...form.querySelectorAll('*')].filter(part => part.getBoundingClientRect().right > right + 1)
        .concat(form.scrollWidth > form.clientWidth + 1 ? [form] : []).map(part => part.className);
})"""


@pytest.fixture
def notebook(open_cells: OpenCells) -> Notebook:
    opened = open_cells(*CELLS)
    for position in range(4):
        assert opened.run(position).errors == ()
    expect(opened.page.locator(".lsp")).to_have_count(3)
    return opened


def form(page: Page, question: str) -> Locator:
    return page.get_by_role("group", name=question)


def status(page: Page, question: str) -> Locator:
    return form(page, question).get_by_role("status")


def output(notebook: Notebook, position: int) -> Locator:
    return notebook.page.locator(".jp-CodeCell").nth(position).locator(".jp-OutputArea-output")


def test_by_pointer_a_choice_is_locked_with_the_result_and_a_new_one_is_fresh(notebook: Notebook) -> None:
    page = notebook.page
    expect(status(page, "The stream ends.")).to_contain_text("Nothing chosen yet")
    page.get_by_text("It stops.", exact=True).click()
    expect(page.get_by_role("radio", name="It stops.")).to_be_checked()
    expect(status(page, "The stream ends.")).to_contain_text("Your prediction: “It stops.”. You can change it")

    assert notebook.run(4).errors == ()
    for words in ("✗ Not so", "It stops.", "This recording shows", "It asks again.", "The client sent 3 requests."):
        expect(output(notebook, 4)).to_contain_text(words)
    expect(status(page, "The stream ends.")).to_contain_text("it is locked")
    for radio in page.get_by_role("radio").all():
        expect(radio).to_be_disabled()
    page.get_by_text("It asks again.", exact=True).first.click(force=True)
    assert notebook.run(7).text.startswith("It stops. None None")

    notebook.run(1)
    expect(status(page, "The stream ends.")).to_contain_text("Nothing chosen yet")
    page.get_by_role("radio", name="It asks again.").check()
    expect(status(page, "The stream ends.")).to_contain_text("Your prediction: “It asks again.”")
    notebook.run(4)
    expect(output(notebook, 4)).to_contain_text("✓ Right")
    assert notebook.complaints == []
    assert notebook.asked_elsewhere == []


def test_by_keyboard_alone_all_three_kinds_can_be_answered(notebook: Notebook) -> None:
    page = notebook.page
    page.get_by_role("radio", name="It stops.").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(status(page, "The stream ends.")).to_contain_text("“It asks again.”")
    # In JupyterLab's command mode these keys would restart the kernel, delete the cell and add another.
    page.get_by_role("textbox", name="Your number of requests").focus()
    for key in ("d", "d", "a", "0", "0"):
        page.keyboard.press(key)
    expect(status(page, "How many")).to_have_text(
        "The prediction must be a number from 0 to 1,000 requests, not 'dda00'."
    )
    page.keyboard.press("Control+a")
    page.keyboard.type("300")
    expect(status(page, "How many")).to_contain_text("“300 requests”")
    for place in range(1, 4):
        page.keyboard.press("Tab")
        expect(page.get_by_role("combobox", name=f"Place {place} of 3")).to_be_focused()
        page.keyboard.type(("SSE", "pol", "HTT")[place - 1])
    expect(status(page, "Who is first?")).to_contain_text("“SSE, then polling, then HTTP”")

    for position in (4, 5, 6):
        notebook.run(position)
        expect(output(notebook, position)).to_contain_text("✓ Right")
    assert len(notebook.cells()) == len(CELLS)
    assert notebook.run(7).text.startswith("It asks again. 300 ('SSE', 'polling', 'HTTP')")


def test_shift_and_enter_in_a_form_run_on_as_everywhere_in_the_notebook(notebook: Notebook) -> None:
    page = notebook.page
    controls = (
        page.get_by_role("radio", name="It stops."),
        page.get_by_role("textbox", name="Your number of requests"),
        page.get_by_role("combobox", name="Place 1 of 3"),
    )
    for position, control in enumerate(controls, 1):
        before = notebook.cells()[position].count
        control.focus()
        notebook.messages.clear()
        page.keyboard.press("Shift+Enter")
        notebook.wait_for_answers(1)
        assert notebook.cells()[position].count > before
    assert len(notebook.cells()) == len(CELLS)
    # With Ctrl, a control hands its keys over too: this one opens and closes the list of files.
    page.get_by_role("radio", name="It stops.").focus()
    page.keyboard.press("Control+b")
    expect(page.locator("#filebrowser")).to_be_hidden()


def test_with_nothing_chosen_run_all_goes_on_and_says_so(notebook: Notebook) -> None:
    notebook.run_all()
    assert [cell.errors for cell in notebook.cells()] == [()] * len(CELLS)
    for position in (4, 5, 6):
        expect(output(notebook, position)).to_contain_text("No prediction")
        expect(output(notebook, position)).to_contain_text("This recording shows")
    expect(status(notebook.page, "How many")).to_contain_text("No prediction was made before the result was shown.")


def test_an_item_of_an_order_stands_in_one_place_only(notebook: Notebook) -> None:
    page = notebook.page
    places = [page.get_by_role("combobox", name=f"Place {place} of 3") for place in (1, 2, 3)]
    for place, item in zip(places, ("HTTP", "polling", "SSE"), strict=True):
        place.select_option(item)
    expect(status(page, "Who is first?")).to_contain_text("“HTTP, then polling, then SSE”")
    places[0].select_option("SSE")
    expect(status(page, "Who is first?")).to_contain_text("“SSE, then polling, then HTTP”")
    places[0].select_option("choose…")
    expect(status(page, "Who is first?")).to_contain_text("Nothing chosen yet")


def test_two_views_of_one_prediction_show_the_same(notebook: Notebook) -> None:
    page = notebook.page
    page.locator(".jp-CodeCell").nth(1).locator(".jp-OutputArea-output").click(button="right")
    page.get_by_text("Create New View for Cell Output").click()
    expect(page.locator(".lsp")).to_have_count(4)
    page.locator(".jp-LinkedOutputView").get_by_text("It stops.", exact=True).click()
    for radio in page.get_by_role("radio", name="It stops.").all():
        expect(radio).to_be_checked()


def test_markup_in_a_question_is_text(notebook: Notebook) -> None:
    page = notebook.page
    page.on("dialog", lambda dialog: pytest.fail("it was executed"))
    page.get_by_text(f"It asks {MARKUP}.", exact=True).click()
    expect(status(page, "The stream ends.")).to_contain_text(MARKUP)
    notebook.run(4)
    expect(output(notebook, 4)).to_contain_text(MARKUP)
    assert page.locator(".lsp img, .lsp script, .jp-RenderedHTMLCommon img").count() == 0


def test_it_fits_the_window_and_can_be_read_in_both_themes(notebook: Notebook) -> None:
    page = notebook.page
    page.get_by_text("It stops.", exact=True).click()
    page.get_by_role("textbox", name="Your number of requests").fill("many")
    expect(page.locator(".lsp-wrong")).to_be_visible()
    notebook.run(4)
    for width, files in ((1280, True), (800, False), (800, True)):
        notebook.resize(width)
        notebook.show_files(files)
        assert page.evaluate(_STICKS_OUT) == []
    for theme in (LIGHT, DARK):
        notebook.choose_theme(theme)
        for selector in (".lsp", "div p"):
            found = notebook.contrasts(selector)
            assert found, selector
            assert {text: round(ratio, 1) for text, ratio in found.items() if ratio < LEAST_CONTRAST} == {}, selector


def test_prediction_and_recording_stand_side_by_side(notebook: Notebook) -> None:
    page = notebook.page
    page.get_by_text("It stops.", exact=True).click()
    notebook.run(4)
    for width, files in ((1280, True), (800, False)):
        notebook.resize(width)
        notebook.show_files(files)
        mine = output(notebook, 4).get_by_text("Your prediction").bounding_box()
        seen = output(notebook, 4).get_by_text("This recording shows").bounding_box()
        assert mine
        assert seen
        assert mine["y"] == pytest.approx(seen["y"], abs=3)
        assert mine["x"] < seen["x"]

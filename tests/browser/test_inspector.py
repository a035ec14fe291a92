"""The byte inspector as a learner meets it: pointer, keys, both themes, narrow windows, hostile bytes, a megabyte."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect

from lab_servers.capture.capture import Side
from tests.browser.conftest import OpenCells
from tests.browser.notebook import DARK, LIGHT, Notebook
from tests.browser.test_look import LEAST_CONTRAST
from tests.repository.project import ROOT
from tests.views.inspected import MARKUP, STREAM_HEAD, megabyte

pytestmark = pytest.mark.slow

START = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from lab_servers.recording import Recording
from lab_servers.views import inspector
from tests.views import inspected
"""

SHOW_EVENTS = "view = inspector(inspected.event_stream()); view"
SHOW_SOCKET = "view = inspector(inspected.socket()); view"


@pytest.fixture
def open_inspector(open_cells: OpenCells) -> OpenCells:
    """Opens a notebook whose cells follow one that imports what they need, and runs all of them."""

    def opened(*sources: str) -> Notebook:
        notebook = open_cells(START, *sources)
        notebook.run_all()
        assert [cell.errors for cell in notebook.cells()] == [()] * (1 + len(sources))
        notebook.page.locator(".lsi-hex-row").first.wait_for()
        return notebook

    return opened


def byte(page: Page, offset: int) -> Locator:
    """A byte in the hexadecimal column."""
    return page.locator(f".lsi-bytes [data-o='{offset}']")


def explained(page: Page, name: str) -> None:
    """Wait until the panel explains a field or record of this name."""
    expect(page.locator(".lsi-heading > span").nth(1)).to_have_text(name)


def selection(notebook: Notebook, **expected: object) -> None:
    """Wait until Python has this selection too."""
    for _ in range(100):
        found = json.loads(notebook.run(len(notebook.cells()) - 1).text)
        if expected.items() <= found.items():
            return
        notebook.page.wait_for_timeout(20)
    raise AssertionError(f"{expected} is not in {found}")


TELL = "import json; print(json.dumps(view.selection))"


# --- pointer --------------------------------------------------------------------------------


def test_a_click_on_a_byte_explains_its_field_and_tells_python(open_inspector: OpenCells) -> None:
    notebook = open_inspector(SHOW_EVENTS, TELL)
    page = notebook.page
    page.locator(".lsi-tabs button", has_text="server").click()
    explained(page, "response head")

    byte(page, 9).click()

    explained(page, "status code")
    expect(page.locator(".lsi-value")).to_have_text("200")
    expect(page.locator(".lsi-list [aria-selected=true] .lsi-name")).to_have_text("status code")
    expect(page.locator(".lsi-bytes .sel")).to_have_text(["32", "30", "30"])
    expect(page.locator(".lsi-text .sel")).to_have_text(["2", "0", "0"])
    expect(page.locator(".lsi-status")).to_contain_text("passed 2.00 ms after the opening")
    link = page.locator(".lsi-detail a").first
    assert link.get_attribute("href") == "https://www.rfc-editor.org/rfc/rfc9110#section-15.3.1"
    assert link.get_attribute("target") == "_blank"
    assert "noopener" in (link.get_attribute("rel") or "")
    selection(notebook, sender="server", start=9, stop=12, offset=9)


def test_a_click_in_the_tree_marks_the_bytes(open_inspector: OpenCells) -> None:
    page = open_inspector(SHOW_EVENTS).page
    page.locator(".lsi-field", has_text="request target").click()
    explained(page, "request target")
    expect(page.locator(".lsi-text .sel")).to_have_text(list("/stream"))


def test_hovering_marks_a_field_and_says_its_name_without_covering_anything(open_inspector: OpenCells) -> None:
    page = open_inspector(SHOW_EVENTS).page
    byte(page, 1).hover()
    expect(page.locator(".lsi-bytes .hov")).to_have_text(["47", "45", "54"])
    expect(page.locator(".lsi-status")).to_contain_text("method · request head")
    explained(page, "request head")


def test_a_byte_of_an_event_leads_to_the_chunk_around_it_too(open_inspector: OpenCells) -> None:
    page = open_inspector("view = inspector(inspected.event_stream()); view.selection = {'record': 3}; view").page
    explained(page, "event")
    page.locator(".lsi-also button").click()
    explained(page, "chunk data")


def test_bits_are_shown_as_bits_and_each_group_can_be_chosen(open_inspector: OpenCells) -> None:
    page = open_inspector("view = inspector(inspected.socket()); view.selection = {'record': 2, 'field': 4}; view").page
    explained(page, "opcode")
    expect(page.locator(".lsi-bits button")).to_have_text(["FIN", "RSV1", "RSV2", "RSV3", "opcode"])
    expect(page.locator(".lsi-bits b")).to_have_text(list("10000001"))
    page.locator(".lsi-bits button", has_text="FIN").click()
    explained(page, "FIN")


# --- layers ---------------------------------------------------------------------------------


def test_a_layer_is_shown_byte_by_byte_and_marks_the_bytes_on_the_wire(open_inspector: OpenCells) -> None:
    notebook = open_inspector("view = inspector(inspected.socket()); view.selection = {'record': 2}; view", TELL)
    page = notebook.page
    page.locator(".lsi-tabs button", has_text="unmasked").click()
    # The layer is shorter than the wire: while the wire's rows still stand there, there are more than one.
    expect(page.locator(".lsi-text")).to_have_count(1)
    expect(page.locator(".lsi-text")).to_have_text("hello")
    byte(page, 1).click()
    explained(page, "payload")
    page.locator(".lsi-tabs button", has_text="client").click()
    expect(page.locator(".lsi-bytes .cur")).to_have_text(f"{ord('e') ^ 2:02x}")
    offset = int(page.locator(".lsi-bytes .cur").get_attribute("data-o") or -1)
    selection(notebook, sender="client", offset=offset)


def test_a_chosen_layer_stays_chosen_from_record_to_record(open_inspector: OpenCells) -> None:
    page = open_inspector("view = inspector(inspected.event_stream()); view.selection = {'record': 3}; view").page
    page.locator(".lsi-tabs button", has_text="event text").click()
    expect(page.locator(".lsi-text").first).to_have_text("你好")
    page.locator(".lsi-filter input").fill("message (id 1): world")
    page.locator(".lsi-record").click()
    expect(page.locator(".lsi-text").first).to_have_text("world")


# --- keys -----------------------------------------------------------------------------------


def test_keys_move_through_the_bytes(open_inspector: OpenCells) -> None:
    notebook = open_inspector(SHOW_EVENTS, TELL)
    page = notebook.page
    byte(page, 0).click()
    for keys, at in (
        ("ArrowRight", 1),
        ("ArrowDown", 17),
        ("Home", 16),
        ("End", 31),
        ("Control+Home", 0),
        ("ArrowUp", 0),
    ):
        page.keyboard.press(keys)
        expect(page.locator(".lsi-bytes .cur")).to_have_attribute("data-o", str(at))
    page.keyboard.press("Control+End")
    expect(page.locator(".lsi-bytes .cur")).to_have_attribute("data-o", "32")
    explained(page, "empty line")
    selection(notebook, offset=32)


def test_keys_move_through_the_records_and_open_and_close_them(open_inspector: OpenCells) -> None:
    page = open_inspector(SHOW_EVENTS).page
    page.locator(".lsi-list").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".lsi-field")).to_have_count(0)
    page.keyboard.press("ArrowDown")
    explained(page, "response head")
    page.keyboard.press("ArrowRight")
    explained(page, "version")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    explained(page, "status code")
    page.keyboard.press("ArrowLeft")
    explained(page, "response head")
    page.keyboard.press("End")
    explained(page, "trailer section")


_ANOTHER_NOTE = "last => (document.querySelector('.lsi-note.sel')?.textContent ?? last) !== last"


def test_n_and_p_go_from_note_to_note_and_g_to_an_offset(open_inspector: OpenCells) -> None:
    page = open_inspector(SHOW_SOCKET).page
    page.locator(".lsi-hex").focus()
    note = page.locator(".lsi-note.sel")
    met: list[str] = []
    while not met or "✗" not in met[-1]:
        page.keyboard.press("n")
        page.wait_for_function(_ANOTHER_NOTE, arg=met[-1] if met else "")
        met.append(note.text_content() or "")
    explained(page, "status code")
    page.keyboard.press("p")
    expect(note).to_have_text(met[-2])
    page.keyboard.press("p")
    expect(note).to_have_text(met[-3])
    page.locator(".lsi-tabs button", has_text="server").click()
    explained(page, "response head")
    page.keyboard.press("g")
    page.keyboard.type("0x9")
    page.keyboard.press("Enter")
    explained(page, "status code")
    page.keyboard.press("g")
    page.keyboard.type("99999")
    page.keyboard.press("Enter")
    expect(page.locator(".lsi-status")).to_contain_text("Offsets go from 0 to")


def test_keys_in_the_inspector_are_not_the_notebooks_until_escape(open_inspector: OpenCells) -> None:
    notebook = open_inspector(SHOW_EVENTS, TELL)
    page = notebook.page
    before = [cell.source for cell in notebook.cells()]
    byte(page, 3).click()
    for key in "abdxzm0i":  # in command mode: new cells, delete, cut, undo, restart
        page.keyboard.press(key)
        page.keyboard.press(key)
    assert [cell.source for cell in notebook.cells()] == before
    assert page.locator(".jp-Dialog").count() == 0
    page.keyboard.press("Escape")
    assert not page.evaluate("document.querySelector('.lsi').contains(document.activeElement)")
    page.keyboard.press("b")  # the notebook's own again: a new cell
    page.wait_for_function(f"jupyterapp.shell.currentWidget.content.widgets.length === {len(before) + 1}")


def test_tab_leads_through_the_parts_in_order(open_inspector: OpenCells) -> None:
    page = open_inspector(SHOW_SOCKET).page
    page.locator(".lsi-filter select").focus()
    met = []
    for _ in range(5):
        page.keyboard.press("Tab")
        met.append(page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.role"))
    assert met[:4] == ["Filter records by text", "Records in order of time", "tab", "Bytes, hexadecimal"]


# --- filters, connections, Python -----------------------------------------------------------


def test_records_can_be_filtered_by_kind_and_text(open_inspector: OpenCells) -> None:
    page = open_inspector(SHOW_EVENTS).page
    page.locator(".lsi-filter select").select_option("name:event")
    expect(page.locator(".lsi-record .lsi-name")).to_have_text(["event", "event"])
    page.locator(".lsi-filter input").fill("WORLD")
    expect(page.locator(".lsi-record .lsi-name")).to_have_text(["event"])
    page.locator(".lsi-filter select").select_option("notes")
    expect(page.locator(".lsi-record")).to_have_count(0)


def test_a_connection_can_be_chosen_by_the_reader_and_by_python(open_inspector: OpenCells) -> None:
    two = 'Recording("two", (inspected.event_stream(), inspected.socket()))'
    notebook = open_inspector(f"view = inspector({two}); view", "view.connection = 0", TELL)
    page = notebook.page
    page.locator(".lsi-bar select").select_option(index=1)
    expect(page.locator(".lsi-record .lsi-summary").first).to_contain_text("GET /ws")
    selection(notebook, record=0, sender="client")
    notebook.run(2)
    expect(page.locator(".lsi-record .lsi-summary").first).to_contain_text("GET /stream")
    assert page.locator(".lsi-bar select").input_value() == "http connection 1"


def test_python_moves_the_view(open_inspector: OpenCells) -> None:
    notebook = open_inspector(SHOW_EVENTS, f"view.selection = {{'sender': 'server', 'offset': {len(STREAM_HEAD)}}}")
    page = notebook.page
    explained(page, "chunk size")
    expect(page.locator(".lsi-bytes .cur")).to_have_attribute("data-o", str(len(STREAM_HEAD)))


def test_without_a_kernel_the_panel_says_so_and_bytes_stay_browsable(open_inspector: OpenCells) -> None:
    notebook = open_inspector(SHOW_EVENTS)
    page = notebook.page
    page.locator(".lsi-field").first.wait_for()
    notebook.lab.end_session(notebook.path)
    page.locator(".lsi-list").focus()
    page.keyboard.press("End")
    expect(page.locator(".lsi-silence")).to_contain_text("The kernel does not answer", timeout=15_000)
    page.locator(".lsi-list").focus()
    page.keyboard.press("Home")
    explained(page, "request head")


# --- looks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_all_text_can_be_read_in_the_theme(open_inspector: OpenCells, theme: str) -> None:
    notebook = open_inspector("view = inspector(inspected.socket()); view.selection = {'record': 4, 'field': 5}; view")
    notebook.choose_theme(theme)
    page = notebook.page
    page.locator(".lsi-bits").wait_for()
    for act in (
        lambda: byte(page, 0).hover(),
        lambda: page.locator(".lsi-tabs button", has_text="client").click(),
        lambda: page.locator(".lsi-record").first.hover(),
    ):
        act()
        contrasts = notebook.contrasts(".lsi")
        assert contrasts
        assert {text: round(ratio, 1) for text, ratio in contrasts.items() if ratio < LEAST_CONTRAST} == {}


@pytest.mark.parametrize("width", [1280, 800, 700])
def test_nothing_is_cut_off_at_the_side(open_inspector: OpenCells, width: int) -> None:
    notebook = open_inspector(SHOW_EVENTS)
    page = notebook.page
    notebook.show_files(False)
    notebook.resize(width)
    expect(byte(page, 0)).to_be_visible()
    wide = page.evaluate(
        """() => [...document.querySelectorAll('.lsi, .lsi-hex, .lsi-hex-row, .lsi-detail, .lsi-tabs, .lsi-bar')]
            .filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.className)"""
    )
    assert wide == []
    sizes = page.evaluate(
        "() => [...document.querySelectorAll('.lsi-bytes span')].map(one => parseFloat(getComputedStyle(one).fontSize))"
    )
    assert min(sizes) >= 13


# --- hostile bytes --------------------------------------------------------------------------

# Everything in the inspector that is not of its own making.
_STRANGERS = r"""() => {
    const ours = 'A B BDI BUTTON DIV H4 H5 HEADER INPUT OPTION P SECTION SELECT SMALL SPAN STRONG'
        + ' TABLE TBODY TD TH THEAD TR';
    const specifications = /^https:\/\/(www\.rfc-editor\.org|(html|encoding)\.spec\.whatwg\.org)\//;
    return [...document.querySelectorAll('.lsi *, .jp-RenderedHTML *')].filter(one =>
        !ours.split(' ').includes(one.tagName)
        || one.tagName === 'A' && !specifications.test(one.href)
        || [...one.attributes].some(({ name }) => name.startsWith('on'))).map(one => one.outerHTML);
}"""


_CLICK_LAYERS = """() => {
    for (const tab of document.querySelectorAll('.lsi-tabs .layer')) tab.click();
    return document.querySelectorAll('.lsi-record, .lsi-field, .lsi-group').length;
}"""


def test_hostile_bytes_are_text_in_every_form_and_place(open_inspector: OpenCells) -> None:
    # What a line end or an escape would break stands apart from the rest.
    payloads = ("".join(MARKUP[:5] + MARKUP[7:]), "".join(MARKUP[5:7]))
    connections = f"tuple(one for payload in {payloads!r} for one in inspected.hostile(payload))"
    notebook = open_inspector(
        f"recording = Recording({MARKUP[0]!r}, {connections})",
        "inspector(recording)",
        "from IPython.display import HTML, display",
        "for capture in recording: display(HTML(inspector(capture)._repr_html_()))",
        "for capture in recording: print(inspector(capture))",
    )
    page = notebook.page
    dialogs: list[str] = []

    def hear(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", hear)
    chooser = page.locator(".lsi-bar select")
    records = page.locator(".lsi-list")
    explanations = 0
    for connection in range(chooser.locator("option").count()):
        chooser.select_option(index=connection)
        expect(page.locator(".lsi-record").first).to_be_visible()
        records.focus()
        page.keyboard.press("Home")
        last = None
        while (now := records.get_attribute("aria-activedescendant")) != last:
            last = now
            page.wait_for_function(
                "() => document.querySelector('.lsi-meaning, .lsi-value, .lsi-hint')?.textContent != '…'"
            )
            page.evaluate(_CLICK_LAYERS)
            assert page.evaluate(_STRANGERS) == []
            explanations += 1
            page.keyboard.press("ArrowDown")
    assert explanations > 200
    assert page.evaluate("window.obeyed") is None
    assert dialogs == []
    assert notebook.asked_elsewhere == []
    assert notebook.complaints == []


# --- a megabyte -----------------------------------------------------------------------------

# From the key that runs the cell to the moment at which a click on the first byte has shown its field.
_MEASURE = """() => {
    let began = 0;
    window.interactive_ms = new Promise(resolve => {
        addEventListener('keydown', event => { if (event.key === 'Enter') began = performance.now(); }, true);
        let clicked = false;
        const look = () => {
            const byte = document.querySelector('.lsi-bytes [data-o="0"]');
            if (byte && !clicked) {
                clicked = true;
                byte.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true, button: 0 }));
            }
            if (document.querySelector('.lsi-meaning')) resolve(performance.now() - began);
            else setTimeout(look, 1);
        };
        look();
    });
}"""


def test_a_megabyte_is_soon_interactive_and_scrolls_to_the_right_rows(
    open_cells: OpenCells, record_property: Callable[[str, object], None]
) -> None:
    notebook = open_cells(f"{START}\nbig = inspected.megabyte()", "inspector(big)")
    page = notebook.page
    notebook.run(0)
    page.evaluate(_MEASURE)
    notebook.begin(1)
    interactive_ms = page.evaluate("interactive_ms")
    record_property("interactive_ms", round(interactive_ms))
    print(f"\n1 MiB in 20,000 records: interactive after {interactive_ms:.0f} ms")

    explained(page, "method")
    data = megabyte().bytes_from(Side.SERVER)
    page.locator(".lsi-tabs button", has_text="server").click()
    explained(page, "response head")
    for offset in (len(data) - 1, 16, 500_000, 499_999, 1_000_000):
        page.locator(".lsi-bar input").fill(str(offset))
        page.locator(".lsi-bar input").press("Enter")
        expect(page.locator(".lsi-bytes .cur")).to_have_attribute("data-o", str(offset))
        assert_rows_are_right(page, data)
    for part in (0.9, 0.1, 0.55):
        page.locator(".lsi-hex").evaluate("(pane, part) => { pane.scrollTop = part * pane.scrollHeight }", part)
        expect(byte(page, int(part * len(data)) // 16 * 16 + 32)).to_be_visible()
        assert_rows_are_right(page, data)

    # Every record is in the list, though few are in the page; all of them can be searched when their rows have come.
    assert int(page.locator(".lsi-record").first.get_attribute("aria-setsize") or 0) > 20_000
    assert page.locator(".lsi-record").count() < 60
    expect(page.locator(".lsi-count")).to_have_text("no notes", timeout=60_000)
    page.locator(".lsi-filter select").select_option("name:event")
    page.locator(".lsi-filter input").fill("(id 9876)")
    expect(page.locator(".lsi-record")).to_have_count(1)


def assert_rows_are_right(page: Page, data: bytes) -> None:
    """What the page has of the bytes is what was sent, and fills the pane."""
    shown = page.evaluate(
        """() => [...document.querySelectorAll('.lsi-hex-row')].map(row => [
            row.querySelector('.lsi-offset').textContent, row.querySelector('.lsi-bytes').textContent])"""
    )
    assert 10 < len(shown) < 60
    for offset, digits in shown:
        first = int(offset, 16)
        assert digits == data[first : first + 16].hex()

"""Every notebook, run and saved as a page, reads completely in a browser that runs no script."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert.exporters import HTMLExporter
from playwright.sync_api import Browser, Page
from traitlets.config import Config

from tests.browser.notebook import chromium
from tests.notebooks.kernel import NOTEBOOKS, connect_in
from tests.repository.project import ROOT
from tests.tools import require_tool

pytestmark = pytest.mark.slow

WIDGET = "application/vnd.jupyter.widget-view+json"
THEMES = ("light", "dark")

# WCAG 2.2, success criterion 1.4.3, level AA, for text of ordinary size.
LEAST_CONTRAST = 4.5

# HTML comes first, since nobody can show a widget without a script. The rest is nbconvert's own order.
_PRIORITY = ["text/html", "text/markdown", "image/svg+xml", "text/latex", "image/png", "image/jpeg", "text/plain"]
_CONTRAST = (ROOT / "tests" / "browser" / "contrast.js").read_text(encoding="utf-8")

_OUTPUTS = """outputs => outputs.filter(output => !output.innerText.trim() && !output.querySelector('svg, img'))
    .map(output => output.outerHTML.slice(0, 200))"""
_HEADINGS = "headings => headings.map(one => [Number(one.tagName[1]), one.innerText.replace('¶', '').trim()])"
_UNTOLD_PICTURES = """pictures => pictures.filter(picture => {
    const told = picture.tagName === 'IMG' ? picture.alt : picture.getAttribute('aria-label');
    const beside = picture.closest('figure')?.querySelector('figcaption')?.innerText;
    return !told?.trim() || (picture.tagName !== 'IMG' && !beside?.trim());
}).map(picture => picture.outerHTML.slice(0, 200))"""
_BARE_TABLES = """tables => tables.filter(table => !table.querySelector('th'))
    .map(table => table.outerHTML.slice(0, 200))"""


@dataclass(frozen=True)
class Reading:
    """A notebook that was run.

    Attributes:
        name: Its file without the ending.
        document: The notebook with its outputs.
        pages: The files of the exported pages, by theme.
        browser: A browser.
    """

    name: str
    document: Any
    pages: dict[str, Path]
    browser: Browser

    @contextmanager
    def opened(self, theme: str) -> Iterator[Page]:
        """The page in a window whose browser runs no script and has no network."""
        with self.browser.new_context(java_script_enabled=False, offline=True) as context:
            page = context.new_page()
            page.goto(self.pages[theme].as_uri())
            yield page


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def reading(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reading]:
    """Each notebook, run in a folder of its own and exported in both themes."""
    require_tool("curl")
    original: Path = request.param
    folder = tmp_path_factory.mktemp(original.stem)
    document = nbformat.read(original, as_version=4)
    with tempfile.TemporaryDirectory() as sockets:
        settings = connect_in(sockets)
        NotebookClient(document, timeout=60, resources={"metadata": {"path": folder}}, config=settings).execute()
    shutil.copytree(original.parent / "images", folder / "images")
    pages = {}
    for theme in THEMES:
        exporter = HTMLExporter(theme=theme, config=Config({"NbConvertBase": {"display_data_priority": _PRIORITY}}))
        text, _ = exporter.from_notebook_node(document)
        pages[theme] = folder / f"{theme}.html"
        pages[theme].write_text(text, encoding="utf-8")
    with chromium() as browser:
        yield Reading(original.stem, document, pages, browser)


def test_beside_every_widget_stand_its_page_and_its_text(reading: Reading) -> None:
    outputs = [output.data for cell in reading.document.cells for output in cell.get("outputs", ()) if "data" in output]
    widgets = [data for data in outputs if WIDGET in data]
    for data in widgets:
        assert data["text/html"].strip(), data[WIDGET]
        assert data["text/plain"].strip()
        assert "Loading" not in data["text/html"]
    # A picture or a table says in text what it shows, for a terminal too.
    for data in outputs:
        assert data["text/plain"].strip(), list(data)
        assert not re.match(r"<[\w.]+ (object )?at 0x", data["text/plain"]), data["text/plain"][:100]


def test_no_output_is_lost_without_scripts(reading: Reading) -> None:
    with reading.opened("light") as page:
        outputs = page.locator(".jp-OutputArea-output")
        shown = [output for cell in reading.document.cells for output in cell.get("outputs", ())]
        assert outputs.count() >= len(shown)
        assert outputs.evaluate_all(_OUTPUTS) == []


def test_every_picture_has_its_words_and_every_table_its_heads(reading: Reading) -> None:
    with reading.opened("light") as page:
        assert page.locator("svg[role=img], img").evaluate_all(_UNTOLD_PICTURES) == []
        tables = page.locator(".jp-OutputArea-output table, .jp-MarkdownOutput table")
        assert tables.count() > 0
        assert tables.evaluate_all(_BARE_TABLES) == []


def test_it_has_one_title_and_headings_that_skip_no_level(reading: Reading) -> None:
    with reading.opened("light") as page:
        headings = page.locator("h1, h2, h3, h4, h5, h6").evaluate_all(_HEADINGS)
    # A line of prose that begins with "#123" is a title to nbconvert, though not to JupyterLab.
    (title,) = [text for level, text in headings if level == 1]
    assert headings[0] == [1, title]
    for (before, _), (level, text) in pairwise(headings):
        assert level <= before + 1, f"{text!r} skips a level"
    assert all(text for _, text in headings)


@pytest.mark.parametrize("theme", THEMES)
def test_its_text_can_be_read_in_the_theme(reading: Reading, theme: str) -> None:
    with reading.opened(theme) as page:
        found = page.evaluate(_CONTRAST, ".jp-RenderedHTMLCommon")
    assert found
    assert {one["text"]: round(one["ratio"], 1) for one in found if one["ratio"] < LEAST_CONTRAST} == {}

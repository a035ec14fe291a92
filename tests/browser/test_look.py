"""What the notebooks look like: nothing is wider than the window, and everything can be read in both themes."""

from __future__ import annotations

import pytest

from tests.browser.notebook import DARK, LIGHT, Notebook

pytestmark = pytest.mark.slow

LEAST_PICTURE_WIDTH_PX = 300
LEAST_TEXT_PX = 9

# WCAG 2.2, success criterion 1.4.3, level AA, for text of ordinary size.
LEAST_CONTRAST = 4.5

# The notebook itself, and everything around a table up to the box that the table brings along.
_SCROLLS_SIDEWAYS = """() => [...jupyterapp.shell.currentWidget.node.querySelectorAll(
        '.jp-WindowedPanel-outer, .jp-Cell, .jp-OutputArea, .jp-OutputArea-output.jp-RenderedHTMLCommon')]
    .filter(element => element.scrollWidth > element.clientWidth + 1)
    .map(element => `${element.className}: ${element.scrollWidth} in ${element.clientWidth}`)"""

every_width = pytest.mark.parametrize("width", [1280, 800])


@every_width
def test_pictures_are_large_enough_and_inside_the_window(ran: Notebook, width: int) -> None:
    ran.resize(width)
    ran.show_files(True)
    pictures = ran.pictures()
    assert pictures
    for picture in pictures:
        picture.scroll_into_view_if_needed()
        drawing, frame = picture.bounding_box(), picture.locator("xpath=ancestor::figure").bounding_box()
        assert drawing
        assert frame
        assert drawing["width"] > LEAST_PICTURE_WIDTH_PX
        # In a narrow window a picture scrolls inside its frame rather than shrink until nobody can read it.
        assert frame["x"] >= 0
        assert frame["x"] + frame["width"] <= width


@pytest.mark.parametrize(("width", "files"), [(1280, True), (800, False), (800, True)])
def test_the_text_in_pictures_is_not_shrunk_until_nobody_can_read_it(ran: Notebook, width: int, files: bool) -> None:
    ran.resize(width)
    ran.show_files(files)
    assert min(ran.text_sizes()) >= LEAST_TEXT_PX


@every_width
def test_a_wide_table_scrolls_in_its_own_box_and_not_the_notebook(ran: Notebook, width: int) -> None:
    ran.resize(width)
    ran.show_files(True)
    assert ran.page.evaluate(_SCROLLS_SIDEWAYS) == []


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize("selector", ["svg[role=img]", "table", "figcaption"])
def test_text_can_be_read_in_the_theme(ran: Notebook, theme: str, selector: str) -> None:
    ran.choose_theme(theme)
    contrasts = ran.contrasts(selector)
    assert contrasts
    assert {text: round(ratio, 1) for text, ratio in contrasts.items() if ratio < LEAST_CONTRAST} == {}

"""No link inside the suite is dead: each relative one leads to a file, each ``#anchor`` to a heading that exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

from tests.repository.project import ROOT, project_files

PAGES = [name for name in project_files() if name.suffix in (".ipynb", ".md")]

_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^\s)>]+)>?[^)]*\)")
_HEADING = re.compile(r"^#{1,6}[ \t]+(.*?)[ \t]*#*$", re.MULTILINE)


def prose(page: Path) -> str:
    """The Markdown of a page, without what is code."""
    if page.suffix == ".md":
        text = (ROOT / page).read_text(encoding="utf-8")
    else:
        cells = nbformat.read(ROOT / page, as_version=4).cells
        text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return _FENCE.sub("", text)


def links(page: Path) -> Iterator[str]:
    """Where the links and pictures of a page lead."""
    yield from _LINK.findall(_CODE.sub("", prose(page)))


def anchors(page: Path) -> set[str]:
    """The names that headings can be linked by: JupyterLab's in a notebook, GitHub's in a Markdown file."""
    titles = [heading.replace("`", "").replace("*", "") for heading in _HEADING.findall(prose(page))]
    if page.suffix == ".ipynb":
        return {title.replace(" ", "-") for title in titles}
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_links_are_found_where_they_stand() -> None:
    assert _LINK.findall('a [b](c.md#d), ![e](f.png "g"), [`h`](i) and [[j]](k)') == ["c.md#d", "f.png", "i", "k"]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_inside_the_suite_leads_somewhere(page: Path) -> None:
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            assert link.startswith(("https://", "mailto:")), f"{page}: {link}"
            continue
        name, _, anchor = unquote(link).partition("#")
        target = (page.parent / name) if name else page
        file = (ROOT / target).resolve()
        assert file.is_relative_to(ROOT), f"{page}: {link} leads out of the repository"
        assert file.exists(), f"{page}: {link}"
        if anchor:
            assert anchor in anchors(file.relative_to(ROOT)), f"{page}: {link} names no heading"

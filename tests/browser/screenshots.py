"""``python -m tests.browser.screenshots DIR``: pictures of every notebook after *Run All*, for people to look at.

Each notebook is drawn from top to bottom in parts, at several window widths, light and dark.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat

from tests.browser.jupyter import running_jupyterlab
from tests.browser.notebook import DARK, LIGHT, Notebook, chromium, open_notebook
from tests.notebooks.kernel import NOTEBOOKS

# The width of the window, and whether JupyterLab's list of files is open, as it is at first.
WINDOWS = ((1280, True), (800, False), (800, True))

# A picture of a whole notebook would be higher than Chromium draws, and than anybody can look at.
PART_PX = 2_400

# All cells are in the page, with no empty page below the last.
WHOLE_NOTEBOOK = {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none", "scrollPastEnd": False}}

# Scrolls to a place, and tells where it is then, how much can be seen, and how much there is.
_SCROLL = """top => {
    const panel = jupyterapp.shell.currentWidget.node.querySelector('.jp-WindowedPanel-outer');
    panel.scrollTop = top;
    return [panel.scrollTop, panel.clientHeight, panel.scrollHeight];
}"""


def shoot(notebook: Notebook, folder: Path) -> Iterator[Path]:
    """Draw a notebook in every window and theme, part by part; yields each file when it is written."""
    for width, files in WINDOWS:
        notebook.resize(width)
        notebook.show_files(files)
        for theme in (LIGHT, DARK):
            notebook.choose_theme(theme)
            notebook.resize(width, PART_PX)
            window = f"{width}{'-files' if files else ''}-{theme.split()[-1].lower()}"
            asked = 0
            for part in itertools.count(1):
                top, seen, whole = notebook.page.evaluate(_SCROLL, asked)
                target = folder / f"{Path(notebook.path).stem}-{window}-{part}.png"
                notebook.page.screenshot(path=target)
                yield target
                if top + seen >= whole:
                    break
                asked = top + seen
            notebook.resize(width)


def main() -> None:
    """Run every notebook once, and draw it."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="where the pictures go")
    parser.add_argument("names", nargs="*", metavar="NAME", help="which notebooks, such as 04_sse; without, all")
    asked = parser.parse_args()
    folder: Path = asked.folder
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as temporary,
        running_jupyterlab(Path(temporary)) as lab,
        chromium() as browser,
    ):
        for original in [one for one in NOTEBOOKS if not asked.names or one.stem in asked.names]:
            lab.set(WHOLE_NOTEBOOK)
            with open_notebook(lab, browser, nbformat.read(original, as_version=4), original.name) as notebook:
                notebook.run_all()
                for written in shoot(notebook, folder):
                    sys.stdout.write(f"{written}\n")


if __name__ == "__main__":
    main()

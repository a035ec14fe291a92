"""``python -m tests.browser.screenshots DIR``: pictures of every notebook after *Run All*, for people to look at.

Each notebook is drawn from top to bottom, at several window widths, light and dark.
"""

from __future__ import annotations

import argparse
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

# Chromium draws no picture that is higher.
HIGHEST_PX = 16_000

# All cells are in the page, with no empty page below the last.
WHOLE_NOTEBOOK = {"@jupyterlab/notebook-extension:tracker": {"windowingMode": "none", "scrollPastEnd": False}}

# How high the window must be for the notebook to need no scroll bar.
_WHOLE_HEIGHT = """() => {
    const panel = jupyterapp.shell.currentWidget.node.querySelector('.jp-WindowedPanel-outer');
    return innerHeight - panel.clientHeight + panel.scrollHeight;
}"""


def shoot(notebook: Notebook, folder: Path) -> Iterator[Path]:
    """Draw a notebook in every window and theme; yields each file when it is written."""
    for width, files in WINDOWS:
        notebook.resize(width)
        notebook.show_files(files)
        for theme in (LIGHT, DARK):
            notebook.choose_theme(theme)
            notebook.resize(width, min(notebook.page.evaluate(_WHOLE_HEIGHT), HIGHEST_PX))
            window = f"{width}{'-files' if files else ''}"
            target = folder / f"{Path(notebook.path).stem}-{window}-{theme.split()[-1].lower()}.png"
            notebook.page.screenshot(path=target)
            yield target
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

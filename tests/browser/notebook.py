"""A notebook that is open in JupyterLab in a real Chromium, driven as a learner drives it.

What a learner does goes through menus, buttons and keys; what a test must know (has every cell
answered?) is asked of JupyterLab's own model of the notebook, which knows it without scrolling.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import psutil
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, WebSocket, sync_playwright

from tests.browser.jupyter import JupyterLab
from tests.tools import require_tool

RUN_TIMEOUT_MS = 60_000
CHROMIUM_OPTIONS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--no-proxy-server",
)
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"

_CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
_PANEL = "window.jupyterapp?.shell.currentWidget"
_KERNEL_IS_IDLE = f"() => {_PANEL}?.sessionContext?.session?.kernel?.status === 'idle'"
_CELLS = f"""() => {_PANEL}.content.widgets.filter(cell => cell.model.type === 'code').map(cell => ({{
    source: cell.model.sharedModel.source,
    count: cell.model.executionCount,
    running: cell.model.executionState === 'running',
    outputs: cell.model.outputs.toJSON(),
}}))"""
_NONE_RUNS = f"""() => {_PANEL}.content.widgets.every(
    cell => cell.model.type !== 'code' || cell.model.executionState !== 'running')"""

# What is right of a notebook and below it, the side bar and the status bar, is thinner than 60 pixels.
_FILLS_THE_WINDOW = f"""() => {{
    const box = {_PANEL}.node.getBoundingClientRect();
    return [innerWidth - box.right, innerHeight - box.bottom].every(rest => rest >= 0 && rest < 60);
}}"""

# A drawing is shrunk to the width that there is, and its text with it.
_TEXT_SIZES = """() => [...document.querySelectorAll('.jp-OutputArea-output svg[role=img] text')].map(text =>
    parseFloat(getComputedStyle(text).fontSize) * Math.hypot(text.getScreenCTM().c, text.getScreenCTM().d))"""


@dataclass(frozen=True)
class Cell:
    """A code cell as it is now.

    Attributes:
        source: Its code.
        count: The number in its brackets, 0 if it has none.
        text: What it printed, and its results as text.
        errors: The names of the errors that it ended with.
    """

    source: str
    count: int
    text: str
    errors: tuple[str, ...]


@dataclass
class Notebook:
    """An open notebook.

    Attributes:
        lab: The server.
        page: The browser's page.
        path: The notebook's path under the server's root.
        complaints: Errors that the browser's console showed, and exceptions that nobody caught.
        asked_elsewhere: URLs of requests to anything but the JupyterLab server.
        messages: "request" and "reply" for every cell's execution, in the order in which they passed.
    """

    lab: JupyterLab
    page: Page
    path: str
    complaints: list[str] = field(default_factory=list)
    asked_elsewhere: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def open(self) -> None:
        """Load JupyterLab on the notebook, and return once its kernel waits for work."""
        self.page.on("console", self._hear_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._hear_request)
        self.page.on("websocket", self._hear_websocket)
        self.page.goto(f"{self.lab.url}lab/tree/{self.path}?reset&token={self.lab.token}")
        self._wait_for(_KERNEL_IS_IDLE)

    @property
    def folder(self) -> Path:
        """Where the notebook lies: the working directory of its kernel."""
        return (self.lab.root / self.path).parent

    @property
    def kernel(self) -> psutil.Process:
        """The kernel's process."""
        (kernel,) = [one for one in self.lab.kernels() if Path(one.cwd()) == self.folder]
        return kernel

    def listening(self) -> set[int]:
        """Ports on which the kernel listens."""
        connections = self.kernel.net_connections("tcp")
        return {one.laddr.port for one in connections if one.status == psutil.CONN_LISTEN}

    def cells(self) -> list[Cell]:
        """The code cells as they are now."""
        return [
            Cell(
                cell["source"],
                cell["count"] or 0,
                "".join(_text(output) for output in cell["outputs"]),
                tuple(output["ename"] for output in cell["outputs"] if output["output_type"] == "error"),
            )
            for cell in self.page.evaluate(_CELLS)
        ]

    # --- what a learner does --------------------------------------------------------------

    def menu(self, *path: str) -> None:
        """Choose from the menu bar, by the names of the entries."""
        entries = self.page.locator(".lm-MenuBar-itemLabel, .lm-Menu-itemLabel")
        for name in path:
            entries.filter(has_text=re.compile(f"^{re.escape(name)}$")).click()

    def run_all(self) -> None:
        """*Run All Cells*, and wait until every one has answered."""
        self.messages.clear()
        self.menu("Run", "Run All Cells")
        self.wait_for_answers(len(self.cells()))

    def restart_and_run_all(self) -> None:
        """*Restart Kernel and Run All Cells…*, confirm, and wait until every cell has answered."""
        self.messages.clear()
        self.menu("Run", "Restart Kernel and Run All Cells…")
        self.page.locator(".jp-Dialog").get_by_role("button", name="Confirm Kernel Restart").click()
        self.wait_for_answers(len(self.cells()))

    def begin(self, position: int) -> None:
        """Begin to run one code cell, by its position among the code cells."""
        self.messages.clear()
        self.page.locator(".jp-CodeCell .jp-InputPrompt").nth(position).click()
        self.page.keyboard.press("Control+Enter")

    def run(self, position: int) -> Cell:
        """Run one code cell, and return it as it is when it has answered."""
        self.begin(position)
        self.wait_for_answers(1)
        return self.cells()[position]

    def interrupt(self) -> None:
        """Press the stop button."""
        self.page.locator('[data-command="notebook:interrupt-kernel"]').click()

    def wait_for_output(self, text: str) -> Locator:
        """Return the output with this text once it can be seen."""
        found = self.page.locator(f".jp-OutputArea-output:has-text({text!r})")
        found.wait_for(timeout=RUN_TIMEOUT_MS)
        return found

    def wait_for_answers(self, count: int) -> None:
        """Return once this many cells have answered, and the page has understood it."""
        give_up = time.monotonic() + RUN_TIMEOUT_MS / 1000
        while self.messages.count("reply") < count:
            assert time.monotonic() < give_up, f"{self.messages.count('reply')} of {count} cells answered"
            self.page.wait_for_timeout(20)  # Playwright hears of messages only while it waits
        self._wait_for(_NONE_RUNS)

    def choose_theme(self, name: str) -> None:
        """Choose a theme from the menu."""
        if self.page.evaluate("() => document.body.dataset.jpThemeName") != name:
            self.menu("Settings", "Theme", name)
            self._wait_for("name => document.body.dataset.jpThemeName === name", name)
            # While it changes, JupyterLab covers the page.
            self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    # --- what is seen ---------------------------------------------------------------------

    def resize(self, width: int, height: int = 900) -> None:
        """Make the window this many CSS pixels large, and return once JupyterLab has laid itself out in it."""
        self.page.set_viewport_size({"width": width, "height": height})
        self._wait_for(_FILLS_THE_WINDOW)

    def show_files(self, shown: bool) -> None:
        """Open or close the list of files at the left, which is open at first and takes 250 pixels."""
        files = self.page.locator("#filebrowser")
        if files.is_visible() != shown:
            self.page.keyboard.press("Control+b")
            files.wait_for(state="visible" if shown else "hidden")
            self._wait_for(_FILLS_THE_WINDOW)

    def pictures(self) -> list[Locator]:
        """The drawings in the outputs."""
        return self.page.locator(".jp-OutputArea-output svg[role=img]").all()

    def text_sizes(self) -> list[float]:
        """The size of each text in the drawings as it is seen, in CSS pixels."""
        return self.page.evaluate(_TEXT_SIZES)

    def contrasts(self, selector: str) -> dict[str, float]:
        """The contrast of each piece of text in the outputs' elements that fit ``selector``, 1 to 21, its least."""
        least: dict[str, float] = {}
        for one in self.page.evaluate(_CONTRAST, f".jp-OutputArea-output {selector}"):
            least[one["text"]] = min(one["ratio"], least.get(one["text"], 21.0))
        return least

    # --- how it knows -----------------------------------------------------------------------

    def _wait_for(self, condition: str, argument: object = None) -> None:
        self.page.wait_for_function(condition, arg=argument, timeout=RUN_TIMEOUT_MS, polling=50)

    def _hear_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _hear_request(self, request: Request) -> None:
        self._note_if_elsewhere(request.url)

    def _hear_websocket(self, websocket: WebSocket) -> None:
        self._note_if_elsewhere(websocket.url)
        websocket.on("framesent", lambda frame: self._hear_frame(frame, b'"execute_request"', "request"))
        websocket.on("framereceived", lambda frame: self._hear_frame(frame, b'"execute_reply"', "reply"))

    def _note_if_elsewhere(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob", "about") and parts.netloc != urlsplit(self.lab.url).netloc:
            self.asked_elsewhere.append(url)

    def _hear_frame(self, frame: str | bytes, kind: bytes, name: str) -> None:
        data = frame.encode() if isinstance(frame, str) else frame
        # Every reply names its request in its parent header as well; a request has no parent.
        if kind in data:
            self.messages.append(name)


def _text(output: dict[str, Any]) -> str:
    text = output.get("text") or output.get("data", {}).get("text/plain", "")
    return text if isinstance(text, str) else "".join(text)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    path = require_tool("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_OPTIONS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_notebook(lab: JupyterLab, browser: Browser, document: nbformat.NotebookNode, name: str) -> Iterator[Notebook]:
    """Open a notebook in a window and a folder of its own; end its kernel afterwards."""
    folder = lab.folder()
    nbformat.write(document, folder / name)
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        notebook = Notebook(lab, context.new_page(), f"{folder.name}/{name}")
        try:
            notebook.open()
            yield notebook
        finally:
            lab.end_session(notebook.path)


def notebook_of(*sources: str) -> nbformat.NotebookNode:
    """A notebook with these code cells."""
    return new_notebook(
        cells=[new_code_cell(source.strip()) for source in sources],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}},
    )

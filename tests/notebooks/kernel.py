"""A real Jupyter kernel for tests: cells are queued all at once, as *Run All* does, and what is left behind is seen.

nbclient sends one cell, waits for its answer and sends the next, so it cannot see a kernel that
loses queued cells. JupyterLab's *Run All* sends every cell before the first has answered.
"""

from __future__ import annotations

import queue
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import psutil
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from traitlets.config import Config

from tests.repository.project import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CELL_TIMEOUT_S = 60.0

# pyzmq, for example, starts a thread of its own with the first large message.
_THREADS = """import threading
for one in threading.enumerate():
    if type(one).__module__.split(".")[0] not in ("zmq", "ipykernel", "IPython"):
        print(one.name)"""


def connect_in(sockets: str) -> Config:
    """Jupyter settings for a kernel that listens on sockets in a folder.

    Over TCP a kernel is told its ports before it opens them, and another program may be quicker.
    """
    if sys.platform == "win32":
        return Config()
    return Config({"ConnectionFileMixin": {"transport": "ipc", "ip": f"{sockets}/kernel"}})


@dataclass
class CellResult:
    """What became of one queued cell."""

    source: str
    status: str = "no answer"
    error: str = ""
    text: str = ""
    data: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Kernel:
    """A running kernel and its client."""

    client: BlockingKernelClient
    process: psutil.Process
    own_ports: set[int]
    own_threads: list[str] = field(default_factory=list)

    def run_all(self, sources: Iterable[str]) -> list[CellResult]:
        """Queue all cells at once and collect what each gave; a lost cell has the status ``"no answer"``."""
        results = {}
        for source in sources:
            # Without this a failed cell would drop those queued behind it, as JupyterLab does.
            results[self.client.execute(source, stop_on_error=False)] = CellResult(source)
        self._collect(results)
        return list(results.values())

    def _collect(self, results: dict[str, CellResult]) -> None:
        waiting = set(results)
        idle = set(results)
        give_up = time.monotonic() + CELL_TIMEOUT_S
        while (waiting or idle) and time.monotonic() < give_up:
            waiting -= self._take_replies(results)
            try:
                message = self.client.get_iopub_msg(timeout=0.05)
            except queue.Empty:
                continue
            parent, kind, content = message["parent_header"].get("msg_id"), message["msg_type"], message["content"]
            if parent not in results:
                continue
            if kind == "stream":
                results[parent].text += content["text"]
            elif kind in ("execute_result", "display_data"):
                results[parent].data.append(content["data"])
            elif kind == "status" and content["execution_state"] == "idle":
                idle.discard(parent)

    def _take_replies(self, results: dict[str, CellResult]) -> set[str]:
        taken: set[str] = set()
        while True:
            try:
                reply = self.client.get_shell_msg(timeout=0)
            except queue.Empty:
                return taken
            parent = reply["parent_header"].get("msg_id")
            if parent in results:
                content = reply["content"]
                results[parent].status = content["status"]
                results[parent].error = content.get("ename", "")
                taken.add(parent)

    def leftovers(self) -> list[str]:
        """The threads and the TCP listeners beside the kernel's own that the kernel still has."""
        threads = [name for name in self.threads() if name not in self.own_threads]
        return threads + sorted(f"port {port}" for port in self.listening() - self.own_ports)

    def threads(self) -> list[str]:
        """The names of the kernel's threads, but for those that Jupyter's own libraries start when they need them."""
        (answer,) = self.run_all([_THREADS])
        return answer.text.splitlines()

    def listening(self) -> set[int]:
        """Ports on which the kernel's process listens."""
        connections = self.process.net_connections("tcp")
        return {one.laddr.port for one in connections if one.status == psutil.CONN_LISTEN}


@contextmanager
def running_kernel(folder: Path) -> Iterator[Kernel]:
    """Start a kernel with ``folder`` as its working directory."""
    with tempfile.TemporaryDirectory() as sockets:
        manager = KernelManager(kernel_name="python3", config=connect_in(sockets))
        manager.start_kernel(cwd=str(folder))
        with _connected(manager) as kernel:
            yield kernel


@contextmanager
def _connected(manager: KernelManager) -> Iterator[Kernel]:
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        (asked,) = Kernel(client, psutil.Process(), set()).run_all(["import os; print(os.getpid())"])
        kernel = Kernel(client, psutil.Process(int(asked.text)), set())
        kernel.own_ports = kernel.listening()
        kernel.own_threads = kernel.threads()
        yield kernel
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def code_cells(notebook: Path) -> list[str]:
    """The sources of a notebook's code cells."""
    return [cell.source for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]

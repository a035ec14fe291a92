"""The house rules that a machine can hold: who imports whom, sizes, docstrings, clean notebooks, no machine's paths."""

from __future__ import annotations

import ast
import statistics
import sys
from pathlib import Path

import nbformat
import pytest

from tests.repository.imports import imported_modules
from tests.repository.project import ROOT, project_files

PACKAGE = ROOT / "lab_servers"

# Leaves: a file that knows nothing of the house and may be used in all of it, bar the two rooms that stand alone.
LEAVES = {"errors", "marks", "parameters"}

# A room is a module or a folder directly under lab_servers. What each may import of ours, besides itself.
ROOMS = {
    "wire", "capture", "servers", "clients", "lab", "recording", "scenarios", "views", "course", "kernel",
    "dissection", "measure", "proofs", "cli", "errors", "marks", "parameters", "__init__", "__main__",
}  # fmt: skip
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "marks": set(),
    "parameters": {"errors"},
    "wire": set(),
    "servers": set(),
    "capture": LEAVES,
    "kernel": {"errors"},
    "clients": {"wire", *LEAVES},
    "recording": {"capture", "wire", *LEAVES},
    # Where a record meets the time at which it passed.
    "dissection": {"capture", "wire"},
    # Bytes by their use, times of messages, statistics: functions of recordings.
    "measure": {"recording", "dissection", "capture", "wire", *LEAVES},
    # The lab gives out what it recorded as a recording.
    "lab": {"servers", "capture", "recording", *LEAVES},
    # Of wire, the reader of models' answers: a program's output is read by it, and its names of ways are used.
    "scenarios": {"lab", "clients", "servers", "capture", "recording", "dissection", "measure", "wire", *LEAVES},
    # Of the capture, views read its data types.
    "views": {"recording", "dissection", "wire", "capture", "measure", *LEAVES},
    # Each claim run on a lab of its own and settled; outside of the tests too.
    "proofs": ROOMS - {"cli", "__main__", "__init__"},
    "course": ROOMS - {"lab", "proofs"},
    "cli": ROOMS,
    "__main__": ROOMS,
    "__init__": ROOMS - {"cli", "__main__"},
}

# wire is pure: bytes in, records out. No input or output, no clock, no event loop.
IMPURE = {
    "asyncio", "concurrent", "http", "io", "logging", "multiprocessing", "os", "pathlib", "queue", "random", "select",
    "selectors", "signal", "socket", "socketserver", "ssl", "subprocess", "sys", "tempfile", "threading", "time",
    "urllib",
}  # fmt: skip

# What a visitor meets at the top level; a name more needs a good reason.
TOP_LEVEL = {
    "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "binder", "lab_servers", "notebooks", "pyproject.toml",
    "requirements.txt", "tests",
}  # fmt: skip

# Written in two parts, so that this file does not contain what it forbids.
FORBIDDEN = ["/" + "work/", "/" + "root/", "/" + "home/", ".." + "/shared", "pypi" + ".org", "python" + "hosted"]

FILES = project_files()
MODULES = [name for name in FILES if name.parts[0] == "lab_servers" and name.suffix == ".py"]
NOTEBOOKS = [name for name in FILES if name.suffix == ".ipynb"]
MAX_LINES = 350
MAX_CELL_LINES = 15
MAX_MEDIAN_CELL_LINES = 3


def room_of(module: Path) -> str:
    """``lab_servers/wire/http.py`` → ``wire``; ``lab_servers/lab.py`` → ``lab``."""
    return module.parts[1].removesuffix(".py")


def rooms_imported_by(module: Path) -> set[str]:
    """The rooms that a module of ours imports, its own left out."""
    rooms = set()
    package = ".".join(module.parent.parts)
    for name in imported_modules(ROOT / module, package):
        top, *rest = name.split(".")
        if top == "lab_servers":
            # `from lab_servers import Lab` takes a name that only __init__ has.
            rooms.add(rest[0] if rest and rest[0] in ROOMS else "__init__")
    return rooms - {room_of(module)}


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_imports_only_what_its_room_may(module: Path) -> None:
    room = room_of(module)
    assert room in MAY_IMPORT, f"lab_servers has a new room, {room}: give it a row in MAY_IMPORT"
    assert rooms_imported_by(module) - MAY_IMPORT[room] == set()


@pytest.mark.parametrize("module", [name for name in MODULES if room_of(name) == "wire"], ids=str)
def test_wire_is_pure_and_needs_the_standard_library_only(module: Path) -> None:
    imported = imported_modules(ROOT / module, ".".join(module.parent.parts))
    outside = {name.split(".")[0] for name in imported} - {"lab_servers"}
    assert outside - sys.stdlib_module_names == set()
    assert outside & IMPURE == set()


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_opens_with_its_one_job_and_stays_readable(module: Path) -> None:
    text = (ROOT / module).read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "its first sentence states its one job"
    assert len(text.splitlines()) < MAX_LINES, "it has more than one job"


def test_the_top_level_holds_nothing_unexpected() -> None:
    visible = {name.parts[0] for name in FILES if not name.parts[0].startswith(".")}
    assert visible - TOP_LEVEL == set()


@pytest.mark.parametrize("name", [name for name in FILES if name.suffix != ".png"], ids=str)
def test_a_file_names_no_machine_and_no_package_registry(name: Path) -> None:
    text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
    assert [word for word in FORBIDDEN if word in text] == []


@pytest.mark.parametrize("name", NOTEBOOKS, ids=str)
def test_a_notebook_is_stored_without_what_a_run_left_in_it(name: Path) -> None:
    notebook = nbformat.read(ROOT / name, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.source for cell in code if cell.outputs or cell.execution_count is not None] == []


@pytest.mark.parametrize("name", NOTEBOOKS, ids=str)
def test_a_notebook_cell_holds_one_idea(name: Path) -> None:
    notebook = nbformat.read(ROOT / name, as_version=4)
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    lengths = [len([line for line in source.splitlines() if line.strip()]) for source in sources]
    assert [source for source, length in zip(sources, lengths, strict=True) if length > MAX_CELL_LINES] == []
    assert statistics.median(lengths) <= MAX_MEDIAN_CELL_LINES

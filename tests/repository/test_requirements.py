"""The lists of dependencies, one to run and one for an extra: read by pyproject.toml, true to what the code imports."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.repository.imports import imported_modules
from tests.repository.project import ROOT

RUN_TIME, SDKS = "requirements.txt", "tests/requirements-sdks.txt"
LISTS = [RUN_TIME, SDKS, "tests/requirements.txt"]

# Needed without being imported by the package, for the reason that stands beside it in requirements.txt.
NOT_IMPORTED = {"ipywidgets", "jupyterlab"}


def lines_of(name: str) -> list[str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def requirements(name: str) -> list[Requirement]:
    return [Requirement(re.split(r"\s+#", line)[0].strip()) for line in lines_of(name)]


def third_party_imports() -> set[str]:
    files = (ROOT / "lab_servers").rglob("*.py")
    packages = {file: ".".join(file.relative_to(ROOT).parent.parts) for file in files}
    modules = {module.split(".")[0] for file, package in packages.items() for module in imported_modules(file, package)}
    return modules - set(sys.stdlib_module_names) - {"lab_servers"}


def required(extra: str) -> list[str]:
    """What the installed package requires, always (``""``) or for an extra, without the marker that says so."""
    installed = map(Requirement, importlib.metadata.requires("lab_servers") or [])
    wanted = [each for each in installed if (f'extra == "{extra}"' == str(each.marker) if extra else not each.marker)]
    return sorted(f"{each.name}{each.specifier}" for each in wanted)


@pytest.mark.parametrize(("extra", "name"), [("", RUN_TIME), ("sdks", SDKS)])
def test_the_installed_package_requires_what_the_list_says(extra: str, name: str) -> None:
    assert required(extra) == sorted(map(str, requirements(name)))


@pytest.mark.parametrize("name", LISTS)
def test_every_requirement_has_its_reason_beside_it(name: str) -> None:
    assert [line for line in lines_of(name) if not re.search(r"\s# \w.{3}", line)] == []


@pytest.mark.parametrize("name", LISTS)
def test_every_requirement_has_a_lower_bound_and_none_an_upper_one(name: str) -> None:
    bounds = {str(each): [specifier.operator for specifier in each.specifier] for each in requirements(name)}
    assert {name: operators for name, operators in bounds.items() if operators != [">="]} == {}


def test_no_two_lists_have_anything_in_common() -> None:
    names = [canonicalize_name(each.name) for name in LISTS for each in requirements(name)]
    assert len(names) == len(set(names))


def listed_to_run() -> set[str]:
    """What the package may import: what it always needs, and what an extra brings."""
    return {canonicalize_name(each.name) for name in (RUN_TIME, SDKS) for each in requirements(name)}


def test_every_third_party_import_of_the_package_is_listed() -> None:
    distributions = importlib.metadata.packages_distributions()
    unlisted = {
        module
        for module in third_party_imports()
        if not listed_to_run() & {canonicalize_name(name) for name in distributions.get(module, [module])}
    }
    assert unlisted == set()


def test_everything_listed_is_imported_somewhere() -> None:
    distributions = importlib.metadata.packages_distributions()
    imported = {
        canonicalize_name(name) for module in third_party_imports() for name in distributions.get(module, [module])
    }
    assert listed_to_run() - imported - NOT_IMPORTED == set()


def test_without_the_extra_every_module_imports() -> None:
    """A module of the package imports an SDK inside a function, if at all."""
    modules = sorted(
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in (ROOT / "lab_servers").rglob("*.py")
        if file.name not in ("__init__.py", "__main__.py")
    )
    blocked = [each.name for each in requirements(SDKS)]
    program = (
        "import importlib, sys\n"
        f"sys.modules.update(dict.fromkeys({blocked!r}))\n"
        f"for name in {modules!r}: importlib.import_module(name)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_relative_import_is_resolved(tmp_path: Path) -> None:
    file = tmp_path / "near.py"
    file.write_text("from . import frames\nfrom ..marks import Mark\n")
    assert imported_modules(file, "lab_servers.wire") == {"lab_servers.wire.frames", "lab_servers.marks.Mark"}


def test_an_import_inside_a_function_counts_as_well(tmp_path: Path) -> None:
    file = tmp_path / "late.py"
    file.write_text("def door():\n    import nest_asyncio\n    from aiohttp import web\n")
    assert imported_modules(file) == {"nest_asyncio", "aiohttp.web"}

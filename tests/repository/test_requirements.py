"""One list of run-time dependencies: requirements.txt, read by pyproject.toml, true to what the code imports."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.repository.imports import imported_modules
from tests.repository.project import ROOT

LISTS = ["requirements.txt", "tests/requirements.txt"]

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


def test_the_installed_package_requires_what_requirements_txt_lists() -> None:
    installed = importlib.metadata.requires("lab_servers") or []
    assert sorted(map(str, map(Requirement, installed))) == sorted(map(str, requirements("requirements.txt")))


@pytest.mark.parametrize("name", LISTS)
def test_every_requirement_has_its_reason_beside_it(name: str) -> None:
    assert [line for line in lines_of(name) if not re.search(r"\s# \w.{3}", line)] == []


@pytest.mark.parametrize("name", LISTS)
def test_every_requirement_has_a_lower_bound_and_none_an_upper_one(name: str) -> None:
    bounds = {str(each): [specifier.operator for specifier in each.specifier] for each in requirements(name)}
    assert {name: operators for name, operators in bounds.items() if operators != [">="]} == {}


def test_the_two_lists_have_nothing_in_common() -> None:
    run_time, tests = ({canonicalize_name(each.name) for each in requirements(name)} for name in LISTS)
    assert run_time & tests == set()


def test_every_third_party_import_of_the_package_is_listed() -> None:
    distributions = importlib.metadata.packages_distributions()
    listed = {canonicalize_name(each.name) for each in requirements("requirements.txt")}
    unlisted = {
        module
        for module in third_party_imports()
        if not listed & {canonicalize_name(name) for name in distributions.get(module, [module])}
    }
    assert unlisted == set()


def test_everything_listed_is_imported_somewhere() -> None:
    distributions = importlib.metadata.packages_distributions()
    imported = {
        canonicalize_name(name) for module in third_party_imports() for name in distributions.get(module, [module])
    }
    listed = {canonicalize_name(each.name) for each in requirements("requirements.txt")}
    assert listed - imported - NOT_IMPORTED == set()


def test_a_relative_import_is_resolved(tmp_path: Path) -> None:
    file = tmp_path / "near.py"
    file.write_text("from . import frames\nfrom ..marks import Mark\n")
    assert imported_modules(file, "lab_servers.wire") == {"lab_servers.wire.frames", "lab_servers.marks.Mark"}


def test_an_import_inside_a_function_counts_as_well(tmp_path: Path) -> None:
    file = tmp_path / "late.py"
    file.write_text("def door():\n    import nest_asyncio\n    from aiohttp import web\n")
    assert imported_modules(file) == {"nest_asyncio", "aiohttp.web"}

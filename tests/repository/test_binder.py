"""Binder builds the environment that the tests ran in: its Python, its lock, its settings."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import jsonschema
import pytest
from jupyterlab_server.settings_utils import get_settings
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.repository.project import ROOT, copy_project
from tests.repository.test_requirements import RUN_TIME, SDKS, lines_of, requirements

BINDER = ROOT / "binder"


def locked_lines() -> list[str]:
    return [line for line in lines_of("binder/requirements.txt") if not line.lstrip().startswith("#")]


def locked_versions() -> dict[str, Version]:
    pins = (line.split("==") for line in locked_lines())
    return {canonicalize_name(name): Version(version) for name, version in pins}


@pytest.fixture(scope="module")
def dockerfile() -> str:
    """What Binder would build. repo2docker needs no Docker engine to print it."""
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "."]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_lock_pins_exact_versions_and_names_no_host() -> None:
    assert [line for line in locked_lines() if not re.fullmatch(r"[a-z0-9.-]+==[\w.+]+", line)] == []
    assert "://" not in (BINDER / "requirements.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("requirement", [*requirements(RUN_TIME), *requirements(SDKS)], ids=str)
def test_the_lock_satisfies_a_requirement(requirement: Requirement) -> None:
    locked = locked_versions()
    assert canonicalize_name(requirement.name) in locked, "run `make lock`"
    assert locked[canonicalize_name(requirement.name)] in requirement.specifier, "run `make lock`"


def test_the_lock_holds_the_dependencies_of_dependencies_too() -> None:
    assert {"ipykernel", "yarl", "numpy", "tornado"} <= locked_versions().keys()


def test_the_dockerfile_uses_the_pinned_python(dockerfile: str) -> None:
    version = (BINDER / "runtime.txt").read_text().strip().removeprefix("python-")
    # repo2docker writes the name of the environment it copies, environment.py-3.11-…, with - and . escaped.
    environment = f"environment-2epy-2d{version.replace('.', '-2e')}-2d"
    assert re.search(rf"COPY .*{re.escape(environment)}.* /tmp/env/environment\.lock", dockerfile)


def test_the_pinned_python_is_one_that_the_package_supports() -> None:
    version = (BINDER / "runtime.txt").read_text().strip().removeprefix("python-")
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    supported = re.search(r'^requires-python = "(.+)"$', pyproject, re.MULTILINE)
    assert supported
    assert Version(version) in SpecifierSet(supported[1])


def test_the_dockerfile_installs_the_lock_and_then_runs_post_build(dockerfile: str) -> None:
    install = dockerfile.index('pip install --no-cache-dir -r "binder/requirements.txt"')
    assert install < dockerfile.index("RUN ./binder/postBuild")


def test_no_conda_environment_file_hides_the_lock() -> None:
    assert [*ROOT.glob("environment.y*ml"), *BINDER.glob("environment.y*ml")] == []


def test_post_build_installs_the_package_and_the_settings(tmp_path: Path) -> None:
    project, prefix = copy_project(tmp_path / "project"), tmp_path / "prefix"
    venv.create(prefix, with_pip=True)
    path = f"{prefix / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "NB_PYTHON_PREFIX": str(prefix), "PATH": path}
    subprocess.run(["./binder/postBuild"], cwd=project, env=environment, check=True)

    settings = prefix / "share/jupyter/lab/settings/overrides.json"
    assert settings.read_bytes() == (BINDER / "overrides.json").read_bytes()
    show = [str(prefix / "bin/pip"), "show", "--files", "lab_servers"]
    shown = subprocess.run(show, check=True, capture_output=True, text=True).stdout
    assert f"Editable project location: {project}" in shown


@pytest.mark.parametrize("plugin", json.loads((BINDER / "overrides.json").read_text()))
def test_jupyterlab_knows_each_setting_and_takes_its_value(plugin: str, tmp_path: Path) -> None:
    wanted = json.loads((BINDER / "overrides.json").read_text())[plugin]
    schemas = str(Path(sys.prefix) / "share/jupyter/lab/schemas")

    known, _ = get_settings(str(tmp_path), schemas, str(tmp_path), plugin, overrides={})
    assert wanted.keys() <= known["schema"]["properties"].keys()
    jsonschema.validate(wanted, known["schema"])

    # JupyterLab reads overrides.json in the directory of its settings; here that is binder/.
    served, _ = get_settings(str(BINDER), schemas, str(tmp_path), plugin)
    assert {name: served["schema"]["properties"][name]["default"] for name in wanted} == wanted

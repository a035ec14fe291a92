"""``doctor`` as it runs: on this environment, and on one that is broken on purpose."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab_servers.cli.doctor import SDKS, requirements
from tests.cli.running import environment, run
from tests.repository.project import ROOT

NAMES = {"python", "lab_servers", "kernel", "event-loop", "ports", "proxies", "browser", "wireshark", "subshells"}


def examined(**changes: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit status of ``doctor --json`` in a changed environment, and its checks by name."""
    done = run("doctor", "--json", env=environment(**changes))
    assert done.stderr == ""
    (line,) = done.stdout.splitlines()
    report = json.loads(line)
    assert done.returncode == (report["status"] == "problem")
    return done.returncode, {check["name"]: check for check in report["checks"]}


def test_this_environment_has_no_problem_and_every_matter_is_looked_at() -> None:
    status, checks = examined()
    assert status == 0
    assert checks.keys() >= NAMES | {"asyncio-run", "lab", "jupyterlab", "aiohttp", "websockets", "openai", "anthropic"}
    for check in checks.values():
        assert check.keys() == {"name", "status", "found", "remedy"}
        assert check["status"] in ("ok", "warning")
        assert bool(check["remedy"]) == (check["status"] != "ok")
    assert checks["lab"]["status"] == checks["kernel"]["status"] == checks["ports"]["status"] == "ok"


def test_a_kernel_of_another_environment_is_a_problem_and_status_1(tmp_path: Path) -> None:
    spec = tmp_path / "kernels" / "python3" / "kernel.json"
    spec.parent.mkdir(parents=True)
    spec.write_text(json.dumps({"argv": ["/elsewhere/bin/python"], "display_name": "x", "language": "python"}))
    status, checks = examined(JUPYTER_PATH=str(tmp_path))
    assert status == 1
    assert checks["kernel"]["status"] == "problem"
    assert "/elsewhere/bin/python" in checks["kernel"]["found"]


def test_a_bare_machine_behind_a_proxy_gets_warnings(tmp_path: Path) -> None:
    changes = {"PATH": str(tmp_path), "http_proxy": "http://me:secret@127.0.0.1:9"}
    status, checks = examined(**changes)
    assert status == 0
    assert [checks[name]["status"] for name in ("browser", "wireshark", "proxies")] == 3 * ["warning"]
    assert "secret" not in json.dumps(checks)
    assert checks["lab"]["status"] == "ok", "a proxy that refuses everything must not matter to loopback"


def test_the_setting_for_subshells_is_found_where_jupyterlab_reads_it(tmp_path: Path) -> None:
    settings = tmp_path / "app" / "settings"
    settings.mkdir(parents=True)
    (settings / "overrides.json").write_bytes((ROOT / "binder" / "overrides.json").read_bytes())
    user = tmp_path / "user"
    places = {"JUPYTERLAB_DIR": str(tmp_path / "app"), "JUPYTERLAB_SETTINGS_DIR": str(user)}
    _, checks = examined(**places)
    assert checks["subshells"]["status"] == "ok"

    own = user / "@jupyterlab" / "apputils-extension" / "kernels-settings.jupyterlab-settings"
    own.parent.mkdir(parents=True)
    own.write_text('{\n    // Kernels\n    "commsOverSubshells": "perComm"\n}')
    _, checks = examined(**places)
    assert checks["subshells"]["status"] == "warning"
    assert str(own) in checks["subshells"]["found"]


@pytest.mark.parametrize(("extra", "name"), [("", "requirements.txt"), (SDKS, "tests/requirements-sdks.txt")])
def test_the_requirements_are_those_of_the_list(extra: str, name: str) -> None:
    listed = (ROOT / name).read_text(encoding="utf-8").splitlines()
    assert sorted(requirements(extra)) == sorted(
        line.split()[0] for line in listed if line and not line.startswith("#")
    )


def test_as_text_it_ends_with_a_conclusion() -> None:
    done = run("doctor")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith("Everything")


def test_it_reports_a_missing_dependency_instead_of_failing_for_want_of_it() -> None:
    without = "import runpy, sys; sys.modules['aiohttp'] = None; sys.argv = ['lab_servers', 'doctor', '--json']; "
    done = subprocess.run(
        [sys.executable, "-c", without + "runpy.run_module('lab_servers', run_name='__main__')"],
        cwd=ROOT, env=environment(), capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    (lab,) = [check for check in json.loads(done.stdout)["checks"] if check["name"] == "lab"]
    assert "aiohttp" in lab["found"]


@pytest.mark.parametrize("extra", ["", SDKS])
def test_where_the_package_is_not_installed_the_lists_themselves_are_read(
    extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = sorted(requirements(extra))

    def nothing(name: str) -> list[str]:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", nothing)
    assert sorted(requirements(extra)) == installed

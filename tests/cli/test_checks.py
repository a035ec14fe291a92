"""The judgements of ``doctor``, each on made-up findings."""

from __future__ import annotations

import json

import pytest

from lab_servers.cli import checks
from lab_servers.cli.report import Check, Report, Status

OK, WARNING, PROBLEM = Status.OK, Status.WARNING, Status.PROBLEM


@pytest.mark.parametrize(("version", "status"), [((3, 10, 13), PROBLEM), ((3, 11, 0), OK), ((3, 13, 0), OK)])
def test_python_is_old_enough_from_3_11_on(version: tuple[int, ...], status: Status) -> None:
    assert checks.python(version).status is status


@pytest.mark.parametrize(
    ("requirement", "installed", "status"),
    [
        ("aiohttp>=3.14", "3.14.5", OK),
        ("aiohttp>=3.14", "3.14", OK),
        ("aiohttp>=3.14.0", "3.14", OK),
        ("aiohttp>=3.14", "3.9.5", PROBLEM),  # 9 is less than 14, though "9" is greater than "1"
        ("aiohttp>=3.14", "4.0.0a1", OK),
        ("aiohttp", "0.1", OK),
        ("aiohttp>=3.14", None, PROBLEM),
    ],
)
def test_a_dependency_must_reach_its_lower_bound(requirement: str, installed: str | None, status: Status) -> None:
    check = checks.dependency(requirement, installed)
    assert (check.name, check.status) == ("aiohttp", status)
    assert (requirement in check.remedy) == (status is PROBLEM)


@pytest.mark.parametrize(("installed", "status"), [("3.57.0", OK), ("3.9", WARNING), (None, WARNING)])
def test_a_package_that_only_some_runs_need_is_worth_a_warning_at_most(installed: str | None, status: Status) -> None:
    check = checks.optional("openai>=3.57", installed)
    assert (check.name, check.status) == ("openai", status)
    assert ('pip install --upgrade "openai>=3.57"' in check.remedy) == (status is WARNING)


@pytest.mark.parametrize(
    ("version", "command", "status"),
    [
        ("7.4.0", ["python", "-m", "ipykernel_launcher"], OK),  # Jupyter puts its own interpreter there
        ("7.4.0", ["/env/bin/python3.11"], OK),
        ("7.4.0", ["/other/bin/python"], PROBLEM),
        ("7.4.0", [], PROBLEM),
        (None, ["python"], PROBLEM),
    ],
)
def test_the_kernel_must_run_in_this_environment(version: str | None, command: list[str], status: Status) -> None:
    assert checks.kernel(version, command, "/env/bin/python").status is status


def test_a_foreign_event_loop_is_worth_a_warning() -> None:
    assert checks.event_loop("asyncio.unix_events", "SelectorEventLoop", "").status is OK
    assert checks.event_loop("uvloop", "Loop", "EventLoopPolicy").status is WARNING


def test_ports_must_open_all_at_once() -> None:
    assert checks.ports(2, [50001, 50002], "").status is OK
    check = checks.ports(8, [50001], "Too many open files")
    assert (check.status, "1 of 8" in check.found, "Too many open files" in check.found) == (PROBLEM, True, True)


@pytest.mark.parametrize(
    ("environment", "status"),
    [
        ({}, OK),
        ({"http_proxy": ""}, OK),
        ({"NO_PROXY": "example.org"}, OK),
        ({"http_proxy": "http://p:3128"}, WARNING),
        ({"HTTPS_PROXY": "p:3128", "NO_PROXY": "localhost,example.org"}, WARNING),
        ({"ALL_PROXY": "socks5://p", "NO_PROXY": "localhost, 127.0.0.1"}, OK),
        ({"http_proxy": "http://p", "no_proxy": "127.0.0.0/8"}, OK),
        ({"http_proxy": "http://p", "no_proxy": "*"}, OK),
        ({"http_proxy": "http://p", "no_proxy": "127.0.0.1", "NO_PROXY": "localhost"}, WARNING),
    ],
)
def test_a_proxy_is_worth_a_warning_unless_loopback_is_exempt(environment: dict[str, str], status: Status) -> None:
    assert checks.proxies(environment).status is status


def test_a_proxys_password_is_not_shown() -> None:
    environment = {"http_proxy": "http://me:secret@p:3128", "https_proxy": "me:secret@q", "all_proxy": "//[:secret"}
    found = checks.proxies(environment).found
    assert "secret" not in found
    assert "http_proxy=http://…@p:3128" in found
    assert "https_proxy=…@q" in found


def test_missing_programs_are_worth_a_warning_that_names_what_to_install() -> None:
    assert checks.browser("/usr/bin/chromium").status is checks.wireshark("/usr/bin/tshark", "4.0").status is OK
    for check in (checks.browser(None), checks.wireshark(None, "")):
        assert check.status is WARNING
        assert "nstall" in check.remedy


@pytest.mark.parametrize(
    ("texts", "value", "status"),
    [
        ({}, "perCommTarget", WARNING),
        ({"o.json": '{"plugin": {"commsOverSubshells": "disabled"}}'}, "disabled", OK),
        ({"o.json": '"commsOverSubshells": "disabled"', "user": '"commsOverSubshells":"perComm"'}, "perComm", WARNING),
        ({"user": '// "commsOverSubshells": "disabled"\n{"showStatusBarItem": true}'}, "perCommTarget", WARNING),
    ],
)
def test_the_last_setting_file_decides_about_subshells(texts: dict[str, str], value: str, status: Status) -> None:
    check = checks.subshells(texts, "overrides.json")
    assert (check.status, value in check.found) == (status, True)


@pytest.mark.parametrize(
    ("ipykernel", "original", "successor", "applied", "status"),
    [
        ("7.4.0", "1.6.0", "1.7.4", "", OK),
        ("7.4.0", "1.6.0", "1.7.4", "nest-asyncio2", OK),
        ("7.4.0", "1.6.0", "1.7.4", "nest-asyncio", WARNING),
        ("7.4.0", "1.6.0", "1.7.1", "", WARNING),
        ("7.4.0", "1.6.0", None, "", WARNING),
        ("6.31.0", "1.6.0", None, "", OK),
        ("6.31.0", None, "1.7.4", "", WARNING),
    ],
)
def test_the_kernel_decides_which_nest_asyncio_is_needed(
    ipykernel: str, original: str | None, successor: str | None, applied: str, status: Status
) -> None:
    versions = {"nest-asyncio": original, "nest-asyncio2": successor}
    assert checks.asyncio_run(ipykernel, versions, applied).status is status


def test_a_report_is_as_bad_as_its_worst_check() -> None:
    fine, odd, bad = Check("a", OK, "1"), Check("b", WARNING, "2", "do"), Check("c", PROBLEM, "3", "do more")
    assert Report((fine, fine)).status is OK
    assert Report((fine, odd)).status is WARNING
    report = Report((bad, odd, fine))
    assert (report.status, report.has_problem) == (PROBLEM, True)
    assert json.loads(report.as_json()) == {
        "status": "problem",
        "checks": [
            {"name": "c", "status": "problem", "found": "3", "remedy": "do more"},
            {"name": "b", "status": "warning", "found": "2", "remedy": "do"},
            {"name": "a", "status": "ok", "found": "1", "remedy": ""},
        ],
    }


def test_a_report_as_text_has_a_line_per_check_its_remedy_below_and_a_conclusion() -> None:
    report = Report((Check("long-name", OK, "1"), Check("b", WARNING, "2\x1b[0m", "do this")))
    assert str(report).splitlines() == [
        "ok       long-name  1",
        r"warning  b          2\x1b[0m",
        "                    → do this",
        "",
        "Everything that the servers and notebooks need is in place; 1 warning.",
    ]

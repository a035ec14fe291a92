from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench import report
from tests.bench.__main__ import BENCHMARKS, main
from tests.bench.statistics import Goal


def test_an_unknown_benchmark_is_one_sentence_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["realy"])
    assert ended.value.code == 2
    assert (
        "there is no benchmark 'realy': choose from relay, conditions, clock, startup, cycles, stop, wire, explain, "
        "notebooks" in capsys.readouterr().err
    )


def test_a_benchmark_prints_its_figures_and_writes_the_same_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = report.Result("stop", "200 streams")
    result.add("200 streams: median", 0.25, "s", "n=5")
    monkeypatch.setitem(BENCHMARKS, "stop", lambda: result)

    main(["stop", "--json", str(tmp_path / "figures.json")])

    printed = capsys.readouterr().out
    assert printed.startswith("machine: cpu ")
    assert "200 streams: median  0.25 s" in printed
    written = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert written["machine"].keys() == report.machine().keys()
    assert written["benchmarks"][0]["figures"][0]["value"] == 0.25


def test_what_cannot_be_measured_is_reported_as_missing_and_has_no_value() -> None:
    result = report.Result("relay", "how")
    result.missing("against mitmproxy", "install mitmproxy")
    assert report.text(result).splitlines()[-1].split() == [
        "against",
        "mitmproxy",
        "–",
        "missing",
        "install",
        "mitmproxy",
    ]
    assert report.as_json({}, [result])["benchmarks"][0]["figures"][0]["value"] is None  # type: ignore[index]


def test_a_goal_that_is_not_met_is_reported_as_such() -> None:
    result = report.Result("stop", "how")
    result.add("stopped", 1.5, "s", "n=5", Goal(1))
    assert report.text(result).splitlines()[-1].split() == ["stopped", "1.5", "s", "≤", "1", "s", "not", "met", "n=5"]

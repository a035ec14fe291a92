"""What the benchmark of ``explain`` compares: the same file, the same units found in it, and honest measurements."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

import pytest

from tests.bench import explain, explain_capture
from tests.bench.peers import ROOT
from tests.tools import require_tool

PACKETS = 3 * explain_capture.PACKETS_OF_THREE


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "mixed.pcapng"
    explain_capture.write(written, PACKETS)
    return written


def test_the_file_is_the_same_in_each_run(file: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.pcapng"
    explain_capture.write(again, PACKETS)
    assert again.read_bytes() == file.read_bytes()


def test_tshark_finds_the_same_heads_chunks_and_frames_as_ours(file: Path, tmp_path: Path) -> None:
    command = [require_tool("tshark"), *explain.tshark_command(str(file))[1:]]
    pdml = ElementTree.fromstring(output_of(command))
    assert PACKETS * 0.95 <= len(pdml.findall("packet")) <= PACKETS

    names = Counter(field.get("name", "") for field in pdml.iter("field"))
    theirs = {
        "request head": names["http.request.method"],
        "response head": names["http.response.code"],
        "chunk": names["http.chunk_size"] - names["http.chunked_trailer_part"] - 3,  # but for the last chunks
        "frame": names["websocket.opcode"],
    }
    explained = json.loads(output_of(explain.our_command(str(file))))
    ours = Counter(
        "frame" if record["layer"] == "websocket" else record["name"]
        for connection in explained["connections"]
        for record in connection["records"]
    )
    assert {name: ours[name] for name in theirs} == theirs
    assert ours["last chunk"] == 3
    assert ours["event"] == 3 * explain_capture.EVENTS


def test_what_a_process_took_is_its_own(tmp_path: Path) -> None:
    held = "b = bytearray(100 << 20); b[::4096] = b'x' * len(b[::4096])"
    small = explain.measure([sys.executable, "-c", "pass"], str(tmp_path))
    large = explain.measure([sys.executable, "-c", held], str(tmp_path))
    assert large.peak_bytes - small.peak_bytes > 90 << 20
    assert small.cpu_s > 0
    assert small.wall_s > 0


def test_a_command_that_fails_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        explain.measure([sys.executable, "-c", "raise SystemExit(3)"], str(tmp_path))


def test_without_tshark_ours_is_reported_and_the_comparison_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "find_tool", lambda name: None)
    monkeypatch.setattr(explain, "PACKETS", explain_capture.PACKETS_OF_THREE)
    monkeypatch.setattr(explain, "ROUNDS", 1)
    result = explain.run()
    assert [figure.name for figure in result.figures] == [
        "explain, wall time",
        "explain, CPU time",
        "explain, peak memory",
        "over tshark's",
    ]
    assert result.figures[-1].verdict == "missing"


def output_of(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8", cwd=ROOT).stdout

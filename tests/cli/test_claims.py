"""``claims`` as a person runs it: each claim with its verdict and the bytes that decided, as text and as JSON."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import jsonschema
import pytest

from lab_servers.cli.claims import claims
from lab_servers.cli.claims_arguments import Claims
from lab_servers.course.claims import CLAIMS
from lab_servers.errors import ExchangeFailed
from lab_servers.lab import Lab
from lab_servers.proofs import PROOFS, Proof, registry
from lab_servers.proofs.proof import Judgement, seen
from lab_servers.proofs.trial import Trial
from lab_servers.recording import Recording
from tests.cli.running import COMMAND, environment, run
from tests.repository.project import ROOT

SCHEMA = json.loads((ROOT / "lab_servers" / "proofs" / "claims.schema.json").read_text(encoding="utf-8"))
# For a machine that does much else; alone, it takes half a minute.
LONGEST_S = 110


def told(*arguments: str) -> dict[str, Any]:
    done = run("claims", *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMA)
    return found


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.slow
def test_all_claims_in_the_order_of_the_course_and_none_fails() -> None:
    done = subprocess.run(
        [*COMMAND, "claims", "--json"], cwd=ROOT, env=environment(), capture_output=True, encoding="utf-8",
        timeout=LONGEST_S, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMA)
    verdicts = {one["id"]: one["verdict"] for one in found["claims"]}
    assert list(verdicts) == [f"C{number:02}" for number in range(1, 26)]
    assert {claim_id for claim_id, verdict in verdicts.items() if verdict != "holds"} == {"C09", "C16", "C20"}
    assert {verdicts[claim_id] for claim_id in ("C09", "C16", "C20")} == {"not shown yet"}


def test_the_json_has_claim_correction_verdict_evidence_and_the_deciding_bytes() -> None:
    (one,) = told("C07")["claims"]
    assert (one["id"], one["verdict"], one["notebook"]) == ("C07", "holds", "04_sse")
    assert (one["claim"], one["correction"]) == (CLAIMS["C07"].sentence, CLAIMS["C07"].correction)
    field_line = one["evidence"][0]["bytes"][0]
    assert (field_line["server"], field_line["sender"]) == ("sse", "server")
    assert bytes.fromhex(field_line["hex"]) == b"Transfer-Encoding: chunked\r\n"
    assert field_line["text"] == "Transfer-Encoding: chunked\\r\\n"
    assert field_line["range"][1] - field_line["range"][0] == len(b"Transfer-Encoding: chunked\r\n")
    assert one["evidence"][0]["figures"] == {"chunks": 4}
    assert [each["section"] for each in one["evidence_of_correction"] if each["section"]] == ["RFC 9113 §8.2.2"]


def test_the_text_tells_the_same_and_fits_a_hundred_columns() -> None:
    done = run("claims", "C02", "c07", "C09")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("C")] == ["C02   HOLDS", "C07   HOLDS", "C09   NOT SHOWN YET"]
    assert max(map(len, lines)) <= 100
    assert "sse 1 ← bytes" in done.stdout
    assert "But: It is HTTP/1.1's framing and no part of SSE" in done.stdout
    assert lines[-1] == "3 claims tried. Holds: 2, fails: 0, not shown yet: 1."


@pytest.mark.parametrize(("columns", "widest"), [("80", 80), ("20", 60), ("400", 100)])
def test_it_fits_the_window_and_is_never_wider_than_a_hundred_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str, widest: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr(registry, "PROOFS", {"C01": Trial("C01", lambda lab: (), lambda: _judgement(True))})
    assert claims(Claims((), as_json=False)) == 0
    lines = capsys.readouterr().out.splitlines()[:-1]
    assert widest // 2 < max(map(len, lines)) <= widest


def test_each_claim_is_printed_when_it_is_done_and_not_at_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen_so_far: list[str] = []

    def record(lab: Lab) -> tuple[Recording, ...]:
        seen_so_far.append(capsys.readouterr().out)
        return ()

    trials = {claim_id: Trial(claim_id, record, lambda: _judgement(True)) for claim_id in ("C01", "C02")}
    monkeypatch.setattr(registry, "PROOFS", trials)
    assert claims(Claims((), as_json=False)) == 0
    assert seen_so_far[0] == ""
    assert seen_so_far[1].startswith("C01   HOLDS")
    assert capsys.readouterr().out.startswith("C02   HOLDS")


def _judgement(holds: bool) -> Judgement:
    return Judgement((seen("This was seen.", holds, times=1),), (seen("And this.", True, times=1),))


@pytest.mark.parametrize("as_json", [False, True])
def test_a_claim_that_fails_is_told_with_what_contradicts_it_and_the_status_is_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    monkeypatch.setattr(registry, "PROOFS", {"C01": Trial("C01", lambda lab: (), lambda: _judgement(False))})
    assert claims(Claims((), as_json)) == 1
    out = capsys.readouterr().out
    if as_json:
        jsonschema.validate(json.loads(out), SCHEMA)
        assert json.loads(out)["claims"][0]["verdict"] == "fails"
    else:
        assert out.startswith("C01   FAILS")
        assert "✗ This was seen." in out
        assert "✓ And this." in out


@pytest.mark.parametrize("as_json", [False, True])
def test_a_trial_that_breaks_off_is_no_success_either(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    def broken(lab: Lab) -> tuple[Recording, ...]:
        raise ExchangeFailed("The server did not answer. Start it first.")

    monkeypatch.setattr(registry, "PROOFS", {"C01": Trial("C01", broken, lambda: _judgement(True))})
    assert claims(Claims((), as_json)) == 1
    out = capsys.readouterr().out
    if as_json:
        jsonschema.validate(json.loads(out), SCHEMA)
    assert "The server did not answer." in out


@pytest.mark.parametrize("name", ["C26", "c0", "tcp", "", "C01\n\x1b[31m"])
def test_an_unknown_claim_gets_one_sentence_before_anything_runs(name: str) -> None:
    done = run("claims", "C01", name)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("There is no claim ")
    assert done.stderr.endswith("the course has C01 to C25.\n")
    assert done.stderr.removesuffix("\n").isprintable()


def test_a_claim_named_twice_is_tried_once_and_the_order_is_that_of_the_course() -> None:
    assert [one["id"] for one in told("C20", "C16", "c16", "C09")["claims"]] == ["C09", "C16", "C20"]


def test_help_says_what_the_signs_mean() -> None:
    done = run("claims", "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "✗ contradicts it" in done.stdout
    assert "claims.schema.json" in done.stdout


def test_nothing_stays_open_after_a_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    before = set(threading.enumerate())
    labs: list[Lab] = []
    original = PROOFS["C07"]
    assert isinstance(original, Trial)

    def record(lab: Lab) -> tuple[Recording, ...]:
        labs.append(lab)
        return original.run(lab)

    trial = Trial("C07", record, original.judge, original.servers)
    monkeypatch.setattr(registry, "PROOFS", {"C07": trial})
    proofs: list[Proof] = list(registry.prove("C07"))
    assert [str(one.verdict.value) for one in proofs] == ["holds"]
    assert [lab.is_running for lab in labs] == [False]
    assert set(threading.enumerate()) == before

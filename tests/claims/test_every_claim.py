"""What holds for the suite as a whole: no claim without a proof, a test file and, if it is shown, a cell."""

from __future__ import annotations

import inspect
import re

import pytest

from lab_servers.course.claims import CLAIMS
from lab_servers.course.lessons import LESSONS
from lab_servers.proofs import PROOFS, Verdict
from lab_servers.proofs.trial import NotYet, judged
from lab_servers.recording import Recording
from tests.claims.trials import trial
from tests.repository.project import ROOT

IDS = [f"C{number:02}" for number in range(1, 26)]
# A real browser, a real proxy: until there is one, nothing may say that these were seen.
NOT_YET = {"C09", "C16", "C20"}

every_claim = pytest.mark.parametrize("claim_id", IDS)


def test_the_course_has_the_claims_c01_to_c25_and_each_has_a_proof() -> None:
    assert sorted(CLAIMS) == IDS
    assert sorted(PROOFS) == IDS
    assert all(PROOFS[claim_id].claim_id == claim_id for claim_id in IDS)


@every_claim
def test_a_claim_has_a_test_file_named_by_it_and_a_cell_if_a_notebook_shows_it(claim_id: str) -> None:
    files = list((ROOT / "tests" / "claims").glob(f"test_{claim_id.lower()}_*.py"))
    assert len(files) == 1
    assert re.search(rf'"{claim_id}"', files[0].read_text(encoding="utf-8")), "it tries this claim"
    notebook = CLAIMS[claim_id].notebook
    cells = [
        cell
        for lesson in LESSONS
        for objective in lesson.objectives
        for cell in objective.cells
        if lesson.notebook == notebook and claim_id in objective.claims
    ]
    assert bool(cells) == bool(notebook)


def test_what_needs_a_browser_or_a_proxy_is_not_shown_yet_and_everything_else_is_tried() -> None:
    assert {claim_id for claim_id, one in PROOFS.items() if isinstance(one, NotYet)} == NOT_YET


@pytest.mark.parametrize("claim_id", [claim_id for claim_id in IDS if claim_id not in NOT_YET])
def test_no_judge_says_that_a_claim_holds_when_nothing_was_recorded(claim_id: str) -> None:
    tried = trial(claim_id)
    takes = inspect.signature(tried.judge).parameters
    assert judged(tried, *(Recording("nothing", ()) for _ in takes)).verdict is Verdict.FAILS

"""What the tests of all claims share: fresh recordings, what must hold, and recordings that contradict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from lab_servers.capture.capture import Capture, Chunk, Side
from lab_servers.course.claims import CLAIMS
from lab_servers.lab import Lab
from lab_servers.marks import Mark
from lab_servers.proofs import PROOFS, Excerpt, Proof, Verdict
from lab_servers.proofs.trial import NotYet, Trial, judged, put_to_the_test
from lab_servers.recording import Recording


def trial(claim_id: str) -> Trial:
    """The trial of a claim that is shown."""
    found = PROOFS[claim_id]
    assert isinstance(found, Trial), f"{claim_id} is not shown yet"
    return found


def fresh(claim_id: str) -> tuple[Recording, ...]:
    """The recordings of a claim's trial, made now on a lab of their own, which has nothing to report."""
    tried = trial(claim_id)
    with Lab(tried.servers) as lab:
        recordings = tried.run(lab)
        assert lab.problems == ()
    return recordings


def assert_holds(claim_id: str, recordings: tuple[Recording, ...]) -> Proof:
    """Claim and correction are both seen in these recordings, and each has evidence with bytes or figures."""
    proof = judged(trial(claim_id), *recordings)
    assert proof.verdict is Verdict.HOLDS, str(proof)
    for part in (proof.evidence, proof.correction):
        assert any(one.excerpts or one.figures for one in part)
        assert all(one.sentence.endswith(".") for one in part)
    for one in (*proof.evidence, *proof.correction):
        assert all(_was_recorded(excerpt, recordings) for excerpt in one.excerpts), one.sentence
    return proof


def _was_recorded(excerpt: Excerpt, recordings: tuple[Recording, ...]) -> bool:
    """Whether these very bytes stand at that place; a server that is hosted anew counts its connections anew."""
    stop = excerpt.start + len(excerpt.data)
    return any(
        capture.bytes_from(excerpt.sender)[excerpt.start : stop] == excerpt.data
        for recording in recordings
        for capture in recording.of(excerpt.server)
        if capture.number == excerpt.connection
    )


def assert_fails(claim_id: str, *recordings: Recording) -> Proof:
    """The judge of the claim sees that these recordings contradict it, or lack what would show it."""
    proof = judged(trial(claim_id), *recordings)
    assert proof.verdict is Verdict.FAILS, str(proof)
    return proof


def contradicted(proof: Proof) -> str:
    """What contradicts, as one text."""
    return " ".join(one.sentence for one in (*proof.evidence, *proof.correction) if not one.holds)


def not_shown_yet(claim_id: str) -> Proof:
    """The proof of a claim that is reported as not shown yet, with a reason, and as nothing else."""
    found = PROOFS[claim_id]
    assert isinstance(found, NotYet)
    proof = put_to_the_test(found)
    assert proof.verdict is Verdict.NOT_SHOWN_YET
    assert proof.why_not.endswith(".")
    assert (proof.evidence, proof.correction) == ((), ())
    told = str(proof)
    assert "NOT SHOWN YET" in told
    assert proof.why_not.split()[0] in told
    assert "HOLDS" not in told
    assert "✓" not in told
    assert CLAIMS[claim_id].notebook == "", "no notebook shows it"
    return proof


# --- recordings that contradict ---------------------------------------------------------------------


def with_bytes(recording: Recording, sender: Side, old: bytes, new: bytes) -> Recording:
    """The recording with other bytes in place of some, as many, in all that one side sent."""
    assert len(old) == len(new), "offsets stay as they are"
    assert any(old in capture.bytes_from(sender) for capture in recording.captures), "nothing would be changed"
    return replace(recording, captures=tuple(_with_bytes(one, sender, old, new) for one in recording.captures))


def _with_bytes(capture: Capture, sender: Side, old: bytes, new: bytes) -> Capture:
    data = capture.bytes_from(sender).replace(old, new)
    chunks = (
        Chunk(one.at_ns, one.sender, one.offset, data[one.offset : one.end]) if one.sender is sender else one
        for one in capture.chunks
    )
    return replace(capture, chunks=tuple(chunks))


def with_marks(recording: Recording, change: Callable[[Mark], Mark]) -> Recording:
    """The recording with each mark as ``change`` makes it."""
    marks = tuple(sorted(map(change, recording.marks), key=lambda mark: mark.at_ns))
    assert marks != recording.marks, "nothing would be changed"
    return replace(recording, marks=marks)


def with_servers(recording: Recording, names: dict[str, str]) -> Recording:
    """The recording with servers that are called otherwise: as if another one had answered."""
    captures = tuple(replace(one, server=names.get(one.server, one.server)) for one in recording.captures)
    assert captures != recording.captures, "nothing would be changed"
    return replace(recording, captures=captures)


def empty(recording: Recording) -> Recording:
    """A run of which nothing was recorded."""
    return replace(recording, captures=(), marks=())

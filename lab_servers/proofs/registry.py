"""The trial of each claim of the course, by its id, or the reason why there is none yet: C01 to C25 without holes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lab_servers.course.claims import CLAIMS
from lab_servers.errors import BadParameter
from lab_servers.proofs.answering import C19
from lab_servers.proofs.buffering import C08
from lab_servers.proofs.building import C21
from lab_servers.proofs.choosing import C18, C23, C25
from lab_servers.proofs.coming_back import C17
from lab_servers.proofs.comparing import C14, C15, C24
from lab_servers.proofs.frames import C11
from lab_servers.proofs.handshake import C10, C12, C13
from lab_servers.proofs.http import C02, C03
from lab_servers.proofs.not_yet import C09, C16, C20
from lab_servers.proofs.proof import Proof
from lab_servers.proofs.speaking import C22
from lab_servers.proofs.sse import C04, C06, C07
from lab_servers.proofs.sse_rules import C05
from lab_servers.proofs.tcp import C01
from lab_servers.proofs.trial import NotYet, Trial, put_to_the_test

PROOFS: dict[str, Trial | NotYet] = {
    one.claim_id: one
    for one in (
        C01, C02, C03, C04, C05, C06, C07, C08, C09, C10, C11, C12, C13, C14, C15, C16, C17, C18, C19, C20, C21, C22,
        C23, C24, C25,
    )
}  # fmt: skip


def require_known(claim_ids: Sequence[str]) -> tuple[str, ...]:
    """The ids in the order of the course, each once; all of them when none is named.

    Raises:
        BadParameter: there is no such claim.
    """
    for one in claim_ids:
        if one.upper() not in PROOFS:
            raise BadParameter(f"There is no claim {one!r}: the course has {min(PROOFS)} to {max(PROOFS)}.")
    wanted = {one.upper() for one in claim_ids} or set(PROOFS)
    return tuple(one for one in sorted(CLAIMS) if one in wanted)


def prove(*claim_ids: str) -> Iterator[Proof]:
    """Try these claims one after the other, all of them when none is named; each is tried when it is asked for.

    Args:
        claim_ids: ``"C01"`` and so on.

    Raises:
        BadParameter: there is no such claim; before anything runs.
    """
    known = require_known(claim_ids)
    return (put_to_the_test(PROOFS[one]) for one in known)

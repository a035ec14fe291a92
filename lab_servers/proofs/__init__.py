"""The claims suite: each claim of the course, and its correction, settled on a fresh recording with the deciding bytes.

``python -m lab_servers claims`` prints it, and ``tests/claims/`` asserts it.
"""

from lab_servers.proofs.proof import Evidence, Excerpt, Proof, Verdict
from lab_servers.proofs.registry import PROOFS, prove

__all__ = ["PROOFS", "Evidence", "Excerpt", "Proof", "Verdict", "prove"]

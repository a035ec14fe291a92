"""Figures and lists as the comparison's pictures and tables write them."""

from __future__ import annotations

from collections.abc import Sequence


def duration(milliseconds: float) -> str:
    """A time with the digits that a measurement has: ``"0.42 ms"``, ``"4.2 ms"``, ``"42 ms"``, ``"1.25 s"``."""
    if abs(milliseconds) >= 1_000:
        return f"{milliseconds / 1_000:,.2f} s"
    digits = 2 if abs(milliseconds) < 1 else 1 if abs(milliseconds) < 10 else 0
    return f"{milliseconds:.{digits}f} ms"


def listed(parts: Sequence[str]) -> str:
    """``"a, b and c"``."""
    return " and ".join((", ".join(parts[:-1]), parts[-1])) if len(parts) > 1 else "".join(parts)


def rate_words(per_s: float) -> str:
    """A rate with two digits: ``"0.5"``, ``"20"``, ``"1,000"``."""
    return f"{float(f'{per_s:.2g}'):,g}"

"""C20: proxies let HTTP pass more easily; real ones would have to show it, so it is not shown yet."""

from __future__ import annotations

from tests.claims.trials import not_shown_yet


def test_it_is_reported_as_not_shown_yet_and_never_as_passed() -> None:
    assert "nginx" in not_shown_yet("C20").why_not

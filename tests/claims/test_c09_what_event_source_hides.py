"""C09: EventSource hides connection, parsing and callbacks; a browser would have to show it, so it is not shown yet."""

from __future__ import annotations

from tests.claims.trials import not_shown_yet


def test_it_is_reported_as_not_shown_yet_and_never_as_passed() -> None:
    assert "browser" in not_shown_yet("C09").why_not

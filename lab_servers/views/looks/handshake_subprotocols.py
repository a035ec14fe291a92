"""Subprotocols that were offered, what the server named, and whether a client may go on with it.

``scenarios/handshake_subprotocols.py`` makes the recording.
"""

from __future__ import annotations

from lab_servers.capture.capture import Side
from lab_servers.recording import Recording
from lab_servers.views.bands import band_of, draw_bands
from lab_servers.views.looks.handshake_answers import verdict
from lab_servers.views.looks.handshake_cases import OPEN, Case, cases_of, counted, rules
from lab_servers.views.picture import Picture
from lab_servers.views.sequence import sequence_picture
from lab_servers.views.table import Table

SCENARIO = "Subprotocols"
NOTHING = "nothing"


def negotiations(recording: Recording) -> dict[str, Case]:
    """The cases of the run by their names.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    return cases_of(recording, SCENARIO)


def offered(case: Case) -> tuple[str, ...]:
    """The subprotocols in the request, in their order."""
    values = ",".join(case.request.values("Sec-WebSocket-Protocol"))
    return tuple(name.strip() for name in values.split(",") if name.strip())


def named(case: Case) -> str | None:
    """What the answer has in ``Sec-WebSocket-Protocol``; ``None`` where it has no such field."""
    values = case.response.values("Sec-WebSocket-Protocol") if case.response else []
    return ", ".join(values) if values else None


def browser(case: Case) -> str:
    """What a browser does: as any client, and it also fails where nothing that it offered is taken up (WHATWG)."""
    if case.broken(Side.SERVER) or not case.is_switched:
        return "fails"
    return "fails: none of its offers was taken" if offered(case) and named(case) is None else "opens"


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    found = negotiations(recording).values()
    agreed = [name for case in found if _opens(case) and (name := named(case)) is not None]
    which = f" ({', '.join(agreed)})" if agreed else ""
    without = sum(_opens(case) and named(case) is None for case in found)
    return (
        f"In {counted(len(found), 'handshake')} the two sides agree on a subprotocol {len(agreed)} times{which}; "
        f"{without} open without one, and in {sum(not _opens(case) for case in found)} the client fails the connection."
    )


def _opens(case: Case) -> bool:
    return case.concluded is not None and case.concluded[0] == OPEN


def picture(recording: Recording) -> Picture:
    """What the client sent in each case: frames only where it took the answer. Of one case alone, its sequence."""
    found = negotiations(recording)
    if len(found) == 1:
        return sequence_picture(next(iter(found.values())).capture)
    bands = [
        band_of(case.found, Side.CLIENT, name, named(case) or "no subprotocol" if _opens(case) else "fails")
        for name, case in found.items()
    ]
    return Picture(draw_bands(bands), "What the client sent", sentence(recording), recording.notices)


def table(recording: Recording) -> Table:
    """Each offer, what the server named, and what clients make of it."""
    rows = tuple(
        (
            case.name,
            ", ".join(offered(case)) or NOTHING,
            named(case) or NOTHING,
            rules(case.broken(Side.SERVER)),
            verdict(case),
            browser(case),
        )
        for case in negotiations(recording).values()
    )
    return Table(
        "Subprotocols offered and named",
        ("case", "offered", "named", "broken rule", "this client", "a browser"),
        rows,
        notices=recording.notices,
    )

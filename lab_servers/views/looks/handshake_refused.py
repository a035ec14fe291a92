"""What a server answered to requests that ask wrongly for a WebSocket, and what a client may conclude from the answer.

``scenarios/handshake_refused.py`` makes the recording.
"""

from __future__ import annotations

from lab_servers.capture.capture import Side
from lab_servers.recording import Recording
from lab_servers.views.bands import band_of, draw_bands
from lab_servers.views.looks.handshake_cases import Case, cases_of, counted, rules
from lab_servers.views.picture import Picture
from lab_servers.views.sequence import sequence_picture
from lab_servers.views.table import Table

SCENARIO = "RefusedUpgrades"

# What an answer tells a client that knows HTTP: RFC 6455 §4.1 leaves it to HTTP's own rules.
_MEANINGS = {
    400: "the request was wrong",
    403: "not for this page",
    404: "no WebSocket at this path",
    405: "another method is needed",
    421: "not the host that was meant",
    426: "a WebSocket lives here, ask for the upgrade",
    505: "another version of HTTP is needed",
}
_TELLING = ("Upgrade", "Sec-WebSocket-Version", "Allow")


def refusals(recording: Recording) -> dict[str, Case]:
    """The cases of the run by their names.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    return cases_of(recording, SCENARIO)


def concludes(case: Case) -> str:
    """What a client can know from the answer."""
    if case.is_switched:
        return "open"
    if case.response is None:
        return "not open: no answer came"
    if versions := case.response.values("Sec-WebSocket-Version"):
        return f"not open: ask again with version {', '.join(versions)}"
    return f"not open: {_MEANINGS.get(case.response.status or 0, 'the answer is not 101')}"


def _fields(case: Case) -> str:
    """The field lines of the answer that say what would do."""
    if case.response is None or case.is_switched:
        return ""
    return ", ".join(f"{name}: {value}" for name in _TELLING for value in case.response.values(name))


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    found = refusals(recording)
    switched = [case for case in found.values() if case.is_switched]
    told = [f"Of {counted(len(found), 'request')}, {len(found) - len(switched)} got an answer that is HTTP to its end"]
    if switched:
        told.append(f", and {len(switched)} opened a WebSocket: {', '.join(case.name for case in switched)}")
    wrongly = [case.name for case in switched if case.broken(Side.CLIENT)]
    if wrongly:
        told.append(f". Opened, although the request breaks a rule: {', '.join(wrongly)}")
    return f"{''.join(told)}."


def picture(recording: Recording) -> Picture:
    """What the server sent in each case, as bands of bytes; of one case alone, the sequence of its connection."""
    found = refusals(recording)
    if len(found) == 1:
        return sequence_picture(next(iter(found.values())).capture)
    bands = [band_of(case.found, Side.SERVER, name, case.answer) for name, case in found.items()]
    return Picture(draw_bands(bands), "What the server sent", sentence(recording), recording.notices)


def table(recording: Recording) -> Table:
    """Each request beside the rules that it breaks, and the answer."""
    rows = tuple(
        (case.name, case.happens, rules(case.broken(Side.CLIENT)), case.answer, _fields(case), concludes(case))
        for case in refusals(recording).values()
    )
    return Table(
        "Requests for a WebSocket, and what was answered",
        ("case", "what is wrong", "broken rule", "answer", "it says", "the client concludes"),
        rows,
        notices=recording.notices,
    )

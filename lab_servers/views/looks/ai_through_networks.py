"""One answer through several networks: until the first text, and between the next, a group of rows for each network.

``scenarios/ai_through_networks.py`` makes the recording. The picture is that of ``views/ai/waits.py``.
"""

from __future__ import annotations

from lab_servers.errors import BadParameter
from lab_servers.measure.answer_times import AnswerTimes, answer_times
from lab_servers.recording import Recording
from lab_servers.views.ai.waits import drawn_waits
from lab_servers.views.picture import Picture
from lab_servers.views.side.words import duration, listed
from lab_servers.views.table import Table


def through(recording: Recording) -> dict[str, dict[str, AnswerTimes]]:
    """The answers by network, and by way within each.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    found: dict[str, dict[str, AnswerTimes]] = {}
    try:
        times = answer_times(recording)
    except BadParameter:
        times = {}
    # In the order in which they were asked: the networks of a run stand beside each other.
    for one in sorted(times.values(), key=lambda one: one.asked_ns):
        way, _, network = one.name.partition(", ")
        if network:
            found.setdefault(network, {})[way] = one
    if not found:
        raise BadParameter("This recording has no answer through a network: run the scenario AnswerThroughNetworks.")
    return found


def picture(recording: Recording) -> Picture:
    """Left, the time until the first text; right, the gaps."""
    rows = [one for ways in through(recording).values() for one in ways.values()]
    return drawn_waits(rows, "Until the first text, and between the next", sentence(recording), recording.notices)


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    told = []
    for network, ways in through(recording).items():
        by_first = sorted(ways.items(), key=lambda item: item[1].first_s)
        told.append(f"{network}: " + listed([f"{way} {duration(1e3 * one.first_s)}" for way, one in by_first]))
    return f"Until the first text. {'; '.join(told)}."


def table(recording: Recording) -> Table:
    """Time to the first text, gaps and whole time, for each network and way."""
    rows = []
    for network, ways in through(recording).items():
        for way, one in ways.items():
            gaps = one.gaps
            rows.append(
                (
                    network,
                    way,
                    duration(1e3 * one.first_s),
                    f"{gaps.n}",
                    *("none" if s is None else duration(1e3 * s) for s in (gaps.median_s, gaps.p95_s, gaps.longest_s)),
                    duration(1e3 * one.last_s),
                )
            )
    return Table(
        "One answer through several networks, times after the question",
        ("network", "way", "first text", "gaps", "median gap", "95 % under", "longest gap", "all text"),
        tuple(rows),
        notices=recording.notices,
    )

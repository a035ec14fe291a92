"""wire: how fast the dissectors find frames, chunks, events and exchanges, and make their fields, beside peers.

``wire_traffic.py`` has the bytes and ``wire_readers.py`` whoever reads them. All take turns in one process.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from lab_servers.wire.model import CLIENT, SERVER, Record
from tests.bench import wire_readers as readers
from tests.bench import wire_traffic as traffic
from tests.bench.report import Result
from tests.bench.statistics import Goal, ratio, summary

UNITS = 50_000
EXCHANGES = 20_000
ROUNDS = 7
WARM_UPS = 1

OURS, WSPROTO = "ours", "wsproto"
DROPPED, KEPT = "dropped", "kept"
WAYS = {"whole": traffic.whole, f"in {traffic.READ_BYTES // 1024} KiB reads": traffic.in_reads}


@dataclass(frozen=True)
class Subject:
    """One kind of unit, and who finds it in the same bytes.

    Attributes:
        name: What is found.
        count: How many there are.
        sent: What each side sent, by sender.
        ours: Our reader.
        peer: The peer's name.
        theirs: The peer's reader.
        goal: How many times as fast ours shall be.
        records: Gives our records, where the making of their fields is measured too.
        fields_goal: How many times as fast as wsproto finds frames all fields shall be made.
    """

    name: str
    count: int
    sent: Mapping[str, bytes]
    ours: readers.Reader
    peer: str
    theirs: readers.Reader
    goal: Goal | None
    records: Callable[[traffic.Reads], list[Record]] | None = None
    fields_goal: Goal | None = None


def subjects(units: int, exchanges: int) -> list[Subject]:
    """What is measured, with so many units of each kind."""
    return [
        Subject(
            "frames", units, {CLIENT: traffic.frames(units)},
            readers.our_frames, WSPROTO, readers.wsproto_frames, Goal(4, at_most=False),
            readers.frame_records, Goal(1, at_most=False),
        ),
        Subject(
            "chunks", units, {SERVER: traffic.chunks(units)},
            readers.our_chunks, "h11", readers.h11_chunks, Goal(2, at_most=False), readers.chunk_records,
        ),
        Subject(
            "events", units, {SERVER: traffic.events(units)},
            readers.our_events, "httpx-sse", readers.httpx_sse_events, Goal(0.5, at_most=False), readers.event_records,
        ),
        Subject(
            "exchanges", exchanges, {CLIENT: traffic.requests(exchanges), SERVER: traffic.responses(exchanges)},
            readers.our_exchanges, "h11", readers.h11_exchanges, None,
        ),
    ]  # fmt: skip


Maker = Callable[[Sequence[Record]], int]

# What was done by whom and how: (subject, reader, way of feeding or of keeping).
Job = tuple[str, str, str]


def run() -> Result:
    """Measure all of them."""
    found = subjects(UNITS, EXCHANGES)
    result = Result(
        "wire",
        f"{UNITS:,} frames (masked, {len(found[0].sent[CLIENT]) // UNITS} bytes each), {UNITS:,} chunks and {UNITS:,} "
        f"events, {EXCHANGES:,} keep-alive exchanges; all readers take turns in one process, {ROUNDS} rounds "
        f"after {WARM_UPS} of warm-up, a garbage collection before each turn. Seconds are those of the CPU: nothing "
        "waits here, and what else the machine does counts less.\n"
        f"  index: from bytes to records of ours, which are kept, and to events of the peer, which are not; fed whole "
        f"and in reads of {traffic.READ_BYTES // 1024} KiB. Of a peer the better of the two counts.\n"
        "  fields: all fields of all records of the same bytes, dropped one record at a time as by a reader of a "
        "stream, and all kept.",
    )
    rates = measure(found, ROUNDS, WARM_UPS)
    for subject in found:
        _report_index(result, subject, rates)
    frames = next(subject for subject in found if subject.peer == WSPROTO)
    for subject in found:
        if subject.records:
            _report_fields(result, subject, rates, _better(frames, rates))
    return result


def measure(found: Sequence[Subject], rounds: int, warm_ups: int) -> dict[Job, list[float]]:
    """Units per CPU second by round, for every job.

    Raises:
        RuntimeError: a reader found another number of units than there are.
    """
    rates: dict[Job, list[float]] = {}
    works = [work for subject in found for work in _works(subject)]
    for number in range(warm_ups + rounds):
        for job, count, work in works:
            gc.collect()
            start = time.process_time()
            done = work()
            seconds = time.process_time() - start
            if done != count:
                raise RuntimeError(f"{' '.join(job)}: found {done} of {count}")
            if number >= warm_ups:
                rates.setdefault(job, []).append(count / seconds)
    return rates


def _works(subject: Subject) -> list[tuple[Job, int, Callable[[], int]]]:
    client, server = subject.sent.get(CLIENT, b""), subject.sent.get(SERVER, b"")
    works: list[tuple[Job, int, Callable[[], int]]] = []
    for way, cut in WAYS.items():
        reads = cut(client, server)
        for who, read in ((OURS, subject.ours), (subject.peer, subject.theirs)):
            works.append(((subject.name, who, way), subject.count, partial(read, reads)))
    if subject.records:
        records = subject.records(traffic.whole(client, server))
        for how, make in ((DROPPED, make_and_drop), (KEPT, make_and_keep)):
            works.append(((subject.name, OURS, how), subject.count, partial(make, records)))
    return works


def make_and_drop(records: Sequence[Record]) -> int:
    """Make all fields of all records, and let go of each record's before the next; how many records had some."""
    return sum(1 for record in records if record.fields)


def make_and_keep(records: Sequence[Record]) -> int:
    """Make all fields of all records, and keep them until the last is made."""
    return len([fields for record in records if (fields := record.fields)])


def _report_index(result: Result, subject: Subject, rates: Mapping[Job, Sequence[float]]) -> None:
    for who in (OURS, subject.peer):
        for way in WAYS:
            _report_rate(result, f"index of {subject.name}, {who}, {way}", rates[subject.name, who, way])
    theirs = _better(subject, rates)
    for way in WAYS:
        name = f"index of {subject.name}, ours {way} over {subject.peer}'s"
        _report_ratio(result, name, rates[subject.name, OURS, way], theirs, subject.goal)


def _report_fields(
    result: Result, subject: Subject, rates: Mapping[Job, Sequence[float]], wsproto: Sequence[float]
) -> None:
    for how in (DROPPED, KEPT):
        name = f"fields of {subject.name}, {how}"
        made = rates[subject.name, OURS, how]
        _report_rate(result, name, made)
        goal = subject.fields_goal if how == DROPPED else None
        _report_ratio(result, f"{name}, over {WSPROTO}'s frames", made, wsproto, goal)


def _better(subject: Subject, rates: Mapping[Job, Sequence[float]]) -> Sequence[float]:
    """The peer's rates, fed in the way that suits it better."""
    return max((rates[subject.name, subject.peer, way] for way in WAYS), key=lambda found: summary(found).median)


def _report_rate(result: Result, name: str, found: Sequence[float]) -> None:
    spread = summary(found)
    how = f"median of {spread.n} rounds, {spread.low:,.0f} to {spread.high:,.0f}"
    result.add(name, spread.median, "per CPU second", how)


def _report_ratio(
    result: Result, name: str, ours: Sequence[float], theirs: Sequence[float], goal: Goal | None = None
) -> None:
    ratios = ratio(ours, theirs)
    how = f"of the medians of {ratios.n} rounds, 90% interval {ratios.low:.2f} to {ratios.high:.2f}"
    result.add(name, ratios.median, "times", how, goal, ratios)

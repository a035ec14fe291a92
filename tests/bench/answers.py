"""answers: many at once from one kernel, at three paces; and where a thousand seeded cuts on each transport fell."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from lab_servers.clients.resuming import WAYS
from lab_servers.lab import Lab
from lab_servers.measure.cut_places import place_of_cut
from lab_servers.measure.many_answers import ALONE, TOGETHER, many_answers, quantiles_ms
from lab_servers.scenarios import ManyAnswers
from tests.bench.report import Result
from tests.scenarios.seeded_cuts import CUTS, outcomes

CROWDS = (ManyAnswers(), ManyAnswers(gap_s=0.1, tokens=20), ManyAnswers(gap_s=0.05, tokens=40))


def run() -> Result:
    """Run the crowds, then the cuts."""
    calls = "\n".join(f"  {crowd.call()}" for crowd in CROWDS)
    result = Result(
        "answers",
        f"A crowd of answers over {', '.join(WAYS)}, one run of each:\n{calls}\n"
        f"Then {CUTS:,} answers on each way, each cut once at a seeded byte and read to its end.",
    )
    with Lab([]) as lab:
        for crowd in CROWDS:
            _crowd(result, lab, crowd)
    for way in WAYS:
        _cuts(result, way)
    return result


def _crowd(result: Result, lab: Lab, crowd: ManyAnswers) -> None:
    found = many_answers(crowd.run(lab))
    alone, together = found[ALONE], found[TOGETHER]
    name = f"{crowd.answers} answers, a token each {crowd.gap_s:g} s"
    for what, count in (("lost", together.lost), ("twice", together.twice), ("mixed up", together.mixed)):
        result.add(f"{name}: {what}", count, "", f"of {together.parts:,} parts, up to {together.most_at_once} at once")
    before, after, slips = (quantiles_ms(one) for one in (alone.delays_s, together.delays_s, together.slips_s))
    spread = ", ".join(f"{value:.2f}" for value in after)
    result.add(
        f"{name}: added delay, median", after[0] - before[0], "ms",
        f"alone {before[0]:.2f}; together {spread} (median, 95 %, 99 %, largest)",
    )  # fmt: skip
    spread = ", ".join(f"{value:.2f}" for value in slips)
    result.add(f"{name}: the model behind its plan, median", slips[0], "ms", f"{spread} (median, 95 %, 99 %, largest)")


def _cuts(result: Result, way: str) -> None:
    began_s = time.perf_counter()
    found = asyncio.run(outcomes(way, CUTS))
    taken_s = time.perf_counter() - began_s
    whole = max(found, key=lambda one: len(one.read.parts)).read.sequences
    wrong = sum(one.read.sequences != whole for one in found)
    places = Counter(place_of_cut(bytes(passage.passed)).value for one in found for passage in one.cuts)
    fell = ", ".join(f"{count} {place}" for place, count in places.most_common())
    result.add(f"{way}: answers with a gap or a duplicate", wrong, "", f"of {CUTS:,} in {taken_s:.1f} s; cut {fell}")

"""Puts C18, C23 and C25 to the test: what a job costs where, what a computed rule chooses, and who fails at what."""

from __future__ import annotations

from lab_servers.measure.costs import Units
from lab_servers.measure.crossings import flips
from lab_servers.measure.decision import CRITERIA, Choice, choose
from lab_servers.measure.demands import Demand, Verdict, verdicts
from lab_servers.measure.evidence import COLUMNS, HTTP, SSE, WEBSOCKET, Part, connections, counted, head_of, requests
from lab_servers.measure.evidence_costs import JOBS as PARTS
from lab_servers.measure.evidence_costs import ORDER, JobCost, cheapest, job_costs
from lab_servers.measure.jobs import Job, job_named
from lab_servers.measure.transports import Transport
from lab_servers.measure.unit_costs import unit_costs
from lab_servers.proofs.comparing import shown
from lab_servers.proofs.proof import Evidence, Judgement, seen
from lab_servers.proofs.trial import trial_of
from lab_servers.recording import Recording
from lab_servers.scenarios import EachFails, UnitCosts
from lab_servers.scenarios import Evidence as EvidenceRun

FIRST_CHOICE = {Part.CRUD: HTTP, Part.AI_ANSWER: SSE, Part.CHAT: WEBSOCKET}
# The jobs of each kind that C23 names; what is compared are bytes, which no stall of the machine changes.
CHOSEN = {
    "build status": Transport.POLLING,
    "CRUD form": Transport.POLLING,
    "log tail": Transport.SSE,
    "AI answer": Transport.SSE,
    "chat room": Transport.WEBSOCKET,
    "multiplayer cursor": Transport.WEBSOCKET,
}
# What C23 says to flip the answer, each with a job that it flips.
FLIPPED_BY = (("tolerated_s", "build status"), ("header_bytes", "build status"), ("down_every_s", "log tail"))
_CRITERION = "bytes"


# --- C18 --------------------------------------------------------------------------------------------


def judge_c18(recording: Recording) -> Judgement:
    """Three jobs on three transports: who is the first choice, and that the others do it as well, at another cost."""
    costs = job_costs(recording)
    return Judgement(
        tuple(_first(recording, costs, job) for job in PARTS),
        tuple(_every(costs, job) for job in PARTS),
    )


def _first(recording: Recording, costs: tuple[JobCost, ...], job: Part) -> Evidence:
    first = cheapest(costs, job)
    told = "; ".join(
        f"{one.column} {counted(one.requests, 'request')}, {one.total_bytes:,} bytes, {one.fresh} of "
        f"{one.messages} fresh"
        for one in costs
        if one.job is job
    )
    found = connections(recording, first.column, job)[:1]
    heads = tuple(head_of(one, asked) for one in found for asked in requests(one)[:1])
    return seen(
        f"{PARTS[job]}: {first.column} ({ORDER}). {told}.",
        first.column == FIRST_CHOICE[job],
        *shown(heads),
        requests=first.requests,
        bytes=first.total_bytes,
    )


def _every(costs: tuple[JobCost, ...], job: Part) -> Evidence:
    """All three did the job: every message that came to exist reached the client."""
    mine = [one for one in costs if one.job is job]
    done = [one for one in mine if one.stale_s != float("inf")]
    least, most = min(one.total_bytes for one in mine), max(one.total_bytes for one in mine)
    return seen(
        f"{PARTS[job]}: done by {', '.join(one.column for one in done)}; the dearest sent {most / least:.1f} times the "
        f"bytes of the cheapest.",
        len(done) == len(COLUMNS) and most > least,
        least_bytes=least,
        most_bytes=most,
    )


C18 = trial_of("C18", judge_c18, EvidenceRun(messages=8, interval_s=0.06))


# --- C23 --------------------------------------------------------------------------------------------


def judge_c23(recording: Recording) -> Judgement:
    """Unit costs counted on the wire, multiplied by six jobs; and what number of a job turns the answer."""
    units = unit_costs(recording)
    return Judgement(
        tuple(_chosen(job_named(name), units, expected) for name, expected in CHOSEN.items()),
        (
            *(_flips(job_named(name), units, parameter) for parameter, name in FLIPPED_BY),
            _without_spare(job_named(FLIPPED_BY[0][1]), units),
        ),
    )


def _chosen(job: Job, units: Units, expected: Transport) -> Evidence:
    found = choose(job, units, _CRITERION)
    told = ", ".join(
        f"{one.transport.value} {one.counts:,.1f} bytes/s{'' if one.is_quick_enough else ' (too late)'}"
        for one in found.weighed
    )
    figures = {f"{one.transport.name.lower()}_bytes_s": round(one.counts, 2) for one in found.weighed}
    return seen(
        f"{job.name}: {found.chosen.value}. Per user, for a staleness of {job.tolerated_s:g} s at most: {told}; the "
        f"simplest of those that are quick enough and cost no more than {_limit(found):,.1f} bytes/s.",
        found.chosen is expected and found.is_tolerated,
        **figures,
    )


def _limit(found: Choice) -> float:
    """What the simplest may cost, by the rule of ``measure/decision.py``."""
    return found.criterion.limit(min(one.counts for one in found.weighed if one.is_quick_enough))


def _without_spare(job: Job, units: Units) -> Evidence:
    """The rule is a choice as well: how much more a simpler transport may cost."""
    strict = CRITERIA[_CRITERION].with_rule(spare=0)
    found, ruled = choose(job, units, strict), choose(job, units, _CRITERION)
    return seen(
        f"{job.name}: that a simpler transport may cost {ruled.criterion.spare:g} bytes/s more decides, too; without "
        f"that it would be {found.chosen.value}.",
        found.chosen is not ruled.chosen,
        spare_bytes_s=ruled.criterion.spare,
    )


def _flips(job: Job, units: Units, parameter: str) -> Evidence:
    found = [one for one in flips(job, units, _CRITERION) if one.parameter == parameter]
    told = "; ".join(one.sentence for one in found) or "nothing flips it"
    return seen(
        f"{job.name}: {parameter} is {getattr(job, parameter):g} here. What would flip the answer: {told}.",
        bool(found),
        **{f"{parameter}_{'above' if one.is_above else 'below'}": round(one.value, 3) for one in found},
    )


C23 = trial_of("C23", judge_c23, UnitCosts())


# --- C25 --------------------------------------------------------------------------------------------


def judge_c25(recording: Recording) -> Judgement:
    """Four demands on each of the three: nobody meets all, and somebody meets each."""
    found = verdicts(recording)
    met = {column: {one.demand for one in found if one.column == column and one.met} for column in COLUMNS}
    return Judgement(
        (
            *(
                seen(
                    f"Who can {demand.value}: {', '.join(column for column in COLUMNS if demand in met[column])}.",
                    any(demand in met[column] for column in COLUMNS),
                    *(x for one in found if one.demand is demand and one.met for x in shown(one.exhibits, 1)),
                )
                for demand in Demand
            ),
            seen(
                f"None replaces another: {'; '.join(f'{c} meets {len(met[c])} of {len(Demand)}' for c in COLUMNS)}, "
                f"and each meets one that another fails at.",
                all(met[one] - met[other] for one in COLUMNS for other in COLUMNS if one != other),
            ),
        ),
        tuple(_fails_at(column, [one for one in found if one.column == column and not one.met]) for column in COLUMNS),
    )


def _fails_at(column: str, failed: list[Verdict]) -> Evidence:
    """What one transport does not do, the first of it with its bytes."""
    if not failed:
        return seen(f"{column} meets every demand.", False)
    also = f" It also fails to {' and to '.join(one.demand.value for one in failed[1:])}." if failed[1:] else ""
    return seen(
        f"{column} fails to {failed[0].demand.value}. {failed[0].sentence}{also}",
        # Where nothing passed, nothing was tried.
        all(one.exhibits for one in failed),
        *shown(failed[0].exhibits, 1),
        failed=len(failed),
    )


C25 = trial_of("C25", judge_c25, EachFails())

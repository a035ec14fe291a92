"""The six real jobs in one table: what is assumed of each, and which transport is chosen for it.

``measure/jobs.py`` has the jobs; ``deciding.py`` decides for one at a time and says why.
"""

from __future__ import annotations

from lab_servers.course.deciding import amount, times_as_much
from lab_servers.measure.crossings import rounded
from lab_servers.measure.decision import Criterion, choose, criterion_of
from lab_servers.measure.jobs import JOBS, SELDOM_S, Job
from lab_servers.measure.unit_costs import unit_costs
from lab_servers.recording import Recording
from lab_servers.views.table import Table


def six_jobs(costs: Recording, criterion: str | Criterion = "bytes") -> Table:
    """The six real jobs with what is assumed of each, and what is chosen for it.

    Args:
        costs: A recording of ``UnitCosts``.
        criterion: By what, as in :func:`decide`.

    Raises:
        BadParameter: this is no recording of unit costs, or there is no such criterion.
    """
    units, rows = unit_costs(costs), []
    for job in JOBS:
        found = choose(job, units, criterion)
        rows.append(
            (
                job.name,
                found.chosen.value,
                f"{found.runner_up.transport.value} ({times_as_much(found.ratio)} as much)",
                _messages(job),
                job.source,
            )
        )
    by = criterion_of(criterion)
    return Table(
        f"Six jobs, chosen by {by.name}: the simplest that costs at most {by.factor:g} times as much as the "
        f"cheapest, or {amount(by.spare)} {by.unit} more",
        ("job", "chosen", "runner-up", "messages", "assumed"),
        tuple(rows),
        notices=costs.notices,
    )


def _messages(job: Job) -> str:
    up = f", up every {rounded(job.up_every_s)} s" if job.up_every_s < SELDOM_S else ""
    return f"down every {rounded(job.down_every_s)} s{up}; up to {rounded(job.tolerated_s)} s late"

"""Starts a job on the polling server, for the runs that follow one (``polling_ask_again.py``, ``…_time_limits.py``)."""

from __future__ import annotations

from lab_servers.clients import post
from lab_servers.errors import ExchangeFailed
from lab_servers.lab import Lab


async def start_job(lab: Lab, kind: str, duration_s: float) -> str:
    """The path at which the new job's status can be asked for.

    Raises:
        ExchangeFailed: the server takes no job at present.
    """
    answer = await post(lab.url("polling", "/api/jobs"), json={"kind": kind, "duration_s": duration_s})
    location = answer.header("Location")
    if answer.status != 202 or location is None:
        wait = answer.header("Retry-After")
        raise ExchangeFailed(
            f"The polling server took no job (it answered {answer.status}). "
            + (f"Run this again in {wait} s." if wait else "Start the lab anew with start_lab()."),
            status=answer.status,
        )
    return location

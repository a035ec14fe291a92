"""What a repeated POST costs: the runs that a model generated for one question, with an Idempotency-Key and without.

``scenarios/ai_asked_twice.py`` makes the recording.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab_servers.capture.capture import Side
from lab_servers.errors import BadParameter
from lab_servers.measure.evidence import counted
from lab_servers.measure.model_marks import finished, generated
from lab_servers.measure.waste import lane_of
from lab_servers.recording import Recording
from lab_servers.views.heads import heads
from lab_servers.views.looks.ai_timeline import READ, WASTED, Row, draw_rows
from lab_servers.views.picture import Picture
from lab_servers.views.table import Table

LANES = (
    "answer lost",
    "answer lost, with a key",
    "time limit",
    "time limit, with a key",
    "time limit, watched",
    "time limit, watched, with a key",
)


@dataclass(frozen=True)
class Asked:
    """One client's question, and what it came to. Times are in nanoseconds on the clock of the recording.

    Attributes:
        lane: Its name.
        asked_ns: When it sent each request.
        failed: When and why each of those that failed did.
        answered_ns: When it had the answer; ``None`` if it never had.
        answer: The run that its answer is of; empty without one.
        runs: The tokens of each run that the model began for it: when each was generated.
        reasons: Why the model stopped generating each of them, by run.
        keys: The ``Idempotency-Key`` of each request that repeats the question, as it passed.
    """

    lane: str
    asked_ns: tuple[int, ...]
    failed: tuple[tuple[int, str], ...]
    answered_ns: int | None
    answer: str
    runs: dict[str, tuple[int, ...]]
    reasons: dict[str, str]
    keys: tuple[str, ...]

    @property
    def paid(self) -> int:
        """How many tokens were generated in all."""
        return sum(map(len, self.runs.values()))

    @property
    def had(self) -> int:
        """How many of them are in the answer that the client has."""
        return len(self.runs.get(self.answer, ()))


def asked(recording: Recording) -> dict[str, Asked]:
    """The six clients, by the name of their lanes.

    Raises:
        BadParameter: this is no recording of such a run.
    """
    found: dict[str, Asked] = {}
    for lane in LANES:
        one = lane_of(recording, lane)
        questions = one.marks_named("asked")
        if not questions:
            raise BadParameter("This recording has no question that is asked twice: run the scenario AskedTwice.")
        # A run may end before its first token.
        runs: dict[str, tuple[int, ...]] = dict.fromkeys(sorted((end.run for end in finished(one)), key=_number), ())
        for token in generated(one):
            runs[token.run] = (*runs.get(token.run, ()), token.at_ns)
        answered = one.marks_named("answered")
        requests = [head for capture in one.captures for head in heads(capture, Side.CLIENT) if head.method == "POST"]
        found[lane] = Asked(
            lane,
            tuple(mark.at_ns for mark in questions),
            tuple((mark.at_ns, mark.detail) for mark in one.marks_named("failed")),
            answered[0].at_ns if answered else None,
            answered[0].detail if answered else "",
            runs,
            {end.run: end.reason for end in finished(one)},
            tuple((head.values("Idempotency-Key") or [""])[0] for head in requests),
        )
    return found


def _number(run: str) -> int:
    return int(run.rpartition("-")[2])


def table(recording: Recording) -> Table:
    """Requests, runs and tokens of each client."""
    rows = tuple(
        (
            lane,
            f"{len(one.asked_ns):,}",
            "the same in each" if len(set(one.keys)) == 1 and one.keys[0] else "none",
            f"{len(one.runs):,}",
            f"{one.paid:,}",
            f"{one.had:,}",
            f"{one.paid - one.had:,}",
            "yes" if one.answer else f"no ({one.failed[-1][1]})",
        )
        for lane, one in asked(recording).items()
    )
    return Table(
        "What one question came to when its POST was repeated",
        (
            "what happened", "requests", "Idempotency-Key", "runs begun", "tokens generated", "in the answer",
            "paid for nothing", "the client has its answer",
        ),
        rows,
        notices=recording.notices,
    )  # fmt: skip


def picture(recording: Recording) -> Picture:
    """A row for each run that the model began; what happened to the client stands on the first of them."""
    rows = []
    for lane, one in asked(recording).items():
        start_ns = one.asked_ns[0]
        happened = {
            "came back": [(at_ns - start_ns) / 1e9 for at_ns in one.asked_ns[1:]],
            "left": [(at_ns - start_ns) / 1e9 for at_ns, _ in one.failed],
            "result": [] if one.answered_ns is None else [(one.answered_ns - start_ns) / 1e9],
        }
        for place, (run, tokens_ns) in enumerate(one.runs.items()):
            sign = READ if run == one.answer else WASTED
            verdict = f"{one.paid:,} paid, {one.had:,} in the answer"
            rows.append(
                Row(
                    lane if place == 0 else f"… run {place + 1}",
                    {sign: [(at_ns - start_ns) / 1e9 for at_ns in tokens_ns]},
                    happened if place == 0 else {},
                    verdict if place == 0 else "",
                )
            )
    words = {
        READ: "token of the answer", WASTED: "token for nobody", "left": "the request fails",
        "came back": "it is repeated", "result": "the client has its answer",
    }  # fmt: skip
    figure = draw_rows(rows, words, "seconds after the first request")
    return Picture(figure, "One question, asked twice", sentence(recording), recording.notices)


def sentence(recording: Recording) -> str:
    """What the picture shows, in words."""
    told = [
        f"{lane}: {counted(len(one.asked_ns), 'request')}, {counted(len(one.runs), 'run')}, "
        f"{counted(one.paid, 'token')} generated, "
        + (f"{one.had:,} of them in the answer" if one.answer else "and no answer")
        for lane, one in asked(recording).items()
    ]
    return f"What each client asked and got. {'; '.join(told)}."

"""The steps of the sequence picture: what happened on a connection, gathered where it is too much to draw one by one.

``sequence_happenings.py`` finds what happened and ``sequence_words.py`` has the words; ``sequence.py``
draws steps and puts them in a table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from lab_servers.capture.capture import Capture, Side
from lab_servers.dissection import conversation_of, ended_sides
from lab_servers.errors import require_one_of, require_whole
from lab_servers.views.sequence_happenings import HTTP_ENDS, Happening, happenings, plain_happenings
from lab_servers.views.sequence_words import Line, Words, gathered_lines
from lab_servers.wire.conversation import Conversation
from lab_servers.wire.model import Note, Severity

MAX_STEPS = 60
LEAST_MAX_STEPS, MOST_MAX_STEPS = 20, 500
LAYERS = ("sse", "http", "tcp")

# Fewer than these like ones in a row are drawn one by one.
_LEAST_GATHERED = 3

# Kinds that are this rare on a connection keep a step of their own, as long as there is room for them.
_RARE = (4, 1, 0)


@dataclass(frozen=True)
class Step:
    """One row of the picture: something that one side did, or many such things gathered.

    Attributes:
        at_s: Seconds from the opening of the connection to the moment at which the relay saw its last byte;
            of gathered ones, that of the first of them.
        until_s: The same of the last of them; ``at_s`` where there is one.
        lines: The label, one line for each side of gathered ones.
        size_bytes: The bytes that it is made of.
        times_s: The time of each that it stands for.
        notes: What is wrong or odd about it; of gathered ones nobody looks.
        is_transition: Whether it opened or ended something rather than sent bytes.
        ends_http: Whether it is the end of HTTP on the connection.
    """

    at_s: float
    until_s: float
    lines: tuple[Line, ...]
    size_bytes: int = 0
    times_s: tuple[float, ...] = ()
    notes: tuple[Note, ...] = ()
    is_transition: bool = False
    ends_http: bool = False

    @property
    def by(self) -> Side | None:
        """The side that did it; ``None`` for the relay, for both sides, and for the end of HTTP."""
        sides = {line.by for line in self.lines}
        return sides.pop() if len(sides) == 1 else None

    @property
    def label(self) -> str:
        """What it was, in a few words."""
        return "; ".join(line.text for line in self.lines)

    @property
    def count(self) -> int:
        """For how many it stands."""
        return len(self.times_s)


@dataclass(frozen=True)
class StepSequence:
    """All steps of one capture, and what the sentence beside them tells.

    Attributes:
        steps: In order of time.
        happened: How many things happened, gathered ones counted one by one.
        hidden_bytes: Bytes of the framing around events, which no step shows.
        incomplete: The sides whose last HTTP message is not complete.
    """

    steps: tuple[Step, ...]
    happened: int
    hidden_bytes: int
    incomplete: tuple[Side, ...]


def step_sequence(capture: Capture, *, layer: str = "sse", max_steps: int = MAX_STEPS) -> StepSequence:
    """What happened on a connection, as at most ``max_steps`` steps.

    Args:
        capture: The connection.
        layer: ``"sse"`` shows a body that is an event stream as its event blocks, ``"http"`` as HTTP frames it;
            ``"tcp"`` shows each read of the relay, and looks for nothing in the bytes.
        max_steps: 20 to 500. What is more is gathered: first runs of like ones, then whatever stands between
            the rare ones. A pause that is long against the whole parts what is gathered.

    Raises:
        BadParameter: an argument is out of its bounds.
    """
    require_one_of("layer", layer, LAYERS)
    require_whole("max_steps", max_steps, LEAST_MAX_STEPS, MOST_MAX_STEPS)
    conversation = conversation_of(capture)
    is_plain = layer == "tcp"
    happened = plain_happenings(capture) if is_plain else happenings(capture, conversation, events=layer == "sse")
    words = Words(capture, conversation, ended_sides(capture))
    shown = tuple(_step(group, capture.opened_ns, words) for group in gathered(happened, max_steps))
    recorded = sum(len(conversation.data[side.value]) for side in Side)
    incomplete = tuple(side for side in Side if not is_plain and _is_cut(conversation, side))
    return StepSequence(shown, len(happened), recorded - sum(step.size_bytes for step in shown), incomplete)


def _step(group: Sequence[Happening], opened_ns: int, words: Words) -> Step:
    times_s = tuple((one.at_ns - opened_ns) / 1e9 for one in group)
    size = sum(one.size_bytes for one in group)
    if len(group) > 1:
        lines = gathered_lines(group, times_s[-1] - times_s[0])
        return Step(times_s[0], times_s[-1], lines, size, times_s)
    happening = group[0]
    notes = tuple(note for record in happening.records for note in record.notes if note.severity is not Severity.INFO)
    ends_http = happening.name == HTTP_ENDS
    return Step(
        times_s[0], times_s[0], words.lines(happening, notes), size, times_s, notes,
        is_transition=not ends_http and not happening.stop, ends_http=ends_http,
    )  # fmt: skip


def _is_cut(conversation: Conversation, side: Side) -> bool:
    messages = conversation.messages(side.value)
    return bool(messages) and not messages[-1].is_complete


def gathered(happened: Sequence[Happening], most: int) -> list[Sequence[Happening]]:
    """All that happened, in order, as about ``most`` runs: of one where that suffices, else of like or close ones."""
    if len(happened) <= most:
        return [happened[index : index + 1] for index in range(len(happened))]
    # At most so many pauses can be as long as this part of the whole.
    pause_ns = max((happened[-1].at_ns - happened[0].at_ns) * 3 // most, 1)
    kinds = [(one.rank, one.name) for one in happened]
    runs = list(islice(_runs(happened, kinds, pause_ns), most + 1))
    count_of = Counter(kinds)
    for rare in _RARE:
        if len(runs) <= most:
            break
        mixed = [kind if count_of[kind] <= rare else None for kind in kinds]
        # With nothing rare there are few enough, bar the many transitions of a connection that somebody made up.
        runs = list(islice(_runs(happened, mixed, pause_ns), most + 1 if rare else None))
    return runs


def _runs(happened: Sequence[Happening], kinds: Sequence[object], pause_ns: int) -> Iterator[Sequence[Happening]]:
    """Runs without a long pause and of equal kinds, those of fewer than three taken apart."""
    start = 0
    for index in range(1, len(happened) + 1):
        if index < len(happened):
            before, here = happened[index - 1], happened[index]
            same = kinds[index] == kinds[index - 1] and not here.alone and not before.alone
            if same and here.at_ns - before.at_ns < pause_ns:
                continue
        if index - start < _LEAST_GATHERED:
            yield from (happened[one : one + 1] for one in range(start, index))
        else:
            yield happened[start:index]
        start = index

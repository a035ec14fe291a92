"""Puts C08 to the test: streaming cuts the wait for the first text and not the total, unless a hop buffers.

``sse.py`` uses :func:`kept_by_hop` as well: that a hop may do so is the limit of C04.
"""

from __future__ import annotations

import json

from lab_servers.capture.capture import Side
from lab_servers.measure.evidence import counted
from lab_servers.proofs.pointing import field_line, record_of, start_line
from lab_servers.proofs.proof import Evidence, Judgement, seen
from lab_servers.proofs.trial import trial_of
from lab_servers.recording import Recording
from lab_servers.scenarios import BufferedHop
from lab_servers.views.looks.side_buffered import STREAMED, THROUGH_HOP, WHOLE, before_hop, waits
from lab_servers.views.looks.sse import blocks_of

# Within one run, and with much room for a machine that is busy: the first of eight tokens, after an eighth of the time,
# is there before half of it. Totals that are called the same differ by less than half.
MUCH_SOONER = 0.5
ABOUT_THE_SAME = 1.5

RUN = BufferedHop()


def judge_c08(recording: Recording) -> Judgement:
    """First text and whole text, whole against streamed; then the same behind the hop."""
    found = waits(recording)
    whole, streamed, behind = found[WHOLE], found[STREAMED], found[THROUGH_HOP]
    blocks = [one for block in blocks_of(streamed.capture) for one in record_of(streamed.capture, block)]
    text, told = (
        _text_of(whole.body),
        [_text_of(block.event.data) for block in blocks_of(streamed.capture) if block.event],
    )
    return Judgement(
        (
            seen(
                f"The answer is the same: {text!r} in one document of {len(whole.body)} bytes, and in {len(told)} "
                f"events of {len(streamed.body)} bytes.",
                bool(text) and text == "".join(told),
                events=len(told),
            ),
            seen(
                f"Streamed, the first text was there after {streamed.first_shown_s:.2f} s; in a whole response after "
                f"{whole.first_shown_s:.2f} s, {_times(whole.first_shown_s, streamed.first_shown_s)} as long.",
                streamed.first_shown_s < MUCH_SOONER * whole.first_shown_s
                and streamed.body_passed_s[0] < streamed.last_produced_s,
                *blocks[:1],
                streamed_first_s=streamed.first_shown_s,
                whole_first_s=whole.first_shown_s,
            ),
            seen(
                f"All of it was there after {streamed.all_shown_s:.2f} s streamed and {whole.all_shown_s:.2f} s whole: "
                f"the model had its last token after {streamed.last_produced_s:.2f} s.",
                streamed.all_shown_s > streamed.last_produced_s
                and whole.all_shown_s > whole.last_produced_s
                and _is_about(streamed.all_shown_s, whole.all_shown_s),
                *blocks[-1:],
                *start_line(whole.capture, Side.SERVER),
                streamed_all_s=streamed.all_shown_s,
                whole_all_s=whole.all_shown_s,
            ),
        ),
        (
            seen(
                f"Behind the hop the first text was there after {behind.first_shown_s:.2f} s, when the model had its "
                f"last token ({behind.last_produced_s:.2f} s): nothing is left of the gain.",
                behind.first_shown_s > behind.last_produced_s,
                behind_hop_first_s=behind.first_shown_s,
            ),
            seen(
                f"The total is the same, {behind.all_shown_s:.2f} s, and so is the status, {behind.status}.",
                _is_about(behind.all_shown_s, streamed.all_shown_s) and behind.status == streamed.status == 200,
                *start_line(behind.capture, Side.SERVER),
                *field_line(behind.capture, Side.SERVER, "Content-Type"),
                behind_hop_all_s=behind.all_shown_s,
                status=behind.status,
            ),
            kept_by_hop(recording),
        ),
    )


def _text_of(document: str | bytes) -> str:
    return str(json.loads(document)["d"])


def _times(longer_s: float, shorter_s: float) -> str:
    return f"{longer_s / shorter_s:.1f} times" if shorter_s else "many times"


def _is_about(one_s: float, other_s: float) -> bool:
    return max(one_s, other_s) < ABOUT_THE_SAME * min(one_s, other_s)


def kept_by_hop(recording: Recording) -> Evidence:
    """Whether a hop kept the response until it was complete, and then passed it on as it was."""
    before, behind = before_hop(recording), waits(recording)[THROUGH_HOP].capture
    came, left = before.chunks_from(Side.SERVER), behind.chunks_from(Side.SERVER)
    same = before.bytes_from(Side.SERVER) == behind.bytes_from(Side.SERVER)
    is_kept = bool(left) and left[0].at_ns > came[-1].at_ns > came[0].at_ns
    return seen(
        f"Into the hop the response came in {counted(len(came), 'read')}; out of it in {len(left)}, the first of them "
        f"{'after' if is_kept else 'not after'} the last had come in. Its {len(behind.bytes_from(Side.SERVER))} bytes "
        f"are {'the same' if same else 'others'}.",
        same and is_kept,
        *start_line(before, Side.CLIENT),
        *field_line(before, Side.CLIENT, "Via"),
        reads_in=len(came),
        reads_out=len(left),
    )


C08 = trial_of("C08", judge_c08, RUN)

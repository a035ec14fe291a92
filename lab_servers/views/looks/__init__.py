"""How each scenario's recording is shown: one picture and one table, found by the recording's name.

A scenario whose run needs no picture of its own has none here: it is shown as the sequence of its first connection.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

from lab_servers.recording import Recording
from lab_servers.views.picture import Picture
from lab_servers.views.sequence import sequence_picture, sequence_table
from lab_servers.views.table import Table

# The scenario's name and the module beside this one that has picture(recording) and table(recording) for it.
_MODULES = {
    "FourWays": "four_ways",
    "OneRelay": "tcp_one_relay",
    "SendsAndReads": "tcp_sends_and_reads",
    "SmallWrites": "tcp_small_writes",
    "WhoClosed": "tcp_who_closed",
    "CutShort": "http_cut_short",
    "LateParse": "http_late_parse",
    "SplitCharacter": "http_split_character",
    "Connections": "http_connections",
    "NoteLife": "http_notes",
    "AskFirst": "http_expect",
    "AskAgain": "polling_ask_again",
    "TimeLimits": "polling_time_limits",
    "BetweenPolls": "polling_between",
    "Herd": "polling_herd",
    "RetryAfter": "polling_retry_after",
    "OneStream": "sse_stream",
    "CutEverywhere": "sse_cuts",
    "ParserSteps": "sse_parser",
    "Heartbeat": "sse_heartbeat",
    "ResumeAfterCut": "sse_resume",
    "ComingBack": "sse_coming_back",
    "Handshake": "handshake",
    "ShareOfHttp": "handshake_share",
    "EarlyFrame": "handshake_early",
    "RefusedUpgrades": "handshake_refused",
    "WrongAnswers": "handshake_answers",
    "Subprotocols": "handshake_subprotocols",
    "ChatFrames": "frames",
    "FrameLengths": "frames_lengths",
    "CutCharacter": "frames_cut_character",
    "BothWays": "frames_both_ways",
    "CloseCodes": "frames_closing",
    "ForbiddenFrames": "frames_forbidden",
    "TokenCompression": "frames_compression",
    "ConditionsShown": "side_conditions",
    "Evidence": "choosing_evidence",
    "UnitCosts": "choosing_costs",
    "JobBothWays": "choosing_job",
    "EachFails": "choosing_failures",
    "SideBySide": "side_by_side",
    "Growth": "side_growth",
    "Upstream": "side_upstream",
    "StalenessAtRates": "side_staleness",
    "Latencies": "side_latencies",
    "BufferedHop": "side_buffered",
    "AnswerArrives": "ai_answer_arrives",
    "AnswerThroughNetworks": "ai_through_networks",
    "Batching": "ai_batching",
    "ResumedAnswer": "ai_resumed",
    "ManyAnswers": "ai_many_answers",
    "CutAnywhere": "ai_cut_anywhere",
    "RealClients": "ai_real_clients",
    "ReaderLeaves": "ai_reader_leaves",
    "StopOrLeave": "ai_stop_or_leave",
    "AskedTwice": "ai_asked_twice",
    "TwoTexts": "ai_two_texts",
    "BargeIn": "ai_barge_in",
    "ToolTurns": "ai_tool_turns",
}


@dataclass(frozen=True)
class Look:
    """How one run is shown.

    Attributes:
        table: The figures.
        draw: Makes the picture. Drawing takes most of the time, so it waits until somebody asks for the picture.
    """

    table: Table
    draw: Callable[[], Picture | None]

    @cached_property
    def picture(self) -> Picture | None:
        """The drawing, with the sentence that says the same; ``None`` where nothing passed that could be drawn."""
        return self.draw()


def look_of(recording: Recording) -> Look:
    """The picture and the table of a run, made from its recording."""
    module = _MODULES.get(recording.name)
    if module is not None:
        # Imported when first needed: each draws with other parts of this room, and a notebook shows two or three runs.
        view = importlib.import_module(f"{__name__}.{module}")
        return Look(view.table(recording), partial(view.picture, recording))
    if not recording.captures:
        empty = Table("No connection was recorded", ("time", "who", "what", "notes"), (), notices=recording.notices)
        return Look(empty, lambda: None)
    first = recording.captures[0]
    return Look(sequence_table(first), partial(sequence_picture, first))

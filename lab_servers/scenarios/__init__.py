"""Runs that a notebook makes: each is a frozen set of bounded parameters with a ``run`` that yields a recording."""

from lab_servers.scenarios.ai_answer_arrives import AnswerArrives
from lab_servers.scenarios.ai_asked_twice import AskedTwice
from lab_servers.scenarios.ai_barge_in import BargeIn
from lab_servers.scenarios.ai_batching import Batching
from lab_servers.scenarios.ai_cut_anywhere import CutAnywhere
from lab_servers.scenarios.ai_many_answers import ManyAnswers
from lab_servers.scenarios.ai_reader_leaves import ReaderLeaves
from lab_servers.scenarios.ai_real_clients import RealClients
from lab_servers.scenarios.ai_resumed import ResumedAnswer
from lab_servers.scenarios.ai_stop_or_leave import StopOrLeave
from lab_servers.scenarios.ai_through_networks import AnswerThroughNetworks
from lab_servers.scenarios.ai_tool_turns import ToolTurns
from lab_servers.scenarios.ai_two_texts import TwoTexts
from lab_servers.scenarios.choosing_answer import PromptedAnswer
from lab_servers.scenarios.choosing_costs import UnitCosts
from lab_servers.scenarios.choosing_evidence import Evidence
from lab_servers.scenarios.choosing_failures import EachFails
from lab_servers.scenarios.choosing_job import JobBothWays
from lab_servers.scenarios.four_ways import FourWays
from lab_servers.scenarios.frames_both_ways import BothWays
from lab_servers.scenarios.frames_chat import ChatFrames
from lab_servers.scenarios.frames_closing import CloseCodes
from lab_servers.scenarios.frames_compression import TokenCompression
from lab_servers.scenarios.frames_cut_character import CutCharacter
from lab_servers.scenarios.frames_forbidden import ForbiddenFrames
from lab_servers.scenarios.frames_lengths import FrameLengths
from lab_servers.scenarios.handshake_answers import WrongAnswers
from lab_servers.scenarios.handshake_chat import Handshake
from lab_servers.scenarios.handshake_early import EarlyFrame
from lab_servers.scenarios.handshake_refused import RefusedUpgrades
from lab_servers.scenarios.handshake_share import ShareOfHttp
from lab_servers.scenarios.handshake_subprotocols import Subprotocols
from lab_servers.scenarios.http_connections import Connections
from lab_servers.scenarios.http_cut_short import CutShort
from lab_servers.scenarios.http_expect import AskFirst
from lab_servers.scenarios.http_late_parse import LateParse
from lab_servers.scenarios.http_notes import NoteLife
from lab_servers.scenarios.http_split_character import SplitCharacter
from lab_servers.scenarios.one_exchange import OneExchange
from lab_servers.scenarios.polling_ask_again import AskAgain
from lab_servers.scenarios.polling_between import BetweenPolls
from lab_servers.scenarios.polling_herd import Herd
from lab_servers.scenarios.polling_retry_after import RetryAfter
from lab_servers.scenarios.polling_time_limits import TimeLimits
from lab_servers.scenarios.replay import Replay
from lab_servers.scenarios.scenario import Scenario
from lab_servers.scenarios.side_buffered import BufferedHop
from lab_servers.scenarios.side_by_side import SideBySide
from lab_servers.scenarios.side_conditions import ConditionsShown
from lab_servers.scenarios.side_growth import Growth
from lab_servers.scenarios.side_latencies import Latencies
from lab_servers.scenarios.side_staleness import StalenessAtRates
from lab_servers.scenarios.side_upstream import Upstream
from lab_servers.scenarios.sse_coming_back import ComingBack
from lab_servers.scenarios.sse_cuts import CutEverywhere
from lab_servers.scenarios.sse_heartbeat import Heartbeat
from lab_servers.scenarios.sse_parser import ParserSteps
from lab_servers.scenarios.sse_resume import ResumeAfterCut
from lab_servers.scenarios.sse_stream import OneStream
from lab_servers.scenarios.tcp_one_relay import OneRelay
from lab_servers.scenarios.tcp_sends_and_reads import SendsAndReads
from lab_servers.scenarios.tcp_small_writes import SmallWrites
from lab_servers.scenarios.tcp_who_closed import WhoClosed

# What `python -m lab_servers run NAME` knows, in the order of the course. Replay takes bytes, not parameters.
SCENARIOS: dict[str, type[Scenario]] = {
    scenario.__name__: scenario
    for scenario in (
        FourWays,
        OneRelay,
        SendsAndReads,
        SmallWrites,
        WhoClosed,
        OneExchange,
        CutShort,
        LateParse,
        SplitCharacter,
        Connections,
        NoteLife,
        AskFirst,
        AskAgain,
        TimeLimits,
        BetweenPolls,
        Herd,
        RetryAfter,
        OneStream,
        CutEverywhere,
        ParserSteps,
        Heartbeat,
        ResumeAfterCut,
        ComingBack,
        Handshake,
        ShareOfHttp,
        EarlyFrame,
        RefusedUpgrades,
        WrongAnswers,
        Subprotocols,
        ChatFrames,
        FrameLengths,
        CutCharacter,
        BothWays,
        CloseCodes,
        ForbiddenFrames,
        TokenCompression,
        ConditionsShown,
        SideBySide,
        Growth,
        Upstream,
        StalenessAtRates,
        Latencies,
        BufferedHop,
        RealClients,
        Evidence,
        UnitCosts,
        JobBothWays,
        EachFails,
        PromptedAnswer,
        AnswerArrives,
        AnswerThroughNetworks,
        Batching,
        ResumedAnswer,
        ManyAnswers,
        CutAnywhere,
        ReaderLeaves,
        StopOrLeave,
        AskedTwice,
        TwoTexts,
        BargeIn,
        ToolTurns,
    )
}

__all__ = [
    "SCENARIOS",
    "AnswerArrives",
    "AnswerThroughNetworks",
    "AskAgain",
    "AskFirst",
    "AskedTwice",
    "BargeIn",
    "Batching",
    "BetweenPolls",
    "BothWays",
    "BufferedHop",
    "ChatFrames",
    "CloseCodes",
    "ComingBack",
    "ConditionsShown",
    "Connections",
    "CutAnywhere",
    "CutCharacter",
    "CutEverywhere",
    "CutShort",
    "EachFails",
    "EarlyFrame",
    "Evidence",
    "ForbiddenFrames",
    "FourWays",
    "FrameLengths",
    "Growth",
    "Handshake",
    "Heartbeat",
    "Herd",
    "JobBothWays",
    "LateParse",
    "Latencies",
    "ManyAnswers",
    "NoteLife",
    "OneExchange",
    "OneRelay",
    "OneStream",
    "ParserSteps",
    "PromptedAnswer",
    "ReaderLeaves",
    "RealClients",
    "RefusedUpgrades",
    "Replay",
    "ResumeAfterCut",
    "ResumedAnswer",
    "RetryAfter",
    "Scenario",
    "SendsAndReads",
    "ShareOfHttp",
    "SideBySide",
    "SmallWrites",
    "SplitCharacter",
    "StalenessAtRates",
    "StopOrLeave",
    "Subprotocols",
    "TimeLimits",
    "TokenCompression",
    "ToolTurns",
    "TwoTexts",
    "UnitCosts",
    "Upstream",
    "WhoClosed",
    "WrongAnswers",
]

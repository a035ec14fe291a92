"""Every lane delivers what was produced, to the last code point and in order; the recording holds what it took."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from random import Random

import pytest

from lab_servers.capture.capture import Capture, Side
from lab_servers.capture.conditions import Delay, Network, Pause, Slicing
from lab_servers.errors import BadParameter, ExchangeFailed, LabNotRunning
from lab_servers.lab import Lab
from lab_servers.measure.accounting import accounts
from lab_servers.measure.timing import message_times
from lab_servers.measure.transports import LANES, SECOND_LANES, Direction, Lane, Transport
from lab_servers.recording import Recording
from lab_servers.scenarios import SideBySide
from lab_servers.scenarios.side_by_side import BOTH_WAYS, DOWN, LONGEST_S, MOST_SHORT_BYTES, UP
from lab_servers.scenarios.side_lanes import Errand
from lab_servers.scenarios.side_payload import BLOBS, KINDS, TOKENS, make_messages
from lab_servers.scenarios.side_runs import CLIENTS, LaneRun, run_lanes
from lab_servers.servers.feed_messages import as_text
from lab_servers.views.heads import heads
from tests.waiting import until

ALL_LANES = (*LANES, *SECOND_LANES)
ONE_REQUEST = {Transport.WHOLE, Transport.NDJSON, Transport.SSE, Transport.WEBSOCKET}
COUNT = 8
SAID_SLOWLY = make_messages(TOKENS, 20, 64, 1)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    # All servers of the lab run too: a lane must not have the name of one of them.
    with Lab() as running:
        yield running


@pytest.fixture(scope="module")
def both_ways(lab: Lab) -> Recording:
    return SideBySide(messages=COUNT, interval_s=0.01, direction=BOTH_WAYS, libraries=True).run(lab)


def requests_of(captures: tuple[Capture, ...], method: str) -> int:
    return sum(head.method == method for capture in captures for head in heads(capture, Side.CLIENT))


def delivered(recording: Recording, lane: Lane, direction: str = "") -> list[int]:
    return [int(mark.detail) for mark in recording.marks_named(f"{lane.name}: delivered{direction}")]


def lab_connections(lab: Lab) -> int:
    return sum(hosted.relay.open_connections for hosted in lab.hosted)


# --- what is delivered ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("direction", [DOWN, UP, BOTH_WAYS])
def test_every_lane_delivers_all_in_order_and_the_same_payload_bytes(lab: Lab, kind: str, direction: str) -> None:
    run = SideBySide(
        payload=kind, direction=direction, messages=COUNT, interval_s=0.005, blob_bytes=70_000, libraries=True
    )
    recording = run.run(lab)  # which refuses a lane that delivers anything else than was produced
    messages = make_messages(kind, COUNT, 70_000, run.seed)
    payload_bytes = sum(len(message.encode()) for message in messages)
    assert recording.notices == ()
    assert lab.problems == ()
    spent = accounts(recording)
    assert set(spent) == {lane.name for lane in ALL_LANES}
    for lane in ALL_LANES:
        for way, mark, account in (("down", "", spent[lane.name].down), ("up", " up", spent[lane.name].up)):
            goes = direction in (way, BOTH_WAYS)
            assert delivered(recording, lane, mark) == ([*range(1, COUNT + 1)] if goes else [])
            assert account.payload == (payload_bytes if goes else 0)
            assert account.other == account.unrecorded == 0


def test_the_texts_on_the_wire_are_the_messages_themselves(lab: Lab) -> None:
    messages = make_messages(TOKENS, COUNT, 64, 11)
    recording = SideBySide(messages=COUNT, interval_s=0.005, libraries=True, seed=11).run(lab)
    for lane in ALL_LANES:
        sent = b"".join(capture.bytes_from(Side.SERVER) for capture in recording.of(lane.name))
        places = [sent.find(message.encode()) for message in messages]
        assert -1 not in places
        assert places == sorted(places)


@pytest.mark.parametrize("seed", range(3))
def test_messages_of_random_characters_survive_every_lane_both_ways(lab: Lab, seed: int) -> None:
    random = Random(seed)

    def text(characters: str) -> str:
        return "".join(random.choice(characters) for _ in range(random.choice([0, 1, 5, 125, 126, 900])))

    # Control characters and quotes travel as escapes. Unicode's line ends travel as they are, and end no line of
    # NDJSON; httpx thinks otherwise.
    plain = 'aé世\U0001f600\u0301\u200d"\\\x00\x1f\n\r\t/ '
    odd = tuple(as_text({"n": number, "d": text(plain + "\u2028\u2029\x85\x0b")}) for number in range(1, 21))
    usual = tuple(as_text({"n": number, "d": text(plain)}) for number in range(1, 21))
    said = {lane: usual if lane.library == "httpx" else odd for lane in ALL_LANES}
    runs = [LaneRun(lane, messages, messages[::-1], 0.001) for lane, messages in said.items()]
    marks = lab.run(run_lanes(lab, runs, within_s=60))
    for lane in ALL_LANES:
        named = [mark for mark in marks[lane.name] if mark.name == "delivered up"]
        assert [int(mark.detail) for mark in named] == [*range(20, 0, -1)]


def test_messages_survive_a_network_that_delays_and_cuts_each_into_single_bytes(lab: Lab) -> None:
    way = (Delay(0.02), Slicing(1))
    network = Network("slices", up=way, down=way)
    messages = make_messages(TOKENS, 5, 64, 2)
    runs = [LaneRun(lane, messages, messages, 0.01, network=network) for lane in ALL_LANES]
    marks = lab.run(run_lanes(lab, runs, within_s=60))
    assert all(sum(mark.name.startswith("delivered") for mark in of_lane) == 10 for of_lane in marks.values())


def test_a_run_over_a_published_network_delivers_all_and_ends_its_connections(lab: Lab) -> None:
    recording = SideBySide(messages=3, direction=BOTH_WAYS, network="another continent", libraries=True).run(lab)
    assert recording.notices == ()
    for lane in ALL_LANES:
        assert delivered(recording, lane) == delivered(recording, lane, " up") == [1, 2, 3]
        for one in message_times(recording, lane.name, Direction.DOWN):
            # Half of the round trip at the very least; the published one is longer than that.
            assert one.delivered_ns - one.produced_ns > 50_000_000


# --- when ---------------------------------------------------------------------------------------


def test_a_message_is_produced_before_it_passes_and_passes_before_it_is_delivered(both_ways: Recording) -> None:
    for lane in ALL_LANES:
        for direction in Direction:
            times = message_times(both_ways, lane.name, direction)
            assert [one.number for one in times] == [*range(1, COUNT + 1)]
            for one in times:
                assert one.produced_ns <= one.first_byte_ns <= one.last_byte_ns <= one.delivered_ns


def test_nothing_is_produced_before_every_client_has_asked(both_ways: Recording) -> None:
    first_ns = min(mark.at_ns for mark in both_ways.marks if "produced" in mark.name)
    for lane in ALL_LANES:
        assert min(capture.chunks[0].at_ns for capture in both_ways.of(lane.name)) < first_ns


def test_lanes_are_staggered_in_phase(lab: Lab) -> None:
    recording = SideBySide(messages=2, interval_s=0.4).run(lab)
    firsts = [recording.marks_named(f"{lane.name}: produced")[0].at_ns for lane in LANES]
    assert firsts == sorted(firsts)
    assert len(set(firsts)) == len(LANES)


def test_the_whole_response_tells_nothing_before_the_last_message_exists_and_a_stream_does(lab: Lab) -> None:
    recording = SideBySide(messages=4, interval_s=0.2).run(lab)
    for transport, waits in ((Transport.WHOLE, True), (Transport.SSE, False), (Transport.WEBSOCKET, False)):
        lane = Lane(transport)
        last_ns = recording.marks_named(f"{lane.name}: produced")[-1].at_ns
        first_ns = recording.marks_named(f"{lane.name}: delivered")[0].at_ns
        assert (first_ns > last_ns) is waits


# --- requests and connections -------------------------------------------------------------------


@pytest.mark.parametrize("direction", [DOWN, UP])
def test_each_lane_makes_the_requests_and_connections_of_its_way(lab: Lab, direction: str) -> None:
    recording = SideBySide(messages=COUNT, interval_s=0.01, direction=direction, libraries=True).run(lab)
    for lane in ALL_LANES:
        captures = recording.of(lane.name)
        asked, posted = requests_of(captures, "GET"), requests_of(captures, "POST")
        reconnects = lane.transport is Transport.RECONNECTING
        assert len(captures) == (COUNT if reconnects else 1)
        if lane.transport is Transport.WEBSOCKET:
            assert (asked, posted) == (1, 0)
        elif direction == UP:
            at_once = lane.transport in (Transport.WHOLE, Transport.NDJSON)
            assert (asked, posted) == (0, 1 if at_once else COUNT)
        elif lane.transport in ONE_REQUEST:
            assert (asked, posted) == (1, 0)
        elif lane.transport is Transport.POLLING:
            assert asked >= 1
            assert posted == 0
        elif lane.transport is Transport.LONG_POLLING:
            assert 1 <= asked <= COUNT
            assert posted == 0
        else:
            assert (asked, posted) == (COUNT, 0)


def test_what_goes_up_beside_a_stream_is_a_request_of_its_own_and_websocket_needs_none(both_ways: Recording) -> None:
    for lane in ALL_LANES:
        captures = both_ways.of(lane.name)
        if lane.transport is Transport.WEBSOCKET:
            assert (len(captures), requests_of(captures, "POST")) == (1, 0)
        elif lane.transport is Transport.SSE:
            assert (len(captures), requests_of(captures, "GET"), requests_of(captures, "POST")) == (2, 1, COUNT)


def test_polling_less_often_asks_less(lab: Lab) -> None:
    asked = []
    for poll_every_s in (0.02, 0.2):
        recording = SideBySide(messages=20, interval_s=0.03, poll_every_s=poll_every_s).run(lab)
        asked.append(requests_of(recording.of(Lane(Transport.POLLING).name), "GET"))
    assert asked[0] > asked[1]


@pytest.mark.parametrize(
    "largest",
    [
        SideBySide(payload=BLOBS, blob_bytes=1024 * 1024, messages=5, interval_s=0.01),
        SideBySide(payload=BLOBS, blob_bytes=1024 * 1024, messages=2, direction=BOTH_WAYS, libraries=True),
    ],
    ids=["down", "both ways"],
)
def test_the_largest_messages_that_are_taken_are_recorded_whole(lab: Lab, largest: SideBySide) -> None:
    recording = largest.run(lab)
    assert recording.notices == ()
    assert all(spent.down.payload == largest.messages * 1024 * 1024 for spent in accounts(recording).values())


def test_the_second_libraries_run_only_if_asked(lab: Lab, both_ways: Recording) -> None:
    few = SideBySide(messages=2, interval_s=0.002).run(lab)
    assert {capture.server for capture in few} == {lane.name for lane in LANES}
    assert {capture.server for capture in both_ways} == {lane.name for lane in ALL_LANES}
    assert set(CLIENTS) == set(ALL_LANES)


# --- what goes wrong ----------------------------------------------------------------------------


def test_a_lane_that_loses_a_message_fails_the_run(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lane = Lane(Transport.SSE)
    honest = CLIENTS[lane]

    async def forgetful(errand: Errand) -> None:
        def deliver(message: str) -> None:
            if '"n":2' not in message:
                errand.deliver(message)

        await honest(Errand(errand.url, errand.count, deliver, errand.outgoing, errand.poll_every_s))

    monkeypatch.setitem(CLIENTS, lane, forgetful)
    with pytest.raises(ExchangeFailed, match="The lane SSE delivered 3 of 4 messages"):
        SideBySide(messages=4, interval_s=0.002).run(lab)


def test_a_library_that_cuts_a_message_fails_the_run_with_one_sentence(lab: Lab) -> None:
    # U+2028 may stand in a JSON text as it is (RFC 8259 §7), and httpx takes it for the end of a line.
    run = LaneRun(Lane(Transport.NDJSON, "httpx"), ('{"n":1,"d":"one\u2028two"}',))
    with pytest.raises(ExchangeFailed, match="The lane NDJSON by httpx broke"):
        lab.run(run_lanes(lab, [run], within_s=20))


def test_a_run_that_takes_too_long_is_ended_with_a_sentence(lab: Lab) -> None:
    with pytest.raises(ExchangeFailed, match=r"within 0\.1 s"):
        lab.run(run_lanes(lab, [LaneRun(lane, ('{"n":1}',), phase_s=60) for lane in ALL_LANES], within_s=0.1))


def test_a_cancelled_run_leaves_nothing_and_the_next_one_is_whole() -> None:
    with Lab([]) as lab:

        async def tasks() -> int:
            return len(asyncio.all_tasks())

        idle = lab.run(tasks())
        run = SideBySide(messages=100, interval_s=0.1, direction=BOTH_WAYS, libraries=True)
        job = run.start(lab)

        async def begun() -> None:
            await until(lambda: lab_connections(lab) >= len(ALL_LANES))

        lab.run(begun())
        job.cancel()

        async def over() -> None:
            await until(lambda: lab_connections(lab) == 0)
            await until(lambda: len(asyncio.all_tasks()) <= idle)

        lab.run(over())
        assert lab.problems == ()
        again = SideBySide(messages=3, interval_s=0.002).run(lab)
        assert all(delivered(again, lane) == [1, 2, 3] for lane in LANES)


def test_a_run_that_is_stopped_waits_for_no_peer_behind_a_network_that_passes_nothing(lab: Lab) -> None:
    dead = Network("dead", down=(Pause(0.3, 3_600),))
    runs = [LaneRun(lane, SAID_SLOWLY, SAID_SLOWLY, 0.2, network=dead) for lane in ALL_LANES]

    async def stopped() -> None:
        running = asyncio.ensure_future(run_lanes(lab, runs, within_s=60))
        # All are in the midst of it: something is produced on every lane, and the network passes nothing any more.
        await until(lambda: lab_connections(lab) >= len(ALL_LANES))
        await asyncio.wait([running], timeout=0.5)
        running.cancel()
        done, _ = await asyncio.wait([running], timeout=10)
        assert done
        assert running.cancelled()

    lab.run(stopped())
    assert lab.problems == ()


def test_a_lab_that_is_stopped_in_the_midst_of_a_run_ends_it_and_reports_no_problem() -> None:
    with Lab([]) as lab:
        job = SideBySide(messages=100, interval_s=0.1, direction=BOTH_WAYS, libraries=True).start(lab)

        async def begun() -> None:
            await until(lambda: lab_connections(lab) >= len(ALL_LANES))

        lab.run(begun())
        lab.stop()
        # And not "the lane SSE broke", which is what its client sees of it.
        with pytest.raises(LabNotRunning, match="stopped while this was under way"):
            job.result()
        assert lab.problems == ()


def test_a_lab_does_not_grow_with_the_runs() -> None:
    with Lab([]) as lab:

        async def tasks() -> int:
            return len(asyncio.all_tasks())

        run = SideBySide(messages=2, interval_s=0.002, libraries=True)
        run.run(lab)
        after_one = (lab.run(tasks()), len(lab.hosted))
        for _ in range(3):
            run.run(lab)
        assert (lab.run(tasks()), len(lab.hosted)) == after_one


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"messages": 0}, "messages must be a whole number from 1 to 1,000 messages, not 0."),
        ({"interval_s": 0}, "interval_s must be a number from 0.002 to 5 seconds, not 0."),
        ({"payload": "songs"}, "payload must be one of"),
        ({"direction": "sideways"}, "direction must be one of down, up, both ways"),
        ({"network": "carrier pigeons"}, "network must be one of"),
        ({"messages": 1_000, "interval_s": 5}, "a run may take 60 s"),
        ({"messages": 150, "network": "satellite"}, "a run may take 60 s"),
        ({"messages": 40, "payload": BLOBS, "blob_bytes": 1_000_000, "network": "4G"}, "a run may take 60 s"),
        ({"messages": 100, "payload": BLOBS, "blob_bytes": 100_000}, "there is room for 48 MiB"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(parameters: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadParameter, match=sentence):
        SideBySide(**parameters)  # type: ignore[arg-type]


def test_no_message_is_longer_than_the_bounds_reckon_with() -> None:
    for kind in set(KINDS) - {BLOBS}:
        assert max(len(message.encode()) for message in make_messages(kind, 1_000, 64, 7)) <= MOST_SHORT_BYTES


@pytest.mark.parametrize("seed", range(200))
def test_whatever_is_accepted_is_short_enough_to_wait_for(seed: int) -> None:
    random = Random(seed)
    chosen: dict[str, object] = {
        "payload": random.choice(KINDS),
        "messages": random.choice([1, 24, 200, 1_000]),
        "interval_s": random.choice([0.002, 0.05, 1, 5]),
        "direction": random.choice([DOWN, UP, BOTH_WAYS]),
        "network": random.choice(["loopback", "4G", "satellite"]),
        "blob_bytes": random.choice([64, 16_384, 1_048_576]),
        "libraries": random.choice([False, True]),
    }
    try:
        run = SideBySide(**chosen)  # type: ignore[arg-type]
    except BadParameter as error:
        refusal = str(error)
    else:
        assert run.messages * run.interval_s < run.about_s <= LONGEST_S
        return
    assert "choose fewer messages" in refusal

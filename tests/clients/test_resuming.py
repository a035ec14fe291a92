"""A reader that comes back: what it shows, drops and counts, when it stops, and when it must not ask again."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from lab_servers.clients.resuming import (
    EVENT_STREAM,
    LINES,
    WAYS,
    WEBSOCKET,
    Backoff,
    ResumedRead,
    Stopped,
    read_resuming,
)
from lab_servers.errors import BadParameter
from lab_servers.scenarios.ai_cutting_hop import Cut, CuttingHop
from lab_servers.scenarios.ai_resumed import before_first_id, measured
from lab_servers.servers.llm.app import make_app
from tests.clients.peers import closed_port, lab_app

NO_WAIT = Backoff(first_s=0, most_s=0, most_tries=3)
QUICK: dict[str, object] = {"tokens": 12, "ttft_s": 0, "gap_s": 0}


@asynccontextmanager
async def cutting(app: web.Application, *cuts: Cut | None) -> AsyncIterator[CuttingHop]:
    """A hop in front of an application, whose n-th connection is cut like the n-th of ``cuts``."""
    async with lab_app(app) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        hop = CuttingHop((host, int(port)), dict(enumerate(cuts, 1)).get)
        await hop.start()
        try:
            yield hop
        finally:
            await hop.stop()


def read(app: web.Application, way: str, *cuts: Cut | None, **how: object) -> ResumedRead:
    async def run() -> ResumedRead:
        async with cutting(app, *cuts) as hop:
            return await read_resuming(hop.url, way, "世界?", QUICK, backoff=NO_WAIT, **how)  # type: ignore[arg-type]

    return asyncio.run(run())


def before_the_id(way: str) -> Cut:
    """A cut behind the question and before the id of its run: in a head, on a WebSocket in the first frame."""
    start, stop = before_first_id(asyncio.run(measured(way, "世界?", QUICK))[0])
    return Cut((start + stop) // 2)


@pytest.mark.parametrize("way", WAYS)
def test_a_whole_answer_comes_on_one_connection(way: str) -> None:
    found = read(make_app(epoch="a1"), way)
    assert found.stopped is Stopped.COMPLETE
    assert found.run_id == "a1-1"
    assert found.sequences == tuple(range(1, len(found.parts) + 1))
    assert found.parts[-1].kind == "end"
    assert (found.asks, found.duplicates, found.gaps, found.strays) == (1, 0, 0, 0)


@pytest.mark.parametrize("way", WAYS)
def test_it_goes_on_behind_the_last_part_that_it_has(way: str) -> None:
    # On HTTP the first connection is that of the question.
    cut = Cut(700)
    found = read(make_app(epoch="a1"), way, *((cut,) if way == WEBSOCKET else (None, cut)))
    first, second = found.tries[-2:]
    assert first.brought > 0
    assert second.after == first.brought
    assert found.sequences == tuple(range(1, len(found.parts) + 1))
    assert (found.stopped, found.duplicates, found.gaps) == (Stopped.COMPLETE, 0, 0)


@pytest.mark.parametrize("way", WAYS)
def test_many_cuts_in_one_answer_are_overcome_as_long_as_each_try_brings_something(way: str) -> None:
    found = read(make_app(epoch="a1"), way, *([None] if way != WEBSOCKET else []), *[Cut(420, reset=True)] * 7)
    assert found.stopped is Stopped.COMPLETE
    assert found.sequences == tuple(range(1, len(found.parts) + 1))
    assert len(found.tries) > NO_WAIT.most_tries


@pytest.mark.parametrize("way", WAYS)
def test_without_an_id_and_without_a_key_it_does_not_ask_again(way: str) -> None:
    found = read(make_app(epoch="a1"), way, before_the_id(way))
    assert found.stopped is Stopped.NOTHING_TO_RESUME
    assert (found.run_id, found.parts, found.asks) == ("", (), 1)


@pytest.mark.parametrize("way", WAYS)
def test_with_a_key_it_asks_again_and_gets_the_same_run(way: str) -> None:
    found = read(make_app(epoch="a1"), way, before_the_id(way), key="mine")
    assert (found.stopped, found.run_id, found.asks) == (Stopped.COMPLETE, "a1-1", 2)


@pytest.mark.parametrize("way", WAYS)
def test_who_asks_again_without_a_key_gets_and_pays_a_second_run(way: str) -> None:
    found = read(make_app(epoch="a1"), way, before_the_id(way), asks_again=True)
    assert (found.stopped, found.run_id, found.asks) == (Stopped.COMPLETE, "a1-2", 2)


@pytest.mark.parametrize("way", WAYS)
def test_each_connection_is_a_try_also_one_that_was_cut_in_its_head(way: str) -> None:
    async def run() -> tuple[ResumedRead, int]:
        asked = [] if way == WEBSOCKET else [None]
        async with cutting(make_app(epoch="a1"), *asked, Cut(20), Cut(30, reset=True)) as hop:
            found = await read_resuming(hop.url, way, "世界?", QUICK, backoff=NO_WAIT, key="mine")
            return found, len(hop.passages)

    found, connections = asyncio.run(run())
    assert found.stopped is Stopped.COMPLETE
    assert len(found.tries) == connections == (3 if way == WEBSOCKET else 4)


def test_a_handshake_that_was_cut_has_asked_nothing_so_asking_again_costs_nothing() -> None:
    found = read(make_app(epoch="a1"), WEBSOCKET, Cut(20))
    assert (found.stopped, found.run_id) == (Stopped.COMPLETE, "a1-1")


@pytest.mark.parametrize("way", WAYS)
def test_a_server_in_a_new_life_says_gone_and_nobody_comes_back(way: str) -> None:
    async def run() -> ResumedRead:
        cuts = (Cut(700),) if way == WEBSOCKET else (None, Cut(700))
        async with cutting(make_app(epoch="a1"), *cuts) as hop, lab_app(make_app(epoch="b2")) as later:
            host, _, port = later.removeprefix("http://").partition(":")
            hop.on_cut = lambda passage: setattr(hop, "upstream", (host, int(port)))
            return await read_resuming(hop.url, way, "世界?", QUICK, backoff=NO_WAIT)

    found = asyncio.run(run())
    assert (found.stopped, found.epoch) == (Stopped.GONE, "b2")
    assert found.parts
    assert found.sequences == tuple(range(1, len(found.parts) + 1))


@pytest.mark.parametrize("way", WAYS)
def test_an_error_in_the_midst_is_an_end_too(way: str) -> None:
    async def run() -> ResumedRead:
        async with lab_app(make_app(epoch="a1")) as url:
            return await read_resuming(url, way, "世界?", {**QUICK, "fail": "error", "fail_after": 5})

    found = asyncio.run(run())
    assert found.stopped is Stopped.FAILED
    assert found.parts[-1].kind == "error"


@pytest.mark.parametrize("way", WAYS)
def test_tries_that_bring_nothing_new_are_bounded(way: str) -> None:
    found = read(make_app(epoch="a1"), way, *([None] if way != WEBSOCKET else []), *[Cut(10)] * 50, key="mine")
    assert found.stopped is Stopped.GAVE_UP
    assert NO_WAIT.most_tries <= len(found.tries) <= NO_WAIT.most_tries + 3


@pytest.mark.parametrize("way", WAYS)
def test_where_nobody_listens_it_gives_up(way: str) -> None:
    async def run() -> ResumedRead:
        port = await closed_port()
        return await read_resuming(f"http://127.0.0.1:{port}", way, "世界?", QUICK, backoff=NO_WAIT)

    found = asyncio.run(run())
    assert found.stopped is Stopped.GAVE_UP
    assert "no connection" in found.tries[0].ended or "no handshake" in found.tries[0].ended


# --- servers that are wrong ----------------------------------------------------------------------------------


def part(number: int, run: str = "a1-1", **more: object) -> str:
    return json.dumps({"run": run, "n": number, "type": "text", "text": f"t{number}", **more})


def wrong(texts: Sequence[str]) -> web.Application:
    """A server whose log says these texts, whatever it is asked for."""

    async def create(request: web.Request) -> web.Response:
        return web.json_response({"run": "a1-1"}, status=201)

    async def events(request: web.Request) -> web.Response:
        body = "".join(f"data: {text}\n\n" for text in texts)
        return web.Response(text=body, content_type="text/event-stream")

    async def lines(request: web.Request) -> web.Response:
        return web.Response(text="".join(f"{text}\n" for text in texts), content_type="application/x-ndjson")

    async def websocket(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        for text in texts:
            await socket.send_str(text)
        await socket.close()
        return socket

    app = web.Application()
    app.add_routes([
        web.post("/api/runs", create), web.get("/api/runs/{run}/events", events),
        web.get("/api/runs/{run}/lines", lines), web.get("/ws", websocket),
    ])  # fmt: skip
    return app


@pytest.mark.parametrize("way", WAYS)
def test_a_part_that_it_has_is_dropped_and_counted(way: str) -> None:
    found = read(wrong([part(1), part(2), part(1), part(2), part(3, type="end")]), way)
    assert (found.sequences, found.duplicates, found.gaps) == ((1, 2, 3), 2, 0)
    assert found.text == "t1t2"


@pytest.mark.parametrize("way", WAYS)
def test_numbers_that_are_missing_are_noticed_and_counted(way: str) -> None:
    found = read(wrong([part(1), part(4), part(6, type="end")]), way)
    assert (found.sequences, found.gaps) == ((1, 4, 6), 3)
    assert [mark.detail for mark in found.marks if mark.name == "gap"] == ["2 to 3", "5 to 5"]


@pytest.mark.parametrize("way", WAYS)
def test_what_is_no_part_of_this_answer_is_not_shown(way: str) -> None:
    hostile = ["no json", "[]", part(0), part(-1), part(1, run="a1-2"), '{"run":7,"n":1}', '{"n":1}']
    found = read(wrong([part(1), *hostile, part(2, type="end")]), way)
    assert (found.sequences, found.strays) == ((1, 2), len(hostile))


@pytest.mark.parametrize("way", WAYS)
def test_a_good_end_of_a_connection_is_no_end_of_the_answer(way: str) -> None:
    found = read(wrong([part(1), part(2)]), way)
    assert found.stopped is Stopped.GAVE_UP
    assert found.sequences == (1, 2)


def test_a_line_without_its_end_is_not_shown() -> None:
    found = read(make_app(epoch="a1"), LINES, None, Cut(700))
    assert all(part.text or part.kind == "end" for part in found.parts)
    assert "\N{REPLACEMENT CHARACTER}" not in found.text


# --- waiting ---------------------------------------------------------------------------------------------------


def test_waits_grow_are_bounded_and_come_from_the_seed() -> None:
    backoff = Backoff(first_s=0.1, most_s=1.0)
    waits = [backoff.wait_s(fruitless, random.Random(7)) for fruitless in range(9)]
    assert waits == sorted(waits)
    assert waits == [backoff.wait_s(fruitless, random.Random(7)) for fruitless in range(9)]
    assert max(backoff.wait_s(20, random.Random(seed)) for seed in range(200)) <= 1.0
    assert len({backoff.wait_s(3, random.Random(seed)) for seed in range(20)}) == 20


@pytest.mark.parametrize("wrong_one", [{"first_s": -1}, {"most_s": float("nan")}, {"most_tries": 0}])
def test_a_wait_out_of_bounds_is_refused(wrong_one: dict[str, float]) -> None:
    with pytest.raises(BadParameter, match=f"{next(iter(wrong_one))} must be"):
        Backoff(**wrong_one)  # type: ignore[arg-type]


def test_an_unknown_way_is_refused_with_the_ways_that_there_are() -> None:
    with pytest.raises(BadParameter, match="way must be one of event stream, NDJSON, WebSocket"):
        asyncio.run(read_resuming("http://127.0.0.1:1", "pigeon", "世界?"))


def test_the_time_limit_ends_it_with_what_it_has() -> None:
    async def run() -> ResumedRead:
        async with lab_app(make_app(epoch="a1")) as url:
            return await read_resuming(
                url, EVENT_STREAM, "世界?", {"tokens": 400, "ttft_s": 0, "gap_s": 0.01}, timeout_s=0.6
            )

    found = asyncio.run(run())
    assert found.stopped is Stopped.TIMEOUT
    assert found.sequences == tuple(range(1, len(found.parts) + 1))

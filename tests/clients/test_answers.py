"""One prompt on each way: the same text to the last code point, and an ending that says how it came to it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from websockets.asyncio.server import ServerConnection, serve
from websockets.frames import Frame, Opcode

from lab_servers.clients import AnswerRead, Ending, Way, read_answer
from lab_servers.errors import BadParameter, ExchangeFailed
from lab_servers.lab.hosting import start_application
from lab_servers.servers.llm.app import make_app
from lab_servers.wire.llm.pieces import Kind, Piece

PROMPT = "世界?"
# No time has to pass: what is tested is order.
QUICK: dict[str, object] = {"tokens": 30, "ttft_s": 0.01, "gap_s": 0.001}
WAYS = [pytest.param(way, id=way.value) for way in Way]
GROWING = [pytest.param(way, id=way.value) for way in Way if way is not Way.WHOLE]


@asynccontextmanager
async def model() -> AsyncIterator[tuple[str, list[tuple[str, str]]]]:
    """A model's server: its URL, and what it marks."""
    marks: list[tuple[str, str]] = []
    app = make_app(lambda name, detail: marks.append((name, detail)), epoch="e1")
    (host, port), stop = await start_application(app, logging.getLogger("model"))
    try:
        yield f"http://{host}:{port}", marks
    finally:
        await stop()


def with_model(ask: Callable[[str], Coroutine[Any, Any, AnswerRead]]) -> AnswerRead:
    async def run() -> AnswerRead:
        async with model() as (url, _):
            return await ask(url)

    return asyncio.run(run())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("language", ["mixed", "chinese", "emoji", "combining"])
def test_the_text_is_the_models_to_the_last_code_point(way: Way, language: str) -> None:
    async def run() -> None:
        async with model() as (url, marks):
            read = await read_answer(url, way, PROMPT, {**QUICK, "language": language}, poll_every_s=0.01)
            said = [detail.split(" ", 3)[3] for name, detail in marks if name == "produced"]
            assert read.text == "".join(said)
            assert read.state.is_complete
            assert read.ending is Ending.SERVER
            assert not read.state.ignored

    asyncio.run(run())


@pytest.mark.parametrize("way", WAYS)
def test_its_marks_begin_with_the_question_and_end_with_the_reason(way: Way) -> None:
    read = with_model(lambda url: read_answer(url, way, PROMPT, QUICK, poll_every_s=0.01))
    assert read.marks[0].name == "asked"
    assert (read.marks[-1].name, read.marks[-1].detail) == ("ended", Ending.SERVER.value)
    assert "".join(mark.detail for mark in read.marks if mark.name == "shown") == read.text
    assert [mark.detail for mark in read.marks if mark.name == "run"] == ["e1-1"]
    assert [mark.at_ns for mark in read.marks] == sorted(mark.at_ns for mark in read.marks)


@pytest.mark.parametrize("way", GROWING)
def test_who_leaves_has_an_incomplete_answer_and_says_so(way: Way) -> None:
    slow = {**QUICK, "tokens": 2_000, "gap_s": 0.01}
    read = with_model(lambda url: read_answer(url, way, PROMPT, slow, leave_after_parts=3, poll_every_s=0.02))
    assert read.ending is Ending.CLIENT
    assert sum(piece.kind is Kind.TEXT for piece in read.pieces) >= 3
    assert not read.state.is_complete


@pytest.mark.parametrize("way", GROWING)
def test_the_models_failure_is_in_the_state(way: Way) -> None:
    failing = {**QUICK, "fail": "error", "fail_after": 5}
    read = with_model(lambda url: read_answer(url, way, PROMPT, failing, poll_every_s=0.01))
    assert read.state.error
    assert not read.state.is_complete


@pytest.mark.parametrize("way", GROWING)
def test_a_cut_is_lost_and_not_the_servers_end(way: Way) -> None:
    cut = {**QUICK, "fail": "cut", "fail_after": 5}
    read = with_model(lambda url: read_answer(url, way, PROMPT, cut, poll_every_s=0.01))
    assert read.ending is Ending.LOST
    assert not read.state.is_complete


@pytest.mark.parametrize("way", [Way.WHOLE, Way.EVENT_STREAM, Way.SHORT_POLLING], ids=lambda way: way.value)
def test_a_refusal_is_an_error_with_its_status(way: Way) -> None:
    refusing = {**QUICK, "fail": "error"}
    with pytest.raises(ExchangeFailed, match="refused the question with 503") as refused:
        with_model(lambda url: read_answer(url, way, PROMPT, refusing))
    assert refused.value.status == 503


def test_a_setting_that_the_server_does_not_know_is_named() -> None:
    with pytest.raises(ExchangeFailed, match="tokenz"):
        with_model(lambda url: read_answer(url, Way.EVENT_STREAM, PROMPT, {"tokenz": 3}))


def test_the_time_limit_ends_the_reading_and_keeps_what_came() -> None:
    slow = {**QUICK, "tokens": 2_000, "gap_s": 0.02}
    read = with_model(lambda url: read_answer(url, Way.EVENT_STREAM, PROMPT, slow, timeout_s=1))
    assert read.ending is Ending.TIMEOUT
    assert read.text


def test_each_piece_is_told_as_it_comes() -> None:
    told: list[Piece] = []
    read = with_model(lambda url: read_answer(url, Way.NDJSON, PROMPT, QUICK, on_piece=told.append))
    assert tuple(told) == read.pieces


@pytest.mark.parametrize("way", [Way.EVENT_STREAM, Way.LONG_POLLING, Way.WEBSOCKET], ids=lambda way: way.value)
def test_the_same_key_gives_the_same_run(way: Way) -> None:
    async def run() -> None:
        async with model() as (url, _):
            first, second = [await read_answer(url, way, PROMPT, QUICK, key="k1", kept=True) for _ in range(2)]
            assert first.state.run_id == second.state.run_id
            assert first.text == second.text

    asyncio.run(run())


def test_a_wait_that_is_out_of_bounds_is_refused() -> None:
    with pytest.raises(BadParameter, match="poll_every_s"):
        with_model(lambda url: read_answer(url, Way.SHORT_POLLING, PROMPT, QUICK, poll_every_s=0))


TEXT = {"run": "e1-1", "n": 1, "type": "text", "text": "Hi", "tokens": 1}


def polled(*answers: web.Response, location: str = "{base}/runs/1?key=k") -> AnswerRead:
    """What short polling makes of a run somewhere else, whose list is answered with these, in turn."""
    left = list(answers)

    async def begin(request: web.Request) -> web.Response:
        return web.Response(status=201, headers={"Location": location.format(base=request.url.origin())})

    async def news(request: web.Request) -> web.Response:
        assert (request.query["key"], request.query["after"]) == ("k", "0" if len(left) == len(answers) else "1")
        return left.pop(0)

    async def run() -> AnswerRead:
        app = web.Application()
        app.add_routes([web.post("/api/runs", begin), web.get("/runs/1", news)])
        (host, port), stop = await start_application(app, logging.getLogger("run"))
        try:
            return await read_answer(f"http://{host}:{port}", Way.SHORT_POLLING, PROMPT, poll_every_s=0.005)
        finally:
            await stop()

    return asyncio.run(run())


@pytest.mark.parametrize("location", ["{base}/runs/1?key=k", "/runs/1?key=k", "../runs/1?key=k#here"])
def test_a_location_may_be_any_reference(location: str) -> None:
    end = {"type": "end", "n": 2, "finish": "stop", "usage": {}}
    read = polled(web.json_response({"parts": [TEXT, end], "done": True}), location=location)
    assert read.text == "Hi"
    assert read.state.is_complete


@pytest.mark.parametrize("location", ["", "http://[", "ftp://127.0.0.1/runs/1"])
def test_a_run_that_is_nowhere_is_a_sentence(location: str) -> None:
    with pytest.raises(ExchangeFailed, match="did not say where it is"):
        polled(location=location)


def test_a_run_that_is_gone_in_the_midst_is_in_the_state_and_what_came_is_kept() -> None:
    first = web.json_response({"parts": [TEXT], "done": False})
    read = polled(first, web.json_response({"error": "of an earlier life", "epoch": "e2"}, status=410))
    assert (read.text, read.state.error, read.ending) == ("Hi", "of an earlier life", Ending.SERVER)


@pytest.mark.parametrize("status", [200, 502])
def test_a_list_that_is_none_is_damage_and_what_came_is_kept(status: int) -> None:
    read = polled(web.json_response({"parts": [TEXT], "done": False}), web.Response(status=status, text="<html>"))
    assert (read.text, read.ending) == ("Hi", Ending.BOUND)
    assert read.state.damaged


def test_messages_that_came_in_one_read_could_be_shown_at_one_moment() -> None:
    texts = [json.dumps({**TEXT, "n": number}) for number in range(1, 21)]
    end = json.dumps({"type": "end", "n": 21, "finish": "stop", "usage": {}})

    async def say(connection: ServerConnection) -> None:
        await connection.recv()
        frames = [Frame(Opcode.TEXT, text.encode()).serialize(mask=False) for text in (*texts, end)]
        connection.transport.write(b"".join(frames))
        await connection.wait_closed()

    async def run() -> AnswerRead:
        async with serve(say, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await read_answer(f"http://127.0.0.1:{port}", Way.WEBSOCKET, PROMPT)

    read = asyncio.run(run())
    assert (read.text, read.ending, read.state.is_complete) == ("Hi" * 20, Ending.SERVER, True)
    assert len({mark.at_ns for mark in read.marks if mark.name == "shown"}) == 1

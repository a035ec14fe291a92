"""Our own ways to carry an answer, as bytes on the wire: one payload, whole, polled, in lines, events and messages."""

from __future__ import annotations

import asyncio
import json
import logging
import queue
from logging.handlers import QueueHandler

import pytest
from websockets.asyncio.client import connect

from lab_servers.lab.hosting import start_application
from lab_servers.servers.llm import app as llm
from tests.servers.llm.asked import with_server
from tests.servers.running import LOOPBACK, connected, exchange, header, request_bytes, status_of
from tests.waiting import until

CLOSE = "Connection: close"
JSON = "Content-Type: application/json"
PROMPT = '{"prompt":"世界?"}'.encode()
QUICK = "tokens=12&ttft_s=0&gap_s=0&tool_calls=1"
FOREVER = "tokens=1000&ttft_s=0&gap_s=0.01"


def post(target: str, *headers: str, body: bytes = PROMPT) -> bytes:
    return request_bytes(target, CLOSE, JSON, *headers, method="POST", body=body)


def get(target: str, *headers: str) -> bytes:
    return request_bytes(target, CLOSE, *headers)


def dechunked(body: bytes) -> bytes:
    """The content of a chunked body, and the check that its last chunk is there."""
    content = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        content += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]
    assert int(size, 16) == 0
    return content


def data_of(content: bytes) -> list[str]:
    """The data of each event, by plain splitting: here each event has an id line and a data line."""
    return [block.split("\n")[1].removeprefix("data: ") for block in content.decode().split("\n\n")[:-1]]


def test_the_same_payload_byte_for_byte_on_every_way() -> None:
    async def work(port: int, marks: list) -> None:
        _, events = await exchange(port, post(f"/api/answer?{QUICK}"))
        _, lines = await exchange(port, post(f"/api/answer/lines?{QUICK}"))
        head, created = await exchange(port, post(f"/api/runs?{QUICK}"))
        assert status_of(head) == 201
        where = header(head, "Location")
        assert where == f"/api/runs/{json.loads(created)['run']}"
        await until(lambda: sum(name == "finished" for name, _ in marks) == 3)
        _, polled = await exchange(port, get(where))
        _, kept_events = await exchange(port, get(f"{where}/events"))
        _, kept_lines = await exchange(port, get(f"{where}/lines"))
        async with connect(f"ws://{LOOPBACK}:{port}/ws", proxy=None) as socket:
            await socket.send(json.dumps({"type": "resume", "run": "e1-3"}))
            heard = [str(await socket.recv())]
            while json.loads(heard[-1])["type"] != "end":
                heard.append(str(await socket.recv()))
        ways = [
            data_of(dechunked(events)),
            dechunked(lines).decode().splitlines(),
            data_of(dechunked(kept_events)),
            dechunked(kept_lines).decode().splitlines(),
            heard[1:],
        ]
        parts = json.loads(polled)
        assert parts["done"] is True
        ways.append([json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in parts["parts"]])
        # They differ in nothing but the id of the run.
        assert len({tuple(line.replace(f'"e1-{n}"', '"RUN"') for line in way for n in [json.loads(line)["run"][3:]])
                    for way in ways}) == 1  # fmt: skip
        types = [json.loads(line)["type"] for line in ways[0]]
        assert types[0] == "text"
        assert set(types) == {"text", "tool_call", "tool_arguments", "end"}
        assert types.count("end") == 1

    with_server(work)


def test_a_whole_answer_has_a_length_the_same_text_and_the_same_tool_calls_complete() -> None:
    async def work(port: int, marks: list) -> None:
        head, body = await exchange(port, post(f"/api/answer/whole?{QUICK}"))
        assert header(head, "Content-Length") == str(len(body))
        _, lines = await exchange(port, post(f"/api/answer/lines?{QUICK}"))
        parts = [json.loads(line) for line in dechunked(lines).splitlines()]
        whole = json.loads(body)
        assert whole["text"] == "".join(part["text"] for part in parts if part["type"] == "text")
        begun = [part for part in parts if part["type"] == "tool_call"]
        assert begun
        for call, part in zip(whole["tool_calls"], begun, strict=True):
            pieces = [
                each["text"] for each in parts if each["type"] == "tool_arguments" if each["index"] == part["index"]
            ]
            assert (call["index"], call["id"], call["name"]) == (part["index"], part["id"], part["name"])
            assert call["arguments"] == "".join(pieces)
            assert isinstance(json.loads(call["arguments"]), dict)
        assert whole["end"]["usage"] == parts[-1]["usage"]

    with_server(work)


def test_ids_name_the_run_and_the_place_and_a_last_event_id_continues_behind_it() -> None:
    async def work(port: int, marks: list) -> None:
        await exchange(port, post(f"/api/runs?{QUICK}"))
        _, whole = await exchange(port, get("/api/runs/e1-1/events"))
        events = dechunked(whole).decode().split("\n\n")[:-1]
        for place, event in enumerate(events[:-1], 1):
            assert event.startswith(f"id: e1-1.{place}\n")
            _, rest = await exchange(port, get("/api/runs/e1-1/events", f"Last-Event-ID: e1-1.{place}"))
            assert dechunked(rest).decode().split("\n\n")[:-1] == events[place:]
        # Who has the last is told to stay away, and an id that is not of this run means from the beginning.
        head, _ = await exchange(port, get("/api/runs/e1-1/events", f"Last-Event-ID: e1-1.{len(events)}"))
        assert status_of(head) == 204
        for wrong in ("e1-2.3", "e1-1.x", "3", "e1-1.99999999999999", "\u00e9"):
            _, again = await exchange(port, get("/api/runs/e1-1/events", f"Last-Event-ID: {wrong}"))
            assert dechunked(again) == dechunked(whole)

    with_server(work)


def test_long_polling_waits_for_news_and_short_polling_does_not() -> None:
    async def work(port: int, marks: list) -> None:
        await exchange(port, post("/api/runs?tokens=3&ttft_s=60&language=english"))
        _, empty = await exchange(port, get("/api/runs/e1-1"))
        assert json.loads(empty) == {"run": "e1-1", "parts": [], "done": False}
        waiting = asyncio.create_task(exchange(port, get("/api/runs/e1-1?hold_s=60")))
        await exchange(port, post("/api/runs/e1-1/stop", body=b""))
        _, news = await waiting
        assert json.loads(news)["done"] is True
        assert json.loads(news)["parts"][0]["finish"] == "stopped"

    with_server(work)


@pytest.mark.parametrize("target", ["/api/answer", "/api/answer/lines", "/api/answer/whole"])
def test_a_tied_run_ends_when_its_reader_leaves(target: str) -> None:
    async def work(port: int, marks: list) -> None:
        async with connected(port) as (_, writer):
            writer.write(post(f"{target}?{FOREVER}"))
            await until(lambda: ("token", "e1-1 3") in marks)
        await until(lambda: marks[-1][0] == "finished")
        assert marks[-1][1].endswith("reader left")

    with_server(work)


@pytest.mark.parametrize("target", ["/api/answer", "/api/answer/lines"])
def test_a_server_that_does_not_watch_for_leavers_notices_at_a_write_and_has_nothing_to_complain_of(
    target: str,
) -> None:
    async def main() -> None:
        finished: list[str] = []
        app = llm.make_app(lambda name, detail: finished.append(detail) if name == "finished" else None)
        complaints: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
        logger = logging.Logger("llm")
        logger.addHandler(QueueHandler(complaints))
        (_, port), stop = await start_application(app, logger, handler_cancellation=False)
        async with asyncio.timeout(20):
            async with connected(port) as (reader, writer):
                writer.write(post(f"{target}?{FOREVER}"))
                await reader.readuntil("世".encode())
            await until(lambda: finished)
            await stop()
        assert finished[0].endswith("reader left")
        assert complaints.empty()

    asyncio.run(main())


def test_a_run_that_was_cut_is_polled_up_to_the_cut_and_an_event_source_is_told_to_stay_away() -> None:
    async def work(port: int, marks: list) -> None:
        await exchange(port, post("/api/runs?fail=cut&fail_after=5&ttft_s=0&gap_s=0&language=english"))
        await until(lambda: marks[-1] == ("finished", "e1-1 5 cut"))
        _, body = await exchange(port, get("/api/runs/e1-1?after=2"))
        news = json.loads(body)
        assert ([part["n"] for part in news["parts"]], news["done"]) == ([3, 4, 5], False)
        async with connected(port) as (reader, writer):
            writer.write(get("/api/runs/e1-1?after=5"))
            assert await reader.read() == b""
        head, _ = await exchange(port, get("/api/runs/e1-1/events", "Last-Event-ID: e1-1.4"))
        assert status_of(head) == 200
        head, _ = await exchange(port, get("/api/runs/e1-1/events", "Last-Event-ID: e1-1.5"))
        assert status_of(head) == 204

    with_server(work)


def test_a_kept_run_goes_on_when_its_reader_leaves_and_ends_by_an_explicit_stop() -> None:
    async def work(port: int, marks: list) -> None:
        await exchange(port, post(f"/api/runs?{FOREVER}"))
        async with connected(port) as (reader, writer):
            writer.write(get("/api/runs/e1-1/events"))
            await reader.readuntil(b"id: e1-1.2\n")
        seen = sum(name == "token" for name, _ in marks)
        await until(lambda: sum(name == "token" for name, _ in marks) > seen + 5)
        _, stopped = await exchange(port, post("/api/runs/e1-1/stop", body=b""))
        assert marks[-1] == ("finished", f"e1-1 {json.loads(stopped)['generated']} stopped")
        _, rest = await exchange(port, get("/api/runs/e1-1/events", "Last-Event-ID: e1-1.2"))
        assert json.loads(data_of(dechunked(rest))[-1])["finish"] == "stopped"

    with_server(work)


def test_a_repeated_post_costs_twice_unless_it_has_a_key() -> None:
    async def work(port: int, marks: list) -> None:
        for _ in range(2):
            await exchange(port, post(f"/api/answer?{QUICK}"))
        for _ in range(2):
            await exchange(port, post(f"/api/answer?{QUICK}", "Idempotency-Key: k"))
        _, meter = await exchange(port, get("/api/meter"))
        counted = json.loads(meter)
        assert (counted["epoch"], counted["runs"]) == ("e1", 3)
        assert counted["tokens"] == sum(name == "token" for name, _ in marks)
        head, _ = await exchange(port, post(f"/api/answer?{QUICK}&seed=1", "Idempotency-Key: k"))
        assert status_of(head) == 422

    with_server(work)


def test_silence_is_filled_with_what_no_reader_sees() -> None:
    async def work(port: int, marks: list) -> None:
        silent = "tokens=1&ttft_s=0.2&heartbeat_s=0.01"
        _, events = await exchange(port, post(f"/api/answer?{silent}"))
        assert dechunked(events).startswith(b": heartbeat\n\n")
        _, lines = await exchange(port, post(f"/api/answer/lines?{silent}"))
        assert dechunked(lines).startswith(b"\n")
        parts = [json.loads(line) for line in dechunked(lines).splitlines() if line]
        assert [part["type"] for part in parts] == ["text", "end"]

    with_server(work)


def test_an_error_before_the_head_is_a_status_and_one_behind_it_is_in_the_body() -> None:
    async def work(port: int, marks: list) -> None:
        for target in ("/api/answer", "/api/answer/lines", "/api/answer/whole", "/api/runs"):
            head, body = await exchange(port, post(f"{target}?fail=error"))
            assert status_of(head) == 503
            assert header(head, "Retry-After") == "1"
            assert json.loads(body) == {"error": "The model is overloaded. Ask again later."}
        failing = "fail=error&fail_after=3&ttft_s=0&gap_s=0"
        head, body = await exchange(port, post(f"/api/answer?{failing}"))
        assert status_of(head) == 200
        assert json.loads(data_of(dechunked(body))[-1])["type"] == "error"
        # A whole answer has sent nothing yet, so a status can still say it.
        head, _ = await exchange(port, post(f"/api/answer/whole?{failing}"))
        assert status_of(head) == 503

    with_server(work)


@pytest.mark.parametrize("target", ["/api/answer", "/api/answer/lines"])
def test_a_cut_connection_ends_without_the_last_chunk(target: str) -> None:
    async def work(port: int, marks: list) -> None:
        head, body = await exchange(port, post(f"{target}?fail=cut&fail_after=5&ttft_s=0&gap_s=0"))
        assert status_of(head) == 200
        assert body.endswith(b"\n\r\n")
        assert not body.endswith(b"0\r\n\r\n")

    with_server(work)


def test_what_an_event_source_can_ask_for_and_that_it_is_told_to_stay_away() -> None:
    async def work(port: int, marks: list) -> None:
        _, body = await exchange(port, get(f"/api/answer?prompt=%E4%B8%96%E7%95%8C%3F&{QUICK}"))
        _, posted = await exchange(port, post(f"/api/answer?{QUICK}"))
        assert dechunked(body) == dechunked(posted).replace(b"e1-2", b"e1-1")
        head, _ = await exchange(port, get("/api/answer?prompt=x", "Last-Event-ID: e1-1.3"))
        assert status_of(head) == 204
        assert sum(name == "finished" for name, _ in marks) == 2

    with_server(work)


def test_bad_input_is_refused_with_one_sentence() -> None:
    async def work(port: int, marks: list) -> None:
        asked = [
            (400, post("/api/answer", body=b"{")),
            (400, post("/api/answer", body=b"{}")),
            (400, post("/api/answer", body=b'{"prompt":5}')),
            (400, post("/api/answer", body=b'{"prompt":"\\ud800"}')),
            (422, post("/api/answer", body=b'{"prompt":"x","temperature":1}')),
            (400, post("/api/answer", body=json.dumps({"prompt": "x" * 100_001}).encode())),
            (413, post("/api/answer", body=json.dumps({"prompt": "x" * 2_000_000}).encode())),
            (400, get("/api/answer?tokens=5")),
            (400, get("/api/answer?prompt=")),
            (400, post("/api/answer?tokens=0")),
            (400, post("/api/answer?tokns=1")),
            (400, post("/api/answer", f"Idempotency-Key: {'k' * 300}")),
            (415, request_bytes("/api/answer", CLOSE, "Content-Type: text/plain", method="POST", body=PROMPT)),
            (405, request_bytes("/api/answer", CLOSE, method="PUT", body=b"")),
            (404, get("/api/runs/e1-77")),
            (410, get("/api/runs/e0-1/events")),
            (400, get("/api/runs/e1-1?after=-1")),
        ]
        await exchange(port, post("/api/runs?tokens=1&ttft_s=0"))
        for status, request in asked:
            head, body = await exchange(port, request)
            assert status_of(head) == status, request[:80]
            assert json.loads(body)["error"], body
        assert json.loads((await exchange(port, get("/api/runs/e0-1")))[1])["epoch"] == "e1"

    with_server(work)

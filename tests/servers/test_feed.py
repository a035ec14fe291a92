"""One feed in every way of HTTP, read as raw bytes; what comes up by POST; who is refused; nothing stays behind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence

import aiohttp
import pytest

from lab_servers.servers.feed import make_app
from lab_servers.servers.feed_messages import MAX_MESSAGE_BYTES, Feed, Inbox
from tests.servers.running import LOOPBACK, connected, exchange, header, request_bytes, running, status_of
from tests.waiting import until

SAID = ('{"n":1,"d":"世"}', '{"n":2,"d":"界"}', '{"n":3,"d":"👩‍💻"}')
CLOSE = "Connection: close"
JSON_BODY = "Content-Type: application/json"
LINES_BODY = "Content-Type: application/x-ndjson"
WEBSOCKET = [
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
]

Story = Callable[[int, Feed, Inbox], Awaitable[None]]


def tell(story: Story, *, said: Sequence[str] = (), total: int = 3, expected: int = 3) -> Inbox:
    """Run a story with a server, and see that nothing of it goes on afterwards."""

    async def main() -> Inbox:
        feed, inbox = Feed(total), Inbox(expected)
        for message in said:
            feed.produce(message)
        async with running(make_app(feed, inbox)) as port, asyncio.timeout(10):
            await story(port, feed, inbox)
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})
        return inbox

    return asyncio.run(main())


def ask(target: str, *headers: str, said: Sequence[str] = SAID) -> tuple[list[str], bytes]:
    """What one GET is answered, with these messages there."""
    answers: list[tuple[list[str], bytes]] = []

    async def story(port: int, feed: Feed, inbox: Inbox) -> None:
        answers.append(await exchange(port, request_bytes(target, CLOSE, *headers)))

    tell(story, said=said)
    return answers[0]


def send(body: bytes, *headers: str, expected: int = 3) -> tuple[int, bytes, list[str]]:
    """What one POST is answered, and what arrived."""
    answers: list[tuple[list[str], bytes]] = []

    async def story(port: int, feed: Feed, inbox: Inbox) -> None:
        answers.append(await exchange(port, request_bytes("/api/messages", CLOSE, *headers, method="POST", body=body)))

    inbox = tell(story, expected=expected)
    head, said = answers[0]
    return status_of(head), said, inbox.messages


# --- down -----------------------------------------------------------------------------------


def test_the_whole_is_one_json_array_of_known_length() -> None:
    head, body = ask("/api/messages")
    assert (status_of(head), header(head, "Content-Type")) == (200, "application/json; charset=utf-8")
    assert header(head, "Content-Length") == str(len(body))
    assert body == f"[{','.join(SAID)}]".encode()
    assert [message["n"] for message in json.loads(body)] == [1, 2, 3]


def test_each_is_asked_for_by_its_number() -> None:
    for number, message in enumerate(SAID, start=1):
        head, body = ask(f"/api/messages/{number}")
        assert (status_of(head), body) == (200, message.encode())


@pytest.mark.parametrize("number", ["0", "4", "-1", "x", "1.0", "%D9%A1", "9" * 5_000])
def test_a_number_that_no_message_will_have_is_not_found(number: str) -> None:
    head, body = ask(f"/api/messages/{number}")
    assert status_of(head) == 404
    assert json.loads(body)["error"] == "There are messages 1 to 3."


def test_a_question_for_a_message_that_does_not_exist_yet_is_held_until_it_does() -> None:
    async def story(port: int, feed: Feed, inbox: Inbox) -> None:
        asked = asyncio.create_task(exchange(port, request_bytes("/api/messages/1", CLOSE)))
        await feed.asked.wait()
        assert not asked.done()
        feed.produce(SAID[0])
        assert (await asked)[1] == SAID[0].encode()

    tell(story)


def test_news_are_what_came_after_the_cursor_as_lines() -> None:
    head, body = ask("/api/news?after=1")
    assert (status_of(head), header(head, "Content-Type")) == (200, "application/x-ndjson; charset=utf-8")
    assert header(head, "Cache-Control") == "no-store"
    assert body == f"{SAID[1]}\n{SAID[2]}\n".encode()


def test_no_news_is_204_without_a_body_at_once_or_after_the_hold() -> None:
    for target in ("/api/news?after=2", "/api/news?after=2&hold_s=0.01"):
        head, body = ask(target, said=SAID[:2])
        assert (status_of(head), body, header(head, "Content-Length")) == (204, b"", None)


def test_a_held_question_is_answered_by_the_next_message() -> None:
    async def story(port: int, feed: Feed, inbox: Inbox) -> None:
        asked = asyncio.create_task(exchange(port, request_bytes("/api/news?after=1&hold_s=60", CLOSE)))
        await feed.asked.wait()
        assert not asked.done()
        feed.produce(SAID[1])
        assert (await asked)[1] == f"{SAID[1]}\n".encode()

    tell(story, said=SAID[:1])


@pytest.mark.parametrize(
    ("target", "content_type", "units"),
    [
        ("/api/lines", "application/x-ndjson", [f"{message}\n" for message in SAID]),
        ("/api/events", "text/event-stream", [f"id: {n}\ndata: {message}\n\n" for n, message in enumerate(SAID, 1)]),
    ],
)
def test_a_stream_sends_each_message_by_itself_and_ends_after_the_last(
    target: str, content_type: str, units: list[str]
) -> None:
    async def story(port: int, feed: Feed, inbox: Inbox) -> None:
        async with connected(port) as (reader, writer):
            writer.write(request_bytes(target, CLOSE))
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            assert (status_of(head), header(head, "Content-Type")) == (200, content_type)
            assert header(head, "Transfer-Encoding") == "chunked"
            for message, unit in zip(SAID, units, strict=True):
                feed.produce(message)
                size = int(await reader.readuntil(b"\r\n"), 16)
                assert await reader.readexactly(size + 2) == unit.encode() + b"\r\n"
            assert await reader.read() == b"0\r\n\r\n"

    tell(story)


def test_an_event_stream_goes_on_after_the_last_event_id() -> None:
    _, body = ask("/api/events", "Last-Event-ID: 2")
    assert b"id: 3\n" in body
    assert b"id: 2\n" not in body
    for unknown in ("none of this log", "4", "0", "-1", "9" * 5_000):
        _, body = ask("/api/events", f"Last-Event-ID: {unknown}")
        assert body.count(b"id: ") == 3


def test_an_event_source_that_has_the_last_message_is_told_to_stay_away() -> None:
    head, body = ask("/api/events", "Last-Event-ID: 3")
    assert (status_of(head), body) == (204, b"")


@pytest.mark.parametrize("target", ["/", "/api/messages", "/api/messages/1", "/api/news", "/api/lines", "/api/events"])
def test_head_gets_the_head_that_get_would_get_and_nothing_else(target: str) -> None:
    async def story(port: int, feed: Feed, inbox: Inbox) -> None:
        heads = []
        for method in ("HEAD", "GET"):
            head, body = await exchange(port, request_bytes(target, CLOSE, method=method))
            # What frames a body may be left out (RFC 9110 §9.3.2), and the clock goes on.
            heads.append([line for line in head if not line.startswith(("Date", "Transfer-Encoding"))])
            assert bool(body) is (method == "GET")
        assert heads[0] == heads[1]

    tell(story, said=SAID)


@pytest.mark.parametrize(
    ("target", "allow"),
    [("/api/messages", {"GET", "HEAD", "POST"}), ("/api/events", {"GET", "HEAD"}), ("/ws", {"GET"})],
)
def test_another_method_is_refused_with_those_that_are_allowed(target: str, allow: set[str]) -> None:
    async def story(port: int, feed: Feed, inbox: Inbox) -> None:
        head, _ = await exchange(port, request_bytes(target, CLOSE, method="DELETE"))
        assert status_of(head) == 405
        assert set((header(head, "Allow") or "").split(",")) == allow

    tell(story)


def test_a_stream_to_an_http_1_0_client_has_no_chunks_and_ends_with_its_connection() -> None:
    units = {
        "/api/lines": [f"{message}\n" for message in SAID],
        "/api/events": [f"id: {number}\ndata: {message}\n\n" for number, message in enumerate(SAID, start=1)],
    }

    async def story(port: int, feed: Feed, inbox: Inbox) -> None:
        for target, sent in units.items():
            head, body = await exchange(port, request_bytes(target, version="1.0"))
            assert header(head, "Transfer-Encoding") is None
            assert body == "".join(sent).encode()

    tell(story, said=SAID)


# --- up -------------------------------------------------------------------------------------


def test_a_message_an_array_and_lines_arrive_as_what_was_said() -> None:
    assert send(SAID[0].encode(), JSON_BODY) == (204, b"", [SAID[0]])
    assert send(f"[{','.join(SAID)}]".encode(), JSON_BODY) == (204, b"", list(SAID))
    assert send("".join(f"{message}\n" for message in SAID).encode(), LINES_BODY) == (204, b"", list(SAID))
    assert send("".join(f"{message}\r\n" for message in SAID).encode(), LINES_BODY) == (204, b"", list(SAID))


def test_a_body_that_grows_is_taken_line_by_line_while_it_grows() -> None:
    async def story(port: int, feed: Feed, inbox: Inbox) -> None:
        async with connected(port) as (reader, writer):
            writer.write(request_bytes("/api/messages", LINES_BODY, CLOSE, "Transfer-Encoding: chunked", method="POST"))
            for number, message in enumerate(SAID, start=1):
                line = f"{message}\n".encode()
                # In two chunks, the cut within a character: a chunk is not a line.
                for part in (line[:13], line[13:]):
                    writer.write(b"%x\r\n%b\r\n" % (len(part), part))
                await until(lambda number=number: len(inbox.messages) == number)  # type: ignore[misc]
            writer.write(b"0\r\n\r\n")
            assert status_of((await reader.read()).decode().split("\r\n")) == 204

    assert tell(story).messages == list(SAID)


@pytest.mark.parametrize(
    ("body", "headers", "status", "sentence"),
    [
        (b"{}", [JSON_BODY], 400, "A message must be a JSON object"),
        (b"\xff", [JSON_BODY], 400, "not application/json in UTF-8"),
        (b"[" * 100_000, [JSON_BODY], 400, "not application/json in UTF-8"),
        (b"no\n", [LINES_BODY], 400, "A message must be a JSON object"),
        (b'{"n":1}', [LINES_BODY], 400, "The last line has no LF at its end"),
        (b'{"n":1,"d":"\xff"}\n', [LINES_BODY], 400, "A line must be UTF-8"),
        (b'{"n":1,"d":NaN}', [JSON_BODY], 400, "A message must be a JSON object"),
        (b'[{"n":1,"d":"\\ud800"}]', [JSON_BODY], 400, "not application/json in UTF-8"),
        (b'{"n":1,"d":"%b"}' % (b"x" * MAX_MESSAGE_BYTES), [JSON_BODY], 400, "must not be longer than 2097152 bytes"),
        (b'{"n":1}', [JSON_BODY, "Content-Encoding: gzip"], 400, "not encoded as its head says"),
        (b'{"n":1}\n', [LINES_BODY, "Content-Encoding: gzip"], 400, "not encoded as its head says"),
        (b'{"n":1}', ["Content-Type: text/plain"], 415, "must be application/json or application/x-ndjson"),
        (b'[{"n":1},{"n":2},{"n":3},{"n":4}]', [JSON_BODY], 400, "no more are taken"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused_with_a_sentence(
    body: bytes, headers: list[str], status: int, sentence: str
) -> None:
    answered, said, _ = send(body, *headers)
    assert answered == status
    assert sentence in json.loads(said)["error"]


# --- aiohttp's WebSocket ----------------------------------------------------------------------


def test_a_websocket_sends_takes_and_is_closed_with_1000_when_both_ways_are_complete() -> None:
    async def story(port: int, feed: Feed, inbox: Inbox) -> None:
        async with aiohttp.ClientSession() as session, session.ws_connect(f"ws://{LOOPBACK}:{port}/ws") as socket:
            for message in SAID:
                feed.produce(message)
                assert await socket.receive_str() == message
            for message in SAID:
                await socket.send_str(message)
            assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
            assert socket.close_code == 1000

    assert tell(story).messages == list(SAID)


@pytest.mark.parametrize(("wrong", "code"), [(b"binary", 1003), ("no message", 1008), ('{"n":1}', 1008)])
def test_a_websocket_message_that_makes_no_sense_is_refused_with_a_code(wrong: str | bytes, code: int) -> None:
    async def story(port: int, feed: Feed, inbox: Inbox) -> None:
        async with aiohttp.ClientSession() as session, session.ws_connect(f"ws://{LOOPBACK}:{port}/ws") as socket:
            await (socket.send_bytes(wrong) if isinstance(wrong, bytes) else socket.send_str(wrong))
            assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
            assert socket.close_code == code

    tell(story, expected=0)


# --- who leaves, and who is refused -----------------------------------------------------------


@pytest.mark.parametrize(
    "request_of_it",
    [
        request_bytes("/api/messages"),
        request_bytes("/api/messages/1"),
        request_bytes("/api/news?hold_s=60"),
        request_bytes("/api/lines"),
        request_bytes("/api/events"),
        request_bytes("/ws", *WEBSOCKET),
    ],
    ids=lambda request: request.split(b" ")[1].decode(),
)
def test_a_client_that_leaves_while_it_waits_leaves_nothing_behind(request_of_it: bytes) -> None:
    async def story(port: int, feed: Feed, inbox: Inbox) -> None:
        before = len(asyncio.all_tasks())
        async with connected(port) as (_, writer):
            writer.write(request_of_it)
            await feed.asked.wait()
        await until(lambda: len(asyncio.all_tasks()) <= before)

    tell(story)


@pytest.mark.parametrize(
    "target", ["/", "/api/messages", "/api/messages/1", "/api/news", "/api/lines", "/api/events", "/ws", "/nothing"]
)
def test_strangers_are_refused_everywhere(target: str) -> None:
    upgrade = WEBSOCKET if target == "/ws" else []
    assert status_of(ask(target, "Host: evil.example", *upgrade)[0]) == 421
    assert status_of(ask(target, "Origin: https://evil.example", *upgrade)[0]) == 403


@pytest.mark.parametrize(
    "target", ["/api/messages", "/api/messages/1", "/api/news?after=x", "/api/lines", "/api/events", "/ws"]
)
def test_a_question_that_is_not_understood_is_refused(target: str) -> None:
    wrong = target if "?" in target else f"{target}?wrong=1"
    assert status_of(ask(wrong)[0]) == 400


def test_the_way_there_is_said_at_the_root() -> None:
    head, body = ask("/")
    assert status_of(head) == 200
    assert b"/api/events" in body

"""Polling asks on a fixed schedule and spares bodies; long polling follows a cursor and loses nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from lab_servers.clients import Answer, JobEvent, LongPolled, Polled, long_poll, poll, post
from lab_servers.clients.polling import next_due
from lab_servers.errors import BadParameter, ExchangeFailed
from lab_servers.servers import polling
from tests.clients.peers import answering, client_sockets, lab_app, names
from tests.waiting import until

NOT_MODIFIED = b"HTTP/1.1 304 Not Modified\r\n\r\n"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"


def ok(body: object, *fields: str) -> bytes:
    content = json.dumps(body).encode()
    head = ["HTTP/1.1 200 OK", f"Content-Length: {len(content)}", *fields]
    return "\r\n".join([*head, "", ""]).encode() + content


def is_five(answer: Answer) -> bool:
    return bool(answer.json() == 5)


async def start_job(base: str, duration_s: float) -> str:
    answer = await post(base + "/api/jobs", json={"kind": "answer", "duration_s": duration_s})
    assert answer.status == 202
    return base + (answer.header("Location") or "")


def test_polling_a_job_of_the_lab_sees_every_change_until_it_is_done() -> None:
    async def scene() -> Polled:
        async with lab_app(polling.make_app()) as base:
            job = await start_job(base, 0.4)
            return await poll(job, interval_s=0.02, is_done=lambda answer: bool(answer.json()["state"] == "done"))

    polled = asyncio.run(scene())
    assert polled.is_done
    assert polled.changes[-1].json()["lines"] == ["你", "好", "世", "界"]
    assert polled.not_modified == polled.asked - len(polled.changes) > 0
    assert names(polled.marks).count("asked") == names(polled.marks).count("answered") == polled.asked
    assert names(polled.marks).count("changed") == len(polled.changes)


def test_a_conditional_poll_repeats_the_last_entity_tag_and_counts_304() -> None:
    async def scene() -> tuple[Polled, list[str]]:
        async with answering(ok(1, 'ETag: "a"'), NOT_MODIFIED, ok(2, 'ETag: W/"b"'), NOT_MODIFIED, ok(5)) as peer:
            return await poll(peer.url, interval_s=0.001, is_done=is_five), peer.heads

    polled, heads = asyncio.run(scene())
    sent = [[line for line in head.splitlines() if line.startswith("If-None-Match")] for head in heads]
    assert sent == [
        [],
        ['If-None-Match: "a"'],
        ['If-None-Match: "a"'],
        ['If-None-Match: W/"b"'],
        ['If-None-Match: W/"b"'],
    ]
    assert [answer.json() for answer in polled.changes] == [1, 2, 5]
    assert (polled.asked, polled.not_modified, polled.is_done) == (5, 2, True)
    assert [mark.detail for mark in polled.marks if mark.name == "answered"] == ["200", "304", "200", "304", "200"]


def test_an_unconditional_poll_sends_no_entity_tag_and_notices_change_by_the_body() -> None:
    async def scene() -> tuple[Polled, list[str]]:
        async with answering(ok(1, 'ETag: "a"'), ok(1, 'ETag: "a"'), ok(5)) as peer:
            return await poll(peer.url, interval_s=0.001, is_done=is_five, conditional=False), peer.heads

    polled, heads = asyncio.run(scene())
    assert not any("If-None-Match" in head for head in heads)
    assert [answer.json() for answer in polled.changes] == [1, 5]


def test_polling_keeps_one_connection_and_closes_it() -> None:
    async def scene() -> int:
        async with answering(ok(1), ok(2), ok(5)) as peer:
            await poll(peer.url, interval_s=0.001, is_done=is_five)
            await until(lambda: peer.ended == 1)
            return peer.connections

    assert asyncio.run(scene()) == 1


def test_polling_stops_at_its_limit_and_says_that_it_is_not_done() -> None:
    async def scene() -> Polled:
        async with answering(*[ok(1)] * 3) as peer:
            return await poll(peer.url, interval_s=0.001, is_done=is_five, limit=3)

    polled = asyncio.run(scene())
    assert (polled.asked, polled.is_done) == (3, False)
    assert "not done" in repr(polled)


def test_the_schedule_does_not_drift_and_leaves_out_what_a_slow_answer_missed() -> None:
    asked_at, now = [], 100.0
    for answer_took in (0.25, 0.75, 2.5, 1.0, 0.25):
        asked_at.append(now)
        now = next_due(100.0, now + answer_took, 1.0)
    assert asked_at == [100.0, 101.0, 102.0, 105.0, 107.0]


@pytest.mark.parametrize("status", ["404 Not Found", "503 Service Unavailable"])
def test_an_error_status_ends_polling_with_that_status(status: str) -> None:
    refusal = f"HTTP/1.1 {status}\r\nContent-Length: 7\r\n\r\nbecause".encode()

    async def polled() -> None:
        async with answering(ok(1), refusal) as peer:
            await poll(peer.url, interval_s=0.001, is_done=is_five)

    async def long_polled() -> None:
        async with answering(refusal) as peer:
            await long_poll(peer.url)

    for scene in (polled, long_polled):
        with pytest.raises(ExchangeFailed, match="because") as caught:
            asyncio.run(scene())
        assert caught.value.status == int(status[:3])


def test_long_polling_a_job_of_the_lab_gets_every_event_once_with_few_requests() -> None:
    async def scene() -> LongPolled:
        async with lab_app(polling.make_app()) as base:
            return await long_poll(await start_job(base, 0.4) + "/events", hold_s=10)

    polled = asyncio.run(scene())
    assert [event.line for event in polled.events] == ["你", "好", "世", "界"]
    assert [event.id for event in polled.events] == [1, 2, 3, 4]
    assert (polled.state, polled.next, polled.empty) == ("done", 4, 0)
    assert polled.asked <= 5
    assert [mark.detail for mark in polled.marks if mark.name == "received"] == ["你", "好", "世", "界"]


def test_a_hold_that_passes_is_counted_and_asked_again() -> None:
    async def scene() -> LongPolled:
        async with lab_app(polling.make_app()) as base:
            return await long_poll(await start_job(base, 0.8) + "/events", hold_s=0.05)

    polled = asyncio.run(scene())
    assert [event.line for event in polled.events] == ["你", "好", "世", "界"]
    assert polled.empty > 0
    assert names(polled.marks).count("asked") == polled.asked


def test_the_cursor_goes_on_from_what_the_server_said() -> None:
    async def scene() -> tuple[LongPolled, list[str]]:
        first = ok({"events": [{"id": 8, "line": "a"}, {"id": 9, "line": "b"}], "next": 9, "state": "running"})
        last = ok({"events": [], "next": 9, "state": "done"})
        async with answering(first, NO_CONTENT, last) as peer:
            return await long_poll(peer.url + "events?x=1", after=7, hold_s=2), peer.heads

    polled, heads = asyncio.run(scene())
    assert [head.split()[1] for head in heads] == [f"/events?x=1&after={after}&hold_s=2" for after in (7, 9, 9)]
    assert polled.events == (JobEvent(8, "a"), JobEvent(9, "b"))
    assert (polled.asked, polled.empty, polled.next, polled.state) == (3, 1, 9, "done")


def test_long_polling_stops_at_its_limit() -> None:
    async def scene() -> LongPolled:
        async with answering(NO_CONTENT, NO_CONTENT) as peer:
            return await long_poll(peer.url, limit=2)

    polled = asyncio.run(scene())
    assert (polled.asked, polled.empty, polled.state) == (2, 2, "running")


@pytest.mark.parametrize(
    "news",
    [
        [],
        None,
        "text",
        {},
        {"events": None, "next": 0, "state": "done"},
        {"events": [1], "next": 0, "state": "done"},
        {"events": [{"id": "1", "line": "a"}], "next": 1, "state": "done"},
        {"events": [{"id": True, "line": "a"}], "next": 1, "state": "done"},
        {"events": [{"id": 1, "line": None}], "next": 1, "state": "done"},
        {"events": [], "next": -1, "state": "running"},
        {"events": [], "next": "1", "state": "running"},
        {"events": [], "next": 1, "state": "paused"},
        {"events": [], "next": 1, "state": ["done"]},
    ],
)
def test_an_answer_that_breaks_the_contract_is_an_error_and_no_endless_loop(news: object) -> None:
    async def scene() -> None:
        async with answering(ok(news)) as peer:
            await long_poll(peer.url)

    with pytest.raises(ExchangeFailed, match="no list of events"):
        asyncio.run(scene())


def test_cancelling_closes_the_socket() -> None:
    async def scene() -> None:
        async with answering(b"") as peer:
            for call in (long_poll(peer.url), poll(peer.url, interval_s=1, is_done=is_five)):
                before = len(peer.heads)
                task = asyncio.ensure_future(call)
                await until(lambda: len(peer.heads) > before)  # noqa: B023
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                await until(lambda: client_sockets(peer) == 0)

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("arguments", "names_it"),
    [
        ({"interval_s": 0}, "interval_s must be"),
        ({"interval_s": float("inf")}, "interval_s must be"),
        ({"limit": 0}, "limit must be"),
        ({"timeout_s": -1}, "timeout_s must be"),
        ({"url": "ws://127.0.0.1/"}, "url must be"),
    ],
)
def test_a_bad_parameter_of_poll_is_named(arguments: dict[str, Any], names_it: str) -> None:
    with pytest.raises(BadParameter, match=names_it):
        asyncio.run(poll(**{"url": "http://127.0.0.1:1/", "interval_s": 1, "is_done": is_five, **arguments}))


@pytest.mark.parametrize(
    ("arguments", "names_it"),
    [
        ({"after": -1}, "after must be"),
        ({"after": 0.5}, "after must be a whole number"),
        ({"hold_s": 61}, "hold_s must be a number from 0 to 60 seconds"),
        ({"limit": 10**9}, "limit must be"),
        ({"url": "jobs/1"}, "url must be"),
    ],
)
def test_a_bad_parameter_of_long_poll_is_named(arguments: dict[str, Any], names_it: str) -> None:
    with pytest.raises(BadParameter, match=names_it):
        asyncio.run(long_poll(**{"url": "http://127.0.0.1:1/", **arguments}))


def test_further_fields_go_out_with_every_request_beside_the_condition() -> None:
    async def scene() -> list[str]:
        async with answering(ok(1, 'ETag: "a"'), NOT_MODIFIED, ok(5)) as peer:
            await poll(peer.url, interval_s=0.001, is_done=is_five, headers={"User-Agent": "me"})
            return peer.heads

    heads = asyncio.run(scene())
    assert ["User-Agent: me" in head for head in heads] == [True] * 3
    assert ["If-None-Match" in head for head in heads] == [False, True, True]


def test_a_long_poller_sends_further_fields_too() -> None:
    async def scene() -> list[str]:
        async with answering(NO_CONTENT, ok({"events": [], "next": 0, "state": "done"})) as peer:
            await long_poll(peer.url, headers={"User-Agent": "me"})
            return peer.heads

    assert ["User-Agent: me" in head for head in asyncio.run(scene())] == [True, True]

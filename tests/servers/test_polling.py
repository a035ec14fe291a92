"""A job is followed by asking again, with ETag and 304, and by long polling with a cursor."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import ClientResponse, ClientSession

from lab_servers.servers.polling import BUILD_LINES, MAX_BODY_BYTES, MAX_JOBS, make_app
from tests.servers.running import LOOPBACK, running
from tests.tools import require_tool
from tests.waiting import until

TOKENS = ["你", "好", "世", "界"]
EMPTY_JOB = {"state": "running", "done": 0, "of": 4, "lines": []}


def with_server(story: Callable[[ClientSession], Awaitable[None]]) -> list[tuple[str, str]]:
    """Run a story against a polling server; return the marks it made."""
    marks: list[tuple[str, str]] = []

    async def main() -> None:
        app = make_app(lambda name, detail: marks.append((name, detail)))
        async with running(app) as port, ClientSession(f"http://{LOOPBACK}:{port}") as session:
            await story(session)
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})

    asyncio.run(main())
    return marks


async def start(session: ClientSession, kind: str, duration_s: float) -> str:
    """Start a job; return its address."""
    answer = await session.post("/api/jobs", json={"kind": kind, "duration_s": duration_s})
    assert answer.status == 202
    return answer.headers["Location"]


async def all_events(session: ClientSession, job: str) -> list[dict]:
    """Follow a job to its end by long polling."""
    events: list[dict] = []
    state = "running"
    while state == "running":
        answer = await session.get(f"{job}/events", params={"after": len(events)})
        assert answer.status == 200
        body = await answer.json()
        events += body["events"]
        assert body["next"] == len(events)
        state = body["state"]
    return events


def test_a_job_is_accepted_before_it_is_finished() -> None:
    async def story(session: ClientSession) -> None:
        answer = await session.post("/api/jobs", json={"kind": "answer", "duration_s": 60})
        assert (answer.status, answer.headers["Location"]) == (202, "/api/jobs/1")
        assert await answer.json() == {"id": 1, **EMPTY_JOB}
        assert await (await session.get("/api/jobs/1")).json() == EMPTY_JOB

    with_server(story)


@pytest.mark.parametrize(("kind", "lines"), [("answer", TOKENS), ("build", list(BUILD_LINES))])
def test_long_polling_with_a_cursor_gets_every_event_once_and_in_order(kind: str, lines: list[str]) -> None:
    async def story(session: ClientSession) -> None:
        job = await start(session, kind, 0.1)
        assert await all_events(session, job) == [{"id": n, "line": line} for n, line in enumerate(lines, start=1)]
        status = await (await session.get(job)).json()
        assert status == {"state": "done", "done": len(lines), "of": len(lines), "lines": lines}

    assert with_server(story) == [("produced", line) for line in lines]


def test_a_cursor_finds_what_came_between_two_requests() -> None:
    async def story(session: ClientSession) -> None:
        job = await start(session, "answer", 0)
        await all_events(session, job)
        late = await (await session.get(f"{job}/events?after=2")).json()
        assert late == {"events": [{"id": 3, "line": "世"}, {"id": 4, "line": "界"}], "next": 4, "state": "done"}

    with_server(story)


@pytest.mark.parametrize("after", [4, 99])
def test_after_the_last_event_of_a_finished_job_there_is_nothing_and_no_wait(after: int) -> None:
    async def story(session: ClientSession) -> None:
        job = await start(session, "answer", 0)
        await all_events(session, job)
        answer = await session.get(f"{job}/events?after={after}&hold_s=60")
        assert await answer.json() == {"events": [], "next": after, "state": "done"}

    with_server(story)


def test_a_hold_that_passes_without_an_event_ends_with_204() -> None:
    async def story(session: ClientSession) -> None:
        job = await start(session, "answer", 60)
        for hold_s in (0, 0.02):
            answer = await session.get(f"{job}/events?hold_s={hold_s}")
            assert (answer.status, await answer.read()) == (204, b"")
            assert answer.headers["Cache-Control"] == "no-store"

    with_server(story)


def test_everybody_who_waits_for_an_event_gets_it() -> None:
    async def story(session: ClientSession) -> None:
        job = await start(session, "answer", 0.2)
        answers = await asyncio.gather(*[session.get(f"{job}/events") for _ in range(20)])
        assert [(await answer.json())["events"][0] for answer in answers] == [{"id": 1, "line": "你"}] * 20

    with_server(story)


def test_a_poll_that_finds_nothing_new_is_304_and_one_that_does_is_not() -> None:
    async def story(session: ClientSession) -> None:
        job = await start(session, "answer", 0.4)
        tags = []
        state = "running"
        while state == "running":
            answer = await session.get(job)
            assert answer.headers["Cache-Control"] == "no-cache"
            status = await answer.json()
            state = status["state"]
            tags.append((answer.headers["ETag"], status["done"]))
            await session.get(f"{job}/events", params={"after": status["done"]})
        assert len({tag for tag, _ in tags}) == len({done for _, done in tags}) > 1

        same = await session.get(job, headers={"If-None-Match": tags[-1][0]})
        assert (same.status, await same.read(), same.headers["ETag"]) == (304, b"", tags[-1][0])
        assert (await session.get(job, headers={"If-None-Match": tags[0][0]})).status == 200

    with_server(story)


def test_the_tag_of_one_job_is_not_the_tag_of_another_at_the_same_address() -> None:
    tags = []
    for kind in ("answer", "build"):

        async def story(session: ClientSession, kind: str = kind) -> None:
            tags.append((await session.get(await start(session, kind, 60))).headers["ETag"])

        with_server(story)
    assert tags[0] != tags[1]


def test_a_full_server_says_503_and_when_to_come_back() -> None:
    async def story(session: ClientSession) -> None:
        await start(session, "build", 20)
        for _ in range(MAX_JOBS - 1):
            await start(session, "build", 60)
        full = await session.post("/api/jobs", json={})
        assert full.status == 503
        assert 1 <= int(full.headers["Retry-After"]) <= 20
        assert "jobs are running" in (await full.json())["error"]

    with_server(story)


def test_a_finished_job_makes_room_for_a_new_one_and_a_running_job_never_does() -> None:
    async def story(session: ClientSession) -> None:
        running_job = await start(session, "build", 60)
        finished_job = await start(session, "answer", 0)
        await all_events(session, finished_job)
        for _ in range(MAX_JOBS - 1):
            await start(session, "build", 60)
        assert (await session.get(running_job)).status == 200
        assert (await session.get(finished_job)).status == 404

    with_server(story)


def test_jobs_and_long_polls_end_with_the_server() -> None:
    async def main() -> None:
        async with ClientSession() as session:
            async with running(make_app()) as port:
                address = f"http://{LOOPBACK}:{port}"
                for _ in range(10):
                    await session.post(f"{address}/api/jobs", json={"duration_s": 60})
                before = len(asyncio.all_tasks())
                polls = [asyncio.create_task(session.get(f"{address}/api/jobs/{n}/events")) for n in range(1, 11)]
                # Two tasks each: the one made here, and the handler that it woke.
                await until(lambda: len(asyncio.all_tasks()) >= before + 2 * len(polls))
            ends = await asyncio.gather(*polls, return_exceptions=True)
            assert all(isinstance(end, (Exception, ClientResponse)) for end in ends)
        await until(lambda: asyncio.all_tasks() == {asyncio.current_task()})

    asyncio.run(main())


def test_a_client_that_leaves_a_long_poll_leaves_no_handler_behind() -> None:
    async def story(session: ClientSession) -> None:
        job = await start(session, "build", 60)
        before = asyncio.all_tasks()
        poll = asyncio.create_task(session.get(f"{job}/events"))
        await until(lambda: len(asyncio.all_tasks()) >= len(before) + 2)
        poll.cancel()
        await until(lambda: asyncio.all_tasks() <= before)

    with_server(story)


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"kind": "bake"}, 422, "kind must be one of build, answer."),
        ({"kind": ["build"]}, 422, "kind must be one of build, answer."),
        ({"duration_s": -1}, 422, "duration_s must be a number of seconds from 0 to 300, not -1."),
        ({"duration_s": float("nan")}, 422, "duration_s must be a number of seconds from 0 to 300, not nan."),
        ({"duration_s": None}, 422, "duration_s must be a number of seconds from 0 to 300, not None."),
        ({"duration": 2}, 422, "'duration' is an unknown field: this body takes kind, duration_s."),
        ([], 400, "The body is not application/json in UTF-8."),
        ("x" * MAX_BODY_BYTES, 413, None),
    ],
)
def test_a_job_that_makes_no_sense_is_refused_with_one_sentence(
    body: object, status: int, sentence: str | None
) -> None:
    async def story(session: ClientSession) -> None:
        answer = await session.post("/api/jobs", json=body)
        assert answer.status == status
        error = (await answer.json())["error"]
        assert sentence is None or error == sentence

    with_server(story)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("hold_s=61", "hold_s must be a number of seconds from 0 to 60, not '61'."),
        ("after=-1", "after must be a whole number from 0 to 1000000, not '-1'."),
        ("hold=1", "'hold' is an unknown query parameter: this path takes after, hold_s."),
    ],
)
def test_a_mistake_in_the_query_is_answered_400(query: str, sentence: str) -> None:
    async def story(session: ClientSession) -> None:
        answer = await session.get(f"/api/jobs/1/events?{query}")
        assert (answer.status, await answer.json()) == (400, {"error": sentence})

    with_server(story)


def test_a_job_that_nobody_started_is_404() -> None:
    async def story(session: ClientSession) -> None:
        for target in ("/api/jobs/1", "/api/jobs/1/events", "/api/jobs/" + "9" * 6_000):
            assert (await session.get(target)).status == 404

    with_server(story)


def test_curl_starts_a_job_and_waits_for_its_first_line() -> None:
    curl = require_tool("curl")

    async def run(*arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            curl, "--silent", "--show-error", "--fail", "--noproxy", "*", *arguments, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        assert process.returncode == 0
        return output.decode()

    async def story(session: ClientSession) -> None:
        address = str(session._base_url).rstrip("/")
        job = ["-H", "Content-Type: application/json", "-d", '{"kind": "answer", "duration_s": 0.4}']
        assert '"id": 1' in await run(*job, f"{address}/api/jobs")
        assert '"line": "你"' in await run(f"{address}/api/jobs/1/events?after=0&hold_s=10")

    with_server(story)

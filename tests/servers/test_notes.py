"""The notes: every method, with the status that says what happened."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import ClientResponse, ClientSession

from lab_servers.servers.http import make_app
from lab_servers.servers.notes import MAX_NOTE_BYTES, MAX_NOTES
from tests.servers.running import LOOPBACK, exchange, header, request_bytes, running, status_of

NOTE = {"title": "买", "text": "牛奶"}


def with_server(story: Callable[[ClientSession], Awaitable[None]]) -> None:
    async def main() -> None:
        async with running(make_app()) as port, ClientSession(f"http://{LOOPBACK}:{port}") as session:
            await story(session)

    asyncio.run(main())


async def error_of(response: ClientResponse) -> str:
    """The one sentence of a refusal."""
    assert response.content_type == "application/json"
    body = await response.json()
    assert list(body) == ["error"]
    return str(body["error"])


def test_a_note_is_created_read_changed_and_deleted() -> None:
    async def story(session: ClientSession) -> None:
        created = await session.post("/api/notes", json=NOTE)
        assert (created.status, created.headers["Location"]) == (201, "/api/notes/1")
        assert await created.json() == {"id": 1, **NOTE}

        detail = await session.get("/api/notes/1")
        assert await detail.json() == {"id": 1, **NOTE}
        assert detail.headers["ETag"] == created.headers["ETag"]
        assert await (await session.get("/api/notes")).json() == [{"id": 1, **NOTE}]

        changed = await session.put("/api/notes/1", json={"title": "卖"})
        assert (changed.status, await changed.json()) == (200, {"id": 1, "title": "卖", "text": ""})
        assert changed.headers["ETag"] != detail.headers["ETag"]

        deleted = await session.delete("/api/notes/1")
        assert (deleted.status, await deleted.read()) == (204, b"")
        for response in (await session.get("/api/notes/1"), await session.delete("/api/notes/1")):
            assert response.status == 404
            assert await error_of(response) == "There is no note with this id."
        assert await (await session.get("/api/notes")).json() == []

    with_server(story)


def test_an_html_form_creates_a_note() -> None:
    async def story(session: ClientSession) -> None:
        created = await session.post("/api/notes", data={"title": "a & b", "text": "牛奶"})
        assert created.status == 201
        assert await created.json() == {"id": 1, "title": "a & b", "text": "牛奶"}

    with_server(story)


def test_the_id_of_a_deleted_note_is_not_given_again() -> None:
    async def story(session: ClientSession) -> None:
        await session.post("/api/notes", json=NOTE)
        await session.delete("/api/notes/1")
        assert (await session.post("/api/notes", json=NOTE)).headers["Location"] == "/api/notes/2"

    with_server(story)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("shape", ["{}", "W/{}", '"other", {}', "*"])
def test_who_has_the_present_version_gets_304_without_a_body(method: str, shape: str) -> None:
    async def story(session: ClientSession) -> None:
        tag = (await session.post("/api/notes", json=NOTE)).headers["ETag"]
        answer = await session.request(method, "/api/notes/1", headers={"If-None-Match": shape.format(tag)})
        assert (answer.status, await answer.read()) == (304, b"")
        assert answer.headers["ETag"] == tag
        assert answer.headers["Cache-Control"] == "no-cache"
        assert "Content-Type" not in answer.headers

    with_server(story)


@pytest.mark.parametrize("known", ['"other"', "unquoted", '"', "W/"])
def test_who_has_another_version_gets_the_note(known: str) -> None:
    async def story(session: ClientSession) -> None:
        await session.post("/api/notes", json=NOTE)
        answer = await session.get("/api/notes/1", headers={"If-None-Match": known})
        assert (answer.status, await answer.json()) == (200, {"id": 1, **NOTE})

    with_server(story)


def test_the_second_of_two_writers_is_told_instead_of_undoing_the_first() -> None:
    async def story(session: ClientSession) -> None:
        tag = (await session.post("/api/notes", json=NOTE)).headers["ETag"]
        first = await session.put("/api/notes/1", json={"title": "first"}, headers={"If-Match": tag})
        assert first.status == 200
        for method in ("PUT", "DELETE"):
            second = await session.request(method, "/api/notes/1", json={"title": "2"}, headers={"If-Match": tag})
            assert second.status == 412
            assert "If-Match" in await error_of(second)
        assert (await (await session.get("/api/notes/1")).json())["title"] == "first"
        assert (await session.delete("/api/notes/1", headers={"If-Match": first.headers["ETag"]})).status == 204

    with_server(story)


@pytest.mark.parametrize("shape", ["W/{}", "unquoted", '"other"'])
def test_a_tag_that_is_weak_or_broken_permits_no_change(shape: str) -> None:
    async def story(session: ClientSession) -> None:
        tag = (await session.post("/api/notes", json=NOTE)).headers["ETag"]
        assert (await session.delete("/api/notes/1", headers={"If-Match": shape.format(tag)})).status == 412
        assert (await session.delete("/api/notes/1", headers={"If-Match": "*"})).status == 204

    with_server(story)


def test_a_put_that_may_only_create_is_refused_where_something_exists() -> None:
    async def story(session: ClientSession) -> None:
        await session.post("/api/notes", json=NOTE)
        assert (await session.put("/api/notes/1", json=NOTE, headers={"If-None-Match": "*"})).status == 412

    with_server(story)


JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("content_type", "body", "status", "word"),
    [
        (JSON, b"{", 400, "application/json"),
        (JSON, b"", 400, "application/json"),
        (JSON, b"[]", 400, "application/json"),
        (JSON, b"\xff", 400, "UTF-8"),
        (JSON, b'{"title": "\\ud800"}', 400, "UTF-8"),
        (JSON, b"[" * 9_000, 400, "application/json"),
        (JSON, b"{}", 422, "title"),
        (JSON, b'{"title": " "}', 422, "title"),
        (JSON, b'{"title": 1}', 422, "title"),
        (JSON, b'{"title": "a", "text": null}', 422, "text"),
        (JSON, b'{"title": "a", "colour": "red"}', 422, "colour"),
        (JSON + "; charset=nonsense", b"{}", 422, "title"),
        (FORM, b"title=%ff", 400, FORM),
        (FORM, b"no equals sign", 400, FORM),
        (FORM, b"", 422, "title"),
        (FORM, b"title=a&title=b", 422, "once"),
        (FORM, b"title=a&colour=red", 422, "colour"),
        ("text/plain", b"title=a", 415, "application/json"),
        ("", b"title=a", 415, "application/json"),
        (JSON, b"x" * (MAX_NOTE_BYTES + 1), 413, str(MAX_NOTE_BYTES)),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_body_that_is_no_note_is_refused_with_one_sentence(
    method: str, content_type: str, body: bytes, status: int, word: str
) -> None:
    async def story(session: ClientSession) -> None:
        await session.post("/api/notes", json=NOTE)
        target = "/api/notes" if method == "POST" else "/api/notes/1"
        answer = await session.request(method, target, data=body, headers={"Content-Type": content_type})
        assert answer.status == status
        assert word in await error_of(answer)
        if status == 415:
            assert answer.headers["Accept"] == f"{JSON}, {FORM}"
        assert await (await session.get("/api/notes")).json() == [{"id": 1, **NOTE}]

    with_server(story)


def test_a_body_of_exactly_the_limit_is_taken() -> None:
    async def story(session: ClientSession) -> None:
        empty = json.dumps({"title": "a", "text": ""}).encode()
        body = empty.replace(b'""', b'"' + b"x" * (MAX_NOTE_BYTES - len(empty)) + b'"')
        assert len(body) == MAX_NOTE_BYTES
        answer = await session.post("/api/notes", data=body, headers={"Content-Type": JSON})
        assert answer.status == 201

    with_server(story)


def test_a_full_collection_refuses_until_a_note_is_deleted() -> None:
    async def story(session: ClientSession) -> None:
        for _ in range(MAX_NOTES):
            assert (await session.post("/api/notes", json=NOTE)).status == 201
        full = await session.post("/api/notes", json=NOTE)
        assert full.status == 409
        assert await error_of(full) == f"There are {MAX_NOTES} notes already: delete one first."
        await session.delete("/api/notes/7")
        assert (await session.post("/api/notes", json=NOTE)).status == 201

    with_server(story)


def test_a_method_that_is_not_offered_is_answered_with_those_that_are() -> None:
    async def story(session: ClientSession) -> None:
        for target, allowed in [("/api/notes", "GET,HEAD,POST"), ("/api/notes/1", "DELETE,GET,HEAD,PUT")]:
            answer = await session.patch(target)
            assert (answer.status, answer.headers["Allow"]) == (405, allowed)

    with_server(story)


@pytest.mark.parametrize("note_id", ["0", "x", "9" * 6_000, "%00", "%E4%BD%A0", "1%2F2"])
def test_an_id_that_nobody_has_is_404_whatever_it_is(note_id: str) -> None:
    async def main() -> None:
        async with running(make_app()) as port:
            head, _ = await exchange(port, request_bytes(f"/api/notes/{note_id}", "Connection: close"))
            assert status_of(head) == 404

    asyncio.run(main())


def test_head_of_a_note_has_the_headers_of_its_get_and_no_body() -> None:
    async def main() -> None:
        async with running(make_app()) as port:
            body = json.dumps(NOTE).encode()
            post = request_bytes("/api/notes", f"Content-Type: {JSON}", "Connection: close", method="POST", body=body)
            await exchange(port, post)
            answers = [
                await exchange(port, request_bytes("/api/notes/1", "Connection: close", method=method))
                for method in ("GET", "HEAD")
            ]
        (get_head, get_body), (head_head, head_body) = answers
        assert (get_body != b"", head_body) == (True, b"")
        for name in ("Content-Length", "Content-Type", "ETag", "Cache-Control"):
            assert header(get_head, name) == header(head_head, name) != None  # noqa: E711

    asyncio.run(main())

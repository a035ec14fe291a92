"""Strangers' pages are shut out, and pages of this machine are let in, on all four aiohttp servers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from aiohttp import web

from lab_servers.servers import http, polling, sse
from lab_servers.servers.llm import app as llm
from tests.servers.running import exchange, header, names_of, request_bytes, running, status_of

APPS = [http.make_app, polling.make_app, sse.make_app, llm.make_app]
# One target on each server that answers at once, and one that streams.
TARGETS = [
    (http.make_app, "/api/notes"),
    (polling.make_app, "/api/jobs/1"),
    (sse.make_app, "/api/stream?interval_s=0"),
    (llm.make_app, "/api/answer?prompt=x&tokens=2&ttft_s=0&gap_s=0"),
]
CLOSE = "Connection: close"


def ask(make_app: Callable[[], web.Application], *requests: bytes) -> list[tuple[list[str], bytes]]:
    async def main() -> list[tuple[list[str], bytes]]:
        async with running(make_app()) as port:
            return [await exchange(port, request) for request in requests]

    return asyncio.run(main())


@pytest.mark.parametrize("make_app", APPS)
def test_a_foreign_host_is_refused_with_421_even_where_there_is_nothing(
    make_app: Callable[[], web.Application],
) -> None:
    strangers = [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "127.0.0.1:x",
        "127.1",
        "[::2]",
        "",
    ]
    requests = [request_bytes(path, f"Host: {name}", CLOSE) for name in strangers for path in ("/", "/nothing")]
    assert [status_of(head) for head, _ in ask(make_app, *requests)] == [421] * len(requests)


def test_each_loopback_name_is_answered_with_and_without_a_port() -> None:
    names = ["127.0.0.1", "127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]", "[::1]:65535"]
    answers = ask(http.make_app, *[request_bytes("/", f"Host: {name}", CLOSE) for name in names])
    assert [status_of(head) for head, _ in answers] == [200] * len(names)


def test_a_request_with_two_hosts_is_not_answered() -> None:
    [(head, _)] = ask(http.make_app, request_bytes("/", "Host: 127.0.0.1", "Host: evil.example", CLOSE))
    assert status_of(head) in (400, 421)


def test_an_http_1_0_client_without_host_is_answered() -> None:
    [(head, _)] = ask(http.make_app, b"GET / HTTP/1.0\r\n\r\n")
    assert status_of(head) == 200


@pytest.mark.parametrize(("make_app", "target"), TARGETS)
def test_a_foreign_origin_is_refused_with_403(make_app: Callable[[], web.Application], target: str) -> None:
    origins = ["https://evil.example", "null", "http://localhost.evil.example", "file://", "http://127.0.0.1:1/x", ""]
    answers = ask(make_app, *[request_bytes(target, f"Origin: {origin}", CLOSE) for origin in origins])
    assert [status_of(head) for head, _ in answers] == [403] * len(origins)
    assert all("access-control-allow-origin" not in names_of(head) for head, _ in answers)


@pytest.mark.parametrize(("make_app", "target"), TARGETS)
def test_a_page_on_another_loopback_port_may_read_the_answer_errors_and_streams_included(
    make_app: Callable[[], web.Application], target: str
) -> None:
    origin = "http://localhost:8888"
    wrong = target.partition("?")[0] + "?wrong=1"
    answers = ask(make_app, *[request_bytes(each, f"Origin: {origin}", CLOSE) for each in (target, wrong)])
    for head, _ in answers:
        assert header(head, "Access-Control-Allow-Origin") == origin
        assert header(head, "Vary") == "Origin"
        assert header(head, "Access-Control-Expose-Headers") == "ETag, Location, Retry-After, Run-Id"


def test_without_an_origin_nothing_is_allowed_and_caches_are_told_that_it_depends() -> None:
    [(head, _)] = ask(http.make_app, request_bytes("/api/user/info", CLOSE))
    assert header(head, "Vary") == "Origin"
    assert "access-control-allow-origin" not in names_of(head)


@pytest.mark.parametrize(("make_app", "target"), TARGETS)
def test_a_preflight_is_answered_204_with_what_is_allowed(make_app: Callable[[], web.Application], target: str) -> None:
    asking = ["Origin: http://127.0.0.1:8888", "Access-Control-Request-Method: PUT", CLOSE]
    [(head, body)] = ask(make_app, request_bytes(target, *asking, method="OPTIONS"))
    assert (status_of(head), body) == (204, b"")
    assert header(head, "Access-Control-Allow-Origin") == "http://127.0.0.1:8888"
    assert "PUT" in (header(head, "Access-Control-Allow-Methods") or "")
    assert "If-Match" in (header(head, "Access-Control-Allow-Headers") or "")


# What the SDKs for JavaScript send from a page, besides what every page may send.
SDKS = {
    "openai": "authorization,content-type,openai-organization,openai-project,x-stainless-arch,x-stainless-lang,"
    "x-stainless-os,x-stainless-package-version,x-stainless-retry-count,x-stainless-runtime,"
    "x-stainless-runtime-version,x-stainless-timeout,x-stainless-helper-method",
    "anthropic": "anthropic-beta,anthropic-dangerous-direct-browser-access,anthropic-version,content-type,"
    "x-api-key,x-stainless-arch,x-stainless-not-yet-invented",
    "Google": "content-type,user-agent,x-goog-api-client,x-goog-api-key",
}


@pytest.mark.parametrize("asked", SDKS.values(), ids=SDKS)
def test_a_page_may_send_what_its_sdk_sends(asked: str) -> None:
    asking = ["Origin: http://127.0.0.1:8888", "Access-Control-Request-Method: POST"]
    request = request_bytes(
        "/v1/messages", *asking, f"Access-Control-Request-Headers: {asked}", CLOSE, method="OPTIONS"
    )
    [(head, _)] = ask(llm.make_app, request)
    allowed = (header(head, "Access-Control-Allow-Headers") or "").lower().split(", ")
    assert set(asked.split(",")) <= set(allowed)


def test_a_page_may_not_send_what_it_pleases() -> None:
    asking = ["Origin: http://127.0.0.1:8888", "Access-Control-Request-Method: POST", CLOSE]
    asked = "Access-Control-Request-Headers: x-stainless-, x-stainless-a b, x-evil, x-stainless-a\tb, *"
    [(head, _)] = ask(http.make_app, request_bytes("/api/notes", *asking, asked, method="OPTIONS"))
    allowed = header(head, "Access-Control-Allow-Headers") or ""
    assert [word for word in ("stainless", "evil", "*") if word in allowed] == []


def test_a_foreign_preflight_is_refused() -> None:
    asking = ["Origin: https://evil.example", "Access-Control-Request-Method: PUT", CLOSE]
    [(head, _)] = ask(http.make_app, request_bytes("/api/notes/1", *asking, method="OPTIONS"))
    assert status_of(head) == 403


@pytest.mark.parametrize("make_app", APPS)
def test_the_index_lists_what_to_try(make_app: Callable[[], web.Application]) -> None:
    [(head, body)] = ask(make_app, request_bytes("/", CLOSE))
    assert header(head, "Content-Type") == "text/plain; charset=utf-8"
    assert b"/api/" in body

"""The two MCP servers asked by hand: what each text makes of a call, of nonsense, and of somebody who comes back."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest

from lab_servers.scenarios.ai_two_texts_servers import NEW, OLD, TOOL, VERSION_KEY, make_new_app, make_old_app
from tests.servers.running import running

TEXTS = (OLD, NEW)
Asked = tuple[str, str | bytes | None, dict[str, str]]


def ask(text: str, *requests: Asked) -> tuple[int, str]:
    """Send the requests to a new server, one after the other: status and content of the last answer."""

    async def main() -> tuple[int, str]:
        app = (make_old_app if text == OLD else make_new_app)(2, 0.0, lambda what, detail: None)
        answer = (0, "")
        async with running(app) as port, asyncio.timeout(10), aiohttp.ClientSession(trust_env=False) as session:
            for method, body, headers in requests:
                url = f"http://127.0.0.1:{port}/mcp"
                async with session.request(method, url, data=body, headers=headers) as response:
                    answer = response.status, await response.text()
        return answer

    return asyncio.run(main())


def call(text: str, request_id: object = 1, method: str = "tools/call", **headers: str) -> Asked:
    """A call as its text has it."""
    meta = {VERSION_KEY: NEW} if text == NEW else {}
    message = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": {"name": TOOL, "_meta": meta}}
    said = {"MCP-Protocol-Version": text, "Mcp-Method": method, "Mcp-Name": TOOL}
    return "POST", json.dumps(message), said | headers


@pytest.mark.parametrize("text", TEXTS)
def test_a_call_ends_with_its_result(text: str) -> None:
    status, said = ask(text, call(text))
    assert status == 200
    assert '"result":{"content":[{"type":"text","text":"counted to 2"}]' in said
    assert ('"resultType":"complete"' in said) is (text == NEW)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"1", b"\xff\xfe", b"[" * 10_000, b'{"jsonrpc":"1.0","id":1}',
        b'{"jsonrpc":"2.0","id":1,"params":[]}', b'{"jsonrpc":"2.0","id":{},"method":"tools/call"}',
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":7}}',
    ],
)  # fmt: skip
def test_what_is_no_message_is_refused_and_nothing_breaks(text: str, body: bytes) -> None:
    assert ask(text, ("POST", body, {}))[0] == 400
    assert ask(text, ("POST", body, {}), call(text))[0] == 200


@pytest.mark.parametrize("request_id", [[], {}, None, 7, "x" * 1_000])
def test_a_cancellation_of_what_is_unknown_is_ignored_under_the_old_text(request_id: object) -> None:
    message = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": request_id}}
    assert ask(OLD, ("POST", json.dumps(message), {})) == (202, "")


@pytest.mark.parametrize(("text", "status"), [(OLD, 200), (NEW, 404)])
def test_an_unknown_method_is_said_to_be_unknown(text: str, status: int) -> None:
    found, said = ask(text, call(text, method="tools/dance"))
    assert (found, json.loads(said)["error"]["code"]) == (status, -32601)


@pytest.mark.parametrize("text", TEXTS)
def test_an_id_is_used_once(text: str) -> None:
    assert json.loads(ask(text, call(text, 5), call(text, 5))[1])["error"]["code"] == -32602


@pytest.mark.parametrize("name", ["MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"])
def test_a_head_that_contradicts_its_body_is_refused_under_the_new_text(name: str) -> None:
    status, said = ask(NEW, call(NEW, **{name: "another"}))
    assert (status, json.loads(said)["error"]["code"]) == (400, -32020)


def test_another_version_is_refused_and_the_new_text_says_which_one_would_do() -> None:
    assert ask(OLD, call(OLD, **{"MCP-Protocol-Version": "2099-01-01"})) == (400, "")
    method, body, headers = call(NEW, **{"MCP-Protocol-Version": "2099-01-01"})
    assert isinstance(body, str)
    status, said = ask(NEW, (method, body.replace(NEW, "2099-01-01"), headers))
    error = json.loads(said)["error"]
    assert (status, error["code"]) == (400, -32022)
    assert error["data"] == {"supported": [NEW], "requested": "2099-01-01"}


def test_a_finished_stream_is_replayed_behind_the_last_event_under_the_old_text() -> None:
    status, said = ask(OLD, call(OLD), ("GET", None, {"Last-Event-ID": "1/0"}))
    assert status == 200
    assert said.startswith('id: 1/1\ndata: {"jsonrpc":"2.0","id":1,"result"')


@pytest.mark.parametrize("last_event_id", ["", "1", "9/0", "1/-1", "1/x", "1/999999999999", "/"])
@pytest.mark.parametrize("text", TEXTS)
def test_nothing_is_resumed_that_is_not_known(text: str, last_event_id: str) -> None:
    assert ask(text, call(text), ("GET", None, {"Last-Event-ID": last_event_id}))[0] == 405


def test_nothing_is_resumed_under_the_new_text() -> None:
    assert ask(NEW, call(NEW), ("GET", None, {"Last-Event-ID": "1/1"}))[0] == 405


@pytest.mark.parametrize("text", TEXTS)
def test_a_page_of_another_site_is_refused(text: str) -> None:
    assert ask(text, call(text, Origin="https://evil.example"))[0] == 403

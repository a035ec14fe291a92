"""Chromium reads a model's answer on a page of another loopback origin: fetch with a reader, and its EventSource."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

from lab_servers.dissection import conversation_of
from tests.servers.llm.hosted import BREAKS, CLIENT, ENDLESS, FAILS, HALVES, PROMPT, REFUSES, Hosted, hosted, query
from tests.waiting import until_sync

FETCH, EVENT_SOURCE = "readByFetch", "readByEventSource"
BOTH = pytest.mark.parametrize("way", [FETCH, EVENT_SOURCE])

PAGE = """<!doctype html><meta charset="utf-8"><title>one answer</title><p id="answer"></p><script>
'use strict';
let pieces = 0;
let leaveAfter = 0;
const happened = [];
function shown(text) {
  document.getElementById('answer').textContent += text;
  saw(text);
  pieces += 1;
  return pieces === leaveAfter;
}
async function readByFetch(url, prompt) {
  const leaving = new AbortController();
  const headers = {'Content-Type': 'application/json'};
  const response = await fetch(url, {method: 'POST', headers, body: JSON.stringify({prompt}), signal: leaving.signal});
  if (!response.ok) return happened.push(`status ${response.status}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const {value, done} = await reader.read();
    if (done) return happened.push('over');
    text += value;
    const lines = text.split('\\n');
    text = lines.pop();
    for (const line of lines) {
      const part = JSON.parse(line);
      if (part.type === 'error') happened.push('told');
      if (part.type === 'text' && shown(part.text)) {
        leaving.abort();
        return happened.push('left');
      }
    }
  }
}
function readByEventSource(url) {
  const source = new EventSource(url);
  source.onmessage = (event) => {
    const part = JSON.parse(event.data);
    if (part.type === 'error') happened.push('told');
    if (part.type === 'end') {
      source.close();
      happened.push('over');
    } else if (part.type === 'text' && shown(part.text)) {
      source.close();
      happened.push('left');
    }
  };
  source.onerror = () => {
    happened.push(source.readyState === EventSource.CONNECTING ? 'error, connecting again' : 'error, closed for good');
  };
}
</script>"""

ENDS = {"over", "left", "error, closed for good"}


async def page_server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every request with the page."""
    await reader.readuntil(b"\r\n\r\n")
    content = PAGE.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + content)
    await writer.drain()


@pytest.fixture
def model() -> Iterator[Hosted]:
    with hosted() as running:
        yield running


@pytest.fixture
def page(chromium: Browser, model: Hosted) -> Iterator[Page]:
    """The page, whose origin is another one than the model's."""
    url = model.lab.host("page", page_server)
    with chromium.new_page() as opened:
        opened.expose_function("saw", model.sees)
        opened.goto(url)
        yield opened


def read(page: Page, model: Hosted, way: str, settings: dict[str, object], leave_after: int = 0) -> list[str]:
    """What happened on the page besides pieces of text, once the answer has ended for its reader."""
    target = f"/api/answer?prompt={quote(PROMPT)}&" if way == EVENT_SOURCE else "/api/answer/lines?"
    url = f"{model.url}{target}{query(settings)}"
    # An error that fetch raises is a happening like any other.
    page.evaluate(
        """([way, url, prompt, after]) => {
            leaveAfter = after;
            Promise.resolve(window.eval(way)(url, prompt)).catch((error) => {
              happened.push(`${error.name}: ${error.message}`, 'over');
            });
        }""",
        [way, url, PROMPT, leave_after],
    )
    happened: list[Any] = []

    def has_ended() -> bool:
        happened[:] = page.evaluate("happened")
        return any(one in ENDS or one.startswith("status") for one in happened)

    until_sync(has_ended)
    return happened


@BOTH
def test_chromium_shows_each_part_when_the_model_makes_it(page: Page, model: Hosted, way: str) -> None:
    with model.lab.record("Chromium") as take:
        assert read(page, model, way, HALVES) == ["over"]
    model.assert_token_by_token()
    assert page.text_content("#answer") == model.text
    assert take.recording.of(CLIENT)


@BOTH
def test_a_user_of_chromium_who_leaves_stops_the_model(page: Page, model: Hosted, way: str) -> None:
    assert read(page, model, way, ENDLESS, leave_after=5) == ["left"]
    model.assert_stopped_in_the_middle()


def test_closing_the_tab_stops_the_model(page: Page, model: Hosted) -> None:
    url = f"{model.url}/api/answer?prompt=x&{query(ENDLESS)}"
    page.evaluate("(url) => { readByEventSource(url); }", url)
    until_sync(lambda: page.text_content("#answer"))
    page.close()
    model.assert_stopped_in_the_middle()


@BOTH
def test_chromium_raises_nothing_for_an_error_in_mid_stream(page: Page, model: Hosted, way: str) -> None:
    happened = read(page, model, way, FAILS)
    assert happened[0] == "told"
    assert model.text == "".join(model.made())
    # The response ends, so an EventSource asks again, and gives up only because the server says 204.
    assert happened[1:] == (["over"] if way == FETCH else ["error, connecting again", "error, closed for good"])


def test_a_cut_is_a_network_error_to_fetch(page: Page, model: Hosted) -> None:
    assert read(page, model, FETCH, BREAKS) == ["TypeError: network error", "over"]
    model.assert_shown_up_to_the_cut()


def test_a_cut_makes_event_source_come_back_and_say_no_reason(page: Page, model: Hosted) -> None:
    with model.lab.record("cut") as take:
        happened = read(page, model, EVENT_SOURCE, BREAKS)
    assert happened == ["error, connecting again", "error, closed for good"]
    answers = [
        answer.status for capture in take.recording.of(CLIENT) for answer in conversation_of(capture).messages("server")
    ]
    assert answers == [200, 204]
    model.assert_shown_up_to_the_cut()


def test_a_refusal_is_a_status_to_fetch_and_the_end_to_event_source(page: Page, model: Hosted) -> None:
    assert read(page, model, FETCH, REFUSES) == ["status 503"]
    page.evaluate("happened.length = 0")
    assert read(page, model, EVENT_SOURCE, REFUSES) == ["error, closed for good"]

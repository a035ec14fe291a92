"""What a feed gives to whoever waits, what an inbox takes, and lines that come in pieces."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_servers.servers.feed_messages import MAX_MESSAGE_BYTES, Feed, Inbox, Lines, as_text, number_of
from lab_servers.servers.query import BadValue
from tests.waiting import until

# Any text that UTF-8 can carry: no half of a surrogate pair.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def test_whoever_waits_gets_each_message_when_it_exists_and_an_end_after_the_last() -> None:
    async def main() -> None:
        marks: list[tuple[str, str]] = []
        feed = Feed(3, lambda name, number: marks.append((name, number)))
        heard: list[tuple[int, str]] = []

        async def listen() -> None:
            async for number, message in feed.each():
                assert marks[-1] == ("produced", str(number))
                heard.append((number, message))

        async with asyncio.TaskGroup() as group:
            listening = group.create_task(listen())
            await feed.asked.wait()
            for place, message in enumerate("abc", start=1):
                assert not listening.done()
                feed.produce(message)
                await until(lambda place=place: len(heard) == place)  # type: ignore[misc]
        assert heard == [(1, "a"), (2, "b"), (3, "c")]

    asyncio.run(main())


def test_a_cursor_gives_what_is_new_at_once_and_none_where_nothing_is() -> None:
    async def main() -> None:
        feed = Feed(4)
        assert not feed.asked.is_set()
        assert feed.after(0) == []
        for message in "abc":
            feed.produce(message)
        assert (feed.after(0), feed.after(2), feed.after(3)) == (["a", "b", "c"], ["c"], [])
        assert await feed.next_after(1) == ["b", "c"]
        feed.produce("d")
        assert [pair async for pair in feed.each(after=2)] == [(3, "c"), (4, "d")]

    asyncio.run(main())


def test_the_whole_waits_for_the_last() -> None:
    async def main() -> None:
        feed = Feed(2)
        waiting = asyncio.create_task(feed.whole())
        feed.produce("a")
        await feed.asked.wait()
        assert not waiting.done()
        feed.produce("b")
        assert await waiting == ["a", "b"]

    asyncio.run(main())


def test_a_feed_of_nothing_ends_at_once() -> None:
    async def main() -> None:
        feed = Feed(0)
        assert await feed.whole() == []
        assert [pair async for pair in feed.each()] == []
        assert Inbox(0).complete.is_set()

    asyncio.run(main())


def test_an_inbox_keeps_the_texts_marks_their_numbers_and_knows_when_it_is_complete() -> None:
    marks: list[tuple[str, str]] = []
    inbox = Inbox(2, lambda name, number: marks.append((name, number)))
    inbox.receive('{"n":2,"d":"世"}')
    assert not inbox.complete.is_set()
    inbox.receive('{"n":1}')
    assert inbox.complete.is_set()
    assert inbox.messages == ['{"n":2,"d":"世"}', '{"n":1}']
    assert marks == [("delivered", "2"), ("delivered", "1")]
    with pytest.raises(BadValue, match="no more"):
        inbox.receive('{"n":3}')


@pytest.mark.parametrize(
    "wrong", ["", "{", "[1]", "17", '{"m":1}', '{"n":"1"}', '{"n":true}', '{"n":1.5}', '{"n":1,"d":NaN}', "[" * 9_999]
)
def test_what_is_no_message_is_refused(wrong: str) -> None:
    with pytest.raises(BadValue, match="must be a JSON object"):
        Inbox(1).receive(wrong)


@given(TEXTS)
def test_a_message_has_no_line_end_and_its_characters_as_they_are(text: str) -> None:
    message = as_text({"n": 7, "d": text})
    assert number_of(message) == 7
    assert json.loads(message)["d"] == text
    assert "\n" not in message
    assert "\r" not in message
    assert as_text({"n": 1, "d": "世界"}) == '{"n":1,"d":"世界"}'


@given(st.lists(TEXTS, max_size=4), st.data())
def test_lines_are_the_same_however_the_bytes_are_cut(texts: list[str], data: st.DataObject) -> None:
    messages = [as_text({"n": number, "d": text}) for number, text in enumerate(texts, start=1)]
    sent = "".join(f"{message}\n" for message in messages).encode()
    lines, heard = Lines(), []
    while sent:
        size = data.draw(st.integers(1, len(sent)))
        heard += lines.feed(sent[:size])
        sent = sent[size:]
    assert heard == messages


def test_a_line_that_is_too_long_or_no_utf_8_is_refused() -> None:
    with pytest.raises(BadValue, match="longer"):
        Lines().feed(b"x" * (MAX_MESSAGE_BYTES + 1))
    assert Lines().feed(b"x" * MAX_MESSAGE_BYTES + b"\n") == ["x" * MAX_MESSAGE_BYTES]
    with pytest.raises(BadValue, match="UTF-8"):
        Lines().feed(b"\xff\n")


def test_a_line_without_its_end_is_not_taken_and_does_not_get_lost_in_silence() -> None:
    lines = Lines()
    assert lines.feed(b'{"n":1}\r\n{"n":2}') == ['{"n":1}']
    with pytest.raises(BadValue, match="no LF at its end"):
        lines.end()
    assert lines.feed(b"\n") == ['{"n":2}']
    lines.end()

"""Event streams and what they dispatch: the standard's examples, one case for each rule, any bytes, and the algorithm.

The decoder's tests and the dissector's tests both use these.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hypothesis import strategies as st

from lab_servers.wire.sse.interpreter import LONGEST_RETRY_MS


@dataclass
class Case:
    name: str
    stream: bytes
    events: list[tuple[str, str, str]]  # type, data, last event id
    retry_ms: int | None = None
    last_event_id: str = ""


def message(data: str, last_event_id: str = "") -> tuple[str, str, str]:
    return ("message", data, last_event_id)


# The examples printed in HTML §9.2.1 and §9.2.6, then one case for each rule.
CASES = [
    Case(
        "the introduction's three messages",
        b"data: This is the first message.\n\ndata: This is the second message, it\ndata: has two lines.\n\n"
        b"data: This is the third message.\n\n",
        [
            message("This is the first message."),
            message("This is the second message, it\nhas two lines."),
            message("This is the third message."),
        ],
    ),
    Case(
        "the introduction's event types",
        b"event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\nevent: add\ndata: 113411\n\n",
        [("add", "73857293", ""), ("remove", "2153", ""), ("add", "113411", "")],
    ),
    Case("the standard's stock ticker", b"data: YHOO\ndata: +2\ndata: 10\n\n", [message("YHOO\n+2\n10")]),
    Case(
        "the standard's comment, id, reset id and dropped last block",
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\ndata: fourth",
        [message("first event", "1"), message("second event"), message(" third event")],
    ),
    Case("the standard's empty data", b"data\n\ndata\ndata\n\ndata:", [message(""), message("\n")]),
    Case("the standard's optional space", b"data:test\n\ndata: test\n\n", [message("test"), message("test")]),
    Case("an empty stream", b"", []),
    Case("blank lines only", b"\n\r\n\r\r\n\n", []),
    Case("lines that end in CR", b"data:a\rdata:b\r\rdata:c\r\r", [message("a\nb"), message("c")]),
    Case("lines that end in CRLF", b"data:a\r\ndata:b\r\n\r\ndata:c\r\n\r\n", [message("a\nb"), message("c")]),
    Case("all line ends mixed", b"data:a\rdata:b\ndata:c\r\n\ndata:d\n\r", [message("a\nb\nc"), message("d")]),
    Case("LF then CR is two line ends", b"data:a\n\rdata:b\n\r", [message("a"), message("b")]),
    Case(
        "U+2028, U+2029, U+0085, VT and FF are data",
        "data:a\u2028b\u2029c\u0085d\x0be\x0cf\n\n".encode(),
        [message("a\u2028b\u2029c\u0085d\x0be\x0cf")],
    ),
    Case("one byte order mark is stripped", b"\xef\xbb\xbfdata:a\n\n", [message("a")]),
    Case("a byte order mark alone on the first line", b"\xef\xbb\xbf\ndata:a\n\n", [message("a")]),
    Case("a second byte order mark is part of a name", b"\xef\xbb\xbf" * 2 + b"data:a\n\ndata:b\n\n", [message("b")]),
    Case("a later byte order mark is no mark", b"data:a\n\n\xef\xbb\xbfdata:b\n\n", [message("a")]),
    Case("a byte order mark in a value is kept", b"data:\xef\xbb\xbfa\n\n", [message("\ufeffa")]),
    Case("only one space is stripped, and no tab", b"data:  a\ndata:\tb\ndata: \n\n", [message(" a\n\tb\n")]),
    Case("a colon in the value", b"data: a: b:c\n\n", [message("a: b:c")]),
    Case("comments inside a block", b":\ndata:a\n: data:no\n:::\ndata:b\n\n", [message("a\nb")]),
    Case("a comment alone dispatches nothing", b": heartbeat\n\n", []),
    Case("unknown fields", b"foo\nfoo: bar\nDATA: no\n data: no\ndata : no\ndata:a\n\n", [message("a")]),
    Case("an event type without data is forgotten", b"event: x\n\ndata:a\n\n", [message("a")]),
    Case("the last event type counts", b"event: x\nevent: y\ndata:a\n\n", [("y", "a", "")]),
    Case("an empty event type is message", b"event: x\nevent:\ndata:a\n\n", [message("a")]),
    Case("an id persists", b"id: 7\ndata:a\n\ndata:b\n\n", [message("a", "7"), message("b", "7")], last_event_id="7"),
    Case("an id without data still counts", b"id: 7\n\ndata:a\n\n", [message("a", "7")], last_event_id="7"),
    Case("an empty id resets", b"id: 7\ndata:a\n\nid:\ndata:b\n\n", [message("a", "7"), message("b")]),
    Case("an id with NUL is ignored", b"id: 7\nid: 8\x009\ndata:b\n\n", [message("b", "7")], last_event_id="7"),
    Case("an id of an unfinished block does not count", b"id: 7\n\nid: 8\ndata:a\n", [], last_event_id="7"),
    Case("retry takes digits", b"retry: 1500\n\n", [], retry_ms=1500),
    Case("retry takes effect before its block ends", b"retry: 0020\n", [], retry_ms=20),
    Case("retry takes nothing but digits", b"retry: 5\nretry\nretry: 1.5\nretry:  1\nretry: 1s\n", [], retry_ms=5),
    Case("retry takes ASCII digits only", "retry: ٣\nretry: ²\n".encode(), []),
    Case("a retry of 5,000 digits", b"retry: " + b"9" * 5000 + b"\n", [], retry_ms=LONGEST_RETRY_MS),
    Case("a retry of 5,000 zeros", b"retry: " + b"0" * 5000 + b"\n", [], retry_ms=0),
    Case("a last event without its blank line", b"data:a\n\ndata:b\n", [message("a")]),
    Case("characters of two, three and four bytes", "data:é你😀\n\n".encode(), [message("é你😀")]),
    # The Encoding standard's decoder: one U+FFFD per maximal part of a character.
    Case(
        "broken UTF-8",
        b"data:\xff|\xc0\x80|\xe4\xbd|\xed\xa0\x80|\xf0\x9f\x98|\xf4\x90\x80\x80\n\n",
        [message("\ufffd|\ufffd\ufffd|\ufffd|\ufffd\ufffd\ufffd|\ufffd|\ufffd\ufffd\ufffd\ufffd")],
    ),
    Case("a character broken off by a line end", b"data:\xe4\xbd\ndata:\xa0\n\n", [message("\ufffd\n\ufffd")]),
    Case("NUL in data is data", b"data:a\x00b\n\n", [message("a\x00b")]),
]  # fmt: skip

# Bytes that mean something to the decoder come up often enough to meet each other.
fragments = st.sampled_from(
    [b"\r", b"\n", b"\r\n", b":", b" ", b"data", b"data:", b"id:", b"event:", b"retry:", b"\0", b"7", b"\xef\xbb\xbf",
     b"\xe4\xbd\xa0", b"\xe4\xbd", b"\xf0\x9f", b"\xff", "\u2028".encode()]
)  # fmt: skip
streams = st.lists(fragments | st.binary(max_size=3), max_size=40).map(b"".join)


def by_the_book(stream: bytes) -> tuple[list[tuple[str, str, str]], str]:
    """HTML §9.2.5 and §9.2.6 on a complete stream, decoded first and in the standard's own steps."""
    text = stream.decode("utf-8", errors="replace").removeprefix("\ufeff")
    events = []
    data, event_type, id_buffer, last_event_id = "", "", "", ""
    for line in re.split("\r\n|\r|\n", text)[:-1]:
        if line == "":
            last_event_id = id_buffer
            if data != "":
                events.append((event_type or "message", data[:-1], last_event_id))
            data, event_type = "", ""
            continue
        if line.startswith(":"):
            continue
        name, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        match name:
            case "data":
                data += value + "\n"
            case "event":
                event_type = value
            case "id" if "\0" not in value:
                id_buffer = value
    return events, last_event_id

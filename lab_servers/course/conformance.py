"""Streams that try a parser, each with the events that HTML §9.2.6 makes of it, and the rule that it is there for.

``break_parser.py`` reads each of them whole and cut at every byte. A stream is as plain as its rule allows, so that who
fails it has broken this rule, or one that the stream says it needs.
"""

from __future__ import annotations

from dataclasses import dataclass

from lab_servers.course.conformance_rules import CUT_CHARACTER, CUT_CRLF, CUT_LINE, CUT_MARK
from lab_servers.wire.sse.interpreter import BYTE_ORDER_MARK

# Type, data and last event ID, as an application gets them.
Dispatched = tuple[str, str, str]


@dataclass(frozen=True)
class Stream:
    """One stream.

    Attributes:
        rule: The id of its rule.
        data: Its bytes.
        events: What it dispatches.
        needs: Ids of the other rules that it cannot do without, the plainest first.
    """

    rule: str
    data: bytes
    events: tuple[Dispatched, ...]
    needs: tuple[str, ...] = ()

    def rule_of_cut(self, offset: int) -> str:
        """The id of the rule that a cut before this byte tries."""
        before, after = self.data[:offset], self.data[offset:]
        around = self.data[max(offset - len(BYTE_ORDER_MARK), 0) : offset + len(BYTE_ORDER_MARK)]
        if BYTE_ORDER_MARK in around:
            return CUT_MARK
        if before.endswith(b"\r") and after.startswith(b"\n"):
            return CUT_CRLF
        # 10xxxxxx: a byte inside a character.
        return CUT_CHARACTER if after[0] & 0xC0 == 0x80 else CUT_LINE

    @property
    def ends_of_blocks(self) -> tuple[int, ...]:
        """Where its blank lines end, if its lines end in LF."""
        return tuple(at for at in range(2, len(self.data) + 1) if self.data[at - 2 : at] == b"\n\n")


def _one(data: str, event_type: str = "message", last_event_id: str = "") -> Dispatched:
    return (event_type, data, last_event_id)


CORPUS: tuple[Stream, ...] = (
    Stream("blank-line", b"data: a\n\n", (_one("a"),)),
    Stream("blank-line", b"data: a\n\ndata: b\n\n", (_one("a"), _one("b"))),
    Stream("blank-line", b"", ()),
    Stream("in-time", b"data: a\n\ndata: b\n\n", (_one("a"), _one("b"))),
    Stream("data-lines", b"data: a\ndata: b\n\n", (_one("a\nb"),)),
    Stream("data-lines", b"data: YHOO\ndata: +2\ndata: 10\n\n", (_one("YHOO\n+2\n10"),)),
    Stream("event-type", b"event: add\ndata: a\n\n", (_one("a", "add"),)),
    Stream("event-type", b"data: a\nevent: add\n\n", (_one("a", "add"),)),
    Stream("event-type", b"event: add\ndata: a\n\ndata: b\n\n", (_one("a", "add"), _one("b"))),
    Stream("event-type", b"event: add\nevent: remove\ndata: a\n\n", (_one("a", "remove"),)),
    Stream("optional-space", b"data:a\n\n", (_one("a"),)),
    Stream("optional-space", b"event:add\ndata:a\n\n", (_one("a", "add"),), ("event-type",)),
    Stream("one-space", b"data:  a\n\n", (_one(" a"),)),
    Stream("one-space", b"data: a \n\n", (_one("a "),)),
    Stream("one-space", b"data:\ta\n\n", (_one("\ta"),)),
    Stream("first-colon", b"data: a: b:c\n\n", (_one("a: b:c"),)),
    Stream("first-colon", b'data: {"d": 1}\n\n', (_one('{"d": 1}'),)),
    Stream("first-colon", b"data: :\n\n", (_one(":"),)),
    Stream("name-alone", b"data\n\n", (_one(""),), ("empty-data",)),
    Stream("name-alone", b"data\ndata\n\n", (_one("\n"),), ("data-lines", "empty-data")),
    Stream("name-alone", b"event: add\nevent\ndata: a\n\n", (_one("a"),), ("event-type",)),
    Stream("comment", b": hello\ndata: a\n\n", (_one("a"),)),
    Stream("comment", b":\n\ndata: a\n\n", (_one("a"),)),
    Stream("comment", b": data: no\ndata: a\n:event: no\n\n", (_one("a"),)),
    Stream("empty-data", b"data:\n\n", (_one(""),), ("optional-space",)),
    Stream("empty-data", b"data: \n\n", (_one(""),)),
    Stream("empty-data", b"data: a\ndata: \n\n", (_one("a\n"),), ("data-lines",)),
    Stream("id", b"id: 7\ndata: a\n\n", (_one("a", last_event_id="7"),)),
    Stream("id", b"data: a\nid: 7\n\n", (_one("a", last_event_id="7"),)),
    Stream("id", b"id: 7\ndata: a\n\ndata: b\n\n", (_one("a", last_event_id="7"), _one("b", last_event_id="7"))),
    Stream("no-data", b"\n\ndata: a\n\n\n", (_one("a"),)),
    Stream("no-data", b"event: ping\n\ndata: a\n\n", (_one("a"),), ("event-type",)),
    Stream("no-data", b"id: 7\n\ndata: a\n\n", (_one("a", last_event_id="7"),), ("id",)),
    Stream("no-data", b"id: 7\ndata: a\n\n: ping\n\n", (_one("a", last_event_id="7"),), ("comment", "id")),
    Stream(
        "empty-id",
        b"id: 7\ndata: a\n\nid:\ndata: b\n\n",
        (_one("a", last_event_id="7"), _one("b")),
        ("optional-space", "id"),
    ),
    Stream(
        "empty-id",
        b"id: 7\ndata: a\n\nid\ndata: b\n\n",
        (_one("a", last_event_id="7"), _one("b")),
        ("name-alone", "id"),
    ),
    Stream("nul-in-id", b"id: 7\nid: 8\x009\ndata: a\n\n", (_one("a", last_event_id="7"),), ("id",)),
    Stream("nul-in-id", b"id: \x00\ndata: a\x00b\n\n", (_one("a\x00b"),)),
    Stream("retry", b"retry: 1500\n\ndata: a\n\n", (_one("a"),), ("no-data",)),
    Stream("retry", b"retry: soon\ndata: a\nretry: -1\n\n", (_one("a"),)),
    Stream("retry", b"retry: 99999999999999999999\ndata: a\n\n", (_one("a"),)),
    Stream("exact-name", b"foo: bar\nfoo\ndata: a\n\n", (_one("a"),)),
    Stream("exact-name", b"DATA: no\n data: no\ndata : no\ndatas: no\ndata: a\n\n", (_one("a"),)),
    Stream("crlf", b"data: a\r\n\r\n", (_one("a"),)),
    Stream("crlf", b"data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", (_one("a\nb"), _one("c")), ("data-lines",)),
    Stream("cr", b"data: a\r\r", (_one("a"),)),
    Stream("cr", b"data: a\rdata: b\r\rdata: c\r\r", (_one("a\nb"), _one("c")), ("data-lines",)),
    Stream("cr", b"data: a\n\rdata: b\r\n\n", (_one("a"), _one("b")), ("crlf",)),
    Stream("no-other-line-end", "data: a\u2028b\n\n".encode(), (_one("a\u2028b"),)),
    Stream("no-other-line-end", "data: a\u2029b\u0085c\n\n".encode(), (_one("a\u2029b\u0085c"),)),
    Stream("no-other-line-end", b"data: a\x0bb\x0cc\x1cd\x1ee\n\n", (_one("a\x0bb\x0cc\x1cd\x1ee"),)),
    Stream(CUT_CHARACTER, "data: é你😀\n\n".encode(), (_one("é你😀"),)),
    Stream("byte-order-mark", b"\xef\xbb\xbfdata: a\n\n", (_one("a"),)),
    Stream("byte-order-mark", b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n", (_one("b"),), ("exact-name",)),
    Stream("byte-order-mark", b"data: a\n\n\xef\xbb\xbfdata: b\n\n", (_one("a"),), ("exact-name",)),
    Stream("byte-order-mark", b"data: \xef\xbb\xbfa\n\n", (_one("\ufeffa"),)),
    Stream("broken-utf-8", b"data: \xff|\xe4\xbd|\xc0\x80\n\n", (_one("\ufffd|\ufffd|\ufffd\ufffd"),)),
    Stream("broken-utf-8", b"data: \xe4\xbd\ndata: \xa0\n\n", (_one("\ufffd\n\ufffd"),), ("data-lines",)),
    Stream("unfinished", b"data: a\n\ndata: b\n", (_one("a"),)),
    Stream("unfinished", b"data: a\n\ndata: b", (_one("a"),)),
    Stream("unfinished", b"data: a", ()),
)

"""Where a specification can be read: turns ``"RFC 9112 §7.1"`` into a link to that very section."""

from __future__ import annotations

import re

# The sections of the HTML standard have names instead of numbers in their addresses, and the numbers change.
_HTML_ANCHORS = {
    "9.2": "server-sent-events.html",
    "9.2.1": "server-sent-events.html#server-sent-events-intro",
    "9.2.2": "server-sent-events.html#the-eventsource-interface",
    "9.2.3": "server-sent-events.html#sse-processing-model",
    "9.2.4": "server-sent-events.html#the-last-event-id-header",
    "9.2.5": "server-sent-events.html#parsing-an-event-stream",
    "9.2.6": "server-sent-events.html#event-stream-interpretation",
    "9.2.7": "server-sent-events.html#authoring-notes",
}
_RFC = re.compile(r"RFC (\d+)(?: §([\d.]+))?")
_HTML = re.compile(r"HTML §([\d.]+)")
_RFC_ADDRESS = re.compile(r"https://www\.rfc-editor\.org/rfc/rfc(\d+)(?:#section-([\d.]+))?")
# Living standards, of which one section each is named here.
_LIVING = {
    "Fetch §5.6": "https://fetch.spec.whatwg.org/#fetch-method",
    "WebSockets §3": "https://websockets.spec.whatwg.org/#the-websocket-interface",
}
_ENCODING = "https://encoding.spec.whatwg.org/#utf-8-decoder"


def spec_url(spec: str) -> str:
    """The address of a section: ``"RFC 6455 §5.2"``, ``"HTML §9.2.6"`` or ``"Encoding §8.1.1"``; else empty."""
    if found := _RFC.match(spec):
        section = f"#section-{found[2]}" if found[2] else ""
        return f"https://www.rfc-editor.org/rfc/rfc{found[1]}{section}"
    if (found := _HTML.match(spec)) and found[1] in _HTML_ANCHORS:
        return f"https://html.spec.whatwg.org/multipage/{_HTML_ANCHORS[found[1]]}"
    return _ENCODING if spec.startswith("Encoding") else _LIVING.get(spec, "")


def spec_name(url: str) -> str:
    """The way back: ``"RFC 6455 §5.2"`` for the address of that section; empty for an address of none that is known."""
    if found := _RFC_ADDRESS.fullmatch(url):
        return f"RFC {found[1]} §{found[2]}" if found[2] else f"RFC {found[1]}"
    if url == _ENCODING:
        return "Encoding §8.1.1"
    known = [*(f"HTML §{number}" for number in _HTML_ANCHORS), *_LIVING]
    names = {spec_url(name): name for name in known}
    return names.get(url, "")

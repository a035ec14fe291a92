"""The rules of the opening handshake (RFC 6455 §4): what a request and a response must hold, and what they break.

``wire/conversation.py`` hands over the heads that ``http1/`` found, and ties each problem to its field's bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lab_servers.wire.model import Severity
from lab_servers.wire.websocket.inflate import Deflate
from lab_servers.wire.websocket.lists import elements, extensions_of, has_token, is_token
from lab_servers.wire.websocket.negotiation import DEFLATE, answer_faults, negotiated_deflate, parameter_faults

__all__ = ["GUID", "Deflate", "Problem", "accept_for", "negotiated_deflate", "request_problems", "response_problems"]

FieldLines = Sequence[tuple[str, str]]

# Every server appends this to the key, so that only what speaks WebSocket can answer (§1.3).
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_BYTES = 16
_EXAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
_WHITESPACE = " \t"
_VERSION = re.compile(r"HTTP/([0-9])\.([0-9])")
_HOST = re.compile(r"[^\s/?#@\\]+")

_HOST_FIELD, _UPGRADE, _CONNECTION, _ORIGIN = "Host", "Upgrade", "Connection", "Origin"
_KEY = "Sec-WebSocket-Key"
_VERSION_FIELD = "Sec-WebSocket-Version"
_ACCEPT = "Sec-WebSocket-Accept"
_PROTOCOL = "Sec-WebSocket-Protocol"
_EXTENSIONS = "Sec-WebSocket-Extensions"

_REFUSE = "The server must answer with an error such as 400 instead of 101."
_FAIL = "The client must fail the connection."


@dataclass(frozen=True)
class Problem:
    """What is wrong or remarkable about a head of the handshake.

    Attributes:
        severity: How much it matters.
        text: What is there, which rule that breaks, and what the other side must do.
        spec: The rule.
        field: The name of the field that it is about; empty for the head as a whole.
    """

    severity: Severity
    text: str
    spec: str
    field: str


def accept_for(key: str) -> str:
    """The ``Sec-WebSocket-Accept`` that belongs to a key: base64(SHA-1(key + GUID)), RFC 6455 §4.2.2."""
    digest = hashlib.sha1((key.strip(_WHITESPACE) + GUID).encode("utf-8", "surrogateescape"))
    return base64.b64encode(digest.digest()).decode("ascii")


def _forbidden(text: str, spec: str, field: str = "") -> Problem:
    return Problem(Severity.FORBIDDEN, text, spec, field)


def _info(text: str, spec: str, field: str = "") -> Problem:
    return Problem(Severity.INFO, text, spec, field)


def _values(field_lines: FieldLines, name: str) -> list[str]:
    return [value for found, value in field_lines if found.strip(" \t").lower() == name.lower()]


def request_problems(method: str, version: str, field_lines: FieldLines) -> list[Problem]:
    """What is wrong or remarkable about the request that opens a WebSocket (RFC 6455 §4.1, §4.2.1).

    Args:
        method: As on the request line.
        version: As on the request line, such as ``"HTTP/1.1"``.
        field_lines: Names and values, in order.
    """
    return [
        *_request_line(method, version),
        *_host(_values(field_lines, _HOST_FIELD)),
        *_request_upgrade(field_lines),
        *_key(_values(field_lines, _KEY)),
        *_version(_values(field_lines, _VERSION_FIELD)),
        *_origin(_values(field_lines, _ORIGIN)),
        *_offered_protocols(_values(field_lines, _PROTOCOL)),
        *_offered_extensions(_values(field_lines, _EXTENSIONS)),
    ]


def _request_line(method: str, version: str) -> Iterator[Problem]:
    if method != "GET":
        yield _forbidden(f"A WebSocket opens with GET, not with {method}. {_REFUSE}", "RFC 6455 §4.1")
    found = _VERSION.fullmatch(version)
    if not found or (int(found[1]), int(found[2])) < (1, 1):
        yield _forbidden(f"A WebSocket needs HTTP/1.1 or later, not {version}. {_REFUSE}", "RFC 6455 §4.1")


def _host(values: list[str]) -> Iterator[Problem]:
    if not values:
        yield _forbidden(f"The request has no Host. {_REFUSE}", "RFC 6455 §4.2.1")
    elif len(values) > 1:
        yield _forbidden(f"The request has {len(values)} lines of Host. {_REFUSE}", "RFC 9112 §3.2", _HOST_FIELD)
    elif not _HOST.fullmatch(values[0].strip(_WHITESPACE)):
        text = f'"{values[0]}" names no host: it must be a name or an address, and perhaps a port. {_REFUSE}'
        yield _forbidden(text, "RFC 6455 §4.1", _HOST_FIELD)


def _request_upgrade(field_lines: FieldLines) -> Iterator[Problem]:
    for name, token in ((_UPGRADE, "websocket"), (_CONNECTION, "upgrade")):
        values = _values(field_lines, name)
        shown = token.capitalize() if name == _CONNECTION else token
        if not values:
            yield _forbidden(f"The request has no {name}, which must hold {shown}. {_REFUSE}", "RFC 6455 §4.2.1")
        elif not has_token(values, token):
            text = f'{name} must hold {shown} (in any case), and is "{", ".join(values)}". {_REFUSE}'
            yield _forbidden(text, "RFC 6455 §4.2.1", name)


def _key(values: list[str]) -> Iterator[Problem]:
    if not values:
        yield _forbidden(f"The request has no Sec-WebSocket-Key. {_REFUSE}", "RFC 6455 §4.2.1")
        return
    if len(values) > 1:
        text = f"Sec-WebSocket-Key must stand there once, and does {len(values)} times. {_REFUSE}"
        yield _forbidden(text, "RFC 6455 §11.3.1", _KEY)
    key = values[0].strip(_WHITESPACE)
    try:
        size = len(base64.b64decode(key.encode("ascii"), validate=True))
    except (binascii.Error, ValueError):
        text = f'"{key}" is not base64; the key must be 16 bytes in base64. {_REFUSE}'
        yield _forbidden(text, "RFC 6455 §4.2.1", _KEY)
        return
    if size != _KEY_BYTES:
        text = f"The key must be 16 bytes in base64, and is {size}. {_REFUSE}"
        yield _forbidden(text, "RFC 6455 §4.2.1", _KEY)
    elif key == _EXAMPLE_KEY:
        text = 'This key is the example of RFC 6455 ("the sample nonce"): a client must choose a new one at random.'
        yield Problem(Severity.ODD, text, "RFC 6455 §4.1", _KEY)


def _version(values: list[str]) -> Iterator[Problem]:
    if not values:
        yield _forbidden(f"The request has no Sec-WebSocket-Version, which must be 13. {_REFUSE}", "RFC 6455 §4.2.1")
        return
    if len(values) > 1:
        text = f"Sec-WebSocket-Version must stand there once, and does {len(values)} times. {_REFUSE}"
        yield _forbidden(text, "RFC 6455 §11.3.5", _VERSION_FIELD)
    if values[0].strip(_WHITESPACE) != "13":
        text = (
            f'The version must be 13, and is "{values[0]}". The server must not go on: it answers 426 with the '
            "Sec-WebSocket-Version that it speaks."
        )
        yield _forbidden(text, "RFC 6455 §4.2.2", _VERSION_FIELD)


def _origin(values: list[str]) -> Iterator[Problem]:
    if values:
        text = (
            f"The page that opened this comes from {values[0]}. Browsers always say so, and a script cannot change it: "
            "a server should check it, since the same-origin policy does not hold for WebSocket."
        )
        yield _info(text, "RFC 6455 §10.2", _ORIGIN)
    else:
        text = "No Origin: this client is not a browser, and a check of Origin tells the server nothing about it."
        yield _info(text, "RFC 6455 §4.2.1")


def _offered_protocols(values: list[str]) -> Iterator[Problem]:
    protocols = list(elements(values))
    if values and not protocols:
        yield _forbidden(f"Sec-WebSocket-Protocol names no subprotocol. {_REFUSE}", "RFC 6455 §4.1", _PROTOCOL)
    for protocol in protocols:
        if not is_token(protocol):
            text = f'The subprotocol "{protocol}" is not a token. {_REFUSE}'
            yield _forbidden(text, "RFC 6455 §4.1", _PROTOCOL)
    for protocol in sorted(protocol for protocol, count in Counter(protocols).items() if count > 1):
        text = f'The subprotocol "{protocol}" is offered more than once. {_REFUSE}'
        yield _forbidden(text, "RFC 6455 §4.1", _PROTOCOL)


def _offered_extensions(values: list[str]) -> Iterator[Problem]:
    extensions = extensions_of(values)
    if values and not extensions:
        yield _forbidden(f"Sec-WebSocket-Extensions names no extension. {_REFUSE}", "RFC 6455 §9.1", _EXTENSIONS)
    for extension in extensions:
        if extension.is_broken:
            text = f'"{extension.source}" does not follow the grammar of extensions. {_REFUSE}'
            yield _forbidden(text, "RFC 6455 §9.1", _EXTENSIONS)
        elif extension.name == DEFLATE:
            for fault in parameter_faults(extension, is_offer=True):
                yield _forbidden(f"{fault.text} The server must decline this offer.", fault.spec, _EXTENSIONS)


def response_problems(status: int, field_lines: FieldLines, request_field_lines: FieldLines) -> list[Problem]:
    """What is wrong or remarkable about the response to such a request (RFC 6455 §4.1, §4.2.2).

    Args:
        status: Its status code.
        field_lines: Its names and values, in order.
        request_field_lines: Those of the request.
    """
    if status != 101:
        text = f"The answer is {status} and not 101, so that no WebSocket opens; the connection goes on with HTTP."
        return [_info(text, "RFC 6455 §4.1")]
    return [
        *_response_upgrade(field_lines),
        *_accept(_values(field_lines, _ACCEPT), _values(request_field_lines, _KEY)),
        *_chosen_protocol(_values(field_lines, _PROTOCOL), _values(request_field_lines, _PROTOCOL)),
        *_chosen_extensions(_values(field_lines, _EXTENSIONS), _values(request_field_lines, _EXTENSIONS)),
    ]


def _response_upgrade(field_lines: FieldLines) -> Iterator[Problem]:
    upgrade = _values(field_lines, _UPGRADE)
    if not upgrade:
        yield _forbidden(f"The response has no Upgrade, which must be websocket. {_FAIL}", "RFC 6455 §4.1")
    elif [value.strip(_WHITESPACE).lower() for value in upgrade] != ["websocket"]:
        text = f'Upgrade must be websocket (in any case), and is "{", ".join(upgrade)}". {_FAIL}'
        yield _forbidden(text, "RFC 6455 §4.1", _UPGRADE)
    connection = _values(field_lines, _CONNECTION)
    if not connection:
        yield _forbidden(f"The response has no Connection, which must hold Upgrade. {_FAIL}", "RFC 6455 §4.1")
    elif not has_token(connection, "upgrade"):
        text = f'Connection must hold Upgrade (in any case), and is "{", ".join(connection)}". {_FAIL}'
        yield _forbidden(text, "RFC 6455 §4.1", _CONNECTION)


def _accept(values: list[str], keys: list[str]) -> Iterator[Problem]:
    if not values:
        yield _forbidden(f"The response has no Sec-WebSocket-Accept. {_FAIL}", "RFC 6455 §4.1")
        return
    if len(values) > 1:
        text = f"Sec-WebSocket-Accept must stand there once, and does {len(values)} times. {_FAIL}"
        yield _forbidden(text, "RFC 6455 §11.3.3", _ACCEPT)
    if not keys:
        text = "The request had no Sec-WebSocket-Key, so that this value proves nothing."
        yield _info(text, "RFC 6455 §4.2.2", _ACCEPT)
        return
    right = accept_for(keys[0])
    found = values[0].strip(_WHITESPACE)
    if found != right:
        text = f'The value that belongs to the key of the request is "{right}", and here is "{found}". {_FAIL}'
        yield _forbidden(text, "RFC 6455 §4.1", _ACCEPT)
        return
    if found != values[0]:
        text = "White space around the value: the client must ignore it, and some compare without doing so."
        yield Problem(Severity.ODD, text, "RFC 6455 §4.1", _ACCEPT)
    text = (
        f"Right: it is base64(SHA-1(key + {GUID})) for the key {keys[0].strip(_WHITESPACE)}. "
        "It proves that the server speaks WebSocket; it is no secret and no protection."
    )
    yield _info(text, "RFC 6455 §4.2.2", _ACCEPT)


def _chosen_protocol(values: list[str], offered: list[str]) -> Iterator[Problem]:
    offers = list(elements(offered))
    if len(values) > 1:
        text = f"Sec-WebSocket-Protocol must stand in a response once, and does {len(values)} times. {_FAIL}"
        yield _forbidden(text, "RFC 6455 §11.3.4", _PROTOCOL)
    if values:
        chosen = values[0].strip(_WHITESPACE)
        if chosen in offers:
            text = f"The server chose the subprotocol {chosen}: both sides know now what the messages mean."
            yield _info(text, "RFC 6455 §1.9", _PROTOCOL)
        else:
            text = f'The client did not offer the subprotocol "{chosen}" (names match with their case). {_FAIL}'
            yield _forbidden(text, "RFC 6455 §4.1", _PROTOCOL)
    elif offers:
        text = f"The server chose none of the offered subprotocols ({', '.join(offers)}): the connection has none."
        yield _info(text, "RFC 6455 §4.2.2")


def _chosen_extensions(values: list[str], offered: list[str]) -> Iterator[Problem]:
    extensions, offers = extensions_of(values), extensions_of(offered)
    offered_names = {offer.name for offer in offers}
    seen = set()
    for extension in extensions:
        name = extension.name
        if extension.is_broken:
            text = f'"{extension.source}" does not follow the grammar of extensions. {_FAIL}'
            yield _forbidden(text, "RFC 6455 §9.1", _EXTENSIONS)
        elif name not in offered_names:
            text = f"The client did not offer the extension {name}. {_FAIL}"
            yield _forbidden(text, "RFC 6455 §4.1", _EXTENSIONS)
        elif name in seen:
            text = f"{name} is accepted a second time. {_FAIL}"
            yield _forbidden(text, "RFC 6455 §4.1", _EXTENSIONS)
        elif name == DEFLATE:
            same = [offer for offer in offers if offer.name == DEFLATE]
            for fault in parameter_faults(extension, is_offer=False) or answer_faults(extension, same):
                yield _forbidden(f"{fault.text} {_FAIL}", fault.spec, _EXTENSIONS)
        seen.add(name)
    client, server = negotiated_deflate(values, offered)
    if client and server:
        text = f"Messages may be compressed. {_direction('client', client)} {_direction('server', server)}"
        yield _info(text, "RFC 7692 §7.1", _EXTENSIONS)


def _direction(side: str, deflate: Deflate) -> str:
    how = "each message on its own" if deflate.no_context_takeover else "each with the window of those before"
    return f"The {side} compresses {how}, with a window of {1 << deflate.window_bits} bytes."

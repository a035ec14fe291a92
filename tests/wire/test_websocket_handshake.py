"""The rules of the WebSocket handshake: a right one, and one test case for each way to break it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.headers import parse_extension
from websockets.utils import accept_key

from lab_servers.wire.model import Severity
from lab_servers.wire.websocket.handshake import (
    Deflate,
    Problem,
    accept_for,
    negotiated_deflate,
    request_problems,
    response_problems,
)
from lab_servers.wire.websocket.lists import elements, extensions_of

FORBIDDEN, ODD, INFO = Severity.FORBIDDEN, Severity.ODD, Severity.INFO

KEY = "AQIDBAUGBwgJCgsMDQ4PEA=="
ACCEPT = accept_for(KEY)
REQUEST = {
    "Host": "server.example.com",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Origin": "http://example.com",
    "Sec-WebSocket-Version": "13",
}
RESPONSE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": ACCEPT}

Told = list[tuple[Severity, str, str]]


def told(problems: list[Problem], *severities: Severity) -> Told:
    """Severity, rule and field of the problems, by default of those that are more than worth knowing."""
    wanted = severities or (FORBIDDEN, ODD)
    return [(problem.severity, problem.spec, problem.field) for problem in problems if problem.severity in wanted]


def request(*more: tuple[str, str], without: str = "", **changed: str) -> list[tuple[str, str]]:
    fields = REQUEST | {name.replace("_", "-"): value for name, value in changed.items()}
    return [(name, value) for name, value in fields.items() if name != without] + list(more)


def response(*more: tuple[str, str], without: str = "", **changed: str) -> list[tuple[str, str]]:
    fields = RESPONSE | {name.replace("_", "-"): value for name, value in changed.items()}
    return [(name, value) for name, value in fields.items() if name != without] + list(more)


def test_the_example_of_the_specification() -> None:
    assert accept_for("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@given(st.text(max_size=30))
def test_websockets_computes_the_same_accept(key: str) -> None:
    assert accept_for(key) == accept_key(key.strip(" \t"))


def test_a_right_handshake_has_only_what_is_worth_knowing() -> None:
    assert told(request_problems("GET", "HTTP/1.1", request()), *Severity) == [(INFO, "RFC 6455 §10.2", "Origin")]
    [problem] = response_problems(101, response(), request())
    assert (problem.severity, problem.field) == (INFO, "Sec-WebSocket-Accept")
    assert KEY in problem.text


def test_tokens_match_in_any_case_and_in_a_list() -> None:
    fields = request(Upgrade="h2c, WebSocket", Connection="keep-alive , UPGRADE")
    assert told(request_problems("GET", "HTTP/1.1", fields)) == []
    assert (
        told(response_problems(101, response(Upgrade="WebSocket", Connection="keep-alive, upgrade"), request())) == []
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (request(without="Host"), (FORBIDDEN, "RFC 6455 §4.2.1", "")),
        (request(("host", "b")), (FORBIDDEN, "RFC 9112 §3.2", "Host")),
        (request(Host=""), (FORBIDDEN, "RFC 6455 §4.1", "Host")),
        (request(Host="a/b"), (FORBIDDEN, "RFC 6455 §4.1", "Host")),
        (request(without="Upgrade"), (FORBIDDEN, "RFC 6455 §4.2.1", "")),
        (request(Upgrade="websockets"), (FORBIDDEN, "RFC 6455 §4.2.1", "Upgrade")),
        (request(without="Connection"), (FORBIDDEN, "RFC 6455 §4.2.1", "")),
        (request(Connection="keep-alive"), (FORBIDDEN, "RFC 6455 §4.2.1", "Connection")),
        (request(without="Sec-WebSocket-Key"), (FORBIDDEN, "RFC 6455 §4.2.1", "")),
        (request(("sec-websocket-key", KEY)), (FORBIDDEN, "RFC 6455 §11.3.1", "Sec-WebSocket-Key")),
        (request(Sec_WebSocket_Key="not base64!"), (FORBIDDEN, "RFC 6455 §4.2.1", "Sec-WebSocket-Key")),
        (request(Sec_WebSocket_Key="ключ"), (FORBIDDEN, "RFC 6455 §4.2.1", "Sec-WebSocket-Key")),
        (request(Sec_WebSocket_Key="AQID"), (FORBIDDEN, "RFC 6455 §4.2.1", "Sec-WebSocket-Key")),
        (request(Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ=="), (ODD, "RFC 6455 §4.1", "Sec-WebSocket-Key")),
        (request(without="Sec-WebSocket-Version"), (FORBIDDEN, "RFC 6455 §4.2.1", "")),
        (request(Sec_WebSocket_Version="8"), (FORBIDDEN, "RFC 6455 §4.2.2", "Sec-WebSocket-Version")),
        (request(("Sec-WebSocket-Version", "13")), (FORBIDDEN, "RFC 6455 §11.3.5", "Sec-WebSocket-Version")),
        (request(("Sec-WebSocket-Protocol", "a, b c")), (FORBIDDEN, "RFC 6455 §4.1", "Sec-WebSocket-Protocol")),
        (request(("Sec-WebSocket-Protocol", "a, b, a")), (FORBIDDEN, "RFC 6455 §4.1", "Sec-WebSocket-Protocol")),
        (request(("Sec-WebSocket-Protocol", "")), (FORBIDDEN, "RFC 6455 §4.1", "Sec-WebSocket-Protocol")),
        (request(("Sec-WebSocket-Extensions", "a; b=c d")), (FORBIDDEN, "RFC 6455 §9.1", "Sec-WebSocket-Extensions")),
        (
            request(("Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=7")),
            (FORBIDDEN, "RFC 7692 §7.1.2.1", "Sec-WebSocket-Extensions"),
        ),
    ],
)
def test_a_request_breaks_a_rule(fields: list[tuple[str, str]], expected: tuple[Severity, str, str]) -> None:
    assert told(request_problems("GET", "HTTP/1.1", fields)) == [expected]


@pytest.mark.parametrize(("method", "version"), [("POST", "HTTP/1.1"), ("get", "HTTP/1.1"), ("GET", "HTTP/1.0")])
def test_a_request_needs_get_and_http_1_1(method: str, version: str) -> None:
    assert told(request_problems(method, version, request())) == [(FORBIDDEN, "RFC 6455 §4.1", "")]


def test_a_client_without_origin_is_no_browser() -> None:
    [problem] = request_problems("GET", "HTTP/1.1", request(without="Origin"))
    assert (problem.severity, problem.field) == (INFO, "")


DEFLATE = ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")
PROTOCOLS = ("Sec-WebSocket-Protocol", "chat, superchat")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (response(without="Upgrade"), (FORBIDDEN, "RFC 6455 §4.1", "")),
        (response(Upgrade="h2c"), (FORBIDDEN, "RFC 6455 §4.1", "Upgrade")),
        (response(without="Connection"), (FORBIDDEN, "RFC 6455 §4.1", "")),
        (response(Connection="close"), (FORBIDDEN, "RFC 6455 §4.1", "Connection")),
        (response(without="Sec-WebSocket-Accept"), (FORBIDDEN, "RFC 6455 §4.1", "")),
        (response(Sec_WebSocket_Accept=ACCEPT.lower()), (FORBIDDEN, "RFC 6455 §4.1", "Sec-WebSocket-Accept")),
        (response(Sec_WebSocket_Accept=f" {ACCEPT} "), (ODD, "RFC 6455 §4.1", "Sec-WebSocket-Accept")),
        (
            response(("sec-websocket-accept", ACCEPT)),
            (FORBIDDEN, "RFC 6455 §11.3.3", "Sec-WebSocket-Accept"),
        ),
        (response(("Sec-WebSocket-Protocol", "Chat")), (FORBIDDEN, "RFC 6455 §4.1", "Sec-WebSocket-Protocol")),
        (response(("Sec-WebSocket-Protocol", "chat, superchat")), (FORBIDDEN, "RFC 6455 §4.1", PROTOCOLS[0])),
        (response(("Sec-WebSocket-Extensions", "x-other")), (FORBIDDEN, "RFC 6455 §4.1", DEFLATE[0])),
        (response(("Sec-WebSocket-Extensions", "a b")), (FORBIDDEN, "RFC 6455 §9.1", DEFLATE[0])),
        (response(DEFLATE), (FORBIDDEN, "RFC 7692 §7.1.2.2", DEFLATE[0])),
    ],
)
def test_a_response_breaks_a_rule(fields: list[tuple[str, str]], expected: tuple[Severity, str, str]) -> None:
    assert told(response_problems(101, fields, request(DEFLATE, PROTOCOLS))) == [expected]


def test_the_right_accept_is_told() -> None:
    [problem] = response_problems(101, response(Sec_WebSocket_Accept="wrong"), request())
    assert ACCEPT in problem.text
    assert "fail the connection" in problem.text


def test_a_chosen_subprotocol_and_extension_are_worth_knowing() -> None:
    fields = response(("Sec-WebSocket-Protocol", "superchat"), ("Sec-WebSocket-Extensions", "permessage-deflate"))
    assert told(response_problems(101, fields, request(DEFLATE, PROTOCOLS)), *Severity) == [
        (INFO, "RFC 6455 §4.2.2", "Sec-WebSocket-Accept"),
        (INFO, "RFC 6455 §1.9", "Sec-WebSocket-Protocol"),
        (INFO, "RFC 7692 §7.1", "Sec-WebSocket-Extensions"),
    ]


def test_an_answer_other_than_101_opens_nothing() -> None:
    assert told(response_problems(403, [], request()), *Severity) == [(INFO, "RFC 6455 §4.1", "")]


@pytest.mark.parametrize(
    ("answer", "offer", "spec"),
    [
        ("permessage-deflate; unknown", "permessage-deflate", "RFC 7692 §7.1"),
        ("permessage-deflate; server_no_context_takeover=1", "permessage-deflate", "RFC 7692 §7.1.1.1"),
        ("permessage-deflate; client_no_context_takeover=1", "permessage-deflate", "RFC 7692 §7.1.1.2"),
        ("permessage-deflate; server_max_window_bits", "permessage-deflate", "RFC 7692 §7.1.2.1"),
        ("permessage-deflate; server_max_window_bits=08", "permessage-deflate", "RFC 7692 §7.1.2.1"),
        ("permessage-deflate; server_max_window_bits=16", "permessage-deflate", "RFC 7692 §7.1.2.1"),
        (
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; client_max_window_bits",
            "RFC 7692 §7.1.2.2",
        ),
        ("permessage-deflate; client_max_window_bits=10", "permessage-deflate", "RFC 7692 §7.1.2.2"),
        (
            "permessage-deflate; client_max_window_bits=11",
            "permessage-deflate; client_max_window_bits=10",
            "RFC 7692 §7.1.2.2",
        ),
        ("permessage-deflate", "permessage-deflate; server_no_context_takeover", "RFC 7692 §7.1.1.1"),
        ("permessage-deflate", "permessage-deflate; server_max_window_bits=10", "RFC 7692 §7.1.2.1"),
        (
            "permessage-deflate; server_max_window_bits=11",
            "permessage-deflate; server_max_window_bits=10",
            "RFC 7692 §7.1.2.1",
        ),
        (
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate",
            "RFC 7692 §7.1",
        ),
        ("permessage-deflate", "permessage-deflate; unknown", "RFC 7692 §5.1"),
    ],
)
def test_an_answer_with_which_a_client_must_fail(answer: str, offer: str, spec: str) -> None:
    fields = response(("Sec-WebSocket-Extensions", answer))
    problems = response_problems(101, fields, request(("Sec-WebSocket-Extensions", offer)))
    assert told(problems) == [(FORBIDDEN, spec, "Sec-WebSocket-Extensions")]
    assert negotiated_deflate([answer], [offer]) == (None, None)


@pytest.mark.parametrize(
    ("answer", "offer", "client", "server"),
    [
        ("permessage-deflate", "permessage-deflate", Deflate(False, 15), Deflate(False, 15)),
        (
            "permessage-deflate; server_max_window_bits=12; client_max_window_bits=12",
            "permessage-deflate; client_max_window_bits",
            Deflate(False, 12),
            Deflate(False, 12),
        ),
        (
            'permessage-deflate; client_no_context_takeover; server_max_window_bits="8"',
            "x; y, permessage-deflate; unknown, permessage-deflate; server_max_window_bits=9",
            Deflate(True, 15),
            Deflate(False, 8),
        ),
        ("permessage-deflate;server_no_context_takeover", "permessage-deflate", Deflate(False, 15), Deflate(True, 15)),
    ],
)
def test_an_answer_that_fits_an_offer(answer: str, offer: str, client: Deflate, server: Deflate) -> None:
    assert negotiated_deflate([answer], [offer]) == (client, server)


def test_without_an_answer_nothing_is_compressed() -> None:
    assert negotiated_deflate([], ["permessage-deflate"]) == (None, None)
    assert negotiated_deflate(["permessage-deflate"], []) == (None, None)


def test_commas_and_semicolons_in_quotes_separate_nothing() -> None:
    assert list(elements(['a; b="c, d", e', " , f"])) == ['a; b="c, d"', "e", "f"]
    [extension] = extensions_of([r'a; b="c\"; d"; e'])
    assert extension.parameters == (("b", 'c"; d'), ("e", None))


NAMES = st.sampled_from(["permessage-deflate", "x", "y.z"])
PARAMETERS = st.sampled_from(["a", "b=1", 'c="2"', "client_max_window_bits", " d = e "])


@given(st.lists(st.tuples(NAMES, st.lists(PARAMETERS, max_size=3)), min_size=1, max_size=4))
def test_websockets_reads_the_same_list(offers: list[tuple[str, list[str]]]) -> None:
    value = " , ".join("; ".join([name, *parameters]) for name, parameters in offers)
    ours = [(extension.name, list(extension.parameters)) for extension in extensions_of([value])]
    assert ours == parse_extension(value)


@given(st.lists(st.tuples(st.sampled_from([*REQUEST, DEFLATE[0], PROTOCOLS[0]]), st.text(max_size=30))), st.text())
def test_any_text_at_all_gives_problems_and_no_exception(fields: list[tuple[str, str]], word: str) -> None:
    problems = [*request_problems(word, word, fields), *response_problems(101, fields, fields)]
    assert all(problem.text and problem.spec for problem in problems)
    negotiated_deflate([word], [word])

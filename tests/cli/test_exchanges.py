"""Connections as lines of text: what each kind of exchange, and each kind of ending, is called."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from lab_servers.capture.capture import Capture, Side, Transition, TransitionKind
from lab_servers.cli.exchanges import Exchanges

CLIENT, SERVER = Side.CLIENT, Side.SERVER
MS = 1_000_000

# One read: its time in milliseconds, its sender, its bytes.
Read = tuple[int, Side, bytes]
# One transition: its time in milliseconds, its kind, who caused it.
Change = tuple[int, TransitionKind, Side | None]

GET = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
UPGRADE = b"GET /ws HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

CLIENT_LEAVES = [(90, TransitionKind.HALF_CLOSED, CLIENT), (90, TransitionKind.HALF_CLOSED, SERVER)]


def lines_of(reads: Sequence[Read], changes: Sequence[Change] | None = None) -> list[str]:
    """The lines of a connection whose last transition comes at 100 ms."""
    exchanges = Exchanges()
    lines = [line for at, side, data in reads for line in exchanges.passed(side, data, at * MS)]
    return lines + exchanges.closed(closed(CLIENT_LEAVES if changes is None else changes))


def closed(changes: Sequence[Change]) -> Capture:
    transitions = [
        Transition(0, TransitionKind.OPENED, CLIENT),
        *(Transition(at * MS, kind, by) for at, kind, by in changes),
        Transition(100 * MS, TransitionKind.CLOSED, None),
    ]
    return Capture("http", 1, ("127.0.0.1", 50000), ("127.0.0.1", 80), (), tuple(transitions), {})


def test_an_exchange_is_one_line_when_its_last_byte_has_passed() -> None:
    assert lines_of([(1, CLIENT, GET), (3, SERVER, OK)]) == ["GET /a → 200 OK  4 bytes of body, 2.0 ms"]


def test_the_time_of_an_exchange_runs_from_its_first_byte_to_its_last() -> None:
    reads = [(1, CLIENT, GET[:5]), (5, CLIENT, GET[5:]), (8, SERVER, OK[:-1]), (11, SERVER, OK[-1:])]
    assert lines_of(reads) == ["GET /a → 200 OK  4 bytes of body, 10.0 ms"]


def test_each_request_of_a_kept_connection_has_its_own_time() -> None:
    reads = [(1, CLIENT, GET), (2, SERVER, OK), (20, CLIENT, GET.replace(b"/a", b"/b")), (25, SERVER, OK)]
    assert lines_of(reads) == ["GET /a → 200 OK  4 bytes of body, 1.0 ms", "GET /b → 200 OK  4 bytes of body, 5.0 ms"]


def test_pipelined_requests_are_answered_in_their_order() -> None:
    reads = [(1, CLIENT, GET + GET.replace(b"/a", b"/b")), (2, SERVER, OK + OK.replace(b"200 OK", b"404 Not Found"))]
    assert lines_of(reads) == [
        "GET /a → 200 OK  4 bytes of body, 1.0 ms",
        "GET /b → 404 Not Found  4 bytes of body, 1.0 ms",
    ]


def test_an_interim_answer_is_no_answer() -> None:
    post = b"POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    reads = [(1, CLIENT, post), (2, SERVER, b"HTTP/1.1 100 Continue\r\n\r\n"), (3, CLIENT, b"hi"), (5, SERVER, OK)]
    assert lines_of(reads) == ["POST /a → 200 OK  4 bytes of body, 4.0 ms"]


def test_an_event_stream_has_a_line_when_it_opens_and_one_when_it_ends() -> None:
    reads = [(1, CLIENT, GET), (2, SERVER, EVENTS), (50, SERVER, b"7\r\ndata:\n\n\r\n"), (61, SERVER, b"0\r\n\r\n")]
    assert lines_of(reads) == ["GET /a → 200 OK  open, 1.0 ms", "GET /a  ended after 60.0 ms, 7 bytes of body"]


def test_an_event_stream_that_its_reader_leaves_says_so() -> None:
    reads = [(1, CLIENT, GET), (2, SERVER, EVENTS), (50, SERVER, b"7\r\ndata:\n\n\r\n")]
    assert lines_of(reads)[-1] == "GET /a  ended after 99.0 ms, 7 bytes of body, closed by the client"


def test_a_websocket_has_a_line_at_the_101_and_one_with_the_bytes_of_both_directions() -> None:
    reads = [(1, CLIENT, UPGRADE), (2, SERVER, SWITCHING + b"\x81\x01a"), (3, CLIENT, b"\x81\x80abcd")]
    assert lines_of(reads) == [
        "GET /ws → 101 Switching Protocols  open, 1.0 ms",
        "GET /ws  ended after 99.0 ms, 6 bytes from the client, 3 bytes from the server, closed by the client",
    ]


def test_a_response_without_a_length_is_complete_with_the_servers_fin() -> None:
    reads = [(1, CLIENT, GET), (2, SERVER, b"HTTP/1.1 200 OK\r\n\r\nbody")]
    changes = [(11, TransitionKind.HALF_CLOSED, SERVER), (40, TransitionKind.HALF_CLOSED, CLIENT)]
    assert lines_of(reads, changes) == ["GET /a → 200 OK  4 bytes of body, 10.0 ms"]


def test_a_reset_is_named_with_whoever_sent_it() -> None:
    by_client = [(99, TransitionKind.RESET, CLIENT)]
    by_server = [(98, TransitionKind.HALF_CLOSED, CLIENT), (99, TransitionKind.RESET, SERVER)]
    request, half = (1, CLIENT, GET), (2, SERVER, OK[:-2])
    assert lines_of([request], by_client) == ["GET /a  no answer after 99.0 ms, reset by the client"]
    assert lines_of([request, half], by_server) == [
        "GET /a → 200 OK  broken off after 2 bytes of body, 99.0 ms, reset by the server"
    ]
    assert lines_of([request, (2, SERVER, OK)], by_client)[1:] == ["connection reset by the client"]


def test_a_server_out_of_reach_and_a_stopped_lab_are_named() -> None:
    refused: list[Change] = [(2, TransitionKind.REFUSED, None)]
    stopped: list[Change] = [(99, TransitionKind.ABANDONED, None)]
    assert lines_of([], refused) == ["connection given up: the server could not be reached"]
    assert lines_of([(1, CLIENT, GET)], stopped) == ["GET /a  no answer after 99.0 ms, ended by the lab's stop"]


def test_bytes_that_are_no_http_are_counted() -> None:
    reads = [(1, CLIENT, b"EHLO me\r\n"), (2, SERVER, b"what?")]
    assert lines_of(reads) == [
        "no HTTP/1.1 request in 9 bytes from the client, 5 bytes from the server, closed by the client"
    ]


def test_a_connection_on_which_nothing_passed_is_no_exchange() -> None:
    assert lines_of([]) == []


def test_a_path_in_utf_8_is_shown_as_meant_and_a_hostile_one_without_effect() -> None:
    def shown(target: bytes) -> str:
        (line,) = lines_of([(1, CLIENT, GET.replace(b"/a", target)), (2, SERVER, OK)])
        return line.partition(" → ")[0]

    assert shown("/你".encode()) == "GET /你"
    assert shown(b"/\x1b[2J\xff") == r"GET /\x1b[2Jÿ"  # no UTF-8, so each byte is a character of ISO-8859-1
    assert shown(b"/" + b"a" * 59_999) == "GET /" + "a" * 79 + "… (60,000 characters)"


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.sampled_from(Side), st.sampled_from([GET, OK, EVENTS, UPGRADE, SWITCHING, b"\n", b"0\r\n"]))),
    st.binary(max_size=40),
    st.integers(min_value=0),
    st.lists(st.tuples(st.sampled_from(TransitionKind), st.sampled_from([None, *Side])), max_size=4),
)
def test_whatever_passes_in_whatever_order_every_line_is_printable(
    reads: list[tuple[Side, bytes]], noise: bytes, where: int, changes: list[tuple[TransitionKind, Side | None]]
) -> None:
    """The observers run inside the relay: an exception there would break somebody's connection."""
    reads.insert(where % (len(reads) + 1), (CLIENT if where % 2 else SERVER, noise))
    timed = [(number, side, data) for number, (side, data) in enumerate(reads)]
    lines = lines_of(timed, [(90, kind, by) for kind, by in changes])
    assert all(line.isprintable() for line in lines)

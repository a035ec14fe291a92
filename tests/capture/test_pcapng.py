"""A saved recording, read back by Wireshark's own command line and by a second reader of pcapng."""

from __future__ import annotations

import io
import random
import struct
import tracemalloc
from pathlib import Path

import pcapng
import pytest

from lab_servers.capture.capture import Capture, Chunk, Side, Transition, TransitionKind
from lab_servers.capture.packets import MAX_PAYLOAD_BYTES, internet_checksum
from lab_servers.capture.pcapng import write_pcapng
from lab_servers.errors import BadParameter
from lab_servers.marks import Mark
from tests.capture.wireshark import (
    ABANDONED,
    ANSWER,
    CLIENT,
    CLOSE,
    CLOSED,
    CONNECTED,
    HALF_CLOSED,
    MASKED_CLOSE,
    MASKED_HELLO,
    OFFSET_NS,
    OPENED,
    REFUSED,
    REQUEST,
    RESET,
    RESPONSE,
    SERVER,
    START_NS,
    SWITCHING,
    UPGRADE,
    End,
    Saved,
    http_capture,
    recorded,
)


@pytest.fixture
def saved(tmp_path: Path) -> Saved:
    return Saved(tmp_path)


def packets_of(capture: Capture) -> list[tuple[int, Side, bytes]]:
    """Time, sender and payload of each packet with a payload, read by python-pcapng and by hand."""
    file = io.BytesIO()
    write_pcapng(file, [capture], wall_clock_offset_ns=OFFSET_NS, comment="")
    file.seek(0)
    found = []
    for block in pcapng.FileScanner(file):
        if isinstance(block, pcapng.blocks.EnhancedPacket):
            packet = block.packet_data
            header_bytes = 20 + (packet[32] >> 4) * 4
            sender = SERVER if struct.unpack_from("!H", packet, 20) == (capture.relay_address[1],) else CLIENT
            found.append(((block.timestamp_high << 32) + block.timestamp_low, sender, packet[header_bytes:]))
    return [row for row in found if row[2]]


# Its reader warns about the time resolution, an option that the library itself declares without a type.
reads_with_the_library = pytest.mark.filterwarnings("ignore:Field type should not be:DeprecationWarning")


def test_wireshark_has_nothing_to_complain_about(saved: Saved) -> None:
    saved.write(http_capture())
    assert saved.complaints() == []
    assert "Warns" not in saved.expert_groups()
    assert "Errors" not in saved.expert_groups()
    assert saved.fields("frame.number", where="!(ip.checksum.status == 1 && tcp.checksum.status == 1)") == []


def test_a_connection_begins_and_ends_as_tcp_does(saved: Saved) -> None:
    assert saved.write(http_capture()).flags() == [
        "client SYN",
        "relay SYN ACK",
        "client ACK",
        "client ACK data",
        "relay ACK data",
        "client FIN ACK",
        "relay ACK",
        "relay FIN ACK",
        "client ACK",
    ]
    assert saved.fields("tcp.completeness")[-1] == ("31",)  # SYN, SYN-ACK, ACK, data and FIN were all seen


def test_http_is_dissected_on_any_port_without_being_told(saved: Saved) -> None:
    saved.write(http_capture())
    assert saved.fields("http.request.method", "http.request.uri", where="http.request") == [("GET", "/api/user/info")]
    assert saved.fields("http.response.code", "json.value.string", where="http.response") == [("200", "张三")]


@pytest.mark.parametrize("options", [(), ("-d", "tcp.port==40001,http")], ids=["by heuristics", "told by port"])
def test_websocket_frames_are_dissected_and_unmasked(saved: Saved, options: tuple[str, ...]) -> None:
    saved.write(
        recorded(
            (CLIENT, UPGRADE),
            (SERVER, SWITCHING + ANSWER[:1]),  # a frame may begin in one read and end in another
            (SERVER, ANSWER[1:]),
            (CLIENT, MASKED_HELLO),
            (CLIENT, MASKED_CLOSE),
            (SERVER, CLOSE),
            ends=((HALF_CLOSED, SERVER), (HALF_CLOSED, CLIENT), (CLOSED, None)),
        )
    )
    assert saved.complaints() == []
    frames = saved.fields("tcp.srcport", "websocket.opcode", where="websocket", options=options)
    assert frames == [("40001", "1"), ("40002", "1"), ("40002", "8"), ("40001", "8")]
    for sender, is_masked, text in (("40001", 0, "收到:Hello"), ("40002", 1, "Hello")):
        where = f"websocket.mask == {is_masked} && data-text-lines == {text.encode().hex(':')}"
        assert saved.fields("tcp.srcport", where=where, options=options) == [(sender,)]
    codes = saved.fields("websocket.payload.close.status_code", where="websocket.opcode == 8", options=options)
    assert codes == [("1000",), ("1000",)]


def test_times_are_kept_to_the_nanosecond(saved: Saved) -> None:
    capture = http_capture()
    shown = saved.write(capture).fields("frame.time_epoch", where="tcp.len > 0 || tcp.flags.fin == 1")
    expected = [chunk.at_ns for chunk in capture.chunks] + [end.at_ns for end in capture.transitions[2:4]]
    assert [int(row[0].replace(".", "")) for row in shown] == [at_ns + OFFSET_NS for at_ns in expected]


def test_wireshark_reassembles_the_recorded_bytes(saved: Saved) -> None:
    capture = recorded((CLIENT, REQUEST), (SERVER, RESPONSE), (CLIENT, REQUEST), (SERVER, RESPONSE * 3))
    followed = saved.write(capture).followed(0)
    assert followed == {side: capture.bytes_from(side) for side in Side}


def test_a_chunk_larger_than_a_packet_becomes_several_segments_of_one_time(saved: Saved) -> None:
    body = random.Random(1).randbytes(200_000)
    saved.write(recorded((CLIENT, REQUEST), (SERVER, body)))
    assert saved.complaints() == []
    rows = saved.fields("tcp.len", "frame.time_epoch", where="tcp.srcport == 40001 && tcp.len > 0")
    assert [int(row[0]) for row in rows] == [MAX_PAYLOAD_BYTES] * 3 + [200_000 - 3 * MAX_PAYLOAD_BYTES]
    assert len({row[1] for row in rows}) == 1
    pushed = saved.fields("tcp.len", where="tcp.srcport == 40001 && tcp.flags.push == 1")
    assert [int(row[0]) for row in pushed] == [200_000 - 3 * MAX_PAYLOAD_BYTES]
    assert saved.followed(0)[SERVER] == body


def test_a_long_stream_in_one_direction_stays_within_the_other_sides_window(saved: Saved) -> None:
    saved.write(recorded((CLIENT, REQUEST), *[(SERVER, bytes(1024 * 1024))] * 20))
    in_flight = saved.fields("tcp.analysis.bytes_in_flight", where="tcp.srcport == 40001 && tcp.len > 0")
    windows = saved.fields("tcp.window_size", where="tcp.srcport == 40002 && tcp.flags.syn == 0")
    assert max(int(row[0]) for row in in_flight) < min(int(row[0]) for row in windows)
    assert saved.complaints() == []


def test_sequence_numbers_go_past_their_largest_value(saved: Saved) -> None:
    # Initial sequence numbers count 4 microseconds of the recorded clock; this one starts 500 before the last.
    capture = recorded((CLIENT, REQUEST), (SERVER, RESPONSE * 9), (CLIENT, REQUEST * 9), start_ns=(2**32 - 500) * 4_000)
    saved.write(capture)
    raw = [int(row[0]) for row in saved.fields("tcp.seq_raw", where="tcp.srcport == 40001")]
    assert max(raw) > 2**32 - 500
    assert min(raw) < 2**16
    assert saved.complaints() == []
    assert saved.followed(0) == {side: capture.bytes_from(side) for side in Side}


def test_a_half_closed_connection_still_carries_the_other_direction(saved: Saved) -> None:
    opened, connected, half, closed, end = (
        Transition(START_NS + at, kind, by)
        for at, kind, by in (
            (0, OPENED, CLIENT),
            (1, CONNECTED, None),
            (20, HALF_CLOSED, CLIENT),
            (40, HALF_CLOSED, SERVER),
            (41, CLOSED, None),
        )
    )
    chunks = (Chunk(START_NS + 10, CLIENT, 0, REQUEST), Chunk(START_NS + 30, SERVER, 0, RESPONSE))
    transitions = (opened, connected, half, closed, end)
    address = ("127.0.0.1", 40_002), ("127.0.0.1", 40_001)
    saved.write(Capture("http", 1, *address, chunks, transitions, {CLIENT: 0, SERVER: 0}))
    assert saved.flags()[3:] == [
        "client ACK data",
        "client FIN ACK",
        "relay ACK",
        "relay ACK data",
        "relay FIN ACK",
        "client ACK",
    ]
    assert saved.complaints() == []


@pytest.mark.parametrize(("by", "last"), [(CLIENT, "client RST ACK"), (SERVER, "relay RST ACK")])
def test_a_reset_is_the_last_packet_and_comes_from_the_side_that_did_it(saved: Saved, by: Side, last: str) -> None:
    saved.write(recorded((CLIENT, REQUEST), (SERVER, RESPONSE), ends=((RESET, by), (CLOSED, None))))
    assert saved.flags()[-1] == last
    assert [row[1] for row in saved.complaints()] == ["Connection reset (RST)"]


@pytest.mark.parametrize(
    ("kind", "comment"),
    [
        (REFUSED, "the relay could not reach the server, and so reset the client's connection"),
        (ABANDONED, "the relay was stopped while this connection was open"),
    ],
)
def test_a_reset_by_the_relay_itself_says_so(saved: Saved, kind: TransitionKind, comment: str) -> None:
    saved.write(recorded((CLIENT, REQUEST), ends=((kind, None), (CLOSED, None))))
    assert saved.flags()[-1] == "relay RST ACK"
    assert saved.fields("frame.comment", where="tcp.flags.reset == 1") == [(comment,)]


def test_a_recording_that_stopped_at_its_bound_says_how_much_is_missing(saved: Saved) -> None:
    talk = (CLIENT, REQUEST), (SERVER, RESPONSE)
    saved.write(recorded(*talk, unrecorded={CLIENT: 0, SERVER: 70_000}))
    comment = "recording stopped at its bound; 70000 bytes from the server passed unrecorded"
    assert saved.fields("frame.comment", where="tcp.srcport == 40001 && frame.comment") == [(comment,)]
    assert saved.fields("frame.comment", where="tcp.srcport == 40001 && tcp.len > 0") == [(comment,)]
    assert "Previous segment(s) not captured" in saved.complaints()[0][1]
    first, *_, last = saved.fields("tcp.seq", where="tcp.srcport == 40001")
    assert int(last[0]) - int(first[0]) == 1 + len(RESPONSE) + 70_000


@pytest.mark.parametrize("ends", [(), ((RESET, CLIENT), (CLOSED, None))], ids=["still open", "reset"])
def test_a_direction_of_which_nothing_was_recorded_says_so_too(saved: Saved, ends: tuple[End, ...]) -> None:
    saved.write(recorded((CLIENT, REQUEST), ends=ends, unrecorded={CLIENT: 0, SERVER: 9}))
    comments = saved.fields("frame.comment", where="tcp.srcport == 40001 && frame.comment")
    assert comments == [("recording stopped at its bound; 9 bytes from the server passed unrecorded",)]


def test_a_connection_that_is_still_open_is_saved_as_far_as_it_got(saved: Saved) -> None:
    saved.write(recorded((CLIENT, REQUEST), ends=()))
    assert saved.flags()[3:] == ["client ACK data"]
    assert saved.complaints() == []


def test_an_ending_that_left_bytes_unacknowledged_acknowledges_them(saved: Saved) -> None:
    saved.write(recorded((CLIENT, REQUEST), ends=((CLOSED, None),)))
    assert saved.flags()[3:] == ["client ACK data", "relay ACK"]
    assert saved.complaints() == []


def test_connections_are_merged_in_the_order_of_time_and_told_apart(saved: Saved) -> None:
    early = recorded((CLIENT, REQUEST), (SERVER, RESPONSE), number=1)
    late = recorded((CLIENT, REQUEST * 2), (SERVER, RESPONSE * 2), number=2, start_ns=START_NS + 500_000)
    saved.write(late, early)
    rows = saved.fields("frame.time_epoch", "tcp.stream")
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert {row[1] for row in rows[3:6]} == {"1"}
    assert saved.fields("frame.comment", where="tcp.flags == 0x02") == [
        ("http, connection 1",),
        ("http, connection 2",),
    ]
    assert saved.followed(1) == {side: late.bytes_from(side) for side in Side}
    assert saved.complaints() == []


def test_a_pair_of_ports_used_twice_is_two_connections(saved: Saved) -> None:
    saved.write(http_capture(), recorded((CLIENT, REQUEST), start_ns=START_NS + 10**9))
    assert {row[0] for row in saved.fields("tcp.stream")} == {"0", "1"}


def test_the_file_names_its_writer_and_the_parameters_of_the_run(saved: Saved) -> None:
    facts = saved.write(http_capture(), comment="02_http: delay_s=0.1, body='张三'").capinfos()
    assert "Capture application: lab_servers" in facts
    assert "Comment = 02_http: delay_s=0.1, body='张三'" in facts
    assert "Name = relay" in facts
    assert "Time precision = nanoseconds" in facts
    assert "Number of interfaces in file: 1" in facts
    assert "Hardware" not in facts
    assert "Capture oper-sys" not in facts


def test_a_recording_without_connections_is_a_readable_file(saved: Saved) -> None:
    assert saved.write().fields("frame.number") == []
    assert "Comment = delay_s=0.1" in saved.capinfos()


def test_marks_are_rows_of_json_at_their_times(saved: Saved) -> None:
    capture = http_capture()
    between = (capture.chunks[0].at_ns + capture.chunks[1].at_ns) // 2
    marks = [Mark(START_NS + 10**9, "done"), Mark(between, "token shown", '张三 "25"\n\x00\udc80')]
    saved.write(capture, marks=marks)
    assert saved.complaints() == []
    rows = saved.fields("frame.number", "frame.time_epoch", "json.member_with_value", where="frame.interface_id == 1")
    assert [int(row[1].replace(".", "")) for row in rows] == [between + OFFSET_NS, START_NS + 10**9 + OFFSET_NS]
    assert rows[0][0] == "5"  # after the handshake and the request, before the response
    assert rows[0][2].startswith('mark:token shown,detail:张三 "25"')
    assert rows[1][2] == "mark:done,detail:"
    assert {row[0] for row in saved.fields("frame.interface_name", where="json && !tcp")} == {"marks"}
    assert "mark" in saved.fields("_ws.col.Protocol", where="json && !tcp")[0][0]


def test_a_mark_too_long_for_wireshark_is_cut_and_says_so(saved: Saved) -> None:
    saved.write(marks=[Mark(START_NS, "answer", "\x00" * 300_000)])
    assert saved.complaints() == []
    assert saved.fields("frame.comment") == [("the text of this mark was cut to its first 20000 characters",)]


@reads_with_the_library
@pytest.mark.parametrize("seed", range(5))
def test_a_second_reader_finds_every_byte_its_time_and_its_sender(seed: int) -> None:
    chance = random.Random(seed)
    talk = [(chance.choice((CLIENT, SERVER)), chance.randbytes(chance.choice((1, 2, 999, 65_496)))) for _ in range(40)]
    capture = recorded(*talk, start_ns=chance.randrange(2**60))
    found = packets_of(capture)
    for side in Side:
        assert b"".join(data for _, sender, data in found if sender is side) == capture.bytes_from(side)
    moments = [(at_ns - OFFSET_NS, sender) for at_ns, sender, _ in found]
    assert list(dict.fromkeys(moments)) == [(chunk.at_ns, chunk.sender) for chunk in capture.chunks]


def test_writing_holds_no_second_copy_of_a_recording() -> None:
    class Nowhere(io.RawIOBase):
        def write(self, data: object) -> int:
            return len(data)  # type: ignore[arg-type]

    capture = recorded(*[(SERVER, bytes(256 * 1024))] * 64)
    tracemalloc.start()
    try:
        write_pcapng(Nowhere(), [capture] * 4, wall_clock_offset_ns=OFFSET_NS, comment="")  # type: ignore[arg-type]
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 2 * 1024 * 1024 < 4 * len(capture.bytes_from(SERVER))


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        (bytes.fromhex("0001f203f4f5f6f7"), 0x220D),  # the example of RFC 1071 section 3
        (b"\x12", 0xEDFF),
        (b"\xff\xff", 0),
    ],
)
def test_the_checksum_is_that_of_rfc_1071(data: bytes, checksum: int) -> None:
    assert internet_checksum(data) == checksum


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"client_address": ("::1", 40_002)}, "client_address must hold an IPv4 address"),
        ({"relay_address": ("localhost", 40_001)}, "relay_address must hold an IPv4 address"),
    ],
)
def test_an_address_that_is_not_ipv4_is_refused_before_anything_is_written(
    changed: dict[str, tuple[str, int]], sentence: str
) -> None:
    capture = Capture(**{**vars(http_capture()), **changed})
    file = io.BytesIO()
    with pytest.raises(BadParameter, match=sentence):
        write_pcapng(file, [http_capture(), capture], wall_clock_offset_ns=OFFSET_NS, comment="")
    assert file.getvalue() == b""


@pytest.mark.parametrize(
    ("offset_ns", "comment", "sentence"),
    [
        (-START_NS - 1, "", "wall_clock_offset_ns must put every time between 0 and"),
        (2**64, "", "wall_clock_offset_ns must put every time between 0 and"),
        (OFFSET_NS, "张" * 21_846, "comment must be at most 65535 bytes of UTF-8, not 65538"),
    ],
)
def test_a_parameter_that_the_file_cannot_express_is_refused(offset_ns: int, comment: str, sentence: str) -> None:
    file = io.BytesIO()
    with pytest.raises(BadParameter, match=sentence):
        write_pcapng(file, [http_capture()], wall_clock_offset_ns=offset_ns, comment=comment)
    assert file.getvalue() == b""

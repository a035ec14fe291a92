"""Everything that can happen to segments between two hosts and a capture, and which stream comes of it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from lab_servers.capture.capture import Side, TransitionKind
from lab_servers.capture.packets import ACK, FIN, PSH, RST, SYN
from tests.capture.files import (
    CLIENT,
    REQUEST,
    RESPONSE,
    SERVER,
    START_NS,
    STEP_NS,
    Segment,
    goodbye,
    handshake,
    load,
    load_segments,
    pcap,
    reset,
    talk,
    times_of,
)
from tests.capture.relayed import story
from tests.tools import require_tool

OPENED, HALF_CLOSED = TransitionKind.OPENED, TransitionKind.HALF_CLOSED
RESET, CLOSED = TransitionKind.RESET, TransitionKind.CLOSED
A, B, C, D = b"AAAA", b"BBBB", b"CCCC", b"DDDD"


def server_says(*parts: tuple[int, bytes], initial: int = 1_000) -> list[Segment]:
    """A whole opening, a request, and parts of an answer, each with its place."""
    said = [Segment(SERVER, number, data, acknowledged=len(REQUEST), initial=initial) for number, data in parts]
    return [*handshake(initial), Segment(CLIENT, 0, REQUEST, initial=initial), *said]


def streams_by_tshark(folder: Path, segments: Sequence[Segment]) -> dict[Side, bytes]:
    """Both directions of the first connection as Wireshark reassembles them."""
    file = folder / "tshark.pcap"
    file.write_bytes(pcap(one.ipv4() for one in segments))
    command = [require_tool("tshark"), "-r", str(file), "-q", "-z", "follow,tcp,raw,0"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    nodes = [line.rpartition(":")[2].strip() for line in lines if line.startswith("Node ")]
    first, second = (CLIENT, SERVER) if nodes[1] == "8000" else (SERVER, CLIENT)
    found = {CLIENT: b"", SERVER: b""}
    begin = next(index for index, line in enumerate(lines) if line.startswith("Node 1")) + 1
    for line in lines[begin:-1]:
        found[second if line.startswith("\t") else first] += bytes.fromhex(line.strip())
    return found


# Each of these tells the whole stream AAAABBBBCCCC of the server.
WHOLE = {
    "in order": server_says((0, A), (4, B), (8, C)),
    "out of order": server_says((8, C), (4, B), (0, A)),
    "sent again": server_says((0, A), (0, A), (4, B), (0, A), (4, B), (8, C)),
    "sent again in another cut": server_says((0, A), (4, B), (2, b"AABBBBCC"), (8, C)),
    "overlapping, out of order": server_says((6, b"BBCC"), (2, b"AABBB"), (0, A), (8, C)),
    "sent again while waiting": server_says((8, C), (8, C), (4, B), (0, A)),
    "over the end of the sequence numbers": server_says((0, A), (4, B), (8, C), initial=2**32 - 1_000_000 - 6),
    "over the end of the sequence numbers, out of order": server_says(
        (8, C), (0, A), (4, B), initial=2**32 - 1_000_000 - 6
    ),
    "with a keep-alive probe of no bytes": [
        *server_says((0, A), (4, B)),
        Segment(SERVER, 7, flags=ACK),
        Segment(SERVER, 8, C),
    ],
    "with a keep-alive probe of one byte": [
        *server_says((0, A), (4, B)),
        Segment(SERVER, 7, b"\0", flags=ACK),
        Segment(SERVER, 8, C),
    ],
    "with options in every header": [
        *handshake(),
        Segment(CLIENT, 0, REQUEST, options=bytes.fromhex("0101080a0000000100000002")),
        *(
            Segment(SERVER, at, data, options=bytes.fromhex("0101080a0000000100000002"))
            for at, data in ((0, A), (4, B), (8, C))
        ),
    ],
    "with a SYN sent again": [handshake()[0], *server_says((0, A), (4, B), (8, C))],
}


@pytest.mark.parametrize("name", WHOLE)
def test_the_stream_is_put_together_whatever_happened_on_the_way(tmp_path: Path, name: str) -> None:
    recording = load_segments(tmp_path, WHOLE[name])
    (capture,) = recording
    assert {side: capture.bytes_from(side) for side in Side} == {CLIENT: REQUEST, SERVER: A + B + C}
    assert capture.is_complete
    assert capture.remarks == ()
    assert [chunk.at_ns for chunk in capture.chunks] == sorted(chunk.at_ns for chunk in capture.chunks)


@pytest.mark.parametrize("name", WHOLE)
def test_wireshark_puts_the_same_stream_together(tmp_path: Path, name: str) -> None:
    assert streams_by_tshark(tmp_path, WHOLE[name]) == {CLIENT: REQUEST, SERVER: A + B + C}


def test_a_byte_has_the_time_at_which_the_receiver_could_read_it(tmp_path: Path) -> None:
    recording = load_segments(tmp_path, server_says((4, B), (0, A), (8, C)))
    # Packets 0 to 2 are the handshake, 3 the request, 4 the part that came too early.
    assert [(at_ns - START_NS) // STEP_NS for at_ns in times_of(recording)] == [3, 5, 5, 6]


def test_the_bytes_end_at_the_first_hole_and_the_sentence_says_what_is_lost(tmp_path: Path) -> None:
    (capture,) = load_segments(tmp_path, server_says((0, A), (8, C), (12, D), (12, D), (20, b"E")))
    assert capture.bytes_from(SERVER) == A
    assert capture.unrecorded_bytes == {CLIENT: 0, SERVER: 17}
    assert capture.remarks == (
        "4 bytes are missing from the file at offset 4 of what the server sent on 10.0.0.2:8000 connection 1; "
        "the 9 bytes captured after them are not explained.",
    )


@pytest.mark.parametrize(
    "last",
    [Segment(CLIENT, len(REQUEST), flags=ACK, acknowledged=8), Segment(SERVER, 8, flags=FIN | ACK)],
    ids=["acknowledged", "before the FIN"],
)
def test_bytes_missing_at_the_end_are_noticed(tmp_path: Path, last: Segment) -> None:
    (capture,) = load_segments(tmp_path, [*server_says((0, A)), last])
    assert capture.unrecorded_bytes[SERVER] == 4
    assert capture.remarks == (
        "4 bytes are missing from the file at offset 4 of what the server sent on 10.0.0.2:8000 connection 1; "
        "nothing after them was captured.",
    )


def test_a_side_that_the_file_lacks_wholly_is_noticed_by_its_acknowledgements(tmp_path: Path) -> None:
    one_way = [Segment(CLIENT, 0, REQUEST), Segment(CLIENT, len(REQUEST), flags=ACK, acknowledged=500)]
    (capture,) = load_segments(tmp_path, one_way)
    assert capture.unrecorded_bytes == {CLIENT: 0, SERVER: 500}


def test_the_acknowledgement_of_a_fin_that_the_file_lacks_is_no_missing_byte(tmp_path: Path) -> None:
    (capture,) = load_segments(tmp_path, [*server_says((0, A)), Segment(CLIENT, 30, flags=ACK, acknowledged=5)])
    assert capture.unrecorded_bytes[SERVER] == 0


def test_a_damaged_acknowledgement_is_no_hole(tmp_path: Path) -> None:
    (capture,) = load_segments(tmp_path, [*server_says((0, A)), Segment(CLIENT, 27, flags=ACK, acknowledged=2**31 - 9)])
    assert capture.is_complete


@pytest.mark.parametrize("snap", [54 + 20, 20 + 20 + 10])
def test_packets_that_a_snap_length_cut_end_the_stream_there(tmp_path: Path, snap: int) -> None:
    packets = [one.ipv4() for one in server_says((0, A * 20), (80, B * 20))]
    recording = load(tmp_path, pcap(packets, snap=snap))
    (capture,) = recording
    kept = snap - 40
    assert capture.bytes_from(SERVER) == (A * 20)[:kept]
    assert capture.unrecorded_bytes[SERVER] == 160 - kept
    assert (
        f"{80 - kept} bytes are missing from the file at offset {kept} of what the server sent on 10.0.0.2:8000 "
        f"connection 1; the {kept} bytes captured after them are not explained." in recording.notices
    )
    cut = 3 if kept < len(REQUEST) else 2
    assert f"Cut short when they were captured: {cut} packets." in recording.notices[0]


def test_a_whole_connection_has_its_transitions(tmp_path: Path) -> None:
    (capture,) = load_segments(tmp_path, talk())
    assert story(capture) == [(OPENED, CLIENT), (HALF_CLOSED, CLIENT), (HALF_CLOSED, SERVER), (CLOSED, None)]
    assert [one.at_ns // STEP_NS for one in capture.transitions] == [0, 5, 6, 6]
    assert capture.client_address == ("10.0.0.1", 40_002)
    assert capture.relay_address == ("10.0.0.2", 8_000)
    assert (capture.server, capture.number) == ("10.0.0.2:8000", 1)


@pytest.mark.parametrize("by", Side)
def test_a_reset_ends_the_connection(tmp_path: Path, by: Side) -> None:
    (capture,) = load_segments(tmp_path, [*server_says((0, A)), reset(by, 27 if by is CLIENT else 4)])
    assert story(capture) == [(OPENED, CLIENT), (RESET, by), (CLOSED, None)]


def test_what_a_reset_carries_is_no_part_of_the_stream(tmp_path: Path) -> None:
    said = Segment(SERVER, 4, b"Go away", flags=RST | ACK)
    (capture,) = load_segments(tmp_path, [*server_says((0, A)), said])
    assert capture.bytes_from(SERVER) == A


def test_a_fin_that_overtakes_the_last_bytes_comes_after_them(tmp_path: Path) -> None:
    segments = server_says((0, A), (4, B))
    segments.insert(4, Segment(SERVER, 8, flags=FIN | ACK))
    (capture,) = load_segments(tmp_path, segments)
    assert capture.bytes_from(SERVER) == A + B
    assert capture.transitions[-1].at_ns == capture.chunks[-1].at_ns


def test_a_refused_connection_is_one_without_bytes(tmp_path: Path) -> None:
    (capture,) = load_segments(tmp_path, [handshake()[0], reset(SERVER, -1)])
    assert story(capture) == [(OPENED, CLIENT), (RESET, SERVER), (CLOSED, None)]


def test_a_syn_that_carries_data_begins_the_stream(tmp_path: Path) -> None:
    opening = handshake()
    opening[0] = Segment(CLIENT, -1, REQUEST[:5], flags=SYN)
    rest = [Segment(CLIENT, 5, REQUEST[5:]), Segment(SERVER, 0, RESPONSE)]
    (capture,) = load_segments(tmp_path, [*opening, *rest])
    assert capture.bytes_from(CLIENT) == REQUEST


def test_ports_that_are_used_again_are_a_new_connection(tmp_path: Path) -> None:
    second = [
        *handshake(initial=77_000),
        Segment(CLIENT, 0, b"HEAD / HTTP/1.1\r\n\r\n", initial=77_000),
        *goodbye(19, 0, initial=77_000),
    ]
    one, two = load_segments(tmp_path, [*talk(), *second])
    assert (one.bytes_from(CLIENT), one.bytes_from(SERVER)) == (REQUEST, RESPONSE)
    assert two.bytes_from(CLIENT) == b"HEAD / HTTP/1.1\r\n\r\n"
    assert (one.number, two.number) == (1, 2)
    assert one.is_complete
    assert two.is_complete


def test_connections_are_told_apart_by_their_ports(tmp_path: Path) -> None:
    segments = [one for pair in zip(talk(), server_says((0, A), (4, B), (8, C)), strict=False) for one in pair]
    swapped = [one if index % 2 == 0 else _on(one, 40_004) for index, one in enumerate(segments)]
    first, second = load_segments(tmp_path, swapped)
    assert first.bytes_from(SERVER) == RESPONSE
    assert second.bytes_from(SERVER) == (A + B + C)[: len(second.bytes_from(SERVER))]
    assert second.client_address[1] == 40_004


def _on(segment: Segment, port: int) -> Segment:
    return Segment(**{**vars(segment), "client_port": port})


def test_a_file_that_begins_in_the_middle_says_so(tmp_path: Path) -> None:
    recording = load_segments(tmp_path, talk()[3:])
    (capture,) = recording
    assert (capture.bytes_from(CLIENT), capture.bytes_from(SERVER)) == (REQUEST, RESPONSE)
    assert story(capture)[0] == (OPENED, None)
    assert recording.notices == (
        "10.0.0.2:8000 connection 1 began before the file: what was sent before is not explained.",
    )


@pytest.mark.parametrize(
    "segments",
    [
        [Segment(SERVER, 0, RESPONSE, client_port=80), Segment(CLIENT, 0, b"\x81\x80abcd", client_port=80)],
        [Segment(SERVER, 0, b"\x81\x00", client_port=80), Segment(CLIENT, 0, REQUEST, client_port=80)],
        [handshake(client_port=80)[0]],
        [handshake(client_port=80)[1]],
        [Segment(SERVER, 0, b"\x81\x00")],
        [Segment(CLIENT, 0, b"\x81\x80abcd")],
    ],
    ids=["a response", "a request", "a SYN", "the answer to a SYN", "the lower port", "the higher port"],
)
def test_who_the_client_is(tmp_path: Path, segments: list[Segment]) -> None:
    (capture,) = load_segments(tmp_path, segments)
    assert (capture.client_address[0], capture.relay_address[0]) == ("10.0.0.1", "10.0.0.2")


def test_in_the_middle_the_stream_begins_with_the_run_of_the_first_packet(tmp_path: Path) -> None:
    parts = [(100, b"world"), (92, b"hello, "), (20, b"old news"), (105, b"!"), (99, b" ")]
    recording = load_segments(tmp_path, [Segment(SERVER, number, data) for number, data in parts])
    (capture,) = recording
    assert capture.bytes_from(SERVER) == b"hello,  world!"
    assert capture.is_complete


def test_a_keep_alive_probe_does_not_begin_a_stream(tmp_path: Path) -> None:
    (capture,) = load_segments(tmp_path, [Segment(CLIENT, -1, b"\0", flags=ACK), Segment(CLIENT, 0, REQUEST)])
    assert capture.bytes_from(CLIENT) == REQUEST


def test_a_shuffled_file_of_true_times_gives_the_same_streams(tmp_path: Path) -> None:
    packets = pcap(one.ipv4() for one in talk())
    head, records, at = packets[:24], [], 24
    while at < len(packets):
        size = 16 + int.from_bytes(packets[at + 8 : at + 12], "little")
        records.append(packets[at : at + size])
        at += size
    (capture,) = load(tmp_path, head + b"".join(reversed(records)))
    assert (capture.bytes_from(CLIENT), capture.bytes_from(SERVER)) == (REQUEST, RESPONSE)
    assert story(capture)[0] == (OPENED, CLIENT)
    assert capture.is_complete


def test_fragments_are_left_out_and_said_so(tmp_path: Path) -> None:
    packets = [one.ipv4() for one in server_says((0, A), (4, B))]
    packets[-1:] = [Segment(SERVER, 4, B).ipv4(fragment=0x2000), Segment(SERVER, 4, B).ipv4(fragment=0x0003)]
    recording = load(tmp_path, pcap([*packets, Segment(SERVER, 8, C).ipv4()]))
    assert recording.notices[0] == "Left out: 2 fragments of IP packets; fragments are not put together here."
    assert recording.captures[0].bytes_from(SERVER) == A
    assert "4 bytes are missing" in recording.notices[1]


def test_ip_headers_with_options_are_read(tmp_path: Path) -> None:
    (capture,) = load(tmp_path, pcap(one.ipv4(options=bytes.fromhex("01010100")) for one in talk()))
    assert capture.bytes_from(SERVER) == RESPONSE


def test_a_length_of_zero_means_all_that_was_sent(tmp_path: Path) -> None:
    (capture,) = load(tmp_path, pcap(one.ipv4(total=0) for one in talk()))
    assert capture.bytes_from(SERVER) == RESPONSE


@pytest.mark.parametrize(
    "extensions",
    [
        [(0, bytes([0, 1, 4, 0, 0, 0, 0])), (60, bytes([1] + [0] * 14))],
        [(43, bytes([0] * 7)), (44, bytes([0] * 7))],
        [(51, bytes([4] + [0] * 22))],
    ],
    ids=["options", "routing and a whole in one fragment", "authentication"],
)
def test_ipv6_extension_headers_are_passed_over(tmp_path: Path, extensions: list[tuple[int, bytes]]) -> None:
    recording = load(tmp_path, pcap(one.ipv6(*extensions) for one in talk()))
    (capture,) = recording
    assert capture.bytes_from(SERVER) == RESPONSE
    assert capture.relay_address == ("fd00::2", 8_000)
    assert capture.server == "[fd00::2]:8000"


def test_ipv6_fragments_are_left_out_and_said_so(tmp_path: Path) -> None:
    packets = [one.ipv6() for one in talk()]
    packets[4] = talk()[4].ipv6((44, bytes([0, 0, 1, 0, 0, 0, 9])))
    assert "1 fragment of IP packets" in load(tmp_path, pcap(packets)).notices[0]


def test_a_stream_longer_than_the_sequence_numbers_keeps_its_place(tmp_path: Path) -> None:
    # Every packet is 1 GiB further than the one before, as in a file with a snap length of a few bytes.
    far = [Segment(SERVER, step * 2**30, A) for step in range(6)]
    (capture,) = load_segments(tmp_path, [*handshake(), Segment(CLIENT, 0, REQUEST), *far])
    assert capture.bytes_from(SERVER) == A
    assert capture.unrecorded_bytes[SERVER] == 5 * 2**30
    assert "the 20 bytes captured after them" in capture.remarks[0]


def test_broken_headers_are_counted(tmp_path: Path) -> None:
    good = [one.ipv4() for one in talk()]
    short, wrong = good[3][:30], bytearray(good[3])
    wrong[32] = 0x10  # a TCP header of four bytes
    recording = load(tmp_path, pcap([*good, short, bytes(wrong), b"\x45" * 10]))
    assert recording.notices == ("Left out: 3 packets whose IP or TCP header is cut off or contradicts itself.",)


def test_flags_without_sense_do_no_harm(tmp_path: Path) -> None:
    odd = [Segment(CLIENT, 0, flags=flags) for flags in range(256)]
    assert load_segments(tmp_path, [*talk(), *odd, Segment(CLIENT, 0, REQUEST, flags=PSH)])

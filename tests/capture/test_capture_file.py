"""Both kinds of capture file in all their variants, whole, cut off and damaged; times to the nanosecond."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest

from lab_servers.capture.capture import Side
from lab_servers.recording import Recording
from tests.capture.files import (
    CLIENT,
    RAW,
    REQUEST,
    RESPONSE,
    SERVER,
    START_NS,
    STEP_NS,
    block,
    enhanced,
    interface,
    load,
    option,
    pcap,
    pcapng,
    section,
    talk,
    times_of,
)
from tests.tools import require_tool

PACKETS = [one.ipv4() for one in talk()]
STREAMS = {CLIENT: REQUEST, SERVER: RESPONSE}
TIMES = [START_NS + 3 * STEP_NS, START_NS + 4 * STEP_NS]  # of the request and the response


def streams(recording: Recording) -> dict[Side, bytes]:
    (capture,) = recording
    return {side: capture.bytes_from(side) for side in Side}


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("nanoseconds", [False, True])
def test_classic_pcap_in_both_byte_orders_and_clocks(tmp_path: Path, order: str, nanoseconds: bool) -> None:
    recording = load(tmp_path, pcap(PACKETS, order=order, nanoseconds=nanoseconds))
    assert streams(recording) == STREAMS
    assert times_of(recording) == TIMES
    assert recording.name == "file.pcap"
    assert recording.notices == ()


@pytest.mark.parametrize("order", "<>")
def test_pcapng_in_both_byte_orders(tmp_path: Path, order: str) -> None:
    recording = load(tmp_path, pcapng(PACKETS, order=order))
    assert streams(recording) == STREAMS
    assert times_of(recording) == TIMES
    assert recording.notices == ()


@pytest.mark.parametrize(
    ("resolution", "ticks_per_s"),
    [
        (b"", 10**6),
        (b"\x00", 1),
        (b"\x03", 10**3),
        (b"\x09", 10**9),
        (b"\x0c", 10**12),
        (b"\x8a", 2**10),
        (b"\xa0", 2**32),
    ],
    ids=["none", "seconds", "milliseconds", "nanoseconds", "picoseconds", "2**-10 s", "2**-32 s"],
)
def test_the_resolution_of_times_is_any_power_of_ten_or_two(
    tmp_path: Path, resolution: bytes, ticks_per_s: int
) -> None:
    ticks = [3 * ticks_per_s + index * ticks_per_s // 2 for index in range(len(PACKETS))]
    options = [option(9, resolution)] if resolution else []
    blocks = [enhanced(packet, at) for packet, at in zip(PACKETS, ticks, strict=True)]
    recording = load(tmp_path, b"".join([section(), interface(RAW, "<", *options), *blocks]))
    assert times_of(recording) == [ticks[at] * 10**9 // ticks_per_s for at in (3, 4)]


@pytest.mark.parametrize("resolution", [b"\x7f", b"\xff"])
def test_the_finest_resolutions_lose_nothing_but_time(tmp_path: Path, resolution: bytes) -> None:
    blocks = [enhanced(packet, 2**63) for packet in PACKETS]
    recording = load(tmp_path, b"".join([section(), interface(RAW, "<", option(9, resolution)), *blocks]))
    assert times_of(recording) == [0, 0]


@pytest.mark.parametrize("offset_s", [3_600, -3_600])
def test_an_offset_of_times_is_added(tmp_path: Path, offset_s: int) -> None:
    blocks = [enhanced(packet, START_NS // 1000) for packet in PACKETS]
    offset = option(14, struct.pack("<q", offset_s))
    recording = load(tmp_path, b"".join([section(), interface(RAW, "<", offset), *blocks]))
    assert times_of(recording) == [START_NS + offset_s * 10**9] * 2


def test_sections_and_interfaces_each_have_their_own_ways(tmp_path: Path) -> None:
    ethernet = bytes(12) + b"\x08\x00"
    micros = START_NS // 1000
    parts = [
        section("<"),
        interface(RAW, "<"),
        interface(1, "<", option(9, b"\x09")),
        *(enhanced(packet, micros) for packet in PACKETS[:3]),
        enhanced(ethernet + PACKETS[3], START_NS + 7, number=1),
        section(">"),
        interface(1, ">"),
        *(enhanced(ethernet + packet, micros + 1, ">") for packet in PACKETS[4:]),
    ]
    recording = load(tmp_path, b"".join(parts))
    assert streams(recording) == STREAMS
    assert times_of(recording) == [START_NS + 7, START_NS + 1000]


def test_simple_packets_have_no_time_of_their_own(tmp_path: Path) -> None:
    simple = [block(3, struct.pack("<I", len(packet)) + packet) for packet in PACKETS]
    recording = load(tmp_path, b"".join([section(), interface(), enhanced(b"", START_NS // 1000), *simple]))
    assert streams(recording) == STREAMS
    assert times_of(recording) == [START_NS] * 2
    assert recording.notices == (
        f"The file has no time for {len(PACKETS)} packets; each is shown at the time of the one before.",
    )


def test_simple_packets_end_at_the_snap_length(tmp_path: Path) -> None:
    simple = [block(3, struct.pack("<I", len(packet)) + packet[:50]) for packet in PACKETS]
    (capture,) = load(tmp_path, b"".join([section(), interface(snap=50), *simple]))
    assert capture.bytes_from(CLIENT) == REQUEST[:10]


def test_obsolete_packet_blocks_are_read(tmp_path: Path) -> None:
    micros = START_NS // 1000
    old = [
        block(2, struct.pack("<HHIIII", 0, 9, micros >> 32, micros & 0xFFFFFFFF, len(one), len(one)) + one)
        for one in PACKETS
    ]
    recording = load(tmp_path, b"".join([section(), interface(), *old]))
    assert streams(recording) == STREAMS
    assert times_of(recording) == [START_NS] * 2


def test_blocks_and_options_of_other_kinds_are_passed_over(tmp_path: Path) -> None:
    others = [block(kind, bytes(8)) for kind in (0, 4, 5, 10, 0xBAD, 0x80000000)]
    packets = [
        enhanced(one, 0, "<", option(2, b"\0\0\0\1"), option(1, b"h\xff\xfe"), option(0, b"")) for one in PACKETS
    ]
    recording = load(tmp_path, b"".join([section(), *others, interface(), *others, *packets, *others]))
    assert streams(recording) == STREAMS
    assert recording.notices == ()


@pytest.mark.parametrize(
    "damaged",
    [
        enhanced(b"x", 0, number=7),
        block(6, bytes(12)),
        block(6, struct.pack("<IIIII", 0, 0, 0, 5_000, 5_000) + bytes(20)),
        block(6, struct.pack("<IIIII", 0, 0, 0, 2**32 - 1, 0) + bytes(20)),
        block(3, b""),
        block(1, b"abcd"),
    ],
    ids=["no such interface", "too short", "too long a packet", "far too long a packet", "simple", "interface"],
)
def test_a_damaged_block_is_left_out_and_the_rest_is_read(tmp_path: Path, damaged: bytes) -> None:
    recording = load(tmp_path, pcapng(PACKETS) + damaged + pcapng(PACKETS[:3]))
    assert streams(recording) == STREAMS
    assert recording.notices == ("Left out: 1 damaged block of the file.",)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (struct.pack("<II", 6, 0), "a block of 0 bytes cannot be"),
        (struct.pack("<II", 6, 33) + bytes(40), "a block of 33 bytes cannot be"),
        (struct.pack("<II", 6, 2**32 - 4) + bytes(40), "a block of 4,294,967,292 bytes cannot be"),
        (block(6, bytes(40))[:-4] + bytes(4), "a block whose two lengths differ"),
        (block(0x0A0D0D0A, bytes(16)), "a section without its byte-order magic"),
    ],
)
def test_after_a_damaged_length_nothing_is_read(tmp_path: Path, damage: bytes, why: str) -> None:
    good = pcapng(PACKETS)
    recording = load(tmp_path, good + damage)
    assert streams(recording) == STREAMS
    assert recording.notices == (f"The file is damaged at byte {len(good):,} ({why}); nothing after that is read.",)


def test_a_damaged_length_in_a_classic_file_ends_the_reading(tmp_path: Path) -> None:
    good = pcap(PACKETS)
    recording = load(tmp_path, good + struct.pack("<IIII", 0, 0, 2**31, 60) + bytes(99))
    assert streams(recording) == STREAMS
    assert recording.notices == (
        f"The file is damaged at byte {len(good):,} (a packet of 2,147,483,648 bytes cannot be); "
        "nothing after that is read.",
    )


@pytest.mark.parametrize("write", [pcap, pcapng])
def test_a_file_cut_at_any_offset_gives_what_is_before_it(tmp_path: Path, write: object) -> None:
    assert callable(write)
    whole = write(PACKETS)
    seen = set()
    for size in range(4, len(whole)):
        recording = load(tmp_path, whole[:size])
        for capture in recording:
            for side in Side:
                assert STREAMS[side].startswith(capture.bytes_from(side))
        cut = [
            notice for notice in recording.notices if notice.startswith("The file is cut off: it ends in the middle")
        ]
        seen.add(len(cut))
        if not cut:
            assert load(tmp_path, whole[:size] + whole[size : size + 1]).notices[:1] != recording.notices[:1]
    assert seen == {0, 1}


@pytest.mark.parametrize("kind", ["pcap", "nsecpcap", "pcapng"])
def test_files_that_wireshark_wrote_give_the_same_recording(tmp_path: Path, kind: str) -> None:
    editcap = str(Path(require_tool("tshark")).with_name("editcap"))
    source, target = tmp_path / "source.pcap", tmp_path / "target"
    source.write_bytes(pcap(PACKETS))
    subprocess.run([editcap, "-F", kind, str(source), str(target)], check=True, capture_output=True)
    recording = Recording.load(target)
    assert streams(recording) == STREAMS
    assert times_of(recording) == TIMES
    assert recording.notices == ()


def test_packets_that_editcap_cut_and_doubled_and_mergecap_merged(tmp_path: Path) -> None:
    editcap, mergecap = (str(Path(require_tool("tshark")).with_name(name)) for name in ("editcap", "mergecap"))
    source, cut, merged = tmp_path / "source.pcap", tmp_path / "cut.pcapng", tmp_path / "merged.pcapng"
    source.write_bytes(pcap(PACKETS))
    subprocess.run([editcap, "-s", "50", str(source), str(cut)], check=True, capture_output=True)
    (capture,) = Recording.load(cut)
    assert capture.bytes_from(CLIENT) == REQUEST[:10]
    assert capture.unrecorded_bytes == {CLIENT: len(REQUEST) - 10, SERVER: len(RESPONSE) - 10}
    # The whole packets come after the cut ones of the same time, and fill their holes.
    for how in ([], ["-a"]):  # in the order of time, and one file after the other
        subprocess.run([mergecap, *how, "-w", str(merged), str(cut), str(source)], check=True, capture_output=True)
        assert streams(Recording.load(merged)) == STREAMS


def test_reordercap_changes_nothing(tmp_path: Path) -> None:
    reordercap = str(Path(require_tool("tshark")).with_name("reordercap"))
    source, target = tmp_path / "source.pcap", tmp_path / "target.pcap"
    data = pcap(PACKETS)
    first_bytes = 16 + len(PACKETS[0])
    source.write_bytes(data[:24] + data[24 + first_bytes :] + data[24 : 24 + first_bytes])
    subprocess.run([reordercap, str(source), str(target)], check=True, capture_output=True)
    before, after = Recording.load(source), Recording.load(target)
    assert streams(before) == streams(after) == STREAMS
    assert times_of(before) == times_of(after) == TIMES

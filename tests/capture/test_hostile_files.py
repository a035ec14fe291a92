"""Hostile capture files: bounded memory, nothing raised but ``LoadFailed``, streams without holes."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab_servers.capture.capture import Chunk, Side, TransitionKind
from lab_servers.capture.loading import MEMORY_FACTOR
from lab_servers.errors import LoadFailed
from lab_servers.recording import Recording
from tests.capture.files import CLIENT, REQUEST, SERVER, Segment, handshake, load, pcap, pcapng, talk

# --- memory ---------------------------------------------------------------------------------------------------------

# The file object's buffer, one packet, and tables that grow by halves.
BUFFERS_BYTES = 2**20


def peak_of_loading(file: Path) -> tuple[Recording, int]:
    tracemalloc.start()
    try:
        recording = Recording.load(file)
        return recording, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def conversation(size: int, count: int) -> list[bytes]:
    return [one.ipv4() for one in (*handshake(), *(Segment(SERVER, at * size, b"x" * size) for at in range(count)))]


FILES = {
    "large packets": lambda: conversation(1_448, 5_000),
    "packets of one byte": lambda: conversation(1, 15_000),
    "packets that all wait for one": lambda: conversation(1, 3) + conversation(1, 15_000)[4:],
    "the middle of a connection": lambda: conversation(1, 15_000)[3:],
    "the middle of a connection, backwards": lambda: conversation(1, 15_000)[:2:-1],
    "as many connections as packets": lambda: [handshake(client_port=port)[0].ipv4() for port in range(1, 15_000)],
}


@pytest.mark.parametrize("name", FILES)
def test_memory_stays_within_the_documented_multiple(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    # Without its fixed part the bound is tight for small files too, so that nothing hides below it.
    monkeypatch.setattr("lab_servers.capture.loading.FIXED_MEMORY_BYTES", 0)
    file = tmp_path / "file.pcap"
    file.write_bytes(pcap(FILES[name]()))
    size = file.stat().st_size
    recording, peak_bytes = peak_of_loading(file)
    assert len(recording)
    assert peak_bytes < MEMORY_FACTOR * size + BUFFERS_BYTES
    if name == "large packets":
        assert peak_bytes < 1.3 * size + BUFFERS_BYTES


def test_beyond_its_memory_a_file_is_read_in_part_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab_servers.capture.loading.FIXED_MEMORY_BYTES", 0)
    monkeypatch.setattr("lab_servers.capture.loading.MEMORY_FACTOR", 1)
    file = tmp_path / "file.pcap"
    flood = [handshake(client_port=port)[0].ipv4() for port in range(1, 1_000)]
    file.write_bytes(pcap(conversation(1, 300) + flood))
    recording = Recording.load(file)
    assert recording.unrecorded_connections > 900
    sentences = [line for line in recording.notices if "still open" not in line]
    assert sentences[-1].startswith("The bound on recording was reached: 9")
    file.write_bytes(pcap(conversation(1, 1_000)))
    recording = Recording.load(file)
    (capture,) = recording
    kept = len(capture.bytes_from(SERVER))
    assert 0 < kept < 1_000
    assert capture.unrecorded_bytes == {CLIENT: 0, SERVER: 1_000 - kept}
    assert capture.remarks == (
        f"The bound on memory for this file was reached: {1_000 - kept} bytes from the server of "
        "10.0.0.2:8000 connection 1 are left out.",
    )


# --- hostile files --------------------------------------------------------------------------------------------------


def valid_files() -> list[bytes]:
    packets = [one.ipv4() for one in talk()] + [one.ipv6() for one in talk()[3:]]
    ethernet = [bytes(12) + b"\x08\x00" + one.ipv4() for one in talk()[::-1]]
    return [pcap(packets), pcapng(packets), pcapng(packets, order=">"), pcap(ethernet, 1), pcapng(ethernet, 1)]


VALID = valid_files()


def check(recording: Recording) -> None:
    """Whatever was in the file: streams without holes, in the order of time, and sentences."""
    for capture in recording:
        for side in Side:
            end = 0
            for chunk in capture.chunks_from(side):
                assert isinstance(chunk, Chunk)
                assert chunk.offset == end
                end = chunk.end
            assert capture.unrecorded_bytes[side] >= 0
        assert [chunk.at_ns for chunk in capture.chunks] == sorted(chunk.at_ns for chunk in capture.chunks)
        assert capture.transitions[0].kind is TransitionKind.OPENED
        assert capture.is_complete or capture.remarks
    assert str(recording)
    assert "<script" not in recording._repr_html_()


@st.composite
def corrupted_files(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(VALID)))
    for at, value in draw(st.lists(st.tuples(st.integers(4, len(data) - 1), st.integers(0, 255)), max_size=6)):
        data[at] = value
    for at in draw(st.lists(st.integers(4, len(data) - 4), max_size=2)):
        data[at : at + 4] = draw(
            st.sampled_from([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff", b"\0\0\1\0", b"\xfc" * 4])
        )
    start = draw(st.integers(4, len(data)))
    stop = draw(st.integers(start, len(data)))
    action = draw(st.sampled_from(["keep", "cut", "remove", "double"]))
    if action == "cut":
        del data[start:]
    elif action == "remove":
        del data[start:stop]
    elif action == "double":
        data[start:start] = data[start:stop]
    return bytes(data)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(corrupted_files())
def test_a_corrupted_file_gives_a_recording_or_one_sentence(tmp_path: Path, data: bytes) -> None:
    with suppress(LoadFailed):
        check(load(tmp_path, data))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([data[:24] for data in VALID[:1]] + [VALID[1][:48]]), st.binary(max_size=300))
def test_any_bytes_after_a_header_give_a_recording(tmp_path: Path, header: bytes, rest: bytes) -> None:
    check(load(tmp_path, header + rest))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.builds(
            Segment,
            sender=st.sampled_from(Side),
            number=st.integers(-5, 40) | st.integers(-(2**31), 2**31),
            data=st.binary(max_size=12),
            flags=st.integers(0, 255),
            acknowledged=st.integers(-5, 60) | st.integers(-(2**31), 2**31),
            initial=st.sampled_from([1_000, 2**32 - 10, 2**32 - 1_000_010]),
        ),
        max_size=40,
    )
)
def test_any_segments_in_any_order_give_streams(tmp_path: Path, segments: list[Segment]) -> None:
    check(load(tmp_path, pcap(one.ipv4() for one in segments)))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_cut_and_any_order_of_a_stream_give_the_stream(tmp_path: Path, data: st.DataObject) -> None:
    stream = bytes(data.draw(st.binary(min_size=1, max_size=60)))
    cuts = sorted({0, len(stream), *data.draw(st.lists(st.integers(0, len(stream)), max_size=8))})
    parts = [(start, stream[start:stop]) for start, stop in pairwise(cuts)]
    again = data.draw(st.lists(st.tuples(st.integers(0, len(stream)), st.integers(0, len(stream))), max_size=5))
    parts += [(start, stream[start:stop]) for start, stop in again if start < stop]
    initial = data.draw(st.sampled_from([1_000, 2**32 - 1_000_010]))
    shuffled = data.draw(st.permutations(parts))
    said = [Segment(SERVER, start, part, initial=initial) for start, part in shuffled]
    asked = Segment(CLIENT, 0, REQUEST, initial=initial)
    (capture,) = load(tmp_path, pcap(one.ipv4() for one in (*handshake(initial=initial), asked, *said)))
    assert capture.bytes_from(SERVER) == stream
    assert capture.is_complete

"""C01: HTTP, SSE and WebSocket all ride on TCP; and TCP has no messages, so each of them must frame itself."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from lab_servers.capture.capture import Side
from lab_servers.capture.relay import Relay
from lab_servers.clients.raw import send_bytes
from lab_servers.course.claims import CLAIMS
from lab_servers.course.imported import protocols_known_to
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import OneRelay, SendsAndReads
from lab_servers.views.looks.tcp_one_relay import carried
from lab_servers.views.looks.tcp_sends_and_reads import ways
from tests.claims.trials import assert_fails, assert_holds, contradicted, fresh, with_bytes, with_marks


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["http", "sse", "websocket"]) as running:
        yield running


def test_the_claim_is_shown_by_the_notebook_of_this_name() -> None:
    assert CLAIMS["C01"].notebook == "01_bytes_on_tcp"


def test_one_relay_carries_all_three_and_every_client_gets_its_answer(lab: Lab) -> None:
    found = carried(OneRelay(interval_s=0.02).run(lab))
    assert {one.label: one.answer for one in found} == dict.fromkeys(("HTTP", "SSE", "WebSocket"), "你好世界")
    assert {type(hosted.relay) for hosted in lab.hosted} == {Relay}


def test_the_relays_code_knows_none_of_them() -> None:
    assert protocols_known_to("lab_servers.capture.relay") == ()


def test_a_fresh_python_that_loads_the_relay_has_loaded_no_protocol() -> None:
    script = "import sys, lab_servers.capture.relay; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "lab_servers.capture.relay" in loaded
    known = {"aiohttp", "h11", "http", "httpx", "websockets", "wsproto"}
    assert {name.split(".")[0] for name in loaded} & known == set()
    ours = {name.split(".")[1] for name in loaded if name.startswith("lab_servers.")}
    assert ours & {"wire", "servers", "clients", "lab", "scenarios"} == set()


def test_the_same_relay_carries_a_protocol_that_was_invented_just_now(lab: Lab) -> None:
    async def shouting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line.upper())

    where = urlsplit(lab.host("shouting", shouting, scheme="tcp"))
    with lab.record("shouting") as take:
        lab.run(send_bytes(str(where.hostname), where.port or 0, b"hello\n\x00\xff\n", quiet_s=0.1))
    (capture,) = take.recording.of("shouting")
    assert capture.bytes_from(Side.CLIENT) == b"hello\n\x00\xff\n"
    assert capture.bytes_from(Side.SERVER) == b"HELLO\n\x00\xff\n"


def test_correction_five_sends_are_one_read_and_one_send_is_five_and_the_bytes_are_the_same(lab: Lab) -> None:
    found = {way.label: way for way in ways(SendsAndReads(pause_s=0).run(lab))}
    late, one = found["many sends, read late"], found["one send, small reads"]
    assert (len(late.sends), len(late.reads)) == (5, 1)
    assert (len(one.sends), len(one.reads)) == (1, 5)
    assert late.data == one.data
    assert late.fingerprint == one.fingerprint


# --- its trial: the same judge that `claims` asks ------------------------------------------------------


@pytest.fixture(scope="module")
def recordings() -> tuple[Recording, ...]:
    return fresh("C01")


def test_claim_and_correction_hold_on_a_fresh_recording(recordings: tuple[Recording, ...]) -> None:
    assert_holds("C01", recordings)


def test_a_client_that_got_another_answer_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    relay, sends, unknown = recordings
    other = with_marks(relay, lambda mark: replace(mark, detail="你好") if mark.name == "SSE: got" else mark)
    assert "clients got" in contradicted(assert_fails("C01", other, sends, unknown))


def test_sends_that_arrived_as_they_were_sent_contradict_the_correction(
    lab: Lab, recordings: tuple[Recording, ...]
) -> None:
    relay, _, unknown = recordings
    one_by_one = SendsAndReads(sends=1, pause_s=0).run(lab)
    assert "arrived as" in contradicted(assert_fails("C01", relay, one_by_one, unknown))


def test_a_relay_that_carried_one_protocol_three_times_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    relay, sends, unknown = recordings
    (plain,) = relay.of("http")
    others = tuple(replace(plain, server=one.server, number=one.number) for one in relay.captures)
    told = contradicted(assert_fails("C01", replace(relay, captures=others), sends, unknown))
    assert "One relay carried HTTP, HTTP, HTTP" in told


def test_answers_that_passed_in_no_bytes_contradict_it(recordings: tuple[Recording, ...]) -> None:
    relay, sends, unknown = recordings
    silent = tuple(replace(one, chunks=tuple(one.chunks_from(Side.CLIENT))) for one in relay.captures)
    told = contradicted(assert_fails("C01", replace(relay, captures=silent), sends, unknown))
    assert "nothing that was answered" in told


def test_one_after_the_other_is_not_at_once(recordings: tuple[Recording, ...]) -> None:
    relay, sends, unknown = recordings
    hour_ns = 3_600 * 10**9
    apart = tuple(
        replace(one, chunks=tuple(chunk._replace(at_ns=chunk.at_ns + place * hour_ns) for chunk in one.chunks))
        for place, one in enumerate(relay.captures)
    )
    told = contradicted(assert_fails("C01", replace(relay, captures=apart), sends, unknown))
    assert "carried HTTP, SSE, WebSocket;" in told


def test_a_relay_that_changes_bytes_contradicts_it(recordings: tuple[Recording, ...]) -> None:
    relay, sends, unknown = recordings
    assert_fails("C01", relay, sends, with_bytes(unknown, Side.SERVER, b"HELLO", b"HELL0"))

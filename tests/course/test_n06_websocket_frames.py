"""The questions and exercises on frames: right is what a recording shows, and a wrong decoder fails by its own rule."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab_servers.course.checking import try_out
from lab_servers.course.comparison import comparison_of
from lab_servers.course.finding import exercise_named, question_named
from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import BothWays, CloseCodes, CutCharacter, ForbiddenFrames, Scenario, TokenCompression

Frames = list[tuple[bool, int, bytes]]
TAIL = b"\x00\x00\xff\xff"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(["websocket"]) as running:
        yield running


@pytest.fixture(scope="module")
def recordings(lab: Lab) -> dict[str, Recording]:
    exercises = [exercise_named(name) for name in dict.fromkeys(name for name, _, _ in WRONG)]
    return {one.name: one.record(lab) for one in exercises if one.record is not None}


# --- exercises --------------------------------------------------------------------------------------------


def solution_of(name: str) -> Callable[..., Any]:
    exercise = exercise_named(name)
    scope: dict[str, Any] = {}
    exec(exercise.solution, scope)
    found: Callable[..., Any] = scope[exercise.answer]
    return found


def loses_zeros_at_the_front(payload: bytes, key: bytes) -> bytes:
    plain = int.from_bytes(payload) ^ int.from_bytes((key * len(payload))[: len(payload)])
    return plain.to_bytes((plain.bit_length() + 7) // 8)


def stops_at_the_end_of_the_key(payload: bytes, key: bytes) -> bytes:
    return bytes(byte ^ other for byte, other in zip(payload, key, strict=False))


def begins_with_the_last_byte_of_the_key(payload: bytes, key: bytes) -> bytes:
    return bytes(byte ^ key[3 - place % 4] for place, byte in enumerate(payload))


def reads_the_least_significant_byte_first(header: bytes) -> int:
    short = header[1] & 0x7F
    return int.from_bytes(header[2 : {126: 4, 127: 10}[short]], "little") if short > 125 else short


def reads_four_bytes_of_eight(header: bytes) -> int:
    short = header[1] & 0x7F
    return int.from_bytes(header[2 : {126: 4, 127: 6}[short]]) if short > 125 else short


def takes_mask_for_a_bit_of_the_length(header: bytes) -> int:
    return int.from_bytes(header[2 : {126: 4, 127: 10}[header[1]]]) if header[1] in (126, 127) else header[1]


def takes_rsv_for_a_part_of_the_opcode(data: bytes) -> Any:
    decoded = solution_of("06-decoder")(data)
    return decoded and (decoded[0], data[0] & 0x7F, *decoded[2:])


def throws_the_next_frame_away(data: bytes) -> Any:
    decoded = solution_of("06-decoder")(data)
    return decoded and (*decoded[:3], b"")


def wants_one_byte_more(data: bytes) -> Any:
    decoded = solution_of("06-decoder")(data)
    return decoded if decoded and decoded[3] else None


def gives_out_a_close_frame(frames: Frames) -> list[Any]:
    found = solution_of("06-messages")([one for one in frames if one[1] not in (9, 10)])
    return [*found, *(payload for _, opcode, payload in frames if opcode == 8)]


def decodes_each_fragment(frames: Frames) -> list[Any]:
    found: list[Any] = []
    text = ""
    for fin, opcode, payload in frames:
        if opcode < 8:
            text += payload.decode("utf-8", errors="replace")
            if fin:
                found.append(text)
                text = ""
    return found


def gives_out_what_is_unfinished(frames: Frames) -> list[Any]:
    return list(solution_of("06-messages")([*frames, (True, 0, b"")]))


def takes_no_code_for_1000(payload: bytes | None) -> tuple[int, str]:
    return (1000, "") if payload == b"" else solution_of("06-told")(payload)


def takes_no_frame_for_no_code(payload: bytes | None) -> tuple[int, str]:
    return solution_of("06-told")(payload or b"")


def leaves_the_reason_as_bytes(payload: bytes | None) -> tuple[int, str | bytes]:
    return (int.from_bytes(payload[:2]), payload[2:]) if payload else solution_of("06-told")(payload)


def appends_nothing(payloads: list[bytes]) -> list[bytes]:
    inflater = zlib.decompressobj(-15)
    return [inflater.decompress(payload) for payload in payloads]


def forgets_each_message(payloads: list[bytes]) -> list[bytes]:
    return [zlib.decompressobj(-15).decompress(payload + TAIL) for payload in payloads]


def awaits_a_header_of_zlib(payloads: list[bytes]) -> list[bytes]:
    inflater = zlib.decompressobj()
    return [inflater.decompress(payload + TAIL) for payload in payloads]


WRONG = (
    ("06-unmask", loses_zeros_at_the_front, "Byte i of the payload"),
    ("06-unmask", stops_at_the_end_of_the_key, "Byte i of the payload"),
    ("06-unmask", begins_with_the_last_byte_of_the_key, "Byte i of the payload"),
    ("06-length", reads_the_least_significant_byte_first, "126 in the seven bits"),
    ("06-length", reads_four_bytes_of_eight, "127 in the seven bits"),
    ("06-length", takes_mask_for_a_bit_of_the_length, "the bit before them is MASK"),
    ("06-decoder", takes_rsv_for_a_part_of_the_opcode, "the opcode the last four"),
    ("06-decoder", throws_the_next_frame_away, "the beginning of the next"),
    ("06-decoder", wants_one_byte_more, "With MASK = 1"),
    ("06-messages", gives_out_a_close_frame, "A control frame"),
    ("06-messages", decodes_each_fragment, "The whole message is UTF-8"),
    ("06-messages", gives_out_what_is_unfinished, "Without its last fragment"),
    ("06-told", takes_no_code_for_1000, "told as 1005"),
    ("06-told", takes_no_frame_for_no_code, "told as 1006"),
    ("06-told", leaves_the_reason_as_bytes, "the rest is the reason"),
    ("06-inflate", appends_nothing, "leaves out the last four bytes"),
    ("06-inflate", forgets_each_message, "one inflater reads all messages"),
    ("06-inflate", awaits_a_header_of_zlib, "leaves out the last four bytes"),
)


@pytest.mark.parametrize(("name", "answer", "rule"), WRONG, ids=lambda value: getattr(value, "__name__", ""))
def test_a_wrong_answer_fails_by_the_rule_that_it_breaks(
    recordings: dict[str, Recording], name: str, answer: Callable[..., Any], rule: str
) -> None:
    verdict = try_out(exercise_named(name), answer, recordings[name])
    assert any(rule in failure.case.rule for failure in verdict.failures), str(verdict)


@pytest.mark.parametrize(
    "run",
    [CloseCodes(), ForbiddenFrames(), CutCharacter(missing_bytes=1), TokenCompression(messages=3)],
    ids=lambda run: run.call(),
)
def test_a_right_answer_on_messages_is_right_for_every_recording(lab: Lab, run: Scenario) -> None:
    # What breaks a rule or is compressed has no right answer there, and is left out.
    assert try_out(exercise_named("06-messages"), solution_of("06-messages"), run.run(lab)).passed


# --- questions --------------------------------------------------------------------------------------------

RIGHT = (
    ("06-cut-character", CutCharacter(), "it answers the whole text, unharmed"),
    ("06-cut-character", CutCharacter(missing_bytes=1), "it closes with 1007: the fragments are not UTF-8"),
    ("06-both-ways", BothWays(tick_s=0.01), "some that nobody asked for"),
    ("06-cut", CloseCodes(ending="cut"), "none"),
)


@pytest.mark.parametrize(("name", "run", "right"), RIGHT)
def test_the_recording_tells_what_is_right(lab: Lab, name: str, run: Scenario, right: str) -> None:
    question, recording = question_named(name), run.run(lab)
    assert question.truth(recording) == right
    assert question.require(right) == right
    assert question.shows(recording).endswith(".")


SILENT = (
    ("06-order", CutCharacter(ping_between=False), "the ping is not in it"),
    ("06-both-ways", BothWays(pieces=2, pause_s=0.01, tick_s=5), "a shorter tick_s"),
    ("06-cut", CloseCodes(ending="no-code"), "no connection of it was cut"),
)


@pytest.mark.parametrize(("name", "run", "why"), SILENT)
def test_a_recording_that_cannot_answer_says_why(lab: Lab, name: str, run: Scenario, why: str) -> None:
    with pytest.raises(BadParameter, match=why):
        comparison_of(question_named(name), None, run.run(lab))

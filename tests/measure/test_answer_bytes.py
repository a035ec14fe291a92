"""Whatever the bytes are, they are counted once: the kinds of an answer's bytes add up to what was recorded."""

from __future__ import annotations

from random import Random

import pytest

from lab_servers.capture.capture import Capture, Chunk, Side, Transition, TransitionKind
from lab_servers.errors import BadParameter
from lab_servers.measure.answer_bytes import answer_bytes as of_recording
from lab_servers.measure.answer_bytes import bytes_of
from lab_servers.recording import Recording
from lab_servers.wire.llm.ways import Way

REQUEST = b'POST /api/answer HTTP/1.1\r\nHost: a\r\nContent-Length: 14\r\n\r\n{"prompt":"?"}'
EVENT = 'id: e1-1.1\ndata: {"run":"e1-1","n":1,"type":"text","text":"世界","tokens":2}\n\n'.encode()
JSON = EVENT.split(b"data: ")[1].rstrip(b"\n")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


STREAM = HEAD + chunk(EVENT) + b"0\r\n\r\n"


def captured(server: bytes, client: bytes = REQUEST) -> Capture:
    chunks = [Chunk(1, Side.CLIENT, 0, client), Chunk(2, Side.SERVER, 0, server)]
    transitions = (
        Transition(0, TransitionKind.OPENED, Side.CLIENT),
        Transition(3, TransitionKind.HALF_CLOSED, Side.SERVER),
        Transition(4, TransitionKind.CLOSED, None),
    )
    nowhere = ("127.0.0.1", 1)
    return Capture(
        Way.EVENT_STREAM.value, 1, nowhere, nowhere, tuple(one for one in chunks if one.data), transitions,
        dict.fromkeys(Side, 0),
    )  # fmt: skip


def test_one_event_is_cut_into_text_json_framing_and_headers() -> None:
    down = bytes_of([captured(STREAM)], Way.EVENT_STREAM).down
    text = len("世界".encode())
    assert (down.text, down.around, down.alone) == (text, len(JSON) - text, 0)
    assert down.headers == len(HEAD)
    assert down.framing == len(STREAM) - len(HEAD) - len(JSON)


def test_the_json_of_a_question_is_envelope_and_no_text() -> None:
    up = bytes_of([captured(STREAM)], Way.EVENT_STREAM).up
    assert (up.text, up.envelope, up.headers) == (0, 14, len(REQUEST) - 14)


def test_an_escaped_character_is_more_json_and_not_more_text() -> None:
    escaped = JSON.replace("世界".encode(), b"\\u4e16\\u754c")
    stream = HEAD + chunk(b"data: " + escaped + b"\n\n") + b"0\r\n\r\n"
    down = bytes_of([captured(stream)], Way.EVENT_STREAM).down
    assert (down.text, down.around) == (6, len(escaped) - 6)


def test_json_that_brings_no_text_stands_apart() -> None:
    end = b'{"run":"e1-1","n":2,"type":"end","finish":"stop","usage":{"output_tokens":2}}'
    stream = HEAD + chunk(EVENT) + chunk(b"data: " + end + b"\n\n") + b"0\r\n\r\n"
    assert bytes_of([captured(stream)], Way.EVENT_STREAM).down.alone == len(end)


@pytest.mark.parametrize("way", list(Way), ids=lambda way: way.value)
def test_no_byte_is_lost_wherever_the_stream_is_cut(way: Way) -> None:
    for size in range(len(STREAM) + 1):
        counted = bytes_of([captured(STREAM[:size])], way)
        assert counted.down.total == size
        assert counted.up.total == len(REQUEST)


def test_no_byte_is_lost_of_bytes_that_mean_nothing() -> None:
    random = Random(8)
    for _ in range(300):
        place = random.randrange(len(STREAM))
        broken = STREAM[:place] + random.randbytes(random.randint(1, 9)) + STREAM[place + random.randint(0, 9) :]
        down = bytes_of([captured(broken)], random.choice(list(Way))).down
        assert down.total == len(broken)
        assert min(down.text, down.around, down.alone, down.framing, down.headers, down.other) >= 0


def test_what_passed_unrecorded_is_counted_too() -> None:
    capture = captured(STREAM)
    capture.unrecorded_bytes[Side.SERVER] = 77
    assert bytes_of([capture], Way.EVENT_STREAM).down.total == len(STREAM) + 77


def test_a_recording_without_an_answer_says_what_to_run() -> None:
    with pytest.raises(BadParameter, match="run the scenario AnswerArrives"):
        of_recording(Recording("empty", ()))

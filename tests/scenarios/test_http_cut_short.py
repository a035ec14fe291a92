"""A cut answer: each framing is cut after the same byte of its content, and each client says what it concluded."""

from __future__ import annotations

import pytest

from lab_servers.errors import BadParameter
from lab_servers.lab import Lab
from lab_servers.scenarios import CutShort
from lab_servers.scenarios.http_cut_short import FRAMINGS, cut_after, framed
from lab_servers.scenarios.http_readers import MISSING, READERS
from lab_servers.views.looks.http_cut_short import clients, sentence

BODY = "a 张 and 27 more bytes of body".encode()


def test_a_whole_chunked_body_is_its_chunks_and_the_last_one() -> None:
    _, body = framed("chunked", "text/plain", b"0123456789ab", 10)
    assert body == b"a\r\n0123456789\r\n2\r\nab\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("content_bytes", "left"),
    [(0, b""), (1, b"3\r\na"), (3, b"3\r\nabc"), (4, b"3\r\nabc\r\n2\r\nd"), (5, b"3\r\nabc\r\n2\r\nde")],
)
def test_a_cut_leaves_no_framing_behind_its_byte(content_bytes: int, left: bytes) -> None:
    _, body = framed("chunked", "text/plain", b"abcde", 3)
    assert cut_after("chunked", body, content_bytes, 3) == left


@pytest.mark.parametrize("framing", ["content-length", "close"])
def test_a_body_without_chunks_is_cut_where_the_content_is(framing: str) -> None:
    head, body = framed(framing, "text/plain", BODY, 10)
    assert cut_after(framing, body, 7, 10) == BODY[:7]
    assert (b"Content-Length: %d" % len(BODY) in head) is (framing == "content-length")


def test_more_cannot_be_missing_than_there_is() -> None:
    with pytest.raises(BadParameter, match="at most 18 bytes for a body of CSV, which has 19, not 20"):
        CutShort(body="CSV", missing_bytes=20)


def test_each_client_asks_for_each_framing_on_a_connection_of_its_own() -> None:
    with Lab([]) as lab:
        recording = CutShort().run(lab)
        assert lab.problems == ()
    absent = sum(mark.detail == MISSING for mark in recording.marks)
    assert len(recording.captures) == len(READERS) * len(FRAMINGS) - absent
    assert len(recording.marks) == len(READERS) * len(FRAMINGS)
    assert {mark.name for mark in recording.marks} == {f"{who}: {how}" for who in READERS for how in FRAMINGS}


def test_without_curl_the_others_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with Lab([]) as lab:
        recording = CutShort().run(lab)
    assert "curl" not in clients(recording)
    assert "of 5 under Content-Length" in sentence(recording)


def test_no_client_asks_a_proxy_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    with Lab([]) as lab:
        recording = CutShort(missing_bytes=0).run(lab)
    assert {mark.detail.split()[0] for mark in recording.marks} <= {"accepts", "not"}

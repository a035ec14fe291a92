"""How a proof is told: lines that fit, bytes that are harmless, and nothing that a terminal would obey."""

from __future__ import annotations

import json

import pytest

from lab_servers.capture.capture import Side
from lab_servers.course.claims import CLAIMS
from lab_servers.proofs import Excerpt, Proof, Verdict
from lab_servers.proofs.proof import seen
from lab_servers.proofs.telling import as_data, as_text, summary


def proof_of(data: bytes, sentence: str = "It was seen.") -> Proof:
    excerpt = Excerpt("sse", 1, Side.SERVER, 10, 10 + max(len(data), 1), data)
    evidence = seen(sentence, True, excerpt, bytes=len(data))
    return Proof(CLAIMS["C01"], Verdict.HOLDS, (evidence,), (evidence,))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"GET / HTTP/1.1\r\n", r"GET / HTTP/1.1\r\n"),
        ("收到".encode(), "收到"),
        (b"\x81\x05hello", "81 05 68 65 6c 6c 6f"),
        (b"\xff\xfe", "ff fe"),
        (b"a\x00b", "61 00 62"),
        ("你好".encode()[:5], "你"),  # a character cut by the excerpt's end
        (b"\x1b[31mred", "1b 5b 33 31 6d 72 65 64"),
        ("\u202eabc".encode(), "e2 80 ae 61 62 63"),
    ],
)
def test_bytes_are_text_where_they_are_text_and_hex_where_they_are_not(data: bytes, told: str) -> None:
    assert f"sse 1 ← bytes 10 to {9 + len(data)}: {told}" in as_text(proof_of(data))


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_wider_than_asked_for(width: int) -> None:
    text = as_text(proof_of("你好世界".encode() * 12, "Long words: " + "text/event-stream " * 20 + "."), width)
    for line in text.splitlines():
        assert sum(2 if ord(char) >= 0x2E80 else 1 for char in line) <= width
    assert "text/event-\n" not in text


def test_hostile_text_is_made_harmless() -> None:
    text = as_text(proof_of(b"\x1b]0;title\x07", "A server said \x1b[2J\u202e here."))
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_the_data_is_json_and_names_the_place_of_every_byte() -> None:
    data = json.loads(json.dumps(as_data(proof_of(b"data: x\n\n"))))
    assert data["evidence"][0]["bytes"] == [
        {
            "server": "sse", "connection": 1, "sender": "server", "range": [10, 19],
            "hex": "646174613a20780a0a", "text": "data: x\\n\\n",
        }
    ]  # fmt: skip


def test_a_proof_shows_itself_as_its_text() -> None:
    proof = proof_of(b"x")
    assert str(proof) == repr(proof) == as_text(proof)


def test_what_could_not_be_tried_says_why() -> None:
    text = as_text(Proof(CLAIMS["C09"], Verdict.NOT_SHOWN_YET, why_not="It needs a browser."))
    assert text.splitlines()[0] == "C09   NOT SHOWN YET"
    assert "→ It needs a browser." in text
    assert "But:" not in text


def test_the_summary_counts_every_verdict() -> None:
    proofs = [proof_of(b"x"), Proof(CLAIMS["C09"], Verdict.NOT_SHOWN_YET), Proof(CLAIMS["C02"], Verdict.FAILS)]
    assert summary(proofs) == "3 claims tried. Holds: 1, fails: 1, not shown yet: 1."
    assert summary(proofs[:1]) == "1 claim tried. Holds: 1, fails: 0, not shown yet: 0."

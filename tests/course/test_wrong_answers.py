"""Answers that look right and are not: each exercise on TCP and on polling fails them, by the rule that they break."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab_servers.course.checking import try_out
from lab_servers.course.finding import exercise_named
from lab_servers.lab import Lab
from lab_servers.recording import Recording

Fields = list[tuple[str, str]]


def _head(server: bytes) -> bytes:
    return server.split(b"\r\n\r\n")[0]


def _lower(fields: Fields) -> dict[str, str]:
    return {name.lower(): value for name, value in fields}


def believes_what_the_client_accepts(client: bytes, server: bytes) -> str:
    if not server.startswith(b"HTTP/1."):
        return "something else"
    if b" 101 " in _head(server):
        return "WebSocket"
    return "SSE" if b"text/event-stream" in client + _head(server).lower() else "HTTP"


def knows_one_version_only(client: bytes, server: bytes) -> str:
    if not server.startswith(b"HTTP/1.1 "):
        return "something else"
    if server.startswith(b"HTTP/1.1 101 "):
        return "WebSocket"
    return "SSE" if b"content-type: text/event-stream" in _head(server).lower() else "HTTP"


def _messages(stream: bytes, *, order: Any = "big", is_enough: Callable[[int, int], bool]) -> list[bytes]:
    found = []
    while len(stream) >= 2:
        size = int.from_bytes(stream[:2], order)
        if not is_enough(len(stream), 2 + size):
            break
        found.append(stream[2 : 2 + size])
        stream = stream[2 + size :]
    return found


def swaps_the_bytes_of_the_length(reads: list[bytes]) -> list[bytes]:
    return _messages(b"".join(reads), order="little", is_enough=lambda have, need: have >= need)


def gives_out_what_is_not_complete(reads: list[bytes]) -> list[bytes]:
    return _messages(b"".join(reads), is_enough=lambda have, need: True)


def looks_at_each_read_by_itself(reads: list[bytes]) -> list[bytes]:
    return [one for read in reads for one in _messages(read, is_enough=lambda have, need: have >= need)]


def skips_empty_messages(reads: list[bytes]) -> list[bytes]:
    return [one for one in _messages(b"".join(reads), is_enough=lambda have, need: have >= need) if one]


def holds_back_a_segment_that_is_just_full(waiting: int, out: int, full: int, no_delay: bool) -> bool:
    return no_delay or out == 0 or waiting > full


def takes_each_segment_for_one_of_ethernet(waiting: int, out: int, full: int, no_delay: bool) -> bool:
    return no_delay or out == 0 or waiting >= 1_460


def forgets_the_option(waiting: int, out: int, full: int, no_delay: bool) -> bool:
    return out == 0 or waiting >= full


def takes_the_third_transition(transitions: list[tuple[str, str | None]]) -> tuple[str | None, str] | None:
    kind, side = [*transitions, ("none", None)][2]
    return (side, {"half-closed": "FIN", "reset": "RST"}[kind]) if kind in ("half-closed", "reset") else None


def lets_a_reset_count_before_all(transitions: list[tuple[str, str | None]]) -> tuple[str | None, str] | None:
    for looked_for, sign in (("reset", "RST"), ("half-closed", "FIN")):
        for kind, side in transitions:
            if kind == looked_for:
                return side, sign
    return None


def sends_both_conditions(fields: Fields) -> dict[str, str]:
    known = _lower(fields)
    names = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
    return {names[name]: known[name] for name in names if name in known}


def makes_each_tag_a_strong_one(fields: Fields) -> dict[str, str]:
    known = _lower(fields)
    return {"If-None-Match": known["etag"].removeprefix("W/")} if "etag" in known else {}


def never_thinks_of_the_client(hold_s: float, proxy_s: float, client_s: float) -> int | None:
    return 204 if hold_s <= proxy_s else 504


def drops_answers_and_not_events(known: list[dict[str, int]], answer: Any) -> tuple[list[dict[str, int]], int]:
    last = known[-1]["id"] if known else 0
    if answer is None or answer["next"] <= last:
        return known, last
    return known + answer["events"], answer["next"]


def starts_anew_after_a_204(known: list[dict[str, int]], answer: Any) -> tuple[list[dict[str, int]], int]:
    if answer is None:
        return known, 0
    last = known[-1]["id"] if known else 0
    return known + [one for one in answer["events"] if one["id"] > last], max(last, answer["next"])


def caps_what_the_draw_has_left(failures: int, draw: float, retry_after_s: int) -> float:
    return retry_after_s + min(30, draw * 2 ** min(failures, 40))


def waits_for_the_longer_of_the_two(failures: int, draw: float, retry_after_s: int) -> float:
    return max(retry_after_s, draw * min(30, 2**failures))


WRONG: tuple[tuple[str, Callable[..., Any], str], ...] = (
    ("01-carries", believes_what_the_client_accepts, "Accept is what the client would like"),
    ("01-carries", knows_one_version_only, "An answer in HTTP begins with a status line"),
    ("01-messages", swaps_the_bytes_of_the_length, "The length has two bytes"),
    ("01-messages", gives_out_what_is_not_complete, "A message whose last byte has not come"),
    ("01-messages", looks_at_each_read_by_itself, "A read may end between the two bytes"),
    ("01-messages", skips_empty_messages, "A length of 0 is a message as well"),
    ("01-nagle", holds_back_a_segment_that_is_just_full, "A full segment is sent"),
    ("01-nagle", takes_each_segment_for_one_of_ethernet, "A full segment is sent"),
    ("01-nagle", forgets_the_option, "TCP_NODELAY switches the rule off"),
    ("01-ended-first", takes_the_third_transition, "the first one in the capture counts"),
    ("01-ended-first", lets_a_reset_count_before_all, "the first one in the capture counts"),
    ("03-condition", sends_both_conditions, "Of two validators the ETag decides"),
    ("03-condition", makes_each_tag_a_strong_one, "repeats the entity tag as it came"),
    ("03-patience", never_thinks_of_the_client, "If the client's limit is the shortest"),
    ("03-cursor", drops_answers_and_not_events, "An answer that comes a second time adds nothing"),
    ("03-cursor", starts_anew_after_a_204, "brings nothing"),
    ("03-jitter", caps_what_the_draw_has_left, "The longest wait is 30 s"),
    ("03-jitter", waits_for_the_longer_of_the_two, "Retry-After is the least"),
)


@pytest.fixture(scope="module")
def fresh() -> Iterator[dict[str, Recording]]:
    """One recording for each exercise."""
    with Lab() as lab:
        exercises = (exercise_named(name) for name in sorted({name for name, _, _ in WRONG}))
        yield {one.name: one.record(lab) for one in exercises if one.record}


@pytest.mark.parametrize(("name", "answer", "rule"), WRONG, ids=[answer.__name__ for _, answer, _ in WRONG])
def test_a_wrong_answer_fails_by_the_rule_that_it_breaks(
    fresh: dict[str, Recording], name: str, answer: Callable[..., Any], rule: str
) -> None:
    for seed in (2026, 1, 2):
        verdict = try_out(exercise_named(name), answer, fresh[name], seed=seed)
        assert any(rule in failure.case.rule for failure in verdict.failures), str(verdict)

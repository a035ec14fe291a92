"""``explain`` as a person runs it: a capture file in, an outline or JSON out, one sentence for what cannot be done."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lab_servers import Lab
from lab_servers.cli.arguments import Explain, parse
from lab_servers.errors import BadParameter
from lab_servers.recording import Recording
from lab_servers.scenarios import FourWays
from tests.capture.wireshark import (
    ANSWER,
    CLIENT,
    CLOSE,
    MASKED_CLOSE,
    MASKED_HELLO,
    SERVER,
    SWITCHING,
    UPGRADE,
    recorded,
)
from tests.cli.running import run
from tests.repository.project import ROOT
from tests.tools import require_tool

SCHEMA = json.loads((ROOT / "lab_servers" / "views" / "explanation.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def four_ways(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with Lab() as lab:
        recording = FourWays(interval_s=0.02, poll_every_s=0.05).run(lab)
    return recording.save(tmp_path_factory.mktemp("saved") / "four_ways.pcapng")


def explained(*arguments: str) -> dict[str, Any]:
    done = run("explain", *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMA)
    return found


def test_the_json_keeps_its_contract_and_covers_every_byte(four_ways: Path) -> None:
    connections = explained(str(four_ways))["connections"]
    assert len(connections) >= 4
    for connection in connections:
        assert connection["complete"]
        for direction in ("client", "server"):
            records = [
                record
                for record in connection["records"]
                if record["direction"] == direction and record["layer"] != "sse"
            ]
            pieces = sorted(piece for record in records for piece in record["pieces"])
            assert [start for start, _ in pieces] == [0, *(stop for _, stop in pieces[:-1])]
            for record in records:
                covered = sorted({tuple(piece) for field in record["fields"] for piece in field["pieces"]})
                assert sum(stop - start for start, stop in covered) == sum(b - a for a, b in record["pieces"])


def test_the_records_stand_in_the_order_of_time(four_ways: Path) -> None:
    for connection in explained(str(four_ways))["connections"]:
        times = [record["at_s"] for record in connection["records"]]
        assert times == sorted(times)
        assert times[0] >= 0


def test_the_outline_tells_the_four_events_of_the_course(four_ways: Path) -> None:
    done = run("explain", str(four_ways), "--only", "sse")
    assert (done.returncode, done.stderr) == (0, "")
    events = [line.split("]  ", 1)[1] for line in done.stdout.splitlines() if " sse event " in line]
    assert events == [f'message: {{"d":"{token}"}}' for token in "你好世界"]


def test_one_layer_alone_can_be_asked_for(four_ways: Path) -> None:
    layers = {
        record["layer"]
        for connection in explained(str(four_ways), "--only", "websocket")["connections"]
        for record in connection["records"]
    }
    assert layers == {"websocket"}


def test_notes_alone_can_be_asked_for(four_ways: Path) -> None:
    records = [
        record for connection in explained(str(four_ways), "--notes")["connections"] for record in connection["records"]
    ]
    assert records
    assert all(record["notes"] for record in records)
    assert not any(note["severity"] == "forbidden" for record in records for note in record["notes"])
    assert "method: " not in run("explain", str(four_ways), "--notes").stdout


def test_the_end_of_http_is_told_with_what_came_in_the_same_read(tmp_path: Path) -> None:
    capture = recorded(
        (CLIENT, UPGRADE), (SERVER, SWITCHING + ANSWER), (CLIENT, MASKED_HELLO + MASKED_CLOSE), (SERVER, CLOSE)
    )
    Recording("chat", (capture,), wall_clock_offset_ns=1_700_000_000 * 10**9).save(tmp_path / "chat.pcapng")
    done = run("explain", str(tmp_path / "chat.pcapng"))
    (line,) = [line for line in done.stdout.splitlines() if "HTTP ends here" in line]
    assert f"byte {len(UPGRADE)} of the client and byte {len(SWITCHING)} of the server on it is websocket" in line
    assert f"{len(ANSWER)} bytes of what follows came in the same read" in line


def test_what_tcpdump_wrote_is_explained_too(tmp_path: Path, four_ways: Path) -> None:
    """editcap turns our file into a classic pcap, which is what tcpdump writes."""
    tshark = require_tool("tshark")
    # A classic file holds one link type only, and the marks of ours are of another one.
    only_tcp, classic = tmp_path / "only_tcp.pcapng", tmp_path / "classic.pcap"
    subprocess.run([tshark, "-r", four_ways, "-Y", "tcp", "-w", only_tcp], check=True, capture_output=True)
    editcap = Path(tshark).with_name("editcap")
    subprocess.run([editcap, "-F", "nsecpcap", "-T", "rawip", only_tcp, classic], check=True, capture_output=True)
    ours, theirs = explained(str(four_ways))["connections"], explained(str(classic))["connections"]
    assert [untimed(one) for one in ours] == [untimed(one) for one in theirs]


def untimed(connection: dict[str, Any]) -> list[Any]:
    return [{**record, "at_s": 0} for record in connection["records"]]


@pytest.mark.parametrize(
    ("protocol", "data", "names"),
    [
        ("http-request", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", ["request head"]),
        ("http-response", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", ["response head", "body"]),
        ("sse", b"data: 1\n\ndata: 2\n\n", ["event", "event"]),
        ("websocket-client", MASKED_HELLO + MASKED_CLOSE, ["text frame", "close frame"]),
        ("websocket-server", ANSWER, ["text frame"]),
    ],
)
def test_a_bare_file_of_one_direction_is_explained_the_same_way(
    tmp_path: Path, protocol: str, data: bytes, names: list[str]
) -> None:
    file = tmp_path / "bytes"
    file.write_bytes(data)
    (connection,) = explained(str(file), "--raw", "--protocol", protocol)["connections"]
    assert [record["name"] for record in connection["records"]] == names
    assert [record["at_s"] for record in connection["records"]] == [None] * len(names)
    assert (connection["client"], connection["server"], connection["complete"]) == (None, None, True)
    assert run("explain", str(file), "--raw", "--protocol", protocol).stdout.count(names[0]) >= 1


def test_an_empty_bare_file_has_no_records(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (connection,) = explained(str(tmp_path / "empty"), "--raw", "--protocol", "sse")["connections"]
    assert connection["records"] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "needs the name of a file"),
        (("no-such-file.pcap",), "no-such-file.pcap"),
        (("README.md",), "text and no capture file"),
        (("notebooks",), "is a folder"),
        (("README.md", "--raw"), "--raw needs --protocol"),
        (("README.md", "--protocol", "sse"), "add --raw"),
        (("README.md", "--raw", "--protocol", "smtp"), "--protocol must be one of http-request"),
        (("no-such-file", "--raw", "--protocol", "sse"), "No such file"),
        (("README.md", "--only", "tcp"), "--only must be one of http, sse, websocket, not 'tcp'"),
        (("README.md", "--jsn"), "the nearest is --json"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(arguments: tuple[str, ...], words: str) -> None:
    done = run("explain", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_file_cut_in_the_middle_says_so_and_gives_what_can_be_read(tmp_path: Path, four_ways: Path) -> None:
    whole = four_ways.read_bytes()
    cut = tmp_path / "cut.pcapng"
    cut.write_bytes(whole[: len(whole) // 2])
    done = run("explain", str(cut), "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["connections"]
    assert done.stderr


def test_hostile_bytes_reach_a_terminal_as_escapes_only(tmp_path: Path) -> None:
    file = tmp_path / "hostile"
    file.write_bytes(b"GET /\x1b]0;title\x07 HTTP/1.1\r\nHost: \x1b[2J\xe2\x80\xae\r\n\r\n")
    done = run("explain", str(file), "--raw", "--protocol", "http-request")
    assert all(char.isprintable() or char == "\n" for char in done.stdout)


def test_the_arguments_become_a_command() -> None:
    assert parse(["explain", "a.pcap", "--json", "--only", "sse", "--notes"]) == Explain(
        Path("a.pcap"), True, "sse", True, None
    )
    with pytest.raises(BadParameter, match="nearest is explain"):
        parse(["explan"])

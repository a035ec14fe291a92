"""What is counted in a source: lines, states, rules, ways to be wrong; and that the course's own sources keep to it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from lab_servers.measure.complexity import (
    BOTH,
    NOTHING,
    PARTS,
    Complexity,
    End,
    count,
    count_part,
    lines_with_libraries,
    total,
)
from lab_servers.measure.evidence import SSE, WEBSOCKET
from tests.repository.project import ROOT

FROM_SCRATCH = ROOT / "lab_servers" / "servers" / "from_scratch"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("", NOTHING),
        ("# only a remark\n\n", NOTHING),
        ('"""A docstring.\n\nOf three lines.\n"""\n', NOTHING),
        ("a = 1\n\nb = 2  # a remark\n", Complexity(2, 0, 0, 0)),
        ('a = """not a\ndocstring"""\n', Complexity(2, 0, 0, 0)),
        ("a = (\n    1,\n)\n", Complexity(3, 0, 0, 0)),
        ("def f():\n    '''Docstring.'''\n    return 1\n", Complexity(2, 0, 0, 0)),
        ("class LineState(Enum):\n    A = 1\n    B = 2\n", Complexity(3, 2, 0, 0)),
        ("class Colour(Enum):\n    A = 1\n", Complexity(2, 0, 0, 0)),
        ("# RFC 6455 §5.5: at most 125 bytes.\n", Complexity(0, 0, 1, 0)),
        ("# RFC 6455 §5.5: one; §5.4: and another.\n", Complexity(0, 0, 2, 0)),
        ("pass  # HTML §9.2.6: ignored.\n", Complexity(1, 0, 1, 0)),
        ("a = '# RFC 6455 §5.5: in a text'\n", Complexity(1, 0, 0, 0)),
        ("# see RFC 6455 §5.5 for more\n", NOTHING),
        ("raise ValueError('a')\n", Complexity(1, 0, 0, 1)),
        ("try:\n    a\nexcept E:\n    raise\n", Complexity(4, 0, 0, 0)),
    ],
)
def test_what_is_counted(source: str, found: Complexity) -> None:
    assert count(source) == found


def test_every_file_of_the_implementations_is_counted_once() -> None:
    there = {one.name for one in FROM_SCRATCH.glob("*.py")} - {"__init__.py"}
    assert sorted(part.file for part in PARTS) == sorted(there)


def test_the_implementations_use_the_standard_library_alone() -> None:
    for part in PARTS:
        tree = ast.parse((FROM_SCRATCH / part.file).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                assert node.module is not None
                assert not node.module.startswith(("aiohttp", "websockets", "httpx", "lab_servers"))


@pytest.mark.parametrize("part", PARTS, ids=lambda one: one.file)
def test_every_rule_names_a_specification(part: object) -> None:
    for number, line in enumerate(_source(part).splitlines()):
        comment = line.partition("#")[2]
        if "§" in comment and ":" in comment.partition("§")[2][:8]:
            assert comment.strip().startswith(("RFC ", "HTML ")), (part, number + 1)


def _source(part: object) -> str:
    return Path(FROM_SCRATCH / getattr(part, "file")).read_text(encoding="utf-8")  # noqa: B009


def test_a_server_of_websocket_alone_has_more_of_everything() -> None:
    sse, websocket = total(SSE, End.SERVER), total(WEBSOCKET, End.SERVER)
    assert websocket.lines > 2 * sse.lines
    assert websocket.rules > 2 * sse.rules
    assert websocket.ways_to_be_wrong > 2 * sse.ways_to_be_wrong
    assert websocket.states > sse.states


def test_correction_with_a_client_that_comes_back_the_lines_are_nearly_even() -> None:
    sse, websocket = total(SSE), total(WEBSOCKET)
    assert sse.lines < websocket.lines < 1.5 * sse.lines
    assert sse.rules < websocket.rules
    assert sse.ways_to_be_wrong < websocket.ways_to_be_wrong


def test_both_ends_are_the_sum_of_their_parts() -> None:
    parts = NOTHING
    for part in PARTS:
        parts += count_part(part)
    assert parts == total(SSE) + total(WEBSOCKET) + total(BOTH)


def test_with_libraries_both_are_short() -> None:
    for of in (SSE, WEBSOCKET):
        assert 5 < lines_with_libraries(of) < total(of).lines / 4

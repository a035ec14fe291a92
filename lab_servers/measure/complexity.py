"""How much there is to build: lines, states, rules and ways to be wrong, counted from the source of an implementation.

What is counted are the SSE and the WebSocket of ``servers/from_scratch/``, and what one writes with libraries
(``servers/with_libraries.py``). ``views/complexity.py`` shows it. Nothing here runs the code that it counts.
"""

from __future__ import annotations

import ast
import enum
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab_servers.measure.evidence import SSE, WEBSOCKET

_SERVERS = Path(__file__).parent.parent / "servers"

# A comment that names the section of a rule that the code beside it obeys, such as "# RFC 6455 §5.5: …".
_RULE = re.compile(r"§[\d.]+:")
_NO_CODE = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING,
     tokenize.ENDMARKER}
)  # fmt: skip

BOTH = "HTTP"  # which both need


@dataclass(frozen=True)
class Complexity:
    """What was counted.

    Attributes:
        lines: Lines of code, without blank lines, comments and docstrings.
        states: Members of the enums whose names end in ``State``.
        rules: Rules of specifications that the code says it obeys, each in a comment with its section.
        ways_to_be_wrong: Places that raise an error.
    """

    lines: int
    states: int
    rules: int
    ways_to_be_wrong: int

    def __add__(self, other: Complexity) -> Complexity:
        return Complexity(
            self.lines + other.lines,
            self.states + other.states,
            self.rules + other.rules,
            self.ways_to_be_wrong + other.ways_to_be_wrong,
        )


NOTHING = Complexity(0, 0, 0, 0)


class End(enum.Enum):
    """Who needs a part."""

    SERVER = "server"
    CLIENT = "client"
    EITHER = "either end"


@dataclass(frozen=True)
class Part:
    """One file of an implementation.

    Attributes:
        of: ``"SSE"``, ``"WebSocket"``, or :data:`BOTH`.
        name: What it does, in a few words.
        file: Its name in ``servers/from_scratch/``.
        end: Who needs it.
    """

    of: str
    name: str
    file: str
    end: End


PARTS = (
    Part(BOTH, "heads, for both", "http_head.py", End.EITHER),
    Part(SSE, "events as bytes", "sse_events.py", End.SERVER),
    Part(SSE, "responses", "sse_server.py", End.SERVER),
    Part(SSE, "the log to resume from", "sse_log.py", End.SERVER),
    Part(SSE, "bodies of HTTP", "http_body.py", End.CLIENT),
    Part(SSE, "parser, and coming back", "sse_reader.py", End.CLIENT),
    Part(WEBSOCKET, "the accepting value", "websocket_handshake.py", End.EITHER),
    Part(WEBSOCKET, "frames", "websocket_frames.py", End.EITHER),
    Part(WEBSOCKET, "messages, control frames, closing", "websocket_connection.py", End.EITHER),
    Part(WEBSOCKET, "handshake of a server", "websocket_server.py", End.SERVER),
    Part(WEBSOCKET, "handshake of a client", "websocket_client.py", End.CLIENT),
)

# Of ``servers/with_libraries.py``: what a server and a client are there.
_WITH_LIBRARIES = {SSE: ("events_app", "read_events"), WEBSOCKET: ("message_server", "read_messages")}


def count(source: str) -> Complexity:
    """Count a module.

    Args:
        source: Its Python text.

    Raises:
        SyntaxError: it is no Python.
    """
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    return Complexity(
        len(_code_lines(tokens) - _docstring_lines(nodes)),
        sum(_states_in(node) for node in nodes if isinstance(node, ast.ClassDef)),
        sum(len(_RULE.findall(one.string)) for one in tokens if one.type == tokenize.COMMENT),
        # A bare raise hands on an error that was counted where it was raised.
        sum(isinstance(node, ast.Raise) and node.exc is not None for node in nodes),
    )


def _code_lines(tokens: list[tokenize.TokenInfo]) -> set[int]:
    return {
        line for one in tokens if one.type not in _NO_CODE for line in range(one.start[0], one.end[0] + 1)
    }  # fmt: skip


def _docstring_lines(nodes: list[ast.AST]) -> set[int]:
    found: set[int] = set()
    for node in nodes:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(
                first.value.value, str
            ):  # fmt: skip
                found.update(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return found


def _states_in(node: ast.ClassDef) -> int:
    return sum(isinstance(one, ast.Assign) for one in node.body) if node.name.endswith("State") else 0


def count_part(part: Part) -> Complexity:
    """Count one file of ``servers/from_scratch/``."""
    return count((_SERVERS / "from_scratch" / part.file).read_text(encoding="utf-8"))


def total(of: str, end: End | None = None) -> Complexity:
    """Count an implementation, or what one end needs of it.

    Args:
        of: ``"SSE"``, ``"WebSocket"``, or :data:`BOTH`.
        end: Only what this end needs; ``None`` counts both ends, and what either needs once.
    """
    found = NOTHING
    for part in PARTS:
        if part.of == of and (end is None or part.end in (end, End.EITHER)):
            found += count_part(part)
    return found


def lines_with_libraries(of: str) -> int:
    """How many lines of code a server and a client take that a library carries."""
    source = (_SERVERS / "with_libraries.py").read_text(encoding="utf-8")
    wanted = _WITH_LIBRARIES[of]
    functions = [one for one in _functions(source) if one.name in wanted]
    assert len(functions) == len(wanted)
    segments = (ast.get_source_segment(source, one, padded=True) or "" for one in functions)
    return sum(count(_unindented(segment)).lines for segment in segments)


def _functions(source: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (one for one in ast.parse(source).body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))


def _unindented(segment: str) -> str:
    return segment.lstrip(" ")

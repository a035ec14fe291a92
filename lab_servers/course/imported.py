"""What a module of ours imports, directly and through others of ours: evidence for what its code can know.

The text of each file is read; nothing is run. ``lessons/n01_bytes_on_tcp.py`` uses it for the relay.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, resolve_name
from pathlib import Path

from lab_servers.errors import BadParameter
from lab_servers.views.table import Table

OURS = "lab_servers"

# Who imports one of these knows a protocol above TCP. Of ours: the dissectors, the servers, the clients.
PROTOCOLS = frozenset(
    {
        "aiohttp", "h11", "http", "httpx", "lab_servers.clients", "lab_servers.servers", "lab_servers.wire", "requests",
        "urllib", "websockets", "wsproto",
    }
)  # fmt: skip


def imported_by(module: str) -> dict[str, tuple[str, ...]]:
    """Every module of ours that ``module`` needs, itself first, each with all that its file imports, sorted.

    An import inside a function, or for type checkers alone, counts as well.

    Raises:
        BadParameter: there is no such module of ours.
    """
    found: dict[str, tuple[str, ...]] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found[name] = tuple(sorted(set(_imports(_spec(name))) - {"__future__"}))
            waiting += [one for one in found[name] if one.split(".")[0] == OURS]
    return found


def protocols_known_to(module: str) -> tuple[str, ...]:
    """What it imports of protocols above TCP, directly or through others of ours; empty if nothing."""
    names = {name for imports in imported_by(module).values() for name in imports}
    return tuple(sorted(name for name in names if any(f"{name}.".startswith(f"{one}.") for one in PROTOCOLS)))


def import_table(module: str) -> Table:
    """A module and all of ours that it needs, one row each, with what each imports; the caption counts protocols."""
    known = protocols_known_to(module)
    rows = tuple(
        (name, f"{len(_text(_spec(name)).splitlines()):,}", ", ".join(imports) or "nothing")
        for name, imports in imported_by(module).items()
    )
    told = ", ".join(known) if known else "none"
    return Table(
        f"{module} and all of ours that it needs. Imports that know a protocol above TCP: {told}",
        ("module", "lines", "imports"),
        rows,
        frozenset({0}),
    )


def _spec(module: str) -> ModuleSpec:
    spec = _spec_of_ours(module)
    if spec is None or spec.origin is None:
        raise BadParameter(f"There is no module {module!r} of ours: give one such as 'lab_servers.capture.relay'.")
    return spec


def _spec_of_ours(name: str) -> ModuleSpec | None:
    try:
        return find_spec(name) if name.split(".")[0] == OURS else None
    except ModuleNotFoundError:  # what stands before its last dot is no package
        return None


def _text(spec: ModuleSpec) -> str:
    return Path(str(spec.origin)).read_text(encoding="utf-8")


def _imports(spec: ModuleSpec) -> Iterator[str]:
    for node in ast.walk(ast.parse(_text(spec))):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=base, names=names, level=level):
                start = resolve_name("." * level + (base or ""), spec.parent) if level else str(base)
                modules = [one for one in (f"{start}.{alias.name}" for alias in names) if _spec_of_ours(one)]
                yield from modules or [start]

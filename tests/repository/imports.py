"""What a Python file imports, read from its text without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path


def imported_modules(file: Path, package: str = "") -> set[str]:
    """The full dotted names that a file imports, inside functions and ``if TYPE_CHECKING`` too.

    ``from a import b`` counts as ``a.b``, since ``b`` may be a module. ``package`` is the
    dotted package that the file lies in; relative imports are resolved against it. Imports by
    ``importlib.import_module("name")`` count when their name is written out.
    """
    return set(_names(ast.parse(file.read_text(encoding="utf-8")), package))


def _names(tree: ast.AST, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                parts = package.split(".")[: len(package.split(".")) - level + 1] if level else []
                base = ".".join([*parts, *([module] if module else [])])
                yield from (f"{base}.{alias.name}" for alias in names)
            case ast.Call(
                func=ast.Attribute(attr="import_module") | ast.Name(id="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name

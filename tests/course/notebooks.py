"""A notebook of the course as its lesson sees it: cells by id, what the code calls, and the bullets under its title."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

from tests.repository.project import ROOT


@dataclass(frozen=True)
class LessonNotebook:
    """One notebook.

    Attributes:
        path: Its file.
    """

    path: Path

    @classmethod
    def of(cls, name: str) -> LessonNotebook:
        """The notebook with this name, without its ending."""
        return cls(ROOT / "notebooks" / f"{name}.ipynb")

    @cached_property
    def cells(self) -> dict[str, Any]:
        """The cells by their ids."""
        return {cell.id: cell for cell in nbformat.read(self.path, as_version=4).cells}

    @cached_property
    def code(self) -> dict[str, ast.Module]:
        """The code cells as syntax trees; shell commands and magics have become calls."""
        transform = TransformerManager().transform_cell
        return {
            name: ast.parse(transform(cell.source)) for name, cell in self.cells.items() if cell.cell_type == "code"
        }

    def named_in_calls(self, function: str) -> dict[str, str]:
        """The first arguments of the calls of a function, where they are text, each with the id of the cell."""
        return {
            node.args[0].value: name
            for name, tree in self.code.items()
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function
            if node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
        }

    @cached_property
    def objectives(self) -> list[str]:
        """The bullets after "After this notebook you can", on one line each and without their final punctuation."""
        first = next(cell.source for cell in self.cells.values() if cell.cell_type == "markdown")
        _, _, after = first.partition("After this notebook you can")
        block = re.match(r"\s*((?:- .*\n?(?:  .*\n?)*)+)", after)
        bullets = re.split(r"^- ", block[1] if block else "", flags=re.MULTILINE)[1:]
        return [re.sub(r"\s+", " ", bullet).strip().rstrip(".,;") for bullet in bullets]

    def starter(self, answer: str) -> dict[str, Any]:
        """What the cell defines that holds the starter of an exercise, with those of the notebook's imports it uses."""
        for tree in self.code.values():
            definitions = [node for node in tree.body if _defined_by(node)]
            if any(answer in _defined_by(node) for node in definitions):
                names: dict[str, Any] = {}
                module = ast.Module([*self._imports_for(definitions), *definitions], [])
                exec(compile(module, f"<starter of {answer}>", "exec"), names)
                return names
        raise AssertionError(f"{self.path.name} has no cell that defines {answer}")

    def _imports_for(self, definitions: list[ast.stmt]) -> Iterator[ast.stmt]:
        used = {node.id for one in definitions for node in ast.walk(one) if isinstance(node, ast.Name)}
        for node in (node for tree in self.code.values() for node in tree.body):
            if isinstance(node, ast.Import | ast.ImportFrom) and used & {one.asname or one.name for one in node.names}:
                yield node


def _defined_by(node: ast.stmt) -> set[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Assign(targets=targets):
            return {target.id for target in targets if isinstance(target, ast.Name)}
    return set()

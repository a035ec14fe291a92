"""Hints and solutions as they are shown: folded, so that a notebook that was run as a whole gives nothing away."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from lab_servers.course.markup import CODE


@dataclass(frozen=True)
class Hint:
    """One hint.

    Attributes:
        text: What it says.
        step: 1 or 2.
    """

    text: str
    step: int

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Hint {self.step} of 2: {self.text}"

    def _repr_html_(self) -> str:
        return _folded(f"Hint {self.step} of 2", f'<p style="margin:0.3em 0">{escape(self.text)}</p>')


@dataclass(frozen=True)
class Solution:
    """One way to do an exercise; ``print`` shows it as code to copy.

    Attributes:
        source: Python.
    """

    source: str

    def __str__(self) -> str:
        return self.source

    def __repr__(self) -> str:
        return self.source

    def _repr_html_(self) -> str:
        return _folded("One solution", f'<pre style="{CODE};margin:0.3em 0"><code>{escape(self.source)}</code></pre>')


def _folded(name: str, inner: str) -> str:
    return f'<details style="max-width:75em"><summary style="cursor:pointer">{name}</summary>{inner}</details>'

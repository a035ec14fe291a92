"""What the browser shows of the live panel, as one widget: controls, one column for each way, buttons and status.

``live_answers.py`` decides what a press does; ``live_answers.js`` and the fields of the scenario panel draw. Only
Python sets these values, the page sends messages.
"""

from __future__ import annotations

import pathlib
from dataclasses import asdict
from typing import Any

import anywidget
import traitlets

from lab_servers.measure.live_column import Column, Progress

_HERE = pathlib.Path(__file__).parent

# Beside each state in words, so that colour says nothing alone.
_SIGNS = {
    Progress.WAITING: "…",
    Progress.WRITING: "▶",
    Progress.COMPLETE: "✓",
    Progress.STOPPED: "■",
    Progress.FAILED: "✗",
}


def _script() -> str:
    # A browser loads a widget's script from the kernel as one module, so the files are joined as they are.
    names = ("scenario_panel_fields.js", "live_answers.js")
    return "\n".join((_HERE / name).read_text(encoding="utf-8") for name in names)


class LivePage(anywidget.AnyWidget):
    """The page's side of a live panel.

    Attributes:
        head: What never changes: ``fields``, one for each parameter, ``ways``, all that can be chosen, and ``note``,
            the line below the columns.
        typed: What stands in the controls: ``values`` by name, ``ways``, and ``by``, the view that they came from.
        columns: What stands in each column now, as :func:`column_values` gives it.
        status: The line below the buttons.
        wrong: The name of the field whose value is refused, or nothing.
        is_wrong: Whether the status tells of a mistake.
        is_running: Whether answers are under way.
        heard: The last press that was heard of; until then a page says that the kernel is busy.
    """

    _esm = _script()
    _css = _HERE / "live_answers.css"

    head = traitlets.Dict().tag(sync=True)
    typed = traitlets.Dict().tag(sync=True)
    columns: Any = traitlets.List().tag(sync=True)
    status = traitlets.Unicode("").tag(sync=True)
    wrong = traitlets.Unicode("").tag(sync=True)
    is_wrong = traitlets.Bool(False).tag(sync=True)
    is_running = traitlets.Bool(False).tag(sync=True)
    heard = traitlets.Unicode("").tag(sync=True)


def column_values(column: Column) -> dict[str, Any]:
    """A column as the page gets it: text to be shown as it is, and what can be pressed."""
    shown = {name: value for name, value in asdict(column).items() if name in ("way", "stop_does", "text")}
    return {
        **shown,
        "progress": column.progress.value,
        "sign": _SIGNS[column.progress],
        "clock": column.clock,
        "told": column.told,
        "can_stop": column.can_stop,
        "goes_on": column.is_generating and not column.can_stop,
    }

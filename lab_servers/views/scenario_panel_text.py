"""The words of a scenario panel that need no widget: its pages and code, and what a saved page or a terminal shows.

``scenario_panel.py`` shows them live. A saved page holds no script and no form: what could be chosen is a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from lab_servers.parameters import Parameter
from lab_servers.views.looks import Look
from lab_servers.views.scenario_panel_controls import text_of
from lab_servers.views.scenario_panel_run import Runnable
from lab_servers.views.table import Table

_PRE = "font-family:var(--jp-code-font-family,monospace);white-space:pre-wrap;overflow-wrap:anywhere"

# Scenarios of the course are imported from the room that lists them, wherever in it they are written.
_ROOM = "lab_servers.scenarios"

NO_PICTURE = "Nothing passed in this run that could be drawn; the table tells what there is."


def code_of(scenario: Runnable[Any]) -> str:
    """The import and the call that make this very run."""
    kind = type(scenario)
    module = _ROOM if kind.__module__.startswith(f"{_ROOM}.") else kind.__module__
    imported = "" if module == "__main__" else f"from {module} import {kind.__name__}\n\n"
    return f"{imported}{scenario.call()}"


def pages_of(scenario: Runnable[Any], look: Look) -> dict[str, str]:
    """What stands under the tabs: ``picture`` and ``table`` as HTML, ``code`` as text."""
    picture = f"<p>{NO_PICTURE}</p>" if look.picture is None else look.picture._repr_html_()
    return {"picture": picture, "table": look.table._repr_html_(), "code": code_of(scenario)}


def chosen_words(parameters: Sequence[Parameter], scenario: Runnable[Any]) -> str:
    """What was chosen, in a few words: ``"with interval_s = 1"``."""
    chosen = [
        f"{one.name} = {text_of(getattr(scenario, one.name))}"
        for one in parameters
        if getattr(scenario, one.name) != one.default
    ]
    if not parameters:
        return "as it is"
    return f"with {', '.join(chosen)}" if chosen else "with every parameter at its default"


def parameter_table(scenario: Runnable[Any]) -> Table:
    """What could be chosen, and what was."""
    rows = tuple(
        (one.name, str(text_of(getattr(scenario, one.name))), one.bounds, one.sentence) for one in scenario.parameters()
    )
    return Table(f"Parameters of {type(scenario).__name__}", ("parameter", "this run", "may be", "what it says"), rows)


def as_html(scenario: Runnable[Any], pages: Mapping[str, str], status: str) -> str:
    """The panel for a saved page: the question, the picture with its sentence, the tables, and the code."""
    chosen = parameter_table(scenario)._repr_html_() if scenario.parameters() else ""
    question = f"<strong>{escape(type(scenario).__name__)}</strong>: {escape(scenario.sentence())}"
    code = f'<p>The same run as code:</p><pre style="{_PRE}">{escape(pages["code"])}</pre>'
    return f"<p>{question}</p><p>{escape(status)}</p>{pages['picture']}{pages['table']}{chosen}{code}"


def as_text(scenario: Runnable[Any], look: Look, status: str) -> str:
    """The panel for a terminal."""
    parts = [f"{type(scenario).__name__}: {scenario.sentence()}\n{status}"]
    parts += [NO_PICTURE if look.picture is None else str(look.picture), str(look.table)]
    parts += [str(parameter_table(scenario))] if scenario.parameters() else []
    return "\n\n".join((*parts, code_of(scenario)))

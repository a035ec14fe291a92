"""The words of a scenario panel that need no widget: its code, and what a saved page, print or a terminal shows.

``scenario_panel.py`` shows them live. The page holds no script and no form: what could be chosen is a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from lab_servers.parameters import Parameter
from lab_servers.views.looks import Look
from lab_servers.views.scenario_panel_controls import text_of
from lab_servers.views.table import Table

_PRE = "font-family:var(--jp-code-font-family,monospace);white-space:pre-wrap;overflow-wrap:anywhere"

# Scenarios of the course are imported from the room that lists them, wherever in it they are written.
_ROOM = "lab_servers.scenarios"

NO_PICTURE = "Nothing passed in this run that could be drawn; the table tells what there is."


def code_of(scenario: Any) -> str:
    """The import and the call that make this very run."""
    kind = type(scenario)
    module = _ROOM if kind.__module__.startswith(f"{_ROOM}.") else kind.__module__
    imported = "" if module == "__main__" else f"from {module} import {kind.__name__}\n\n"
    return f"{imported}{scenario.call()}"


def chosen_words(parameters: Sequence[Parameter], scenario: Any) -> str:
    """What was chosen, in a few words: ``"with interval_s = 1"``."""
    chosen = [
        f"{one.name} = {text_of(getattr(scenario, one.name))}"
        for one in parameters
        if getattr(scenario, one.name) != one.default
    ]
    if not parameters:
        return "as it is"
    return f"with {', '.join(chosen)}" if chosen else "with every parameter at its default"


def parameter_table(parameters: Sequence[Parameter], scenario: Any) -> Table:
    """What could be chosen, and what was."""
    rows = tuple((one.name, str(text_of(getattr(scenario, one.name))), one.bounds, one.sentence) for one in parameters)
    return Table(f"Parameters of {type(scenario).__name__}", ("parameter", "this run", "may be", "what it says"), rows)


def picture_html(look: Look) -> str:
    """The picture with its sentence."""
    return f"<p>{NO_PICTURE}</p>" if look.picture is None else look.picture._repr_html_()


def as_html(parameters: Sequence[Parameter], scenario: Any, look: Look, pages: dict[str, str], status: str) -> str:
    """The panel for a saved page; ``pages`` has the picture and the table as HTML, and the code."""
    name = type(scenario).__name__
    chosen = parameter_table(parameters, scenario)._repr_html_() if parameters else ""
    return (
        f"<p><strong>{escape(name)}</strong>: {escape(scenario.sentence())}</p><p>{escape(status)}</p>"
        f"{pages['picture']}{pages['table']}{chosen}"
        f'<p>The same run as code:</p><pre style="{_PRE}">{escape(pages["code"])}</pre>'
    )


def as_text(parameters: Sequence[Parameter], scenario: Any, look: Look, status: str) -> str:
    """The panel for a terminal."""
    picture = NO_PICTURE if look.picture is None else str(look.picture)
    chosen = [str(parameter_table(parameters, scenario))] if parameters else []
    first = f"{type(scenario).__name__}: {scenario.sentence()}"
    return "\n\n".join((f"{first}\n{status}", picture, str(look.table), *chosen, code_of(scenario)))

"""Pictures, tables and the byte inspector, made from recordings and from nothing else."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab_servers.views.arrivals import arrival_picture, arrival_table
    from lab_servers.views.complexity import complexity_picture, complexity_table
    from lab_servers.views.decision_areas import crossing_table, decision_map
    from lab_servers.views.evidence_cells import evidence_table, job_table
    from lab_servers.views.heads import head_table
    from lab_servers.views.hexdump import byte_table
    from lab_servers.views.inspector_widget import Inspector, inspector
    from lab_servers.views.picture import Picture
    from lab_servers.views.replay_widget import ReplayPanel, replay_panel
    from lab_servers.views.scenario_panel import ScenarioPanel, panel
    from lab_servers.views.sequence import sequence_picture
    from lab_servers.views.table import Table
    from lab_servers.views.truncation_slider_widget import TruncationSlider, truncation_slider

_HOMES = {
    "Inspector": "inspector_widget", "Picture": "picture", "Table": "table", "arrival_picture": "arrivals",
    "arrival_table": "arrivals", "byte_table": "hexdump", "head_table": "heads", "inspector": "inspector_widget",
    "ReplayPanel": "replay_widget", "replay_panel": "replay_widget", "sequence_picture": "sequence",
    "ScenarioPanel": "scenario_panel", "panel": "scenario_panel",
    "evidence_table": "evidence_cells", "job_table": "evidence_cells",
    "complexity_picture": "complexity", "complexity_table": "complexity",
    "TruncationSlider": "truncation_slider_widget", "truncation_slider": "truncation_slider_widget",
    "crossing_table": "decision_areas", "decision_map": "decision_areas",
}  # fmt: skip

__all__ = [
    "Inspector",
    "Picture",
    "ReplayPanel",
    "ScenarioPanel",
    "Table",
    "TruncationSlider",
    "arrival_picture",
    "arrival_table",
    "byte_table",
    "complexity_picture",
    "complexity_table",
    "crossing_table",
    "decision_map",
    "evidence_table",
    "head_table",
    "inspector",
    "job_table",
    "panel",
    "replay_panel",
    "sequence_picture",
    "truncation_slider",
]


def __getattr__(name: str) -> object:
    # Each name is imported when it is first used (PEP 562): `python -m lab_servers explain` takes its outline from this
    # room, and would wait most of a second for the libraries that draw.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)

"""``run``: runs one scenario of the course on a lab of its own and tells what was recorded, or lists the scenarios."""

from __future__ import annotations

import difflib
import json
from dataclasses import asdict
from typing import Any

from lab_servers.capture.capture import Side
from lab_servers.cli.run_arguments import Run
from lab_servers.cli.terminal import complain
from lab_servers.errors import BadParameter, SaveFailed
from lab_servers.lab import Lab
from lab_servers.recording import Recording
from lab_servers.scenarios import SCENARIOS, Scenario
from lab_servers.views.looks import Look, look_of


def run(command: Run) -> int:
    """Do it, and return the exit status.

    Raises:
        BadParameter: there is no such scenario or parameter, or a value is out of its bounds.
        SaveFailed: a file cannot be written.
        ExchangeFailed: a client of the scenario got no answer.
    """
    if not command.name:
        print(_as_json([_described(one) for one in SCENARIOS.values()]) if command.as_json else _listed())
        return 0
    scenario = scenario_of(command)
    with Lab(scenario.servers) as lab:
        recording = scenario.run(lab)
    look = look_of(recording)
    _write(command, recording, look)
    if command.as_json:
        print(_as_json(_told(scenario, recording, look)))
        return 0
    print("\n\n".join(_parts(scenario, recording, look)))
    return 0


def scenario_of(command: Run) -> Scenario:
    """The scenario with the parameters that were set.

    Raises:
        BadParameter: there is no such scenario or parameter, or a value is out of its bounds.
    """
    kind = SCENARIOS.get(command.name)
    if kind is None:
        near = difflib.get_close_matches(command.name, SCENARIOS, n=1)
        which = f"the nearest is {near[0]}" if near else "run --list tells which there are"
        raise BadParameter(f"There is no scenario {command.name!r}: {which}.")
    known = {one.name: one for one in kind.parameters()}
    settings = dict(command.settings)
    if command.seed is not None:
        if "seed" not in known:
            raise BadParameter(f"{command.name} makes no random choice: leave --seed out.")
        settings["seed"] = command.seed
    for name in settings:
        if name not in known:
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            raise BadParameter(f"{command.name} has no parameter {name!r}: {takes}.")
    return kind(**{name: known[name].read(text) for name, text in settings.items()})


def _write(command: Run, recording: Recording, look: Look) -> None:
    if command.save is not None:
        recording.save(command.save)
    if command.plot is not None:
        if look.picture is None:
            raise SaveFailed("Nothing passed that could be drawn, so there is no picture: leave --plot out.")
        look.picture.save(command.plot)
    for notice in recording.notices:
        complain(notice)


def _parts(scenario: Scenario, recording: Recording, look: Look) -> list[str]:
    connections = "\n".join(str(recording).splitlines()[: 1 + len(recording)])
    sentences = [] if look.picture is None else [look.picture.text]
    parts = [scenario.sentence(), connections, str(look.table), *sentences]
    # A picture and its table may say the same.
    return parts[:-1] if sentences == [look.table.caption] else parts


# --- as JSON --------------------------------------------------------------------------------


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _told(scenario: Scenario, recording: Recording, look: Look) -> dict[str, Any]:
    start_ns = recording.start_ns
    return {
        "scenario": recording.name,
        "call": scenario.call(),
        "parameters": asdict(scenario),
        "connections": [
            {
                "server": one.server,
                "number": one.number,
                "client_bytes": len(one.bytes_from(Side.CLIENT)),
                "server_bytes": len(one.bytes_from(Side.SERVER)),
                "opened_s": (one.opened_ns - start_ns) / 1e9,
                "closed_s": None if one.closed_ns is None else (one.closed_ns - start_ns) / 1e9,
            }
            for one in recording.captures
        ],
        "marks": [
            {"at_s": (mark.at_ns - start_ns) / 1e9, "name": mark.name, "detail": mark.detail}
            for mark in recording.marks
        ],
        "table": {"caption": look.table.caption, "columns": look.table.columns, "rows": look.table.rows},
        "sentence": None if look.picture is None else look.picture.text,
        "notices": recording.notices,
    }


# --- the list -------------------------------------------------------------------------------


def _described(kind: type[Scenario]) -> dict[str, Any]:
    return {
        "name": kind.__name__,
        "sentence": kind.sentence(),
        "servers": kind.servers,
        "parameters": [
            {"name": one.name, "default": one.default, "bounds": one.bounds, "sentence": one.sentence}
            for one in kind.parameters()
        ],
    }


def _listed() -> str:
    blocks = []
    for kind in SCENARIOS.values():
        parameters = kind.parameters()
        width = max((len(f"{one.name}={one.default}") for one in parameters), default=0)
        rows = (f"{f'{one.name}={one.default}':<{width}}  {one.sentence} ({one.bounds})" for one in parameters)
        blocks.append("\n  ".join((f"{kind.__name__}: {kind.sentence()}", *rows)))
    return "\n\n".join(blocks)

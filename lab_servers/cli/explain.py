"""``explain``: prints what every byte of a file means, as an outline for people or as JSON for programs.

Reading the file is the work of ``capture/loading.py``, finding meaning that of ``wire/``; what is printed
comes from ``views/outline.py`` and ``views/explanation.py``. One connection is dissected at a time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from lab_servers.capture.loading import DEFAULT_FILE_LIMIT_BYTES
from lab_servers.cli.arguments import Explain
from lab_servers.cli.terminal import complain
from lab_servers.dissection import Dissection, dissect, dissect_alone
from lab_servers.errors import LoadFailed
from lab_servers.recording import Recording
from lab_servers.views.explanation import explanation
from lab_servers.views.outline import heading, outline
from lab_servers.wire.conversation import Protocol


def explain(command: Explain) -> int:
    """Do it, and return the exit status.

    Raises:
        LoadFailed: the file cannot be read, or is no capture.
    """
    dissections = _alone(command) if command.protocol is not None else _in_capture(command.file)
    if command.as_json:
        for part in explanation(dissections, only=command.only, notes_only=command.notes_only):
            sys.stdout.write(part)
        return 0
    for number, dissection in enumerate(dissections, 1):
        print(f"connection {number}: {heading(dissection)}")
        for line in outline(dissection, only=command.only, notes_only=command.notes_only):
            print(line)
    return 0


def _in_capture(file: Path) -> Iterator[Dissection]:
    recording = Recording.load(file)
    for notice in recording.notices:
        complain(notice)
    return map(dissect, recording.captures)


def _alone(command: Explain) -> Iterator[Dissection]:
    name = repr(str(command.file))
    try:
        with command.file.open("rb") as stream:
            data = stream.read(DEFAULT_FILE_LIMIT_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise LoadFailed(f"{name} cannot be read ({why}): check the name, and whether you may read it.") from None
    if len(data) > DEFAULT_FILE_LIMIT_BYTES:
        raise LoadFailed(f"{name} has more than {DEFAULT_FILE_LIMIT_BYTES:,} bytes: cut it, and explain the parts.")
    return iter([dissect_alone(Protocol(command.protocol), data, command.file.name)])

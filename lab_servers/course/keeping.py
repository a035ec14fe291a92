"""Progress, kept beside the notebook and only for a learner who asks: which predictions came true, which checks passed.

The file itself is what was asked for: :func:`keep_progress` makes it, :func:`forget_progress` removes it, and without
it nothing is ever written. Nothing leaves this machine.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from lab_servers.course.lessons import LESSONS
from lab_servers.errors import LoadFailed, SaveFailed
from lab_servers.views.table import Table

FILE = "progress.json"
LARGEST_BYTES = 1024 * 1024

_RIGHT, _WRONG, _PASSED = "right", "not so", "passed"
_EMPTY: dict[str, dict[str, str]] = {"predictions": {}, "checks": {}}
_ALLOWED = {"predictions": {_RIGHT, _WRONG}, "checks": {_PASSED}}


def keep_progress() -> Table:
    """From now on, note compared predictions and passed checks in ``progress.json`` in this notebook's folder.

    It holds names and outcomes, no times and no answers. It is kept until :func:`forget_progress`, also when the
    notebook is opened again.

    Raises:
        LoadFailed: there is a file of that name which is no progress of this course; it is left as it is.
        SaveFailed: the folder cannot be written to.
    """
    if not _is_kept():
        _write(_EMPTY)
    return progress()


def forget_progress() -> str:
    """Remove ``progress.json`` from this notebook's folder, and keep nothing any more.

    Raises:
        LoadFailed: the file is no progress of this course; it is left as it is.
        SaveFailed: it cannot be removed.
    """
    if not _is_kept():
        return f"There is no {FILE} in this folder: nothing was kept."
    _read()
    try:
        Path(FILE).unlink()
    except OSError as error:
        raise SaveFailed(f"{FILE} cannot be removed ({error.strerror}): remove it by hand.") from None
    return f"{FILE} is removed, and nothing is kept any more."


def progress() -> Table:
    """What is kept: for each notebook, how many predictions were compared and how many checks passed.

    Raises:
        LoadFailed: the file is damaged, or no progress of this course.
    """
    if not _is_kept():
        return Table(
            "No progress is kept: keep_progress() begins, in this notebook's folder and nowhere else",
            ("notebook", "predictions", "came true", "checks passed"),
            (),
        )
    kept = _read()
    rows = []
    for lesson in LESSONS:
        compared = [kept["predictions"].get(one.name, "") for one in lesson.questions]
        passed = sum(one.name in kept["checks"] for one in lesson.exercises)
        rows.append(
            (
                lesson.notebook,
                f"{len(list(filter(None, compared)))} of {len(compared)}",
                str(compared.count(_RIGHT)),
                f"{passed} of {len(lesson.exercises)}",
            )
        )
    return Table(
        f"Kept in {FILE} beside this notebook until forget_progress()",
        ("notebook", "predictions", "came true", "checks passed"),
        tuple(rows),
    )


def keep_prediction(name: str, is_right: bool) -> str:
    """Note a prediction that was compared, if the learner asked for it; returns why it could not be, else nothing."""
    return _keep("predictions", name, _RIGHT if is_right else _WRONG)


def keep_check(name: str) -> str:
    """Note a check that passed, if the learner asked for it; returns why it could not be, else nothing."""
    return _keep("checks", name, _PASSED)


def _keep(sort: str, name: str, outcome: str) -> str:
    if not _is_kept():
        return ""
    try:
        kept = _read()
        if kept[sort].get(name) != outcome:
            kept[sort][name] = outcome
            _write(kept)
    except (LoadFailed, SaveFailed) as error:
        return f"Progress was not kept: {error}"
    return ""


def _is_kept() -> bool:
    return os.path.lexists(FILE)


def _read() -> dict[str, dict[str, str]]:
    try:
        if not stat.S_ISREG(os.stat(FILE).st_mode):  # a pipe would be waited for, without end
            raise OSError(errno.EINVAL, "it is no ordinary file")
        with open(FILE, "rb") as stream:
            data = stream.read(LARGEST_BYTES + 1)
        if len(data) > LARGEST_BYTES:
            raise ValueError(f"it is larger than {LARGEST_BYTES:,} bytes")
        found: Any = json.loads(data)
        kept = {sort: found[sort] for sort in _EMPTY}
        is_ours = found.get("course") == "lab_servers" and all(
            isinstance(entries, dict) and _ALLOWED[sort].issuperset(entries.values()) for sort, entries in kept.items()
        )
    except OSError as error:
        raise LoadFailed(f"{FILE} cannot be read ({error.strerror}): remove it, or mend its permissions.") from None
    # JSON that nests too deep ends in a RecursionError; a list in place of an object in any of the others.
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        is_ours = False
    if not is_ours:
        raise LoadFailed(
            f"{FILE} in this folder is damaged or no progress of this course: move it away, then call keep_progress()."
        )
    return kept


def _write(kept: dict[str, dict[str, str]]) -> None:
    text = json.dumps({"course": "lab_servers", **kept}, indent=1, sort_keys=True) + "\n"
    written = ""
    try:
        # Written beside it and then moved, so that a failure leaves the earlier file as it was.
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=".", prefix=f"{FILE}.", suffix=".part", delete=False
        ) as stream:
            written = stream.name
            stream.write(text)
        os.replace(written, FILE)
    except OSError as error:
        if written:
            with suppress(OSError):
                os.unlink(written)
        raise SaveFailed(f"{FILE} cannot be written here ({error.strerror}): mend the folder's permissions.") from None

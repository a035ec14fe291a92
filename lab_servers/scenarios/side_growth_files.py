"""Open files: each connection of a run holds some, and a system lets a program hold only so many.

``side_growth.py`` asks for them before it opens anything. A system without ``resource`` (Windows) has no such bound.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lab_servers.errors import BadParameter

# A client's socket, the relay's two, and the server's.
FILES_PER_CLIENT = 4
# For listeners, event loops, and what a kernel opens meanwhile.
SPARE_FILES = 64


@contextmanager
def files_for(parameter: str, clients: int) -> Iterator[None]:
    """Let this program hold the open files that so many clients need; the bound is put back at the end.

    The soft bound is raised within the hard one, which any program may do for itself.

    Args:
        parameter: The parameter that says how many clients there are, for the sentence.
        clients: How many at once.

    Raises:
        BadParameter: this system does not allow so many; it says how many clients it allows.
    """
    if sys.platform == "win32":
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    in_use = _open_files()
    needed = in_use + SPARE_FILES + clients * FILES_PER_CLIENT
    if soft == resource.RLIM_INFINITY or needed <= soft:
        yield
        return
    if not _raise_to(needed, hard):
        allowed = max((soft - in_use - SPARE_FILES) // FILES_PER_CLIENT, 0)
        if hard != resource.RLIM_INFINITY:
            allowed = max((hard - in_use - SPARE_FILES) // FILES_PER_CLIENT, allowed)
        raise BadParameter(
            f"{parameter}={clients:,} needs {needed:,} open files, more than this system allows: choose {parameter} up "
            f"to {allowed:,}, or allow more files (ulimit -n)."
        )
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _raise_to(needed: int, hard: int) -> bool:
    """Raise the soft bound; tell whether the system took it."""
    assert sys.platform != "win32"
    import resource

    if hard != resource.RLIM_INFINITY and needed > hard:
        return False
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
    except (OSError, ValueError):  # macOS has one more bound below a hard one that says "infinity"
        return False
    return True


def _open_files() -> int:
    """How many files this program holds now."""
    try:
        return len(os.listdir("/dev/fd"))
    except OSError:
        return SPARE_FILES

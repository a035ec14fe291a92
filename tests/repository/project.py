"""The repository as its tests see it: the files that belong to it, and nothing a tool left beside them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.tools import require_tool

ROOT = Path(__file__).resolve().parents[2]


def project_files() -> list[Path]:
    """Every file of the repository that git does not ignore, relative to its root."""
    # In CI the clone may belong to another user, whose repositories git refuses to read.
    command = [require_tool("git"), "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others"]
    listing = subprocess.run([*command, "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True)
    names = sorted(set(listing.stdout.split("\0")) - {""})
    # A file that was deleted and not yet committed is still listed.
    return [Path(name) for name in names if (ROOT / name).is_file()]


def copy_project(target: Path) -> Path:
    """Copy the repository's files, as a fresh clone would have them, and return ``target``."""
    for name in project_files():
        destination = target / name
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, destination)
    return target

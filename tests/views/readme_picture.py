"""Draws the picture of README.md anew, from a fresh recording: ``python -m tests.views.readme_picture``."""

from __future__ import annotations

from lab_servers import Lab
from lab_servers.scenarios import FourWays
from lab_servers.scenarios.four_ways import LABELS
from lab_servers.views import arrival_picture
from tests.repository.project import ROOT

PICTURE = ROOT / "notebooks/images/four_ways.png"

if __name__ == "__main__":
    with Lab() as lab:
        picture = arrival_picture(FourWays().run(lab), tuple(LABELS.values()))
    picture.figure.set_dpi(150)
    picture.save(PICTURE)
    print(picture.text)

"""``live_answers(lab)``: the panel of ``views/live_answers.py`` with the answers of ``scenarios/ai_live.py`` in it."""

from __future__ import annotations

from typing import Any

from lab_servers.scenarios.ai_live import LiveAnswers
from lab_servers.views.live_answers import LiveAnswersPanel, live_panel


def live_answers(lab: Any, *, ask_now: bool = True, **chosen: Any) -> LiveAnswersPanel[Any]:
    """Watch one answer arrive on several ways at once, as in a chat, and stop it on each way as that way stops.

    ``live = live_answers(lab)``; after a run ``live.recording`` is its recording.

    Args:
        lab: The lab that ``start_lab()`` gave.
        ask_now: Ask once before the panel is shown, and wait for it a minute at most, so that a saved page has a
            run to show.
        chosen: Parameters of ``LiveAnswers`` to begin with: ``tokens=100``, ``network="4G"``, ``ways=("NDJSON",)``.

    Raises:
        BadParameter: a parameter is out of its bounds, or ``lab`` is no lab.
    """
    return live_panel(LiveAnswers(**chosen), lab, ask_now=ask_now)

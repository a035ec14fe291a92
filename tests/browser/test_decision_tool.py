"""The decision tool as a learner meets it: pick a job, change a number, and the answer below follows."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenCells
from tests.browser.notebook import Notebook

pytestmark = pytest.mark.slow

START = """
from lab_servers import Lab
from lab_servers.course import decision_tool
from lab_servers.scenarios import UnitCosts
with Lab([]) as lab:
    costs = UnitCosts(steps=2, batches=3).run(lab)
tool = decision_tool(costs)
tool
"""


@pytest.fixture
def notebook(open_cells: OpenCells) -> Notebook:
    opened = open_cells(START, "print(tool.decision.transport.value)")
    assert opened.run(0).errors == ()
    return opened


def test_the_answer_follows_the_fields_and_a_mistake_is_named(notebook: Notebook) -> None:
    tool = notebook.page.get_by_role("region", name="Decision tool")
    answer = tool.locator(".lss-page")
    expect(answer).to_contain_text("CRUD form: short polling")
    tool.get_by_label("start with").select_option("chat room")
    expect(answer).to_contain_text("chat room: WebSocket")
    expect(tool.get_by_label("up_every_s")).to_have_value("2")
    tool.get_by_label("up_every_s").fill("60")
    tool.get_by_label("up_every_s").press("Tab")
    expect(answer).to_contain_text("my job: SSE")
    expect(tool.get_by_label("start with")).to_have_value("my own")
    tool.get_by_label("up_every_s").fill("often")
    tool.get_by_label("up_every_s").press("Tab")
    expect(tool.get_by_role("status")).to_contain_text("up_every_s must be a number")
    expect(tool.get_by_label("up_every_s")).to_have_attribute("aria-invalid", "true")
    expect(answer).to_contain_text("my job: SSE")
    assert notebook.run(1).text.strip() == "SSE"

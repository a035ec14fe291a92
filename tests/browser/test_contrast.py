"""The measure of contrast itself: it knows what a text stands on, in a page and in a drawing."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

_CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")

PAGE = """
<div style="background:#000"><p style="color:#fff">white on black</p></div>
<p style="color:#fff">white on white</p>
<p style="color:#000; opacity:0.5">half black on white</p>
<svg width="400" height="100">
  <defs><rect id="unused" width="400" height="100" fill="#000"/></defs>
  <path d="M 0 0 L 200 0 L 200 50 L 0 50 z" style="fill:#0072b2"/>
  <text x="10" y="30" fill="#fff">on a bar</text>
  <text x="10" y="80" fill="#fff">below it</text>
  <text x="210" y="30" fill="#000">beside it</text>
  <text x="210" y="80" fill="#000">under a later shape</text>
  <rect x="200" y="50" width="200" height="50" fill="#000" fill-opacity="0.5"/>
</svg>
<svg width="400" height="60">
  <defs>
    <pattern id="lines" width="9" height="9" patternUnits="userSpaceOnUse">
      <rect width="9" height="9" fill="none"/><path d="M 0 0 L 9 9" stroke="#000"/>
    </pattern>
    <pattern id="lines-on-blue" width="9" height="9" patternUnits="userSpaceOnUse">
      <rect width="9" height="9" fill="#0072b2"/><path d="M 0 0 L 9 9" stroke="#000"/>
    </pattern>
  </defs>
  <rect width="200" height="60" fill="url(#lines)"/><text x="10" y="30" fill="#000">on lines</text>
  <rect x="200" width="200" height="60" fill="url(#lines-on-blue)"/>
  <text x="210" y="30" fill="#fff">on lines on blue</text>
</svg>
"""


def test_each_text_is_measured_against_what_lies_under_it(chromium: Browser) -> None:
    with chromium.new_context() as context:
        page = context.new_page()
        page.set_content(PAGE)
        ratios = {one["text"]: round(one["ratio"], 1) for one in page.evaluate(_CONTRAST, "body")}
    assert ratios == {
        "white on black": 21.0,
        "white on white": 1.0,
        "half black on white": 4.0,
        "on a bar": 5.2,
        "below it": 1.0,
        "beside it": 21.0,
        "under a later shape": 21.0,
        "on lines": 21.0,
        "on lines on blue": 5.2,
    }

from typing import Any

import pytest

from gatecell._core.spreadsheet import spreadsheet_safe


@pytest.mark.parametrize(
    "text",
    ["=1+1", "=HYPERLINK(1)", "+a", "-a", "@SUM(1)", "\t=1", "\r=1", "-1+cmd|' /C calc'!A0", "\uff1d1", "- 1", "--1"],
)
def test_what_begins_a_formula_is_text(text: str) -> None:
    assert spreadsheet_safe(text) == f"'{text}"


@pytest.mark.parametrize("value", ["-3.2", "+1e-5", "-inf", -3.2, 4, None, "", "a=1", "'=1", "2026-01-01", "1-2"])
def test_numbers_and_all_else_stay_as_they_are(value: Any) -> None:
    assert spreadsheet_safe(value) is value

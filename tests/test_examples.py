"""The example scripts run as they stand, in a folder of their own, and say what they reached."""

import re
import runpy
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples"
SAYS = {
    "digits": r"right on the test part: 9\d\.\d%",
    "own_csv": r"right on rows held out: (8[8-9]|9\d|100)%",
    "texts": r"-> (good|bad)",
    "forecast": r"seasonal_naive",
    "language": r"written: ",
    "search": r"two trials later: 6 of them, the best 9\d\.\d%",
    "drop_in": r"step 300: loss [\d.]+, right (9\d|100)%",
}
"""What each prints, among other things."""


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_runs(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(path)])
    monkeypatch.setattr("gatecell.reporting.pictures._svg", lambda *_, **__: "<svg></svg>")
    runpy.run_path(str(path), run_name="__main__")
    assert re.search(SAYS[path.stem], capsys.readouterr().out)


def test_the_list_of_examples_is_whole() -> None:
    names = {path.name for path in FOLDER.glob("*.py")}
    assert {Path(name).stem for name in names} == set(SAYS)
    assert set(re.findall(r"^\| `(\w+\.py)`", (FOLDER / "README.md").read_text(), re.MULTILINE)) == names

"""The example scripts run as they stand, in a folder of their own, and say what they reached.

``pytest tests/test_examples.py --seeds 5`` runs each with the seeds 0 to 4 in place of its own, and ``--engine NAME``
on another engine: what is shown must not hold by chance. ``make stability`` does so on all instruction sets and
engines.
"""

import re
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
SEED = re.compile(r"(random_state=|\bseed=|manual_seed\(|default_rng\(|Random\()0\b")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(metafunc.config.getoption("seeds")))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_runs(
    path: Path, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(path)])
    monkeypatch.setattr("gatecell.reporting.pictures._svg", lambda *_, **__: "<svg></svg>")
    script, n_seeds = SEED.subn(rf"\g<1>{seed}", path.read_text(encoding="utf-8"))
    assert n_seeds > 0
    exec(compile(script, str(path), "exec"), {"__name__": "__main__"})
    shown = capsys.readouterr().out
    assert re.search(SAYS[path.stem], shown), shown


def test_the_list_of_examples_is_whole() -> None:
    names = {path.name for path in FOLDER.glob("*.py")}
    assert {Path(name).stem for name in names} == set(SAYS)
    assert set(re.findall(r"^\| `(\w+\.py)`", (FOLDER / "README.md").read_text(), re.MULTILINE)) == names

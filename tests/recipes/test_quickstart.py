from pathlib import Path

import pytest

from gatecell.recipes import quickstart
from gatecell.recipes.own_data import evaluate_file
from gatecell.recipes.quickstart import run_quickstart
from tests.recipes.conftest import stopped_after


def test_it_goes_on_where_it_was_stopped_and_writes_what_it_was_tested_on(
    tmp_path: Path, tiny_recipes: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quickstart, "RECIPE", "tiny")
    with stopped_after(2):
        run_quickstart(tmp_path)
    with stopped_after(1):
        run_quickstart(tmp_path, force=True)
    result, test_file, n_test = run_quickstart(tmp_path)
    assert result.epochs == 3
    assert n_test == 20
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "history.csv",
        "model.safetensors",
        "report.html",
        "result.json",
        "test.npz",
    ]
    assert evaluate_file(result.artifact, test_file).figures["accuracy"] == result.metrics["test_accuracy"]

"""What a run kept beside its model, written by something else: refused in the project's own words."""

import csv
import json
import math
from pathlib import Path
from typing import Any

import pytest

from gatecell._core.errors import ArtifactError, OptionError
from gatecell.recipes.checkpoints import seconds_done
from gatecell.recipes.run import RunResult
from gatecell.recipes.searching import GRID_FILE, SearchPlan, search_of_run
from gatecell.training.checkpoint import CHECKPOINT_FILE, HISTORY_FILE
from gatecell.tuning.trials import Trial, Tuning
from tests.fuzzing import altered, generator, refused

SEARCH = Tuning(
    trials=(Trial(number=0, state="finished", params={"a": 1}, score=0.5, scores=(0.5, 0.5), losses=(1.0,)),),
    space={"a": [1, 2]},
    scoring="accuracy",
    evaluation="5 folds",
    by="Optuna",
    seconds=1.0,
    importances={"a": 1.0},
)
RESULT: dict[str, Any] = {
    "recipe": "digits",
    "seed": 0,
    "settings": {"max_epochs": 3},
    "metrics": {"test_accuracy": 0.9},
    "seconds": {"fit": 1.0, "test": 0.1},
    "artifact": "m.safetensors",
    "epochs": 3,
    "kept_epoch": 3,
    "report": "r.html",
    "logs": "",
    "verdict": ["better"],
    "search": SEARCH.to_json(),
    "intervals": {"test_accuracy": [0.8, 1.0]},
    "versions": {"python": "3"},
}


def test_the_whole_ones_are_read() -> None:
    assert RunResult.from_json(RESULT).metrics == {"test_accuracy": 0.9}
    assert Tuning.from_json(SEARCH.to_json()) == SEARCH


@pytest.mark.fuzz
def test_altered_ones_are_refused_or_read() -> None:
    def shown(values: Any) -> None:
        result = RunResult.from_json(values)
        json.dumps(result.to_json(), allow_nan=False)
        if result.search:
            Tuning.from_json(result.search).ranked()

    assert sum(refused(number, lambda n=number: shown(altered(RESULT, generator(n)))) for number in range(400)) > 200  # type: ignore[misc]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"about": 1}', '{"search": {}, "about": {}}', "[" * 100_000])
def test_a_grid_of_another_origin(text: str, tmp_path: Path) -> None:
    (tmp_path / GRID_FILE).write_text(text)
    plan = SearchPlan(space={"a": [1]}, by="grid")
    with pytest.raises((OptionError, ArtifactError)):
        search_of_run(None, plan, tmp_path, None, None, about={}, seed=0, verbose=0)


@pytest.mark.parametrize(
    "text",
    ["", "seconds\n", "a,seconds\n1\n", "seconds\nx\n", "seconds\nnan\ninf\n-1\n", "\x00", "seconds\n" + "9" * 200_000],
)
def test_a_history_of_another_origin_only_leaves_the_clock_short(text: str, tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT_FILE).touch()
    (tmp_path / HISTORY_FILE).write_text(text)
    assert csv.field_size_limit() == 131072
    assert math.isfinite(seconds_done(tmp_path, resume=True, force=False))

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import numpy as np
import pytest

from gatecell.recipes.recipe import Part, Recipe, RecipeData
from gatecell.recipes.registry import RECIPES
from gatecell.training.checkpoint import CheckpointFolder
from gatecell.training.state import TrainingState


class Stop(Exception):
    """Stands for a kill."""


@contextmanager
def stopped_after(n_epochs: int) -> Iterator[None]:
    """Stop the training in the block, which must not end by itself, when ``n_epochs`` are done."""
    save = CheckpointFolder.save

    def save_and_stop(self: CheckpointFolder, state: TrainingState) -> None:
        save(self, state)
        if state.epochs_done == n_epochs:
            raise Stop

    with mock.patch.object(CheckpointFolder, "save", save_and_stop), pytest.raises(Stop):
        yield


def tiny_data(download: bool) -> RecipeData:
    """Two classes that differ in the sign of their mean; the time is in the second channel."""
    generator = np.random.default_rng(0)
    y = np.arange(60) % 2
    X = generator.normal(size=(60, 5, 2)) + 2.0 * y[:, None, None]
    X[:, :, 1] = np.arange(60)[:, None]
    return RecipeData(Part(X[:40], y[:40]), Part(X[40:], y[40:]), {"always_one": np.ones(20)})


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports without their drawings, which take seconds; tests/reporting has them."""
    monkeypatch.setattr("gatecell.reporting.pictures._svg", lambda *_, **__: "<svg></svg>")


@pytest.fixture
def tiny_recipes() -> Iterator[tuple[Recipe, Recipe]]:
    """Two recipes of a second: ``tiny`` classifies, ``tiny-regression`` validates on the latest rows."""
    common = {"summary": "", "data": "", "target": "", "load": tiny_data}
    parameters = {
        "hidden_size": 3,
        "max_epochs": 3,
        "batch_size": 8,
        "learning_rate": 0.01,
        "validation_fraction": 0.25,
    }
    classes = Recipe(name="tiny", estimator="LSTMClassifier", parameters=parameters, **common)  # type: ignore[arg-type]
    numbers = Recipe(
        name="tiny-regression",
        estimator="LSTMRegressor",
        parameters=parameters | {"patience": 3},
        validates_on_latest=True,
        **common,  # type: ignore[arg-type]
    )
    RECIPES.update({recipe.name: recipe for recipe in (classes, numbers)})
    yield classes, numbers
    for recipe in (classes, numbers):
        del RECIPES[recipe.name]

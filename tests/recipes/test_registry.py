import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gatecell._core.errors import DatasetError, UnknownNameError
from gatecell.estimators.loading import ESTIMATORS
from gatecell.recipes.recipe import OPTIONS, Recipe, RecipeData
from gatecell.recipes.registry import RECIPES, get_recipe
from gatecell.recipes.temperatures import LOOKBACK


def test_the_nearest_name_is_suggested() -> None:
    with pytest.raises(
        UnknownNameError, match=r"There is no recipe named 'mnits'\. Did you mean 'mnist'\? Known: digits"
    ):
        get_recipe("mnits")
    assert get_recipe("mnist").name == "mnist"


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
def test_parameters_are_the_estimators(recipe: Recipe) -> None:
    estimator = ESTIMATORS[recipe.estimator](**recipe.parameters)
    assert not OPTIONS.keys() & estimator.get_params(deep=False).keys()


def test_the_networks_are_the_tutorials() -> None:
    expected = {
        "mnist": (128, 1, 0.0, 0.0, 5, 64),
        "mnist-deep": (128, 2, 0.0, 0.0, 5, 64),
        "mnist-dropout": (128, 1, 0.2, 0.2, 5, 64),
        "regression": (50, 2, 0.0, 0.0, 100, 32),
    }
    names = ("hidden_size", "num_layers", "input_dropout", "recurrent_dropout", "max_epochs", "batch_size")
    for name, values in expected.items():
        recipe = get_recipe(name)
        parameters = ESTIMATORS[recipe.estimator](**recipe.parameters).get_params()
        assert tuple(parameters[key] for key in names) == values
        assert parameters["learning_rate"] == 1e-3


def test_parts_of_the_temperatures(data_home: Path) -> None:
    data = get_recipe("regression").load(False)
    assert isinstance(data, RecipeData)
    assert data.test.X.shape == (730, LOOKBACK, 1)
    assert data.train.X.shape == (3650 - 730 - LOOKBACK, LOOKBACK, 1)
    # The day after a window is the last day of the next one: nothing is skipped, nothing is seen ahead.
    np.testing.assert_array_equal(data.train.X[1:, -1, 0], data.train.y[:-1])
    assert data.test.X[0, -1, 0] == data.train.y[-1]
    np.testing.assert_array_equal(data.baselines["last_value"][1:], data.test.y[:-1])
    np.testing.assert_allclose(data.baselines["mean"], data.train.y.mean())
    assert data.test.y[-1] == 13.0


@pytest.mark.parametrize("name", ["mnist", "regression"])
def test_data_that_are_not_at_hand(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATECELL_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("gatecell.datasets.files.cache_folder", lambda: tmp_path / "cache")
    with pytest.raises(DatasetError, match=r"nothing is downloaded unless asked.*--set download=true"):
        get_recipe(name).load(False)


def test_listing_recipes_loads_nothing_heavy() -> None:
    heavy = {"torch", "numpy", "pandas", "sklearn", "lightning"}
    code = f"import sys, gatecell.recipes.registry; print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

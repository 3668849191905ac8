"""What may be given as random_state, and what comes of it."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from sklearn.base import clone

import gatecell
from gatecell import LSTMForecaster, LSTMLanguageModel, LSTMRegressor
from gatecell._core.errors import OptionError
from tests.process_state import process_state

SMALL: dict[str, Any] = {"hidden_size": 4, "max_epochs": 2, "dropout": 0.2}
X = np.random.default_rng(0).normal(size=(30, 5, 2))
y = X.sum((1, 2))


def predicted(random_state: Any) -> NDArray[np.float64]:
    values: NDArray[np.float64] = LSTMRegressor(**SMALL, random_state=random_state).fit(X, y).predict(X)
    return values


@pytest.mark.parametrize("kind", [np.random.default_rng, np.random.RandomState])
def test_a_generator_decides_and_goes_on(kind: Any) -> None:
    one, other = kind(3), kind(3)
    first = predicted(one)
    assert np.array_equal(first, predicted(other))
    assert not np.array_equal(first, predicted(one))
    assert not np.array_equal(first, predicted(kind(4)))


def test_a_clone_of_an_estimator_with_a_generator_draws_what_it_would() -> None:
    model = LSTMRegressor(**SMALL, random_state=np.random.default_rng(3))
    assert np.array_equal(clone(model).fit(X, y).predict(X), model.fit(X, y).predict(X))


def test_every_estimator_takes_a_generator_and_saves_what_it_gave(tmp_path: Path) -> None:
    options: dict[str, Any] = {"hidden_size": 4, "max_epochs": 1, "random_state": np.random.default_rng(1)}
    text = LSTMLanguageModel(**options, batch_size=2).fit("one two three four five six " * 9)
    forecaster = LSTMForecaster(**options, horizon=2, lookback=4).fit(pd.Series(np.sin(np.arange(60.0))))
    assert text.seed_ != forecaster.seed_
    loaded = gatecell.load(text.save(tmp_path / "text.safetensors"))
    assert (loaded.seed_, loaded.random_state) == (text.seed_, None)


def test_none_asks_the_generator_of_numpy_as_scikit_learn_does_and_no_other() -> None:
    np.random.seed(5)  # noqa: NPY002  it is what None stands for
    before = process_state()
    first = predicted(None)
    after = process_state()
    assert {name for name in before if before[name] != after[name]} == {"numpy's generator"}
    np.random.seed(5)  # noqa: NPY002
    assert np.array_equal(predicted(None), first)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (np.random.SeedSequence(3), "a SeedSequence. Write random_state=numpy.random.default_rng(...) around it."),
        (np.random.PCG64(3), "a PCG64. Write random_state=numpy.random.default_rng(...) around it."),
        (torch.Generator(), "a generator of PyTorch. Give a number, such as random_state=0."),
        (0.5, "0.5."),
        ("0", "'0'."),
    ],
)
def test_what_is_no_state_is_refused(given: Any, named: str) -> None:
    with pytest.raises(OptionError) as raised:
        predicted(given)
    assert str(raised.value) == (
        f"random_state must be an integer, a numpy Generator, a numpy RandomState or None, got {named}"
    )

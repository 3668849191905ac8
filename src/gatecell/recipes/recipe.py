"""What a recipe is. Nothing heavy is imported here, so that recipes can be listed at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gatecell.estimators.forecasting.backtest import Backtest

ValidationChoice = Literal["held-out", "test", "none"]
VALIDATION_CHOICES: tuple[str, ...] = ("held-out", "test", "none")


class Part(NamedTuple):
    """Rows and what is to be predicted of each."""

    X: Any
    """``(n, T, I)``, or a list of ``n`` arrays ``(T_i, I)`` or texts; or one long text."""
    y: Any = None
    """``(n,)``; None of a text that a language model reads."""


@dataclass(frozen=True)
class RecipeData:
    """What a recipe's loader returns."""

    train: Part
    """To learn from, a validation part included."""
    test: Part
    """To judge by, once."""
    baselines: Mapping[str, "NDArray[Any]"] = field(default_factory=dict)
    """Name to the predictions of a simple rule for the test part, ``(n_test,)``."""
    validation: Part | None = None
    """What validates, where the data have a part for it; else it is taken from ``train``."""


@dataclass(frozen=True)
class SeriesData:
    """What the loader of a forecaster's recipe returns."""

    train: Any
    """What ``LSTMForecaster.fit`` takes, a validation part included."""
    test: Any
    """The observations that follow, to judge by, once: from each origin in them whose horizon they hold."""
    columns: Mapping[str, Any] = field(default_factory=dict)
    """Which column is what: keyword arguments of ``LSTMForecaster.fit``."""
    measure: "Callable[[Backtest], Mapping[str, float]] | None" = None
    """Further figures, from forecasts of the test part."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A whole job under a name."""

    name: str
    """How it is called."""
    summary: str
    """One line: the network and what it is for."""
    data: str
    """Which data, how many rows, which steps."""
    target: str
    """What it must reach, as the mean of three seeds on the test part."""
    estimator: Literal["LSTMClassifier", "LSTMRegressor", "LSTMTextClassifier", "LSTMLanguageModel", "LSTMForecaster"]
    """The class that is fitted."""
    parameters: Mapping[str, Any]
    """Its parameters; what is not named has the estimator's default."""
    load: Callable[[bool], RecipeData | SeriesData]
    """Loads the data; the argument says whether to download what is not at hand."""
    validates_on_latest: bool = False
    """Whether the held-out validation part is the end of the training part, as a time series asks for; otherwise it is
    drawn at random."""
    quick: Mapping[str, Any] = field(default_factory=lambda: {"max_epochs": 1})
    """Parameters that a quick run has beside fewer rows."""
    departures: tuple[str, ...] = ()
    """Where it departs from the tutorial that it is known from, and why."""


@dataclass(frozen=True, kw_only=True)
class SearchRecipe(Recipe):
    """A job that searches parameters first, on some of the rows, and then fits the best ones to those rows."""

    space: Mapping[str, Sequence[Any]]
    """Parameter to its choices; every combination is tried."""


QUICK_ROWS = 300
"""Rows of each part of the data that a quick run uses at most."""
QUICK_STEPS = 2000
"""Steps of a series that a quick run uses at most, and a tenth of it to test."""
QUICK_SERIES = 10
"""Series of a panel that a quick run uses at most."""
QUICK_CHARACTERS = 5000
"""Characters of each part that a quick run uses at most where a part is one text."""
OPTIONS: Mapping[str, tuple[Any, str]] = {
    "validation": (
        "held-out",
        "which rows validate each epoch: held-out (a part of the training rows, set aside), test (as tutorials do; "
        "the network then trains on all training rows), or none",
    ),
    "quick": (False, f"whether to use {QUICK_ROWS:,} rows and few epochs, only to see that it runs"),
    "download": (False, "whether to download data that are not on this machine"),
}
"""What every recipe takes beside the parameters of its estimator: default and meaning."""
SEARCH_OPTIONS: Mapping[str, tuple[Any, str]] = {
    "search": (
        "grid",
        "by what: grid (scikit-learn's GridSearchCV) or optuna (goes on with --resume where it was stopped; needs the "
        "extra tune)",
    ),
    "folds": (3, "into how many parts the rows are divided, each of which is measured on once"),
    "rows": (5000, "rows of the training part, evenly spread over it, to search on and to fit the best to"),
}
"""What a recipe that searches takes besides; in a quick run the choices are the first and the last of each parameter,
the folds two."""


def options_of(recipe: Recipe) -> dict[str, tuple[Any, str]]:
    """Return what a recipe takes beside the parameters of its estimator."""
    return {**OPTIONS, **(SEARCH_OPTIONS if isinstance(recipe, SearchRecipe) else {})}

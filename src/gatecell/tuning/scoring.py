"""What one set of parameters is worth: which rows it is fitted to, on which it is measured, and by what."""

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median_low
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import _safe_indexing, get_tags

from gatecell._core.checks import check_integer, check_number
from gatecell._core.errors import InputError, OptionError
from gatecell.data.holdout import split_off
from gatecell.training.watching import watched

Split = tuple[NDArray[np.int64], NDArray[np.int64]]
"""The rows to fit to, and those to measure on."""
OnEpoch = Callable[[Mapping[str, float]], None]
"""Is told of every epoch; what it raises ends the trial."""


@dataclass
class Outcome:
    """What came of one set of parameters; filled while it is tried."""

    scores: list[float] = field(default_factory=list)
    """Of each fold, more is better."""
    losses: list[float] = field(default_factory=list)
    """The validation loss of each epoch of the first fold."""
    epochs: list[int] = field(default_factory=list)
    """The epoch that each fold kept."""

    @property
    def score(self) -> float:
        """The mean over folds."""
        return math.fsum(self.scores) / len(self.scores)

    @property
    def kept_epoch(self) -> int | None:
        """The median of the epochs that were kept; None of what does not learn in epochs."""
        return median_low(self.epochs) if self.epochs else None


class Evaluation:
    """How trials of a search are measured, all alike.

    Parameters
    ----------
    X, y
        What the estimator's ``fit`` takes. Without ``y`` the estimator divides its data by itself: a forecaster is
        measured by a back-test over the steps that it holds out, a language model by its validation loss.
    cv : float, int or splitter
        A share of the rows to be measured on, one part for all trials; or a number of folds; or as scikit-learn has it.
    scoring : str or callable, optional
        As scikit-learn has it; by default the estimator's ``score``.
    fit_params : mapping
        What else ``fit`` takes.
    seed : int
        Of the division of the rows.

    Raises
    ------
    OptionError, InputError
        Where ``cv`` or ``scoring`` make no sense, or there are too few rows.
    """

    splits: list[Split] | None
    """The rows of each fold; None where the estimator divides its data by itself."""

    def __init__(
        self, estimator: Any, X: Any, y: Any, cv: Any, scoring: Any, fit_params: Mapping[str, Any], seed: int
    ) -> None:
        self._X, self._y, self._fit_params = X, y, dict(fit_params)
        self.splits = None
        if y is None:
            if get_tags(estimator).target_tags.required:
                raise InputError(
                    f"y is missing: {type(estimator).__name__} learns from X and y. Give a target for each row."
                )
            if scoring is not None:
                raise OptionError("scoring needs y; without it the estimator is measured on what it holds out itself.")
            if estimator.get_params().get("validation_fraction") is None:
                raise OptionError(
                    f"{type(estimator).__name__} holds nothing out to be measured on: set its validation_fraction."
                )
            self.scoring = "neg_mean_absolute_error" if hasattr(estimator, "backtest") else "neg_validation_loss"
            self.words = "what the estimator holds out by itself"
            return
        self._scorer = check_scoring(estimator, scoring)
        self.scoring = scoring if isinstance(scoring, str) else _score_name(estimator, scoring)
        self.splits = _splits(estimator, X, y, cv, seed)
        n_measured = len(self.splits[0][1])
        self.words = (
            f"{len(self.splits)} folds, the mean of their scores"
            if len(self.splits) > 1
            else f"{n_measured:,} rows held out, the same for every trial"
        )

    def identity(self) -> dict[str, Any]:
        """Return what scores of two searches must have in common to compare, as JSON values."""
        rows = None if self.splits is None else [[int(i) for i in test[:50]] + [len(test)] for _, test in self.splits]
        return {"scoring": self.scoring, "rows measured on": rows}

    def run(self, estimator: Any, outcome: Outcome, on_epoch: OnEpoch) -> None:
        """Fit to each split and note the scores; ``on_epoch`` is told of every epoch.

        Losses are of the rows that the estimator holds out itself, where it does, so that the fold is not looked at;
        else of the rows to be measured on.
        """
        for fold, split in enumerate(self.splits or [None]):

            def look(row: Mapping[str, float], *, first: bool = fold == 0) -> None:
                loss = row.get("validation_loss")
                if first and loss is not None:
                    outcome.losses.append(float(loss))
                on_epoch(row)

            with watched(look):
                fitted = self._fitted(estimator, split)
            score = self._score(fitted, split)
            if not math.isfinite(score):
                raise InputError(f"The score is {score}, which is nothing to choose by.")
            outcome.scores.append(score)
            if hasattr(fitted, "training_"):
                outcome.epochs.append(kept_epoch(fitted))

    def refitted(self, estimator: Any, n_epochs: int | None) -> Any:
        """Fit to all rows; ``n_epochs`` is of ``for_all_rows``."""
        return for_all_rows(estimator, n_epochs).fit(
            self._X, *(() if self._y is None else (self._y,)), **self._fit_params
        )

    def _fitted(self, estimator: Any, split: Split | None) -> Any:
        if split is None:
            return estimator.fit(self._X, **self._fit_params)
        train, test = split
        options = {name: _part(value, train, len(self._y)) for name, value in self._fit_params.items()}
        accepted = inspect.signature(estimator.fit).parameters
        if "validation_data" in accepted and not _holds_out(estimator.get_params()):
            options["validation_data"] = (_safe_indexing(self._X, test), _safe_indexing(self._y, test))
        return estimator.fit(_safe_indexing(self._X, train), _safe_indexing(self._y, train), **options)

    def _score(self, fitted: Any, split: Split | None) -> float:
        if split is not None:
            _, test = split
            return float(self._scorer(fitted, _safe_indexing(self._X, test), _safe_indexing(self._y, test)))
        if hasattr(fitted, "backtest"):
            return -float(fitted.backtest(level=()).judgement.figures["mae"])
        return -float(fitted.history_["validation_loss"][kept_epoch(fitted) - 1])


def for_all_rows(estimator: Any, n_epochs: int | None) -> Any:
    """Make an estimator ready for a fit to all rows, and return it.

    A trial with ``patience`` watches the rows that it is measured on, where it holds none out itself; a fit to all rows
    has none to watch. It then trains for ``n_epochs``, as many as the trial kept, or ``max_epochs`` where that is None.
    """
    parameters = estimator.get_params()
    if parameters.get("patience") is not None and not _holds_out(parameters):
        estimator.set_params(patience=None, max_epochs=n_epochs or parameters["max_epochs"])
    return estimator


def kept_epoch(fitted: Any) -> int:
    """Return the epoch (from 1) whose weights a fitted estimator has: the best under early stopping, else the last."""
    best: int | None = fitted.training_.best_epoch
    return best if best is not None and fitted.patience is not None else len(fitted.history_)


def check_division(cv: Any, n_rows: int | None = None) -> None:
    """Raise ``OptionError`` unless ``cv`` can divide so many rows; of None what needs no rows is checked."""
    if isinstance(cv, float):
        check_number("cv", cv, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True)
    elif isinstance(cv, int | np.integer):
        check_integer("cv", cv, minimum=2, maximum=n_rows)


def _holds_out(parameters: Mapping[str, Any]) -> bool:
    return parameters.get("validation_fraction") is not None


def _part(value: Any, rows: NDArray[np.int64], n_rows: int) -> Any:
    """Return the part of an argument of ``fit`` that belongs to some rows, where it has one value a row."""
    if isinstance(value, str) or not hasattr(value, "__len__") or len(value) != n_rows:
        return value
    return _safe_indexing(value, rows)


def _score_name(estimator: Any, scoring: Any) -> str:
    if scoring is not None:
        return getattr(scoring, "__name__", None) or str(scoring)
    return {"classifier": "accuracy", "regressor": "r2"}.get(str(get_tags(estimator).estimator_type), "score")


def _splits(estimator: Any, X: Any, y: Any, cv: Any, seed: int) -> list[Split]:
    n_rows = len(y)
    if n_rows != _n_rows(X):
        raise InputError(f"There are {_n_rows(X)} rows in X but {n_rows} in y; give one target for each row.")
    classes = get_tags(estimator).estimator_type == "classifier"
    check_division(cv, n_rows)
    if isinstance(cv, float):
        labels = torch.from_numpy(np.unique(y, return_inverse=True)[1]) if classes and np.ndim(y) == 1 else None
        train, test = split_off(n_rows, cv, seed=seed, labels=labels, name="cv")
        return [(train.numpy(), test.numpy())]
    try:
        return [(train, test) for train, test in check_cv(cv, y, classifier=classes).split(np.zeros(n_rows), y)]
    except ValueError as error:
        raise OptionError(f"cv={cv!r} does not divide these rows: {error}") from error


def _n_rows(X: Any) -> int:
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)

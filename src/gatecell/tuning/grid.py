"""A grid by scikit-learn's ``GridSearchCV``, as data that reports and tables know."""

import sys
import time
from collections.abc import Mapping
from contextlib import redirect_stdout
from typing import Any

from sklearn.model_selection import GridSearchCV

from gatecell._core.errors import InputError, OptionError
from gatecell.tuning.basis import seeded, trial_basis
from gatecell.tuning.scoring import Evaluation
from gatecell.tuning.space import Space, checked_space, n_combinations, space_to_json, with_parameters
from gatecell.tuning.trials import Trial, Tuning


def grid_search(
    estimator: Any,
    X: Any,
    y: Any,
    space: Space,
    *,
    cv: Any = 3,
    scoring: Any = None,
    refit: bool = True,
    random_state: int = 0,
    verbose: int = 0,
) -> Tuning:
    """Try every combination of choices by ``GridSearchCV``, and fit the best one to all rows.

    Parameters
    ----------
    estimator, X, y, scoring, refit
        See ``gatecell.tuning.search.tune``.
    space : mapping
        Name of a parameter to a list of choices.
    cv : float, int or splitter
        The share of the rows that combinations are measured on; or the number of folds; or as scikit-learn has it.
    random_state : int
        Of the division of the rows, where ``cv`` is a share, and of an estimator whose own is None; at least 0.
    verbose : int
        As ``GridSearchCV`` has it, on standard error; 3 for a line a fit.

    Raises
    ------
    UnknownNameError, OptionError
        Where the space or another argument makes no sense, or the space has a range.
    InputError
        Where there is no ``y``, or not one for each row.

    Whatever a fit raises ends the search.
    """
    checked = checked_space(space, estimator.get_params())
    if n_combinations(checked) == float("inf"):
        ranges = [name for name, item in checked.items() if not isinstance(item, tuple)]
        raise OptionError(f"A grid has lists of choices, but {ranges[0]} has a range. Give a list, or search by tune.")
    basis = trial_basis(estimator, random_state)
    evaluation = Evaluation(basis, X, y, cv, scoring, {}, random_state)
    if evaluation.splits is None:
        raise InputError("A grid is measured on rows and their targets, and y is missing. Give y, or search by tune.")
    began = time.perf_counter()
    grid = GridSearchCV(
        basis,
        {name: list(item) for name, item in checked.items() if isinstance(item, tuple)},
        cv=evaluation.splits,
        scoring=scoring,
        refit=False,
        error_score="raise",
        verbose=verbose,
    )
    # it prints where results belong
    with redirect_stdout(sys.stderr):
        search = grid.fit(X, y)
    found = Tuning(
        trials=tuple(_trials(search, checked)),
        space=space_to_json(checked),
        scoring=evaluation.scoring,
        evaluation=evaluation.words,
        by="GridSearchCV",
        seconds=round(time.perf_counter() - began, 3),
    )
    if not refit:
        return found
    return found.with_estimator(with_parameters(seeded(estimator, random_state), found.best_params).fit(X, y))


def _trials(search: GridSearchCV, space: Mapping[str, Any]) -> list[Trial]:
    results = search.cv_results_
    trials = []
    for number, params in enumerate(results["params"]):
        scores = tuple(float(results[f"split{fold}_test_score"][number]) for fold in range(search.n_splits_))
        seconds = search.n_splits_ * float(results["mean_fit_time"][number] + results["mean_score_time"][number])
        trials.append(
            Trial(
                number=number,
                state="finished",
                params={name: params[name] for name in space},
                score=float(results["mean_test_score"][number]),
                scores=scores,
                seconds=round(seconds, 3),
            )
        )
    return trials

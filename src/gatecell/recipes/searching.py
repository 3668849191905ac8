"""A search before a fit: of a recipe that searches, and of a job on the user's own data."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from gatecell._core.errors import ArtifactError, OptionError
from gatecell._core.files import atomic_path
from gatecell._core.search_defaults import MEASURED_SHARE, N_TRIALS
from gatecell._core.stated import Stated
from gatecell.recipes.search_space import typed
from gatecell.tuning.grid import grid_search
from gatecell.tuning.scoring import for_all_rows
from gatecell.tuning.search import tune
from gatecell.tuning.space import Range, Space, checked_space, default_space, is_number, with_parameters
from gatecell.tuning.study_file import check_study_file, lock_file, remove_study, workers_folder
from gatecell.tuning.trials import Tuning

STUDY_FILE = "study.db"
GRID_FILE = "grid.json"
SEARCH_FOLDER = "search"
"""In the folder of a run, until it is done."""
By = Literal["grid", "optuna"]
BY: tuple[str, ...] = ("grid", "optuna")


@dataclass(frozen=True, kw_only=True)
class SearchPlan:
    """How to search; see ``gatecell.tuning.search.tune``."""

    space: Space | None = None
    """None: the estimator's default."""
    by: By = "optuna"
    n_trials: int = N_TRIALS
    timeout: float | None = None
    cv: Any = MEASURED_SHARE
    """None where the estimator holds out by itself what it is measured on."""
    prune: bool = True
    study: Path | None = None
    """Of a job: its file; None: beside the model."""

    def words(self) -> list[str]:
        """Return the plan as one types it on the command line."""
        words = [word for name, item in (self.space or {}).items() for word in ("--search", typed(name, item))]
        words += ["--n-trials", str(self.n_trials)]
        cv = self.cv if is_number(self.cv) else None
        given = {"--cv": cv, "--timeout": self.timeout, "--study": self.study}
        words += [word for name, value in given.items() if value is not None for word in (name, str(value))]
        return words if self.prune else [*words, "--no-prune"]


def run_search(
    estimator: Any,
    plan: SearchPlan,
    *data: Any,
    seed: int,
    verbose: int = 0,
    fit_params: Mapping[str, Any] | None = None,
) -> Tuning:
    """Search by Optuna, in the plan's file; the best parameters are then set on ``estimator``, which is not fitted.

    Where early stopping would have no rows to watch, it is to train for as many epochs as the best trial kept.
    """
    X, *y = data
    found = tune(
        estimator,
        X,
        y[0] if y else None,
        plan.space,
        n_trials=plan.n_trials,
        timeout=plan.timeout,
        study=plan.study,
        cv=plan.cv,
        prune=plan.prune,
        refit=False,
        random_state=seed,
        fit_params=fit_params,
        verbose=verbose,
    )
    for_all_rows(with_parameters(estimator, found.best_params), found.best.epochs)
    return found


def open_space(
    space: Space | None, estimator: Any, settings: Mapping[str, Any], *, of_recipe: bool = False
) -> dict[str, Range | tuple[Any, ...]]:
    """Return what is to be searched, which is nothing that is set.

    Parameters
    ----------
    space : mapping, optional
        None: the default space of the estimator, without what is set.
    estimator : estimator
        With its settings.
    settings : mapping
        What the user sets; entries of nested parameters are told apart.
    of_recipe : bool
        Whether it is a recipe, not the user, that says what to search.

    Raises
    ------
    UnknownNameError, OptionError
        Where the space makes no sense, a parameter is set and searched, or nothing is left to search.
    """
    nested = ((outer, values) for outer, values in settings.items() if isinstance(values, Mapping))
    taken = {*settings, *(f"{outer}.{inner}" for outer, values in nested for inner in values)}
    if space is None:
        left = {name: item for name, item in default_space(estimator).items() if name not in taken}
        if not left:
            raise OptionError(
                "All of the default space is set, so that nothing is left to search. Leave out one --set, or say by "
                "--search what to search."
            )
        return left
    checked = checked_space(space, estimator.get_params())
    both = next((name for name in checked if name in taken), None)
    if both is not None:
        other = ": the recipe searches it." if of_recipe else f" or --search {both}."
        raise OptionError(f"{both} is set and searched at once. Leave out --set {both}{other}")
    return checked


def search_of_run(
    estimator: Any, plan: SearchPlan, folder: Path, X: Any, y: Any, *, about: Mapping[str, Any], seed: int, verbose: int
) -> Tuning:
    """Search for a run of a recipe, and keep what was found in ``folder`` until the run is done.

    Parameters
    ----------
    estimator : estimator
        Gets the best parameters.
    plan : SearchPlan
    folder : Path
        Made ready by ``search_folder``. By Optuna it keeps every trial, by scikit-learn's grid the whole of it.
    X, y
        The rows to search on.
    about : mapping
        JSON values that say which run this is.
    seed, verbose : int

    Raises
    ------
    OptionError
        Where the folder has the grid of another run.
    """
    if plan.by == "optuna":
        return run_search(estimator, replace(plan, study=folder / STUDY_FILE), X, y, seed=seed, verbose=verbose)
    path = folder / GRID_FILE
    if path.exists():
        kept = _kept_grid(path)
        if kept["about"] != about:
            raise OptionError(
                f"{path} is of a run with {kept['about']}, and this one has {dict(about)}. Name another folder with "
                "--output, or discard it with --force."
            )
        found = Tuning.from_json(kept["search"])
    else:
        assert plan.space is not None
        noise = 3 if verbose else 0
        found = grid_search(estimator, X, y, plan.space, cv=plan.cv, refit=False, random_state=seed, verbose=noise)
        with atomic_path(path) as part:
            part.write_text(json.dumps({"about": about, "search": found.to_json()}), encoding="utf-8")
    with_parameters(estimator, found.best_params)
    return found


def _kept_grid(path: Path) -> dict[str, Any]:
    try:
        kept = Stated(json.loads(path.read_text(encoding="utf-8")), "the grid")
        return {"about": kept.value("about"), "search": kept.value("search")}
    except (ValueError, RecursionError, ArtifactError) as error:
        raise OptionError(
            f"{path} is not the grid of a run: {error}. Name another folder with --output, or discard it with --force."
        ) from error


def search_folder(folder: Path, *, resume: bool, force: bool) -> None:
    """Make the folder of a run's search ready: go on with what is there, discard it, or refuse.

    Raises
    ------
    OptionError
        Where a search is there, and neither is said.
    """
    if not _has_search(folder) or resume:
        return
    if not force:
        raise OptionError(
            f"{folder} has the search of an unfinished run. Go on with it by --resume, or discard it by --force."
        )
    discard_search(folder)


def discard_search(folder: Path) -> None:
    """Remove what a run's search kept."""
    remove_study(folder / STUDY_FILE)
    (folder / GRID_FILE).unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def check_study(path: Path, *, resume: bool, force: bool) -> None:
    """Raise unless a job may go on with its study, discard it, or begin one; nothing is discarded yet.

    Raises
    ------
    OptionError
        Where there is one, and neither is said.
    StudyError
        Where the file is no study.
    """
    if not path.exists():
        return
    check_study_file(path)
    if not (resume or force):
        raise OptionError(f"{path} has a study. Go on with it by --resume, or discard it by --force.")


def quick_plan(plan: SearchPlan) -> SearchPlan:
    """Return a plan of the first and the last choice of each parameter, and two folds."""
    space = {
        name: item if isinstance(item, Range) else list(dict.fromkeys((item[0], item[-1])))
        for name, item in (plan.space or {}).items()
    }
    return replace(plan, space=space, cv=2)


def _has_search(folder: Path) -> bool:
    study = folder / STUDY_FILE
    return any(path.exists() for path in (study, lock_file(study), workers_folder(study), folder / GRID_FILE))

"""The content of a study, held to the search that is to go on with it before anything of it is used."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatecell._core.errors import ArtifactError, StudyError
from gatecell._core.stated import Stated, is_number, shown
from gatecell.tuning.space import Range
from gatecell.tuning.study_file import foreign, optuna_module
from gatecell.tuning.workers import REPEATS, RERUN_OF, WORKER, distributions

if TYPE_CHECKING:
    import optuna

_FIXED = "fixed_params"
"""Optuna's attribute of a trial that waits: what is to be tried."""


def check_content(study: "optuna.Study", path: Path, space: Mapping[str, Range | tuple[Any, ...]]) -> None:
    """Raise unless the trials of a study are such as a search of ``space`` writes.

    Raises
    ------
    StudyError
        Where one is not; the message says what. The file is left as it is.
    """
    optuna = optuna_module()
    try:
        if study.directions != [optuna.study.StudyDirection.MAXIMIZE]:
            raise ArtifactError("its scores are not such that more is better")  # noqa: TRY301
        trials = study.get_trials(deepcopy=False)
        wanted = distributions(space)
        for trial in trials:
            _check_trial(trial, wanted, len(trials))
    except (StudyError, optuna.exceptions.StorageInternalError):
        raise
    except Exception as error:  # whatever Optuna makes of a file of another origin
        what = str(error) if isinstance(error, ArtifactError) else f"{type(error).__name__}: {shown(str(error))}"
        raise foreign(path, f", or damaged ({what})") from error


def _check_trial(trial: "optuna.trial.FrozenTrial", wanted: "dict[str, Any]", n_trials: int) -> None:
    where, states = f"trial {trial.number}", optuna_module().trial.TrialState
    fixed = trial.system_attrs.get(_FIXED)
    if trial.state == states.WAITING and fixed is None:
        raise ArtifactError(f"{where} waits, and it is not said what for")
    if fixed is not None:
        _check_params(Stated(fixed, f"the parameters of {where}"), wanted)
    for name, distribution in trial.distributions.items():
        if distribution != wanted.get(name):
            raise ArtifactError(f"{where} has a parameter {shown(name)} of another space")
    _check_params(Stated(trial.params, f"the parameters of {where}"), wanted)
    if trial.state in (states.COMPLETE, states.PRUNED) and trial.params.keys() != wanted.keys():
        raise ArtifactError(f"{where} has not all parameters of the space")
    if trial.state == states.COMPLETE and not is_number(trial.value):
        raise ArtifactError(f"the score of {where} must be a finite number, but is {shown(trial.value)}")
    for step, value in trial.intermediate_values.items():
        if step < 0:
            raise ArtifactError(f"{where} has a loss of epoch {step}")
        if not is_number(value):
            raise ArtifactError(f"a loss of {where} must be a finite number, but is {shown(value)}")
    _check_attributes(Stated(trial.user_attrs, where), n_trials)


def _check_params(stated: Stated, wanted: "dict[str, Any]") -> None:
    for name in stated:
        value = stated.value(name)
        if name not in wanted:
            raise ArtifactError(f"a trial has a parameter {shown(name)}, which is not searched")
        distribution = wanted[name]
        if hasattr(distribution, "choices"):
            stated.choice(name, distribution.choices)
        elif not is_number(value) or not distribution.low <= value <= distribution.high:
            raise ArtifactError(f"{name} of a trial must be from {distribution.low} to {distribution.high}")


def _check_attributes(stated: Stated, n_trials: int) -> None:
    for name in ("scores", "losses"):
        if stated.has(name):
            stated.numbers(name)
    for name in (WORKER, "error"):
        if stated.has(name):
            stated.text(name)
    if stated.has("seconds"):
        stated.number("seconds", 0.0)
    if stated.has("epochs"):
        stated.whole("epochs")
    if stated.has(RERUN_OF):
        stated.whole(RERUN_OF, 0, n_trials - 1)
    if stated.has(REPEATS):
        stated.flag(REPEATS)

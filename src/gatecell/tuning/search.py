"""``tune``: a search by Optuna, which goes on where it was stopped."""

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import TYPE_CHECKING, Any

from sklearn import clone

from gatecell._core.checks import check_flag, check_integer, check_number
from gatecell._core.errors import TrainingError, TrialStopped
from gatecell._core.quiet import quiet_loggers
from gatecell._core.search_defaults import MEASURED_SHARE, N_TRIALS
from gatecell._core.visible import visible
from gatecell.tuning.basis import seeded, trial_basis
from gatecell.tuning.fingerprint import fingerprint, lasting
from gatecell.tuning.importance import importances
from gatecell.tuning.scoring import Evaluation, Outcome, check_division
from gatecell.tuning.space import (
    NOT_SEARCHED,
    Range,
    Space,
    checked_space,
    default_space,
    space_to_json,
    with_parameters,
)
from gatecell.tuning.study_content import check_content
from gatecell.tuning.study_file import open_study, optuna_module, storage_errors
from gatecell.tuning.trials import Trial, Tuning, shown
from gatecell.tuning.workers import REPEATS, Workers, chosen, claimed, reruns

if TYPE_CHECKING:
    import optuna

_POLL_S = 0.2
"""Between two looks at whether the other workers are done."""
_STARTUP_TRIALS = 4
"""Trials that run to their end before others are measured by them."""
_FIRST_LOOK = 3
"""The first epoch at which a trial may be broken off: the loss of an LSTM often stays where it is for one or two."""


def tune(
    estimator: Any,
    X: Any,
    y: Any = None,
    space: Space | None = None,
    *,
    n_trials: int = N_TRIALS,
    timeout: float | None = None,
    study: str | Path | None = None,
    cv: Any = MEASURED_SHARE,
    scoring: Any = None,
    prune: bool = True,
    refit: bool = True,
    random_state: int = 0,
    fit_params: Mapping[str, Any] | None = None,
    verbose: int = 0,
) -> Tuning:
    """Search the parameters of an estimator by Optuna, and fit the best ones to all rows.

    Parameters
    ----------
    estimator : estimator
        With the parameters that are not searched; it is not changed. Where its ``random_state`` is None, trials get
        the one of this search, so that they differ by their parameters alone.
    X, y
        What its ``fit`` takes: arrays, ragged lists, texts. Without ``y``: series for a forecaster, text for a language
        model; they are measured on what they hold out themselves (``validation_fraction``).
    space : mapping, optional
        Name of a parameter to a ``Range`` or to a list of choices; ``training_options.optimizer`` is an entry of a
        parameter that is a dict. By default ``default_space(estimator)``. A space of no more combinations than
        ``n_trials`` is gone through, each once; others are searched by a tree of Parzen estimators.
    n_trials : int
        Trials of the study when it is done, at least 1, those of earlier calls and of other workers included: finished,
        pruned and failed ones. Trials that were killed do not count.
    timeout : float, optional
        Seconds that this call may search, above 0. A trial that runs then is stopped at the end of its epoch, and is
        run again by the call that goes on.
    study : path, optional
        An SQLite file that keeps the trials. A call with a file that is there goes on with it; several processes may
        work on one file at once. None: the trials are kept in memory.
    cv : float, int or splitter
        The share of the rows that trials are measured on; or the number of folds; or as scikit-learn has it.
    scoring : str or callable, optional
        As scikit-learn has it, more is better; by default the estimator's ``score``.
    prune : bool
        Whether a trial is broken off where its lowest validation loss so far is above the median of the others' at
        that epoch (Golovin et al. 2017), from the third on; of several folds, in the first. It needs rows that the
        estimator measures itself on each epoch: those held out by its ``validation_fraction``, else those of ``cv``.
    refit : bool
        Whether the best parameters are fitted to all rows. An estimator with ``patience`` and no
        ``validation_fraction`` then trains for as many epochs as the best trial kept.
    random_state : int
        Of the proposals and the division of the rows, at least 0.
    fit_params : mapping, optional
        What else ``fit`` takes; of a value a row, each fit gets its part.
    verbose : int
        1: a line a trial on standard error.

    Returns
    -------
    Tuning

    Raises
    ------
    UnknownNameError, OptionError, InputError
        Where the space or another argument makes no sense.
    StudyError
        Where ``study`` is no study, one of another search, or locked.
    TrainingError
        Where no trial finished: the time was too short, or all failed; the first error is in the message.
    MissingDependencyError
        Where Optuna is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from gatecell import LSTMClassifier
    >>> from gatecell.tuning import Range, tune
    >>> rows = np.random.default_rng(0).normal(size=(60, 8, 2))
    >>> labels = (rows[:, :, 0].sum(axis=1) > 0).astype(int)
    >>> model = LSTMClassifier(max_epochs=5, random_state=0)
    >>> space = {"hidden_size": [4, 16], "learning_rate": Range(1e-3, 1e-1, log=True)}
    >>> found = tune(model, rows, labels, space, n_trials=3)
    >>> len(found.trials), sorted(found.best_params)
    (3, ['hidden_size', 'learning_rate'])
    >>> found.best_estimator.predict(rows[:1]).shape
    (1,)
    """
    check_options(n_trials=n_trials, timeout=timeout, cv=cv, prune=prune)
    check_integer("random_state", random_state, minimum=0, maximum=2**32 - 1)
    check_flag("refit", refit)
    optuna_module()
    checked = checked_space(default_space(estimator) if space is None else space, estimator.get_params())
    basis = trial_basis(estimator, random_state)
    evaluation = Evaluation(basis, X, y, cv, scoring, fit_params or {}, random_state)
    identity = _identity(basis, checked, evaluation, random_state, (X, y, fit_params or {}))
    path = None if study is None else Path(study).expanduser()
    workers = Workers(path)
    deadline = None if timeout is None else monotonic() + timeout
    with quiet_optuna(), storage_errors(path):
        with workers.alone():
            opened = open_study(path, identity)
            if path is not None:
                check_content(opened, path, checked)
        opened.pruner = _pruner(prune)
        with workers.present():
            run = _Run(opened, workers, checked, basis, evaluation, deadline, verbose)
            run.go_on(n_trials, random_state)
        trials = records(opened, checked)
        _check_any_finished(trials, timeout, path)
        mattered = importances(opened)
    best = Tuning(
        trials=trials,
        space=space_to_json(checked),
        scoring=evaluation.scoring,
        evaluation=evaluation.words,
        by="Optuna",
        seconds=sum(trial.seconds for trial in trials),
        importances=mattered,
    )
    if not refit:
        return best
    model = with_parameters(seeded(estimator, random_state), best.best_params)
    return best.with_estimator(evaluation.refitted(model, best.best.epochs))


def check_options(*, n_trials: int, timeout: float | None, cv: Any, prune: bool) -> None:
    """Raise ``OptionError`` where an option of ``tune`` makes no sense, as far as that can be told without rows."""
    check_integer("n_trials", n_trials, minimum=1)
    check_flag("prune", prune)
    check_division(cv)
    if timeout is not None:
        check_number("timeout", timeout, minimum=0.0, open_minimum=True)


class _Run:
    """The trials of one call."""

    def __init__(
        self,
        study: "optuna.Study",
        workers: Workers,
        space: Mapping[str, Range | tuple[Any, ...]],
        basis: Any,
        evaluation: Evaluation,
        deadline: float | None,
        verbose: int,
    ) -> None:
        self._study, self._workers, self._space = study, workers, space
        self._basis, self._evaluation, self._deadline, self._verbose = basis, evaluation, deadline, verbose

    def go_on(self, n_trials: int, seed: int) -> None:
        """Run trials until the study has ``n_trials``, also those of other workers, or until the time is up."""
        while not self._late():
            trial = claimed(self._study, self._workers, self._space, n_trials, seed)
            if trial == "none":
                return
            if isinstance(trial, str):
                # not to leave before the others: one of them may be killed, and its trial then is ours
                sleep(_POLL_S)
                continue
            self._run(trial, n_trials)

    def _late(self) -> bool:
        return self._deadline is not None and monotonic() >= self._deadline

    def _run(self, trial: "optuna.Trial", n_trials: int) -> None:
        optuna = optuna_module()
        states = optuna.trial.TrialState
        params = chosen(trial.params, self._space)
        outcome, began = Outcome(), perf_counter()
        try:
            model = with_parameters(clone(self._basis), params)
            self._evaluation.run(model, outcome, self._on_epoch(trial, outcome))
        except TrialStopped as stop:
            if stop.reason == "time":
                self._give_back(trial)
                return
            state, value = states.PRUNED, None
        except optuna.exceptions.StorageInternalError:
            raise
        except Exception as error:  # whatever it is: the other trials may be better
            trial.set_user_attr("error", f"{type(error).__name__}: {error}")
            state, value = states.FAIL, None
        except BaseException:
            self._give_back(trial)
            raise
        else:
            state, value = states.COMPLETE, outcome.score
        for name in ("scores", "losses"):
            trial.set_user_attr(name, getattr(outcome, name))
        trial.set_user_attr("epochs", outcome.kept_epoch)
        trial.set_user_attr("seconds", round(perf_counter() - began, 3))
        self._study.tell(trial, value, state)
        if self._verbose:
            self._say(trial.number, n_trials)

    def _on_epoch(self, trial: "optuna.Trial", outcome: Outcome) -> Callable[[Mapping[str, float]], None]:
        def look(row: Mapping[str, float]) -> None:
            if self._late():
                raise TrialStopped("time")
            if outcome.losses and not outcome.scores:
                trial.report(-outcome.losses[-1], len(outcome.losses))
                if trial.should_prune():
                    raise TrialStopped("pruned")

        return look

    def _give_back(self, trial: "optuna.Trial") -> None:
        with self._workers.alone():
            self._workers.give_back(self._study, _frozen(self._study, trial.number))

    def _say(self, number: int, n_trials: int) -> None:
        known = records(self._study, self._space)
        trial = next(item for item in known if item.number == number)
        scores = [item.score for item in known if item.score is not None]
        what = f"{trial.score:.4f}" if trial.score is not None else f"{trial.state} {trial.error}".rstrip()
        best = f" (best {max(scores):.4f})" if scores else ""
        line = (
            f"trial {number}, {len(known)} of {n_trials}: {self._evaluation.scoring} {what}{best}  "
            f"{shown(trial.params)}  {trial.seconds:.1f} s"
        )
        sys.stderr.write(visible(line, line=True) + "\n")


def records(study: "optuna.Study", space: Mapping[str, Range | tuple[Any, ...]]) -> tuple[Trial, ...]:
    """Return the trials of a study that are done, without those that were killed and run again."""
    states = optuna_module().trial.TrialState
    names: dict[Any, Any] = {states.COMPLETE: "finished", states.PRUNED: "pruned", states.FAIL: "failed"}
    trials = study.get_trials(deepcopy=False)
    again = reruns(trials)
    return tuple(
        Trial(
            number=trial.number,
            state=names[trial.state],
            params=chosen(trial.params, space),
            score=trial.value if trial.state == states.COMPLETE else None,
            scores=tuple(trial.user_attrs.get("scores", ())),
            losses=tuple(trial.user_attrs.get("losses", ())),
            seconds=trial.user_attrs.get("seconds", 0.0),
            epochs=trial.user_attrs.get("epochs"),
            error=trial.user_attrs.get("error", ""),
        )
        for trial in trials
        if trial.state in names and trial.number not in again and REPEATS not in trial.user_attrs
    )


def _frozen(study: "optuna.Study", number: int) -> "optuna.trial.FrozenTrial":
    return next(trial for trial in study.get_trials(deepcopy=False) if trial.number == number)


def _identity(
    basis: Any, space: Mapping[str, Range | tuple[Any, ...]], evaluation: Evaluation, seed: int, data: Any
) -> dict[str, Any]:
    left_out = NOT_SEARCHED - {"random_state"}
    fixed = {
        name: lasting(value)
        for name, value in sorted(basis.get_params().items())
        if name not in space and name.rpartition("__")[2] not in left_out
    }
    return {
        "space": space_to_json(space),
        "estimator": type(basis).__name__,
        "random_state": seed,
        "fixed parameters": fixed,
        "data": fingerprint(*data),
        **evaluation.identity(),
    }


def _pruner(prune: bool) -> Any:
    pruners = optuna_module().pruners
    return (
        pruners.MedianPruner(n_startup_trials=_STARTUP_TRIALS, n_warmup_steps=_FIRST_LOOK)
        if prune
        else pruners.NopPruner()
    )


def _check_any_finished(trials: tuple[Trial, ...], timeout: float | None, path: Path | None) -> None:
    if any(trial.state == "finished" for trial in trials):
        return
    failed = [trial for trial in trials if trial.state == "failed"]
    if failed:
        begin = "" if path is None else f" Mend that and begin anew: {path} keeps what failed, name another file."
        raise TrainingError(
            f"No trial finished: {len(failed)} of {len(trials)} failed. The first error, of "
            f"{shown(failed[0].params)}: {failed[0].error}{begin}"
        )
    kept = "" if path is None else " Call again to go on; trials that were pruned are kept."
    raise TrainingError(f"The time of {timeout:g} s was over before one trial was finished. Give it more.{kept}")


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Silence Optuna's notices; its warnings still come through."""
    with quiet_loggers(optuna=logging.WARNING):
        yield

"""Several processes on one study: who takes which trial, and what becomes of the trial of one that was killed.

Every worker holds a lock of the operating system on a file of its own. The system lets go of it when the process ends,
however it ends, and not before: a process that is only stopped keeps its trial.
"""

import math
import random
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gatecell._core.errors import StudyError
from gatecell._core.optional import require
from gatecell._core.random import derive_seed
from gatecell.tuning import study_file
from gatecell.tuning.space import Range, combinations, label, n_combinations

if TYPE_CHECKING:
    import optuna

WORKER = "worker"
"""Attribute of a trial: who runs it."""
REPEATS = "repeats"
"""Attribute of a trial that was not run, since Optuna proposed what had been tried before."""
RERUN_OF = "rerun_of"
"""Attribute of a trial: the number of the one that was broken off, and whose parameters it tries again."""
Others = Literal["none", "running"]


class Workers:
    """The process as a worker on a study, among others.

    Parameters
    ----------
    path : Path, optional
        The study's file; None: a study in memory, which has no other worker.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.name = uuid.uuid4().hex
        self._folder = None if path is None else study_file.workers_folder(path)

    @contextmanager
    def present(self) -> Iterator[None]:
        """Hold this worker's own lock."""
        if self._folder is None:
            yield
            return
        own = self._lock_of(self.name)
        with self.alone():
            self._folder.mkdir(exist_ok=True)
            own.acquire()
        try:
            yield
        finally:
            with self.alone():
                Path(own.lock_file).unlink(missing_ok=True)
                own.release()
                # of workers that were killed before they took a trial
                for lock in self._folder.glob("*.lock"):
                    self._is_alive(lock.stem)
                # another worker may be in it
                with suppress(OSError):
                    self._folder.rmdir()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep the other workers from taking or giving up a trial meanwhile."""
        if self._path is None:
            yield
            return
        filelock = _filelock()
        lock = filelock.FileLock(study_file.lock_file(self._path), timeout=study_file.LOCK_TIMEOUT_S)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except filelock.Timeout as error:
            raise StudyError(
                f"{lock.lock_file} is locked: another worker on this study hangs. End it, and begin again; the trials "
                "that had finished are kept."
            ) from error
        try:
            yield
        finally:
            lock.release()

    def give_back(self, study: "optuna.Study", trial: "optuna.trial.FrozenTrial") -> None:
        """Have a trial that was broken off run again: mark it failed, and put its parameters on the list."""
        waiting = any(item.user_attrs.get(RERUN_OF) == trial.number for item in study.get_trials(deepcopy=False))
        if not waiting:
            study.enqueue_trial(trial.params, user_attrs={RERUN_OF: trial.number})
        study.tell(trial.number, state=_state("FAIL"))

    def sweep(self, study: "optuna.Study") -> None:
        """Give back the trials of workers that are no more."""
        for trial in study.get_trials(deepcopy=False, states=(_state("RUNNING"),)):
            owner = trial.user_attrs.get(WORKER)
            if owner != self.name and not self._is_alive(owner):
                self.give_back(study, trial)

    def _is_alive(self, owner: str | None) -> bool:
        # a trial is taken and signed under the common lock: one without a name is of a worker that died in between
        if owner is None or self._folder is None or not (self._folder / f"{owner}.lock").exists():
            return False
        lock = self._lock_of(owner)
        with suppress(_filelock().Timeout), lock:
            Path(lock.lock_file).unlink(missing_ok=True)
            return False
        return True

    def _lock_of(self, name: str) -> Any:
        assert self._folder is not None
        return _filelock().FileLock(self._folder / f"{name}.lock", timeout=0)


def claimed(
    study: "optuna.Study",
    workers: Workers,
    space: Mapping[str, Range | tuple[Any, ...]],
    n_trials: int,
    seed: int,
) -> "optuna.Trial | Others":
    """Take the next trial.

    A space of no more combinations than ``n_trials`` is gone through, each once; of another, Optuna's tree of Parzen
    estimators (Bergstra et al. 2011) proposes, and what it proposes twice is not run twice. Its seed is the number of
    trials that were begun before, so that a study that was stopped goes on with the trials that it would have had.

    Returns
    -------
    optuna.Trial or str
        ``"running"`` where all are taken, but other workers are not done with theirs; ``"none"`` where all are done.
    """
    optuna = study_file.optuna_module()
    with workers.alone():
        workers.sweep(study)
        trials = study.get_trials(deepcopy=False)
        again = reruns(trials)
        taken = [
            trial
            for trial in trials
            if trial.state != _state("WAITING") and trial.number not in again and REPEATS not in trial.user_attrs
        ]
        waiting = any(trial.state == _state("WAITING") for trial in trials)
        exhausted = not waiting and len(taken) >= n_combinations(space)
        if len(taken) >= n_trials or exhausted:
            return "running" if any(trial.state == _state("RUNNING") for trial in taken) else "none"
        known = [trial.params for trial in taken]
        if not waiting and n_combinations(space) <= n_trials:
            study.enqueue_trial(_next(space, known))
        begun = sum(RERUN_OF not in trial.user_attrs for trial in trials)
        generator = derive_seed(seed, "trial", begun) % 2**32
        study.sampler = optuna.samplers.TPESampler(seed=generator)
        trial = study.ask(distributions(space))
        if math.isfinite(n_combinations(space)) and trial.params in known:
            trial.set_user_attr(REPEATS, True)
            study.tell(trial, state=_state("FAIL"))
            study.enqueue_trial(_drawn(space, known, generator))
            trial = study.ask(distributions(space))
        trial.set_user_attr(WORKER, workers.name)
        return trial


def reruns(trials: "list[optuna.trial.FrozenTrial]") -> set[int]:
    """Return the numbers of the trials that were broken off, and have another in their place."""
    return {trial.user_attrs[RERUN_OF] for trial in trials if RERUN_OF in trial.user_attrs}


def distributions(space: Mapping[str, Range | tuple[Any, ...]]) -> "dict[str, optuna.distributions.BaseDistribution]":
    """Return a space as Optuna has it; choices go by their labels, since Optuna's may not be lists."""
    optuna = study_file.optuna_module()
    result = {}
    for name, item in space.items():
        if not isinstance(item, Range):
            result[name] = optuna.distributions.CategoricalDistribution(tuple(label(value) for value in item))
        elif item.whole:
            result[name] = optuna.distributions.IntDistribution(int(item.low), int(item.high), log=item.log)
        else:
            result[name] = optuna.distributions.FloatDistribution(float(item.low), float(item.high), log=item.log)
    return result


def chosen(params: Mapping[str, Any], space: Mapping[str, Range | tuple[Any, ...]]) -> dict[str, Any]:
    """Return parameters of a trial of Optuna as the estimator takes them, in the order of the space."""
    result = {}
    for name, item in space.items():
        if name in params:
            value = params[name]
            result[name] = value if isinstance(item, Range) else item[[label(choice) for choice in item].index(value)]
    return result


def _next(space: Mapping[str, Range | tuple[Any, ...]], known: list[dict[str, Any]]) -> dict[str, str]:
    """Return the first combination that was not tried."""
    labelled = ({name: label(value) for name, value in item.items()} for item in combinations(space))
    return next(item for item in labelled if item not in known)


def _drawn(space: Mapping[str, Range | tuple[Any, ...]], known: list[dict[str, Any]], seed: int) -> dict[str, str]:
    """Return a combination that was not tried, at random: to list them all takes minutes where there are millions."""
    generator = random.Random(seed)
    choices = {name: item for name, item in space.items() if not isinstance(item, Range)}
    while True:
        drawn = {name: label(generator.choice(item)) for name, item in choices.items()}
        if drawn not in known:
            return drawn


def _state(name: str) -> Any:
    return study_file.optuna_module().trial.TrialState[name]


def _filelock() -> Any:
    return require("filelock", extra="tune", purpose="A search by Optuna")

"""A fit of the user's own data: what is checked before it, what is kept while it runs, what remains after it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Self

from gatecell._core.checks import check_integer
from gatecell._core.errors import OptionError
from gatecell.estimators.base import LSTMEstimator
from gatecell.estimators.loading import ESTIMATORS
from gatecell.estimators.persistence import save_estimator
from gatecell.recipes.checkpoints import discard, of_trial, replaced, seconds_done
from gatecell.recipes.logs import logs_of, with_logs
from gatecell.recipes.reports import command_line, report_beside
from gatecell.recipes.run import validation_metrics
from gatecell.recipes.searching import SearchPlan, check_study, open_space, run_search
from gatecell.recipes.settings import check_names, labels_as_in, merged
from gatecell.reporting.report import check_replaceable, write_report
from gatecell.reporting.subject import Judged, Origin
from gatecell.tuning.scoring import kept_epoch
from gatecell.tuning.search import check_options
from gatecell.tuning.study_file import optuna_module, remove_study
from gatecell.tuning.trials import Tuning

Task = Literal["classify", "regress", "text", "forecast", "language"]
TASKS: Mapping[Task, str] = MappingProxyType(
    {
        "classify": "LSTMClassifier",
        "regress": "LSTMRegressor",
        "text": "LSTMTextClassifier",
        "forecast": "LSTMForecaster",
        "language": "LSTMLanguageModel",
    }
)
"""What can be fitted, and the estimator of each."""
_ROWS: Mapping[str, Any] = MappingProxyType({"validation_fraction": 0.1})
PARAMETERS: Mapping[Task, Mapping[str, Any]] = MappingProxyType(
    {"classify": _ROWS, "regress": _ROWS, "text": _ROWS, "forecast": MappingProxyType({}), "language": _ROWS}
)
"""Where a job on own data departs from the estimators' defaults: a figure on rows not learned from comes with it. A
forecaster holds its latest steps out by itself."""
_PATIENCE: Mapping[str, Any] = MappingProxyType({"patience": 5})
SEARCHED: Mapping[Task, Mapping[str, Any]] = MappingProxyType(
    {
        "classify": _PATIENCE,
        "regress": _PATIENCE,
        "text": _PATIENCE,
        "forecast": MappingProxyType({}),
        "language": _PATIENCE,
    }
)
"""Where a job that searches departs from that, too: a trial that learns no more ends."""
_HOLDS_OUT: frozenset[Task] = frozenset({"forecast", "language"})
"""Whose estimators hold out by themselves what trials are measured on."""
MODEL_ENDING = ".safetensors"


@dataclass(frozen=True, kw_only=True)
class FitResult:
    """What came of a fit."""

    task: str
    """A key of ``TASKS``."""
    seed: int
    """What the run was seeded with."""
    metrics: dict[str, float]
    """Figures of training and validation part at the epoch whose weights were kept."""
    seconds: dict[str, float]
    """Wall time of ``fit``, stretches before a resume included; of ``search``, the trials before the fit, where there
    was one."""
    artifact: str
    """The model's file, absolute."""
    report: str
    """The report's file, absolute."""
    search: dict[str, Any] | None = None
    """Of a search before the fit, as ``gatecell.tuning.trials.Tuning.to_json`` has it."""
    data: dict[str, Any]
    """``rows`` and ``classes``; of sequences ``steps`` (shortest and longest), ``channels``, of a wide table
    ``columns``, and the columns ``left_out``; of texts how many are ``empty`` and ``cut``; of series ``series``,
    ``steps``, ``targets`` and ``frequency``; of a language model ``texts``, ``characters`` and ``vocabulary``."""
    logs: str = ""
    """The folder of the logs, absolute; empty where ``logger`` is not set to a name."""

    def to_json(self) -> dict[str, Any]:
        """Return what ``gatecell fit --json`` and ``gatecell tune --json`` print; logs and a search where there are."""
        return {name: value for name, value in asdict(self).items() if name not in ("logs", "search") or value}


class Fitted(NamedTuple):
    """What came of a job."""

    estimator: LSTMEstimator
    tuning: Tuning | None
    """The search before the fit, if there was one."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """A fit that may begin: its options are checked, nothing stands in its way."""

    task: Task
    settings: dict[str, Any]
    seed: int
    verbose: int
    model_path: Path
    seconds_before: float
    plan: SearchPlan | None
    """The search before the fit as the user says it, if there is one."""
    search: SearchPlan | None
    """The same with the space and the file that it comes to."""
    discards: bool
    """Whether a checkpoint and a study that are there are not to be gone on with. The study stays until the data are
    read, the checkpoint until the new fit has one."""

    @classmethod
    def prepared(
        cls,
        task: Task,
        output: str | Path,
        *,
        settings: Mapping[str, Any] | None,
        seed: int,
        resume: bool,
        force: bool,
        verbose: int,
        plan: SearchPlan | None = None,
    ) -> Self:
        """Check what can be before the data are read; for the arguments see ``gatecell.recipes.own_data.fit_file``.

        Raises
        ------
        OptionError, UnknownNameError
            Where a setting or the plan makes no sense, or ``output``, a checkpoint or a study would be lost.
        StudyError
            Where the file of the study is none.
        MissingDependencyError
            Where there is a plan, and Optuna is not installed.
        """
        settings = dict(settings or {})
        check_names(settings, ESTIMATORS[TASKS[task]]().get_params(deep=False))
        check_integer("seed", seed, minimum=0)
        model_path = Path(output).expanduser()
        checkpoint = _checkpoint_of(model_path)
        # a checkpoint is only there where the model was allowed to be replaced
        check_replaceable(report_beside(model_path))
        if plan is not None and task in _HOLDS_OUT:
            plan = replace(plan, cv=None)
        search = None if plan is None else _search_of(plan, task, settings, model_path)
        begun = checkpoint.exists() or (search is not None and search.study is not None and search.study.exists())
        _check_output(model_path, replace=force or (resume and begun))
        if search is not None and search.study is not None:
            check_study(search.study, resume=resume, force=force)
        return cls(
            task=task,
            settings=settings,
            seed=seed,
            verbose=verbose,
            model_path=model_path,
            seconds_before=seconds_done(checkpoint, resume=resume, force=force),
            plan=plan,
            search=search,
            discards=force and not resume,
        )

    def fit(self, *data: Any, **reading: Any) -> Fitted:
        """Fit the estimator of the task to X and y, or to what else its ``fit`` takes; search before, if so planned."""
        own = _parameters(self.task, self.settings, searches=self.search is not None)
        parameters = with_logs(own, self.model_path.with_suffix(".logs"))
        if "class_weight" in parameters:
            parameters["class_weight"] = labels_as_in(data[1], parameters["class_weight"])
        checkpoint = _checkpoint_of(self.model_path)
        estimator = ESTIMATORS[TASKS[self.task]](
            **parameters, random_state=self.seed, verbose=self.verbose, checkpoint_dir=checkpoint
        )
        tuning = None
        with replaced(checkpoint, discards=self.discards):
            if self.search is not None:
                if self.discards and self.search.study is not None:
                    remove_study(self.search.study)
                search, verbose = self.search, self.verbose
                tuning = run_search(estimator, search, *data, seed=self.seed, verbose=verbose, fit_params=reading)
                estimator.set_params(checkpoint_dir=of_trial(checkpoint, tuning.best.number))
            return Fitted(estimator.fit(*data, **reading), tuning)

    def origin(self, path: str | Path, options: Mapping[str, str | Sequence[str] | None]) -> Origin:
        """Return where the model comes from: the file, and the options of the command line that say how it is read."""
        words = [word for name, value in options.items() for word in _option(name, value)]
        verb, plan = ("fit", []) if self.plan is None else ("tune", self.plan.words())
        command = [verb, self.task, str(path), *words, "--output", str(self.model_path), *plan]
        return Origin(
            title=self.model_path.stem,
            summary=f"{TASKS[self.task]}, fitted to {Path(path).name}",
            command=command_line(command, self.settings, self.seed),
            data=f"From {path}.",
        )

    def saved(
        self,
        estimator: LSTMEstimator,
        *,
        columns: Mapping[str, Any] | None,
        data: dict[str, Any],
        origin: Origin,
        judged: Judged | None = None,
        further: Mapping[str, float] | None = None,
        notes: Mapping[str, Any] | None = None,
        tuning: Tuning | None = None,
    ) -> FitResult:
        """Save the estimator, with the columns that it was fitted on; write its report; and remove the checkpoint.

        ``judged`` is a look at rows that it did not learn from, if there is one. ``further`` are figures beside those
        of the epoch that was kept; ``notes`` JSON values that reading later data takes.
        """
        kept = estimator.history_.rows[kept_epoch(estimator) - 1]
        metrics = {name: value for name, value in kept.items() if name.startswith("train_")}
        metrics |= {**validation_metrics(estimator), **(further or {})}
        seconds = {
            **({} if tuning is None else {"search": round(tuning.seconds, 3)}),
            "fit": round(self.seconds_before + estimator.training_.seconds, 3),
        }
        origin = replace(origin, seed=self.seed, seconds=seconds)
        searched = {} if tuning is None else {"search": tuning.to_json()}
        kept_notes = {"columns": columns, "metrics": metrics, "task": self.task, "origin": origin.to_json(), **searched}
        save_estimator(estimator, self.model_path, notes={**kept_notes, **(notes or {})})
        report = report_beside(self.model_path)
        why_not = "" if judged is not None else _NOTHING_HELD_OUT
        write_report(report, estimator, origin=origin, judged=judged, why_not=why_not, tuning=tuning)
        discard(_checkpoint_of(self.model_path))
        return FitResult(
            task=self.task,
            seed=self.seed,
            metrics=metrics,
            seconds=seconds,
            artifact=str(self.model_path.resolve()),
            report=str(report.resolve()),
            data=data,
            logs=logs_of(estimator),
            search=searched.get("search"),
        )


def _option(name: str, value: str | Sequence[str] | None) -> list[str]:
    if value == "":
        return [f"--{name}"]
    values = [value] if isinstance(value, str) else value or []
    return [word for item in values for word in (f"--{name}", item)]


_NOTHING_HELD_OUT = "No rows were held out at the fit, so that there are none to judge by."


def _checkpoint_of(model_path: Path) -> Path:
    return model_path.with_name(f"{model_path.name}.checkpoint")


def _study_of(model_path: Path) -> Path:
    return model_path.with_name(f"{model_path.stem}.study.db")


def _parameters(task: Task, settings: Mapping[str, Any], *, searches: bool) -> dict[str, Any]:
    return merged({**PARAMETERS[task], **(SEARCHED[task] if searches else {})}, settings)


def _search_of(plan: SearchPlan, task: Task, settings: Mapping[str, Any], model_path: Path) -> SearchPlan:
    """Return a plan with its space and its file, once what can be is checked of it."""
    optuna_module()
    check_options(n_trials=plan.n_trials, timeout=plan.timeout, cv=plan.cv, prune=plan.prune)
    estimator = ESTIMATORS[TASKS[task]](**_parameters(task, settings, searches=True))
    study = Path(plan.study or _study_of(model_path)).expanduser()
    return replace(plan, space=open_space(plan.space, estimator, settings), study=study)


def _check_output(path: Path, *, replace: bool) -> None:
    if path.suffix != MODEL_ENDING:
        raise OptionError(f"The model's file must end in {MODEL_ENDING}, got {path}. Try {path}{MODEL_ENDING}.")
    if path.is_dir():
        raise OptionError(f"{path} is a folder. Name a file, such as {path / ('model' + MODEL_ENDING)}.")
    if path.exists() and not replace:
        raise OptionError(f"{path} is there already. Name another file with --output, or replace it with --force.")

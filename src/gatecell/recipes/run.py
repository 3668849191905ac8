"""Running a recipe: data, estimator, fit, one look at the test part, and the files that remain."""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self, cast

from gatecell._core.checks import check_choice, check_flag, check_integer
from gatecell._core.errors import ArtifactError, OptionError
from gatecell._core.files import atomic_path, remove_left_parts
from gatecell._core.locks import sole_writer
from gatecell._core.stated import Stated
from gatecell.artifact.format import library_versions
from gatecell.estimators.base import LSTMEstimator
from gatecell.estimators.classes import ClassTargets
from gatecell.estimators.language import LSTMLanguageModel
from gatecell.estimators.loading import ESTIMATORS
from gatecell.estimators.persistence import save_estimator
from gatecell.recipes.checkpoints import begun, discard, replaced, seconds_done
from gatecell.recipes.logs import logs_of, with_logs
from gatecell.recipes.recipe import (
    QUICK_CHARACTERS,
    QUICK_ROWS,
    VALIDATION_CHOICES,
    Part,
    Recipe,
    RecipeData,
    SearchRecipe,
    SeriesData,
    options_of,
)
from gatecell.recipes.registry import get_recipe
from gatecell.recipes.reports import REPORT_FILE, command_line
from gatecell.recipes.scoring import judge
from gatecell.recipes.searching import (
    BY,
    SEARCH_FOLDER,
    SearchPlan,
    discard_search,
    open_space,
    quick_plan,
    search_folder,
    search_of_run,
)
from gatecell.recipes.series_run import Further, fit_series, judge_series, shortened
from gatecell.recipes.settings import check_names, labels_as_in, merged
from gatecell.reporting.report import check_replaceable, write_report
from gatecell.reporting.subject import Judged, Origin
from gatecell.tuning.scoring import kept_epoch
from gatecell.tuning.trials import Tuning

MODEL_FILE = "model.safetensors"
HISTORY_FILE = "history.csv"
RESULT_FILE = "result.json"
"""Written last: a folder that has it holds a finished run."""
CHECKPOINT_FOLDER = "checkpoint"
LOGS_FOLDER = "logs"
_NOT_IN_RESULT = ("download", "logger", "logger_dir")
"""Settings that have no part in what comes out."""


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """What came of a run."""

    recipe: str
    """The name of the recipe."""
    seed: int
    """What the run was seeded with."""
    settings: dict[str, Any]
    """What the user changed."""
    metrics: dict[str, float]
    """Figures on the test part (``test_accuracy``, ``test_mae``, ...), on the held-out validation part as of the epoch
    whose weights were kept, and of the baselines."""
    seconds: dict[str, float]
    """Wall time: ``fit`` (stretches before a resume included), and ``test``, predicting the test part."""
    artifact: str
    """The model's file, absolute."""
    epochs: int
    """Epochs that were run."""
    kept_epoch: int
    """The epoch (from 1) whose weights were kept."""
    report: str = ""
    """The report's file, absolute; empty in the results of versions without reports."""
    logs: str = ""
    """The folder of the logs, absolute; empty where ``logger`` is not set to a name."""
    verdict: list[str] = field(default_factory=list)
    """Of a forecaster: sentences that say whether it is better than naive forecasts."""
    search: dict[str, Any] = field(default_factory=dict)
    """Of a recipe that searches: what was tried, as ``gatecell.tuning.trials.Tuning.to_json`` has it."""
    intervals: dict[str, list[float]] = field(default_factory=dict)
    """Low and high of the 95 % interval of some of the metrics, by their names."""
    versions: dict[str, str] = field(default_factory=library_versions)
    """Of Python and the libraries."""

    @classmethod
    def from_json(cls, values: object) -> Self:
        """Build from what ``result.json`` holds.

        Raises
        ------
        ArtifactError
            Where it is something else.
        """
        stated = Stated(values, "the result")
        unknown = set(cast("dict[str, Any]", values)) - {field.name for field in fields(cls)}
        if unknown:
            raise ArtifactError(f"the result has {', '.join(sorted(unknown))}, which this version does not know")
        optional: dict[str, Any] = {name: stated.text(name) for name in ("report", "logs") if stated.has(name)}
        if stated.has("verdict"):
            optional["verdict"] = stated.texts("verdict")
        if stated.has("search"):
            optional["search"] = stated.value("search")
            if optional["search"]:
                Tuning.from_json(optional["search"])
        if stated.has("intervals"):
            intervals = stated.inner("intervals")
            optional["intervals"] = {name: intervals.numbers(name, 2) for name in stated.value("intervals")}
        if stated.has("versions"):
            versions = stated.inner("versions")
            optional["versions"] = {name: versions.text(name) for name in stated.value("versions")}
        metrics, seconds = stated.inner("metrics"), stated.inner("seconds")
        stated.inner("settings")
        return cls(
            recipe=stated.text("recipe"),
            seed=stated.whole("seed"),
            settings=stated.value("settings"),
            artifact=stated.text("artifact"),
            epochs=stated.whole("epochs"),
            kept_epoch=stated.whole("kept_epoch"),
            metrics={name: metrics.number(name) for name in stated.value("metrics")},
            seconds={name: seconds.number(name) for name in stated.value("seconds")},
            **optional,
        )

    def to_json(self) -> dict[str, Any]:
        """Return what ``gatecell run --json`` prints; logs, a verdict and a search where there are some."""
        names = ("recipe", "seed", "metrics", "intervals", "seconds", "artifact", "report")
        further = (name for name in ("logs", "verdict", "search") if getattr(self, name))
        return {name: getattr(self, name) for name in (*names, *further)}


def default_output(name: str, seed: int) -> Path:
    """Return the folder of a run that is not told where to write."""
    return Path("runs") / f"{name}-seed{seed}"


def run_recipe(
    name: str,
    *,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    output: str | Path | None = None,
    resume: bool = False,
    force: bool = False,
    verbose: int = 0,
) -> RunResult:
    """Run a recipe and write ``model.safetensors``, ``history.csv``, ``report.html`` and ``result.json``.

    Parameters
    ----------
    name : str
        Of the recipe.
    settings : mapping, optional
        Changes to the recipe: parameters of its estimator (``{"max_epochs": 3}``), nested ones as dicts
        (``{"training_options": {"optimizer": "sgd"}}``), and the options of every recipe, ``validation`` and
        ``download``.
    seed : int
        Of the weights, the order of the rows, dropout and the validation part; at least 0.
    output : path, optional
        The folder to write to; by default ``runs/NAME-seedSEED``. The files of a finished run are replaced.
    resume : bool
        Whether to go on with a run that was stopped: it ends with the same weights as one that never was. A finished
        run is only reported.
    force : bool
        Whether to discard what the folder has of an unfinished run, or a model that no recipe wrote.
    verbose : int
        As of the estimators; on standard error.

    Returns
    -------
    RunResult

    Raises
    ------
    UnknownNameError
        For an unknown recipe or setting; suggests the nearest.
    OptionError
        Where a setting has a value that makes no sense, or ``output`` holds what would be lost.
    DatasetError
        Where the data are not at hand; the message says where to put them.
    TrainingError
        Where the training fails, or the run that is to be resumed was another one.
    OutputInUseError
        Where another process is writing to ``output``.
    """
    recipe = get_recipe(name)
    settings = dict(settings or {})
    estimator_class = ESTIMATORS[recipe.estimator]
    known = options_of(recipe)
    check_names(settings, estimator_class().get_params(deep=False), known)
    check_integer("seed", seed, minimum=0)
    options = {option: settings.get(option, default) for option, (default, _) in known.items()}
    check_choice("validation", options["validation"], VALIDATION_CHOICES)
    if isinstance(recipe, SearchRecipe):
        check_choice("search", options["search"], BY)
        open_space(recipe.space, estimator_class(), settings, of_recipe=True)
    for option in ("quick", "download"):
        check_flag(option, options[option])
    folder = Path(output) if output is not None else default_output(name, seed)
    lasting = {key: value for key, value in settings.items() if key not in _NOT_IN_RESULT}
    if resume and (finished := _finished(folder, recipe, seed, lasting)):
        return finished
    if folder.exists() and not folder.is_dir():
        raise OptionError(f"{folder} is a file, but a run writes several. Name a folder with --output.")
    with sole_writer(folder, folder=True):
        remove_left_parts(folder)
        return _run(recipe, options, settings, lasting, seed, folder, resume=resume, force=force, verbose=verbose)


def _run(
    recipe: Recipe,
    options: Mapping[str, Any],
    settings: Mapping[str, Any],
    lasting: dict[str, Any],
    seed: int,
    folder: Path,
    *,
    resume: bool,
    force: bool,
    verbose: int,
) -> RunResult:
    name, estimator_class = recipe.name, ESTIMATORS[recipe.estimator]
    _check_folder(folder, force=force)
    checkpoint = folder / CHECKPOINT_FOLDER
    parameters = with_logs(
        _parameters(recipe, settings, options["validation"], quick=options["quick"]), folder / LOGS_FOLDER
    )
    estimator = estimator_class(**parameters, random_state=seed, verbose=verbose, checkpoint_dir=checkpoint)
    earlier = seconds_done(checkpoint, resume=resume, force=force)
    tuning = None
    with begun(checkpoint), replaced(checkpoint, discards=force and not resume):
        data = _data(recipe, options)
        if isinstance(recipe, SearchRecipe):
            search_folder(folder / SEARCH_FOLDER, resume=resume, force=force)
            assert isinstance(data, RecipeData)
            plan = _plan(recipe, options)
            _match_labels(estimator, data.train.y)
            about = {"recipe": name, "seed": seed, "settings": lasting}
            tuning = search_of_run(
                estimator, plan, folder / SEARCH_FOLDER, *data.train, about=about, seed=seed, verbose=verbose
            )
        if isinstance(data, SeriesData):
            fit_series(estimator, data, options["validation"])
        else:
            _fit(estimator, recipe, data, options["validation"])

    began = time.perf_counter()
    judged, further = _judged(estimator, data)
    judgement = judged.judgement
    test_seconds = time.perf_counter() - began
    kept = kept_epoch(estimator)
    result = RunResult(
        recipe=name,
        seed=seed,
        settings=lasting,
        metrics=judgement.metrics("test_")
        | dict(further.metrics)
        | (validation_metrics(estimator) if options["validation"] == "held-out" else {}),
        seconds={
            **({} if tuning is None else {"search": round(tuning.seconds, 3)}),
            "fit": round(earlier + estimator.training_.seconds, 3),
            "test": round(test_seconds, 3),
        },
        search={} if tuning is None else tuning.to_json(),
        intervals=judgement.named_intervals("test_"),
        artifact=str((folder / MODEL_FILE).resolve()),
        report=str((folder / REPORT_FILE).resolve()),
        logs=logs_of(estimator),
        verdict=further.verdict,
        epochs=len(estimator.history_),
        kept_epoch=kept,
    )
    origin = Origin(
        title=name,
        summary=recipe.summary,
        command=command_line(["run", name], lasting, seed),
        seed=seed,
        data=recipe.data,
        parts=_part_sizes(estimator, data, options["validation"]),
        seconds=result.seconds,
        departures=recipe.departures,
    )
    _write(folder, estimator, result, origin, judged, tuning)
    discard(checkpoint)
    discard_search(folder / SEARCH_FOLDER)
    return result


def judge_again(name: str, settings: Mapping[str, Any], estimator: LSTMEstimator) -> Judged:
    """Judge the estimator of a finished run by the test part of its recipe, as the run did.

    Raises
    ------
    UnknownNameError
        Where there is no such recipe.
    ArtifactError
        Where the recipe fits another kind of estimator.
    DatasetError
        Where the data are not at hand.
    """
    recipe = get_recipe(name)
    if type(estimator).__name__ != recipe.estimator:
        raise ArtifactError(
            f"The model is a {type(estimator).__name__}, but the recipe {name} that it says it is of fits a "
            f"{recipe.estimator}. Name data to judge it by."
        )
    options = {option: settings.get(option, default) for option, (default, _) in options_of(recipe).items()}
    check_flag("quick", options["quick"])
    # whoever wrote the file does not decide whether this machine goes to the network
    options["download"] = False
    return _judged(estimator, _data(recipe, options))[0]


def _data(recipe: Recipe, options: Mapping[str, Any]) -> RecipeData | SeriesData:
    data = recipe.load(options["download"])
    if isinstance(recipe, SearchRecipe):
        assert isinstance(data, RecipeData)
        check_integer("rows", options["rows"], minimum=2)
        data = replace(data, train=_thin(data.train, options["rows"]))
    if not options["quick"]:
        return data
    return shortened(data) if isinstance(data, SeriesData) else _thinned(data)


def _judged(estimator: LSTMEstimator, data: RecipeData | SeriesData) -> tuple[Judged, Further]:
    if isinstance(data, SeriesData):
        return judge_series(estimator, data)
    judgement = judge(estimator, data.test.X, data.test.y, data.baselines)
    return Judged(judgement=judgement, X=data.test.X, what="the test part"), Further()


def _part_sizes(estimator: LSTMEstimator, data: RecipeData | SeriesData, validation: str) -> dict[str, int]:
    """Return the rows of each part; of one long text there are none to count."""
    if isinstance(data, SeriesData) or isinstance(data.train.X, str):
        return {}
    held_out = getattr(estimator, "validation_rows_", None)
    n_train, n_test = len(data.train.X), len(data.test.X)
    if validation == "held-out" and data.validation is not None:
        return {"train": n_train, "validation": len(data.validation.X), "test": n_test}
    if held_out is not None:
        return {"train": n_train - len(held_out), "validation": len(held_out), "test": n_test}
    return {"train": n_train, "test": n_test}


def validation_metrics(estimator: LSTMEstimator) -> dict[str, float]:
    """Return the figures of the validation part at the kept epoch; none where nothing validated."""
    row = estimator.history_.rows[kept_epoch(estimator) - 1]
    return {name: value for name, value in row.items() if name.startswith("validation_")}


def _parameters(recipe: Recipe, settings: Mapping[str, Any], validation: str, *, quick: bool) -> dict[str, Any]:
    own = {name: value for name, value in settings.items() if name not in options_of(recipe)}
    parameters = merged({**recipe.parameters, **recipe.quick} if quick else recipe.parameters, own)
    if validation != "held-out":
        watching = [name for name in ("patience", "validation_fraction") if own.get(name) is not None]
        if watching:
            raise OptionError(
                f"validation={validation} and {watching[0]}={own[watching[0]]} do not go together: with held-out rows "
                "alone may a network be chosen. Leave one of them out."
            )
        parameters |= {"patience": None, "validation_fraction": None}
    if validation == "test" and (parameters.get("training_options") or {}).get("lr_schedule") == "plateau":
        raise OptionError(
            "validation=test and lr_schedule=plateau do not go together: the test part would steer the training. "
            "Leave one of them out."
        )
    return parameters


def _plan(recipe: SearchRecipe, options: Mapping[str, Any]) -> SearchPlan:
    """Return the search of a recipe: every combination, to its end, as a grid has it."""
    check_integer("folds", options["folds"], minimum=2)
    combinations = math.prod(map(len, recipe.space.values()))
    plan = SearchPlan(space=recipe.space, by=options["search"], n_trials=combinations, cv=options["folds"], prune=False)
    return quick_plan(plan) if options["quick"] else plan


def _fit(estimator: LSTMEstimator, recipe: Recipe, data: RecipeData, validation: str) -> None:
    train, validation_data = data.train, None
    _match_labels(estimator, train.y)
    if validation == "test":
        validation_data = data.test
    elif validation == "held-out" and data.validation is not None:
        validation_data = data.validation
        estimator.set_params(validation_fraction=None)
    elif validation == "held-out" and recipe.validates_on_latest and estimator.validation_fraction is not None:
        train, validation_data = _latest(data.train, estimator.validation_fraction)
        estimator.set_params(validation_fraction=None)
    if isinstance(estimator, LSTMLanguageModel):
        estimator.fit(train.X, validation=None if validation_data is None else validation_data.X)
    else:
        estimator.fit(*train, validation_data=validation_data)


def _match_labels(estimator: LSTMEstimator, y: Any) -> None:
    """Give the class weights the labels that ``y`` has."""
    if isinstance(estimator, ClassTargets):
        estimator.set_params(class_weight=labels_as_in(y, estimator.class_weight))


def _thinned(data: RecipeData) -> RecipeData:
    """Return at most ``QUICK_ROWS`` rows of each part, evenly spread over it, or the beginning of a long text."""

    def thin(part: Part) -> Part:
        return Part(part.X[:QUICK_CHARACTERS]) if part.y is None else _thin(part, QUICK_ROWS)

    return RecipeData(
        thin(data.train),
        thin(data.test),
        {name: values[:: _stride(data.test, QUICK_ROWS)] for name, values in data.baselines.items()},
        None if data.validation is None else thin(data.validation),
    )


def _thin(part: Part, n_rows: int) -> Part:
    """Return at most ``n_rows`` rows, evenly spread."""
    stride = _stride(part, n_rows)
    return Part(part.X[::stride], part.y[::stride])


def _stride(part: Part, n_rows: int) -> int:
    return -(-len(part.X) // n_rows)


def _latest(rows: Part, fraction: Any) -> tuple[Part, Part]:
    """Divide rows in time: the latest ``fraction`` validates."""
    if isinstance(fraction, bool) or not isinstance(fraction, int | float) or not 0 < fraction < 1:
        raise OptionError(f"validation_fraction must be a number in (0, 1), got {fraction!r}.")
    start = len(rows.y) - max(1, round(fraction * len(rows.y)))
    return Part(rows.X[:start], rows.y[:start]), Part(rows.X[start:], rows.y[start:])


def _check_folder(folder: Path, *, force: bool) -> None:
    check_replaceable(folder / REPORT_FILE)
    ours = (folder / RESULT_FILE).exists() or (folder / CHECKPOINT_FOLDER).exists()
    if (folder / MODEL_FILE).exists() and not ours and not force:
        raise OptionError(
            f"{folder / MODEL_FILE} was not written by a recipe, and would be replaced. "
            "Name another folder with --output, or replace it with --force."
        )


def _finished(folder: Path, recipe: Recipe, seed: int, settings: dict[str, Any]) -> RunResult | None:
    path = folder / RESULT_FILE
    if not path.exists() or (folder / CHECKPOINT_FOLDER).exists() or (folder / SEARCH_FOLDER).exists():
        return None
    try:
        found = RunResult.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError, RecursionError, ArtifactError) as error:
        raise OptionError(f"{path} is no result of a run: {error}. Name another folder, or do not resume.") from error
    if (found.recipe, found.seed, found.settings) != (recipe.name, seed, settings):
        raise OptionError(
            f"{folder} holds a finished run of {found.recipe} with seed {found.seed} and the settings "
            f"{found.settings or 'of the recipe'}, which is not the one to be resumed. "
            "Name another folder with --output, or replace it by leaving out --resume."
        )
    return found


def _write(
    folder: Path,
    estimator: LSTMEstimator,
    result: RunResult,
    origin: Origin,
    judged: Judged,
    tuning: Tuning | None,
) -> None:
    notes = {
        "recipe": result.recipe,
        "settings": result.settings,
        "metrics": result.metrics,
        "origin": origin.to_json(),
        **({"search": result.search} if result.search else {}),
    }
    save_estimator(estimator, folder / MODEL_FILE, notes=notes)
    # of the earlier model, which has gone only now
    (folder / RESULT_FILE).unlink(missing_ok=True)
    estimator.history_.to_csv(folder / HISTORY_FILE)
    write_report(folder / REPORT_FILE, estimator, origin=origin, judged=judged, tuning=tuning)
    with atomic_path(folder / RESULT_FILE) as part:
        part.write_text(json.dumps(asdict(result), indent=2, allow_nan=False) + "\n", encoding="utf-8")

"""The report of a model file, made anew."""

from pathlib import Path
from typing import NamedTuple

from gatecell._core.errors import DatasetError
from gatecell._core.locks import sole_writer
from gatecell.estimators.base import LSTMEstimator
from gatecell.recipes.notes import Notes, notes_of
from gatecell.recipes.registry import RECIPES
from gatecell.recipes.reports import REPORT_FILE, report_beside
from gatecell.recipes.run import MODEL_FILE, judge_again
from gatecell.reporting.report import check_replaceable, write_report
from gatecell.reporting.subject import Judged, Origin


class Reported(NamedTuple):
    """What came of it."""

    path: Path
    """The report's file, absolute."""
    metrics: dict[str, float]
    """The figures in it, as ``gatecell evaluate`` has them; none where no rows were judged."""
    intervals: dict[str, list[float]]
    """Low and high of the 95 % interval of some of them."""
    why_not: str
    """Why no rows were judged; empty where some were."""


def report_model(
    model: str | Path, estimator: LSTMEstimator, judged: Judged | None = None, *, output: str | Path | None = None
) -> Reported:
    """Write the report of a model file.

    Parameters
    ----------
    model : path
        The file.
    estimator : LSTMEstimator
        What it holds.
    judged : Judged, optional
        A look at data whose answers are known. By default, of the model of a recipe, one at the recipe's test part.
    output : path, optional
        The report's file; by default ``report.html`` beside the model of a run, else ``NAME.report.html``.

    Raises
    ------
    ArtifactError
        Where the file does not say rightly where it comes from.
    OptionError
        Where a file is in the way that is no report.
    OutputInUseError
        Where another process is writing the report.
    """
    model = Path(model)
    notes = notes_of(model)
    beside = model.with_name(REPORT_FILE) if model.name == MODEL_FILE else report_beside(model)
    path = beside if output is None else Path(output).expanduser()
    with sole_writer(path):
        check_replaceable(path)
        return _report(path, model, notes, estimator, judged)


def _report(path: Path, model: Path, notes: Notes, estimator: LSTMEstimator, judged: Judged | None) -> Reported:
    why_not = ""
    if judged is None:
        judged, why_not = _by_recipe(notes, estimator)
    origin = notes.origin or _origin(model, notes)
    write_report(path, estimator, origin=origin, judged=judged, why_not=why_not, tuning=notes.tuning)
    if judged is None:
        return Reported(path.resolve(), {}, {}, why_not)
    return Reported(path.resolve(), judged.judgement.metrics(), judged.judgement.named_intervals(), "")


def _origin(model: Path, notes: Notes) -> Origin:
    """Return what is known of a model that was written before reports, or saved from Python."""
    if notes.recipe not in RECIPES:
        return Origin(title=model.stem)
    recipe = RECIPES[notes.recipe]
    return Origin(title=recipe.name, summary=recipe.summary, data=recipe.data, departures=recipe.departures)


def _by_recipe(notes: Notes, estimator: LSTMEstimator) -> tuple[Judged | None, str]:
    if notes.recipe is None:
        return None, "The model is of no recipe, so its data are not known. Name some: gatecell report MODEL DATA."
    try:
        return judge_again(notes.recipe, notes.settings, estimator), ""
    except DatasetError as error:
        return None, f"No rows were judged: {error}"

"""Fit, predict and evaluate on the user's own files."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatecell._core.errors import InputError
from gatecell._core.locks import one_writer
from gatecell.data.csv_file import LongColumns, Targets
from gatecell.data.labelled import LabelledSequences
from gatecell.data.tables import Columns, is_table, read_labelled
from gatecell.data.tabular.dialect import PLAIN, TableDialect
from gatecell.data.wide_table import WideColumns
from gatecell.estimators.base import LSTMEstimator
from gatecell.estimators.classes import ClassTargets
from gatecell.estimators.loading import load
from gatecell.evaluation.judgement import Judgement
from gatecell.recipes.job import FitResult, Job, Task
from gatecell.recipes.notes import notes_of
from gatecell.recipes.reading import as_at_fit, dialect_options, reading_note
from gatecell.recipes.scoring import judge
from gatecell.recipes.searching import SearchPlan
from gatecell.reporting.subject import Judged


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says of a file."""

    rows: tuple[str, ...]
    """The names of the sequences."""
    values: NDArray[Any]
    """``(n,)`` classes or numbers, ``(n, k)`` for k targets."""
    classes: tuple[Any, ...]
    """Of a classifier; empty for a regressor."""
    probabilities: NDArray[np.float64] | None
    """``(n, n_classes)``, of a classifier."""


@one_writer
def fit_file(
    task: Task,
    path: str | Path,
    *,
    output: str | Path,
    columns: Columns | None = None,
    dialect: TableDialect = PLAIN,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    resume: bool = False,
    force: bool = False,
    verbose: int = 0,
    plan: SearchPlan | None = None,
) -> FitResult:
    """Fit an estimator to a file of sequences and save it.

    While it runs, ``OUTPUT.checkpoint/`` has its checkpoint; it is removed at the end.

    Parameters
    ----------
    task : "classify" or "regress"
    path : path
        See ``gatecell.data.tables.read_labelled``.
    output : path
        The model's file, ending in ``.safetensors``.
    columns : LongColumns or WideColumns, optional
        Of a table, long or wide. They are kept with the model, so that prediction needs not be told again.
    dialect : TableDialect
        What is told of how a table is written. Whether days come first in its dates, and a decimal comma, are kept.
    settings : mapping, optional
        Parameters of the estimator; ``PARAMETERS`` says where this job departs from its defaults.
    seed : int
        At least 0.
    resume, force : bool
        Go on with a fit that was stopped; replace a model or a checkpoint that is there.
    verbose : int
        As of the estimators.
    plan : SearchPlan, optional
        A search before the fit, of what ``settings`` leave open.

    Raises
    ------
    InputError
        Where the file cannot be used, or has no labels.
    OptionError, UnknownNameError
        Where a setting makes no sense, or ``output`` would be lost.
    TrainingError
        Where the training fails.
    OutputInUseError
        Where another process is writing to ``output``.
    """
    job = Job.prepared(
        task, output, settings=settings, seed=seed, resume=resume, force=force, verbose=verbose, plan=plan
    )
    data, y = read_rows(task, path, columns, dialect)
    estimator, tuning = job.fit(data.X, y)
    used = _used(columns, data) if is_table(path) else None
    held_out = held_out_part(estimator, data.X, y, [f"row {name}" for name in data.rows])
    return job.saved(
        estimator,
        columns=asdict(used) if used else None,
        data=_described(data, estimator),
        origin=replace(job.origin(path, _options(columns, dialect)), parts=part_sizes(estimator, len(data))),
        judged=held_out,
        notes=reading_note(dialect, data.reading) if is_table(path) else None,
        tuning=tuning,
    )


def _used(columns: Columns | None, data: LabelledSequences) -> Columns:
    """Return the columns of a table that were used, so that others are read by the same names."""
    if isinstance(columns, LongColumns):
        return replace(columns, channels=data.channels)
    return WideColumns(**{name: data.reading[name] for name in ("label", "steps", "header")})


def _options(columns: Columns | None, dialect: TableDialect) -> dict[str, str | Sequence[str] | None]:
    """Return the options of a command line that say columns and dialect."""
    told = {} if columns is None else asdict(columns)
    channels = told.pop("channels", None) or told.pop("steps", None)
    named = {name: told.get(name) for name in ("id", "time", "label")}
    return {**named, "channel": channels, **dialect_options(dialect)}


def read_rows(
    task: Task, path: str | Path, columns: Columns | None, dialect: TableDialect = PLAIN
) -> tuple[LabelledSequences, NDArray[Any] | None]:
    """Return a file's sequences and what is to be learnt of them; arguments and errors as those of ``fit_file``."""
    targets: Targets = "numbers" if task == "regress" else "classes"
    data = _labelled(read_labelled(path, columns, dialect=dialect, targets=targets), path, columns)
    return data, _numbers(data, path) if task == "regress" else data.y


def held_out_part(estimator: LSTMEstimator, X: Any, y: Any, names: Sequence[str]) -> Judged | None:
    """Return a look at the rows that the fit set aside for validation; None where it set none aside."""
    rows = getattr(estimator, "validation_rows_", None)
    if rows is None:
        return None
    chosen = [X[row] for row in rows]
    judgement = judge(estimator, chosen, np.asarray(y)[rows])
    what = "rows held out for validation"
    return Judged(judgement=judgement, X=chosen, names=[names[row] for row in rows], what=what)


def part_sizes(estimator: LSTMEstimator, n_rows: int) -> dict[str, int]:
    """Return the rows of the part that was learned from, and of the one that was held out."""
    rows = getattr(estimator, "validation_rows_", None)
    return {"train": n_rows} if rows is None else {"train": n_rows - len(rows), "validation": len(rows)}


def predict_file(
    model: str | Path, path: str | Path, columns: Columns | None = None, dialect: TableDialect = PLAIN
) -> Prediction:
    """Predict each sequence of a file.

    Parameters
    ----------
    model : path
        A file that ``fit_file``, a recipe or ``save`` wrote.
    path : path
        See ``gatecell.data.tables.read_labelled``; labels are not needed, and not looked at.
    columns : LongColumns or WideColumns, optional
        For a table whose id, time or label has another name than at the fit; the channels keep theirs, and their order,
        unless they are named.
    dialect : TableDialect
        What is told of how a table is written; where dates or decimals can be read in two ways, they are read as at the
        fit.

    Raises
    ------
    ArtifactError, InputError, OptionError
        Where the model or the data cannot be used, or do not fit each other.
    """
    estimator = load(model)
    data = _read_for(estimator, model, path, columns, dialect, with_label=False)
    if isinstance(estimator, ClassTargets):
        probabilities = estimator.predict_proba(data.X)
        classes = estimator.classes_
        return Prediction(data.rows, classes[probabilities.argmax(axis=1)], tuple(classes.tolist()), probabilities)
    return Prediction(data.rows, estimator.predict(data.X), (), None)


def evaluate_file(
    model: str | Path, path: str | Path, columns: Columns | None = None, dialect: TableDialect = PLAIN
) -> Judgement:
    """Judge a model by a file with labels; see ``gatecell.recipes.scoring.judge``.

    Parameters and errors are those of ``predict_file``; the file needs labels.
    """
    return look_at_file(load(model), model, path, columns, dialect).judgement


def look_at_file(
    estimator: LSTMEstimator,
    model: str | Path,
    path: str | Path,
    columns: Columns | None = None,
    dialect: TableDialect = PLAIN,
) -> Judged:
    """Return the judgement of ``evaluate_file`` with the rows that it is of; ``estimator`` is what ``model`` holds."""
    data = _labelled(_read_for(estimator, model, path, columns, dialect, with_label=True), path, columns)
    assert data.y is not None
    y = _as_known(data.y, estimator.classes_) if isinstance(estimator, ClassTargets) and is_table(path) else data.y
    names = [f"row {name}" for name in data.rows]
    return Judged(judgement=judge(estimator, data.X, y), X=data.X, names=names, what=Path(path).name)


def _read_for(
    estimator: LSTMEstimator,
    model: str | Path,
    path: str | Path,
    columns: Columns | None,
    dialect: TableDialect,
    *,
    with_label: bool,
) -> LabelledSequences:
    """Read a file as the model's own was read."""
    targets: Targets = "classes" if isinstance(estimator, ClassTargets) else "numbers"
    notes = notes_of(model)
    fitted = notes.columns
    if fitted is None or not is_table(path):
        return read_labelled(path, columns, dialect=dialect, targets=targets)
    assert isinstance(fitted, LongColumns | WideColumns)
    dialect = as_at_fit(dialect, notes.reading)
    named = columns or fitted
    if isinstance(named, LongColumns) != isinstance(fitted, LongColumns):
        # a table of another shape, whose channels have other names
        return read_labelled(path, named, dialect=dialect, targets=targets)
    label = (named.label or fitted.label) if with_label else None
    if isinstance(named, LongColumns):
        assert isinstance(fitted, LongColumns)
        named = replace(named, label=label, channels=named.channels or fitted.channels)
    else:
        assert isinstance(fitted, WideColumns)
        named = replace(named, label=label, steps=named.steps or fitted.steps, header=fitted.header)
    return read_labelled(path, named, dialect=dialect, targets=targets)


def _as_known(labels: NDArray[Any], classes: NDArray[Any]) -> NDArray[Any]:
    """Return labels as the model has them: the text ``1`` of one file is the number 1 of another."""
    known = {str(label): label for label in classes.tolist()}
    if all(str(label) in known for label in labels.tolist()):
        return np.array([known[str(label)] for label in labels.tolist()], dtype=classes.dtype)
    return labels


def _labelled(data: LabelledSequences, path: str | Path, columns: Columns | None) -> LabelledSequences:
    if data.y is None:
        hints = {".npy": "Name the file that has them with --label.", ".ts": "They are the last part of each row."}
        hint = "Name their column with --label." if columns else hints.get(Path(path).suffix, "Store them in y.")
        raise InputError(f"{path} has no labels, so there is nothing to learn or to measure by. {hint}")
    return data


def _numbers(data: LabelledSequences, path: str | Path) -> NDArray[np.float64]:
    assert data.y is not None
    for row, label in zip(data.rows, data.y.tolist(), strict=True):
        try:
            float(label)
        except (TypeError, ValueError):
            raise InputError(
                f"{path}: the label of row {row} is {label!r}, but regression learns numbers. "
                "Use `gatecell fit classify` for classes."
            ) from None
    numbers: NDArray[np.float64] = data.y.astype(np.float64)
    return numbers


def _described(data: LabelledSequences, estimator: LSTMEstimator) -> dict[str, Any]:
    lengths = [len(sequence) for sequence in data.X]
    return {
        "rows": len(data),
        "steps": [min(lengths), max(lengths)],
        "channels": list(data.channels),
        **_steps_of(data),
        "classes": estimator.classes_.tolist() if isinstance(estimator, ClassTargets) else None,
        "left_out": list(data.left_out),
    }


def _steps_of(data: LabelledSequences) -> dict[str, str]:
    """Return which columns of a wide table are the steps."""
    steps = data.reading.get("steps")
    return {"columns": steps[0] if len(steps) == 1 else f"{steps[0]} to {steps[-1]}"} if steps else {}

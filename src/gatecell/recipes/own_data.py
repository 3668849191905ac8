"""Fit, predict and evaluate on the user's own files."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatecell._core.errors import ArtifactError, InputError
from gatecell.data.csv_file import LongColumns
from gatecell.data.labelled import LabelledSequences
from gatecell.data.tables import is_table, read_labelled
from gatecell.estimators.base import LSTMEstimator
from gatecell.estimators.classes import ClassTargets
from gatecell.estimators.loading import load
from gatecell.estimators.persistence import read_notes
from gatecell.evaluation.judgement import Judgement
from gatecell.recipes.job import FitResult, Job, Task, one_writer
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
    columns: LongColumns | None = None,
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
    columns : LongColumns, optional
        For a CSV file. They are kept with the model, so that prediction needs not be told again.
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
    data, y = read_rows(task, path, columns)
    estimator, tuning = job.fit(data.X, y)
    used = LongColumns(**{**asdict(columns), "channels": data.channels}) if columns else None
    named = {} if columns is None else {"id": columns.id, "time": columns.time, "label": columns.label}
    held_out = held_out_part(estimator, data.X, y, [f"row {name}" for name in data.rows])
    return job.saved(
        estimator,
        columns=asdict(used) if used else None,
        data=_described(data, estimator),
        origin=replace(job.origin(path, named), parts=part_sizes(estimator, len(data))),
        judged=held_out,
        tuning=tuning,
    )


def read_rows(
    task: Task, path: str | Path, columns: LongColumns | None
) -> tuple[LabelledSequences, NDArray[Any] | None]:
    """Return a file's sequences and what is to be learnt of them; arguments and errors as those of ``fit_file``."""
    data = _labelled(read_labelled(path, columns), path, columns)
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


def predict_file(model: str | Path, path: str | Path, columns: LongColumns | None = None) -> Prediction:
    """Predict each sequence of a file.

    Parameters
    ----------
    model : path
        A file that ``fit_file``, a recipe or ``save`` wrote.
    path : path
        See ``gatecell.data.tables.read_labelled``; labels are not needed, and not looked at.
    columns : LongColumns, optional
        For a CSV file whose id, time or label has another name than at the fit; the channels keep theirs, and their
        order.

    Raises
    ------
    ArtifactError, InputError, OptionError
        Where the model or the data cannot be used, or do not fit each other.
    """
    estimator = load(model)
    data = _read_for(model, path, columns, with_label=False)
    if isinstance(estimator, ClassTargets):
        probabilities = estimator.predict_proba(data.X)
        classes = estimator.classes_
        return Prediction(data.rows, classes[probabilities.argmax(axis=1)], tuple(classes.tolist()), probabilities)
    return Prediction(data.rows, estimator.predict(data.X), (), None)


def evaluate_file(model: str | Path, path: str | Path, columns: LongColumns | None = None) -> Judgement:
    """Judge a model by a file with labels; see ``gatecell.recipes.scoring.judge``.

    Parameters and errors are those of ``predict_file``; the file needs labels.
    """
    return look_at_file(load(model), model, path, columns).judgement


def look_at_file(
    estimator: LSTMEstimator, model: str | Path, path: str | Path, columns: LongColumns | None = None
) -> Judged:
    """Return the judgement of ``evaluate_file`` with the rows that it is of; ``estimator`` is what ``model`` holds."""
    data = _labelled(_read_for(model, path, columns, with_label=True), path, columns)
    assert data.y is not None
    names = [f"row {name}" for name in data.rows]
    return Judged(judgement=judge(estimator, data.X, data.y), X=data.X, names=names, what=Path(path).name)


def _read_for(
    model: str | Path, path: str | Path, columns: LongColumns | None, *, with_label: bool
) -> LabelledSequences:
    """Read a file as the model's own was read."""
    known = read_notes(model).get("columns")
    if known is None or not is_table(path):
        return read_labelled(path, columns)
    try:
        fitted = LongColumns(**{**known, "channels": tuple(known["channels"])})
    except (TypeError, KeyError) as error:
        raise ArtifactError(f"{model} is damaged: its column names cannot be read ({error}).") from error
    named = columns or fitted
    label = (named.label or fitted.label) if with_label else None
    channels = named.channels or fitted.channels
    return read_labelled(path, LongColumns(id=named.id, time=named.time, label=label, channels=channels))


def _labelled(data: LabelledSequences, path: str | Path, columns: LongColumns | None) -> LabelledSequences:
    if data.y is None:
        hint = "Name their column with --label." if columns else "Store them in y, or as the last part of each row."
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
        "classes": estimator.classes_.tolist() if isinstance(estimator, ClassTargets) else None,
        "left_out": list(data.left_out),
    }

"""Fit, predict and evaluate on the user's own tables of texts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gatecell._core.errors import InputError, OptionError
from gatecell._core.locks import one_writer
from gatecell.data.tabular.dialect import PLAIN, TableDialect
from gatecell.data.text_table import TextColumns, TextTable, read_text_table
from gatecell.estimators.text import LSTMTextClassifier
from gatecell.evaluation.judgement import Judgement
from gatecell.recipes.job import FitResult, Job
from gatecell.recipes.notes import notes_of
from gatecell.recipes.own_data import held_out_part, part_sizes
from gatecell.recipes.reading import dialect_options
from gatecell.recipes.scoring import judge
from gatecell.recipes.searching import SearchPlan
from gatecell.reporting.subject import Judged

ADDED = ("label", "probability")
"""The columns that a prediction adds; where the table has one of this name, ours has ``predicted_`` before it."""


class PredictedTable(NamedTuple):
    """A table with the predictions as its last columns."""

    names: tuple[str, ...]
    rows: list[tuple[Any, ...]]


@one_writer
def fit_texts(
    path: str | Path,
    columns: TextColumns,
    *,
    output: str | Path,
    dialect: TableDialect = PLAIN,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    resume: bool = False,
    force: bool = False,
    verbose: int = 0,
    plan: SearchPlan | None = None,
) -> FitResult:
    """Fit a classifier to a table of texts and save it.

    Parameters
    ----------
    path, dialect
        See ``gatecell.data.text_table.read_text_table``.
    columns : TextColumns
        With a label.
    output, settings, seed, resume, force, verbose, plan
        See ``gatecell.recipes.own_data.fit_file``.

    Raises
    ------
    InputError, OptionError, TrainingError
        As ``fit_file`` and ``read_text_table``.
    """
    job = Job.prepared(
        "text", output, settings=settings, seed=seed, resume=resume, force=force, verbose=verbose, plan=plan
    )
    texts, labels, places = read_labelled_texts(path, columns, dialect)
    estimator, tuning = job.fit(texts, labels)
    assert isinstance(estimator, LSTMTextClassifier)
    data = {
        "rows": len(texts),
        "classes": estimator.classes_.tolist(),
        "empty": sum(not text.strip() for text in texts),
        "cut": estimator.n_cut_,
        "vocabulary": len(estimator.tokenizer_),
    }
    named = {"text": columns.text, "label": columns.label, **dialect_options(dialect)}
    return job.saved(
        estimator,
        columns=asdict(columns),
        data=data,
        origin=replace(job.origin(path, named), parts=part_sizes(estimator, len(texts))),
        judged=held_out_part(estimator, texts, labels, places),
        tuning=tuning,
    )


def read_labelled_texts(
    path: str | Path, columns: TextColumns, dialect: TableDialect = PLAIN
) -> tuple[list[str], NDArray[Any], Sequence[str]]:
    """Return a table's texts, their labels and where each stands; errors as those of ``fit_texts``."""
    table = read_text_table(path, dialect=dialect)
    return table.texts(columns.text), np.array(table.labels(_label_column(columns))), table.places


def predict_texts(
    model: str | Path, path: str | Path, *, text: str | None = None, dialect: TableDialect = PLAIN
) -> PredictedTable:
    """Add the most probable label and its probability to each row of a table; all other columns stay as they are.

    Parameters
    ----------
    model : path
        A file that ``fit_texts``, a recipe or ``save`` wrote.
    path, dialect
        See ``gatecell.data.text_table.read_text_table``.
    text : str, optional
        The column of the texts, where it has another name than at the fit.

    Raises
    ------
    ArtifactError, InputError, OptionError
        Where the model or the table cannot be used.
    """
    estimator = LSTMTextClassifier.load(model)
    table = read_text_table(path, dialect=dialect)
    probabilities = estimator.predict_proba(table.texts(text or _known_columns(model).text))
    best = probabilities.argmax(axis=1)
    added = zip(
        estimator.classes_[best].tolist(), probabilities[np.arange(len(best)), best].round(6).tolist(), strict=True
    )
    names = tuple(name if name not in table.names else f"predicted_{name}" for name in ADDED)
    return PredictedTable(
        (*table.names, *names), [(*row, *values) for row, values in zip(table.rows, added, strict=True)]
    )


def evaluate_texts(
    model: str | Path,
    path: str | Path,
    *,
    text: str | None = None,
    label: str | None = None,
    dialect: TableDialect = PLAIN,
) -> Judgement:
    """Judge a model by a table with labels; see ``gatecell.recipes.scoring.judge``.

    Parameters and errors are those of ``predict_texts``; ``label`` is the column of the labels, where it has another
    name than at the fit.
    """
    return look_at_texts(LSTMTextClassifier.load(model), model, path, text=text, label=label, dialect=dialect).judgement


def look_at_texts(
    estimator: LSTMTextClassifier,
    model: str | Path,
    path: str | Path,
    *,
    text: str | None = None,
    label: str | None = None,
    dialect: TableDialect = PLAIN,
) -> Judged:
    """Return the judgement of ``evaluate_texts`` with the texts it is of; ``estimator`` is what ``model`` holds."""
    table = read_text_table(path, dialect=dialect)
    known = _known_columns(model) if text is None or label is None else None
    columns = TextColumns(text=text or (known.text if known else ""), label=label or (known.label if known else None))
    y = _as_classes(table, _label_column(columns), estimator.classes_)
    texts = table.texts(columns.text)
    return Judged(judgement=judge(estimator, texts, y), X=texts, names=table.places, what=Path(path).name)


def _label_column(columns: TextColumns) -> str:
    if columns.label is None:
        raise OptionError("Say which column has the labels: --label COLUMN.")
    return columns.label


def _known_columns(model: str | Path) -> TextColumns:
    columns = notes_of(model).columns
    if columns is None:
        raise OptionError(f"{model} was not fitted on a table, so say which columns to use: --text COLUMN.")
    assert isinstance(columns, TextColumns)
    return columns


def _as_classes(table: TextTable, name: str, classes: NDArray[Any]) -> NDArray[Any]:
    """Return the labels as the model has them: ``"1"`` of a text file is the class 1 of another format."""
    known = {str(label): label for label in classes.tolist()}
    labels = table.labels(name)
    for place, label in zip(table.places, labels, strict=True):
        if str(label) not in known:
            raise InputError(
                f"{table.path}, {place}: the label {label!r} is none of the classes that the model knows: "
                f"{classes.tolist()}. Correct it, or fit anew with all classes."
            )
    return np.array([known[str(label)] for label in labels])

"""Fit a language model to the user's own text, judge it, and let it write."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gatecell._core.errors import InputError, OptionError
from gatecell._core.locks import one_writer
from gatecell.data.tabular.dialect import PLAIN, TableDialect
from gatecell.data.tabular.file import FORMATS, table_format
from gatecell.data.text_table import TextColumns, read_plain_text, read_text_table
from gatecell.estimators.language import LSTMLanguageModel
from gatecell.estimators.language_texts import read_parts
from gatecell.recipes.job import FitResult, Job
from gatecell.recipes.notes import notes_of
from gatecell.recipes.reading import dialect_options
from gatecell.recipes.scoring import judge
from gatecell.recipes.searching import SearchPlan
from gatecell.reporting.subject import Judged


def read_language(path: str | Path, *, column: str | None = None, dialect: TableDialect = PLAIN) -> str | list[str]:
    """Read a file as one long text, or, where its name is that of a table, the texts in a column of it.

    Raises
    ------
    InputError
        Where the file cannot be read, or holds no text.
    OptionError
        Where a table has no column named, a plain text has one, or there is no such encoding.
    """
    if table_format(path) is not None:
        if column is None:
            raise OptionError(f"{path} is a table. Say which column has the texts: --text COLUMN.")
        return read_text_table(path, dialect=dialect).texts(column)
    if column is not None:
        raise OptionError(f"{path} is read as one text, so --text {column} has no meaning. Tables end in {_ENDINGS}.")
    text = read_plain_text(path, encoding=dialect.encoding)
    if not text.strip():
        raise InputError(f"{path} has nothing but spaces in it.")
    return text


_ENDINGS = ", ".join(FORMATS)


@one_writer
def fit_language(
    path: str | Path,
    *,
    column: str | None = None,
    output: str | Path,
    dialect: TableDialect = PLAIN,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    resume: bool = False,
    force: bool = False,
    verbose: int = 0,
    plan: SearchPlan | None = None,
) -> FitResult:
    """Fit a language model to a file and save it.

    Parameters
    ----------
    path, column, dialect
        See ``read_language``.
    output, settings, seed, resume, force, verbose, plan
        See ``gatecell.recipes.own_data.fit_file``.

    Returns
    -------
    FitResult
        With the figures of the text that was held out, if any was, read from beginning to end.

    Raises
    ------
    InputError, OptionError, TrainingError
        As ``fit_file`` and ``read_language``.
    """
    job = Job.prepared(
        "language", output, settings=settings, seed=seed, resume=resume, force=force, verbose=verbose, plan=plan
    )
    text = read_language(path, column=column, dialect=dialect)
    estimator, tuning = job.fit(text)
    assert isinstance(estimator, LSTMLanguageModel)
    texts = [text] if isinstance(text, str) else text
    data = {
        "texts": len(texts),
        "characters": sum(map(len, texts)),
        "vocabulary": len(estimator.tokenizer_),
    }
    named = {"text": column, **dialect_options(dialect)}
    columns = None if column is None else {"text": column}
    held_out = _held_out(estimator, text)
    origin = job.origin(path, named)
    if held_out is not None and not isinstance(text, str):
        n_held_out = len(held_out.X)
        origin = replace(origin, parts={"train": len(text) - n_held_out, "validation": n_held_out})
    return job.saved(
        estimator,
        columns=columns,
        data=data,
        origin=origin,
        tuning=tuning,
        judged=held_out,
        # of the same part as the epoch's, whose lanes begin where they were cut
        further={} if held_out is None else held_out.judgement.metrics("validation_"),
    )


def _held_out(estimator: LSTMLanguageModel, text: str | list[str]) -> Judged | None:
    """Return a look at the part that the fit set aside for validation; None where it set none aside."""
    _, texts = read_parts(text, None, estimator.validation_fraction, seed=estimator.seed_)
    if texts is None:
        return None
    X = texts[0] if isinstance(text, str) else texts
    what = "the end of the text, held out for validation" if isinstance(text, str) else "texts held out for validation"
    return Judged(judgement=judge(estimator, X, None), X=X, what=what)


def look_at_text(
    estimator: LSTMLanguageModel,
    model: str | Path,
    path: str | Path,
    *,
    column: str | None = None,
    dialect: TableDialect = PLAIN,
) -> Judged:
    """Judge a language model, which is what ``model`` holds, by a file; see ``gatecell.evaluation.language``.

    ``path``, ``column`` and ``dialect`` are those of ``read_language``, whose errors it has; ``column`` is by default
    that of the fit.
    """
    known = notes_of(model).columns
    if column is None and isinstance(known, TextColumns) and table_format(path):
        column = known.text
    text = read_language(path, column=column, dialect=dialect)
    return Judged(judgement=judge(estimator, text, None), X=text, what=Path(path).name)


def written(
    model: str | Path,
    prompt: str,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    seed: int | None = None,
) -> Iterator[str]:
    """Yield what a model writes behind a prompt, piece by piece; see ``LSTMLanguageModel.stream``.

    Raises
    ------
    ArtifactError
        Where the file holds no language model.
    OptionError
        Where a value is out of its range.
    """
    return LSTMLanguageModel.load(model).stream(prompt, temperature, top_k, top_p, seed)

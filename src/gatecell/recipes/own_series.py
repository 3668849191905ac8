"""Fit, forecast, judge and back-test on the user's own tables of series."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gatecell._core.errors import ArtifactError, InputError, OptionError
from gatecell._core.locks import one_writer
from gatecell.data.frames import ONE_SERIES
from gatecell.data.frequency import ROWS
from gatecell.data.labelled import check_file
from gatecell.data.later import read_later
from gatecell.data.series import Panel
from gatecell.data.series_table import SeriesColumns, SeriesFrame, read_series_frame
from gatecell.data.stamps import read_stamps
from gatecell.data.tabular.dialect import PLAIN, TableDialect
from gatecell.data.tabular.file import FORMATS, read_table, table_format
from gatecell.data.zones import stamps_like
from gatecell.estimators.forecasting.backtest import Backtest
from gatecell.estimators.forecasting.forecaster import LSTMForecaster
from gatecell.recipes.job import FitResult, Job
from gatecell.recipes.notes import KNOWN_UNTIL, Stamps, notes_of
from gatecell.recipes.reading import as_at_fit, dialect_options, reading_note
from gatecell.recipes.searching import SearchPlan
from gatecell.reporting.subject import Judged

LEVELS = (80.0, 95.0)
"""Percent of the intervals that a job gives, unless others are asked for."""


@one_writer
def fit_series(
    path: str | Path,
    columns: SeriesColumns,
    *,
    output: str | Path,
    frequency: str | int = "infer",
    dialect: TableDialect = PLAIN,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    resume: bool = False,
    force: bool = False,
    verbose: int = 0,
    plan: SearchPlan | None = None,
) -> FitResult:
    """Fit a forecaster to a table of series and save it.

    Parameters
    ----------
    path : path
        A table, a line a step of a series; see ``gatecell.data.tabular.file.read_table``.
    columns : SeriesColumns
        They are kept with the model, so that later tables are read alike.
    frequency : str or int
        See ``gatecell.data.frames.read_panel``.
    dialect : TableDialect
        What is told of how the table is written. Whether days come first in its dates, and a decimal comma, are kept
        with the model, too.
    output, settings, seed, resume, force, verbose, plan
        See ``gatecell.recipes.own_data.fit_file``.

    Returns
    -------
    FitResult
        With the figures of a back-test over the steps that were held out, if any were.

    Raises
    ------
    InputError, OptionError, TrainingError
        As ``gatecell.recipes.own_data.fit_file`` has them.
    """
    job = Job.prepared(
        "forecast", output, settings=settings, seed=seed, resume=resume, force=force, verbose=verbose, plan=plan
    )
    (table, found), reading = reading_of(path, columns, frequency, dialect)
    estimator, tuning = job.fit(table, **reading)
    assert isinstance(estimator, LSTMForecaster)
    held_out = estimator.validation_fraction is not None
    backtest = estimator.backtest(level=LEVELS) if held_out else None
    panel = estimator.panel_
    described = {
        "series": len(panel),
        "steps": [int(panel.lengths.min()), int(panel.lengths.max())],
        "targets": list(panel.target_names),
        "frequency": panel.frequency,
    }
    named = {name: value for name, value in asdict(columns).items() if value} | dialect_options(dialect)
    return job.saved(
        estimator,
        columns=asdict(columns),
        data=described,
        origin=job.origin(path, named if frequency == "infer" else {**named, "frequency": str(frequency)}),
        judged=None if backtest is None else Judged(judgement=backtest.judgement, X=backtest, what="steps held out"),
        further={} if backtest is None else backtest.judgement.metrics("validation_"),
        notes=reading_note(dialect, found)
        | ({KNOWN_UNTIL: _last_stamps(table, columns)} if panel.frequency == ROWS else {}),
        tuning=tuning,
    )


def reading_of(
    path: str | Path, columns: SeriesColumns, frequency: str | int, dialect: TableDialect = PLAIN
) -> tuple[SeriesFrame, dict[str, Any]]:
    """Return a table of series, and how ``LSTMForecaster.fit`` is to read it; errors as those of ``fit_series``."""
    reading = {**asdict(columns), "static": columns.static or None, "frequency": frequency}
    return _table(path, columns, columns.values, dialect), reading


def forecast_series(
    model: str | Path,
    path: str | Path | None = None,
    *,
    horizon: int | None = None,
    level: Sequence[float] = LEVELS,
    ahead: str | Path | None = None,
    dialect: TableDialect = PLAIN,
    say: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Forecast what follows the last step that is known.

    Parameters
    ----------
    model : path
        A file that ``fit_series`` wrote.
    path : path, optional
        A table with the columns of the fit. Lines after the last step that the model knows are noted, without learning
        from them; earlier ones are not looked at.
    horizon : int, optional
        Steps; by default those of the fit.
    level : sequence of float
        Percent of the intervals, each in [1, 100).
    ahead : path, optional
        A table of the covariates known ahead.
    dialect : TableDialect
        What is told of how the tables are written; where dates or decimals can be read in two ways, they are read as at
        the fit.
    say : callable, optional
        Is given what is to be said of the forecast; by default it is warned of.

    Returns
    -------
    DataFrame
        As ``LSTMForecaster.predict`` has it.

    Raises
    ------
    ArtifactError, InputError, OptionError
        Where the model or the data cannot be used, or do not fit each other.
    """
    estimator, columns, known_until, dialect = _loaded(model, dialect)
    if path is not None and len(later := _later(estimator, columns, known_until, path, dialect)):
        estimator.update(later)
    future = None if ahead is None else _table(ahead, columns, columns.future, dialect).frame
    if say is None:
        return estimator.predict(horizon, level, future=future)
    frame, remarks = estimator.predict_and_remark(horizon, level, future=future)
    for remark in remarks:
        say(remark)
    return frame


def backtest_series(
    model: str | Path,
    path: str | Path | None = None,
    *,
    n_origins: int | None = None,
    step: int = 1,
    level: Sequence[float] = LEVELS,
    dialect: TableDialect = PLAIN,
) -> Backtest:
    """Forecast from past origins, and compare with what came.

    Parameters
    ----------
    model : path
        A file that ``fit_series`` wrote.
    path : path, optional
        A table with the columns of the fit; lines that the model knows already are not looked at. Without one, the
        steps that were held out at the fit are forecast. A series of which it has less than a horizon is not judged;
        ``Backtest.left_out`` names those.
    n_origins : int, optional
        How many of each series, the latest. Default: all whose steps are in ``path``, or were held out.
    step : int
        Steps from one origin to the next.
    level : sequence of float
        Percent of the intervals, each in [1, 100).
    dialect : TableDialect
        As of ``forecast_series``.

    Raises
    ------
    ArtifactError, InputError, OptionError
        Where the model or the data cannot be used, or do not fit each other.
    """
    estimator, columns, known_until, dialect = _loaded(model, dialect)
    if path is None:
        return estimator.backtest(n_origins, step=step, level=level)
    later = _later(estimator, columns, known_until, path, dialect)
    horizon = estimator.horizon
    n_later = dict.fromkeys(estimator.panel_.ids, 0) | dict(zip(later.ids, later.lengths.tolist(), strict=True))
    longest = max(n_later, key=lambda id: n_later[id])
    if n_later[longest] < horizon:
        raise InputError(
            f"{path} has {n_later[longest]:,} steps of series {longest!r} that the model does not know, but a "
            f"forecast is of {horizon:,}, and all of them are needed to judge it. Bring later lines, or leave the file "
            "out to back-test on the steps held out at the fit."
        )
    return estimator.backtest(n_origins, step=step, level=level, new_rows=later)


def look_at_series(model: str | Path, path: str | Path, dialect: TableDialect = PLAIN) -> Judged:
    """Return a look at the forecasts of ``backtest_series``, whose errors it has."""
    backtest = backtest_series(model, path, dialect=dialect)
    return Judged(judgement=backtest.judgement, X=backtest, what=Path(path).name)


def _table(path: str | Path, columns: SeriesColumns, values: Sequence[str], dialect: TableDialect) -> SeriesFrame:
    path = Path(path).expanduser()
    check_file(path)
    if table_format(path) is None:
        raise InputError(f"{path} is not a table of series, which is one of {', '.join(FORMATS)}, a line a step.")
    return read_series_frame(read_table(path, dialect), time=columns.time, id=columns.id, values=values)


def _loaded(model: str | Path, dialect: TableDialect) -> tuple[LSTMForecaster, SeriesColumns, Stamps, TableDialect]:
    estimator = LSTMForecaster.load(model)
    notes = notes_of(model)
    columns = notes.columns
    if columns is None:
        raise OptionError(
            f"{model} was not fitted on a table, so it is not known how to read one. Use gatecell.load(...) in Python."
        )
    assert isinstance(columns, SeriesColumns)
    _check_columns(model, columns, estimator.panel_)
    if estimator.panel_.frequency == ROWS and notes.known_until is None:
        raise ArtifactError(f"{model} does not say up to when its series are known. Fit it again.")
    return estimator, columns, notes.known_until or {}, as_at_fit(dialect, notes.reading)


def _check_columns(model: str | Path, columns: SeriesColumns, panel: Panel) -> None:
    """Raise where the columns to read are not those that the network learned from, in their order."""
    known = {name: getattr(panel, f"{name}_names") for name in ("target", "past", "future")}
    for name, names in known.items():
        if getattr(columns, name) != names:
            raise ArtifactError(
                f"{model} is damaged: the notes that travel with it name the columns of {name} otherwise than its "
                "network has learned them."
            )


def _later(
    estimator: LSTMForecaster, columns: SeriesColumns, known_until: Stamps, path: str | Path, dialect: TableDialect
) -> Panel:
    """Return what a table has after the last step that the estimator knows."""
    known = estimator.panel_
    table = _table(path, columns, (*columns.target, *columns.past, *columns.future), dialect).frame
    if known.frequency == ROWS:
        table = table[_after(known_until, table, columns)]
        if table.empty:
            return replace(known, series=())
    panel = read_later(
        table, known, time=columns.time, id=columns.id, target=columns.target, past=columns.past, future=columns.future
    )
    return panel.later_than(known)


def _stamps_and_ids(table: pd.DataFrame, columns: SeriesColumns) -> "tuple[pd.Index, pd.Series[Any]]":
    ids = table[columns.id] if columns.id else pd.Series(ONE_SERIES, index=table.index)
    return read_stamps(table[columns.time], f"Column {columns.time!r}"), ids


def _last_stamps(table: pd.DataFrame, columns: SeriesColumns) -> Stamps:
    """Return the last stamp of each series, as JSON values."""
    stamps, ids = _stamps_and_ids(table, columns)
    lasts = stamps.to_series(index=ids.to_numpy()).groupby(level=0).max()
    return {id: last.isoformat() if isinstance(last, pd.Timestamp) else int(last) for id, last in lasts.items()}


def _after(known_until: Stamps, table: pd.DataFrame, columns: SeriesColumns) -> NDArray[np.bool_]:
    """Return which lines come after the last one known of their series; those of other series count as later."""
    stamps, ids = _stamps_and_ids(table, columns)
    later = np.ones(len(table), dtype=bool)
    for id, last in known_until.items():
        own = (ids == id).to_numpy()
        end = pd.Index([pd.Timestamp(last) if isinstance(last, str) else last])
        if own.any():
            later[own] = stamps_like(stamps[own], end, f"Column {columns.time!r}") > end[0]
    return later

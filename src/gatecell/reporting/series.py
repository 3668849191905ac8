"""What a report on forecasts shows: series and what was predicted of them, errors by steps ahead and by origin."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from gatecell.data.frames import ID
from gatecell.estimators.forecasting.backtest import ACTUAL, NAIVE, SEASONAL_NAIVE, Backtest
from gatecell.estimators.forecasting.forecaster import LSTMForecaster
from gatecell.estimators.forecasting.frames import CUTOFF, TARGET_COLUMN
from gatecell.plotting.forecast import ForecastDisplay
from gatecell.plotting.horizon import BacktestDisplay, HorizonErrorDisplay
from gatecell.reporting.blocks import Block, Cell, Paragraph, Picture, Section, Table, figure
from gatecell.reporting.pictures import drawn

_MOST_SERIES = 4
"""Series of which each has a picture of its own."""
_MOST_STEPS = 1200
"""Steps of a series that a picture shows whole."""
_STEPS_BEFORE, _STEPS_AFTER = 250, 500
"""Of a longer one, the steps before the first forecast and behind it: more cannot be told apart."""
_MOST_ORIGINS = 80
"""Origins of which each has a point; of more the mean over neighbours has one."""
_N_WORST = 8
_BOUND = "-lo-"


def series_sections(estimator: LSTMForecaster, backtest: Backtest) -> list[Section]:
    """Return the sections of forecasts from past origins."""
    frame = _labelled(backtest.predictions)
    return [
        Section("Forecasts and what came", list(_forecasts(estimator, backtest, frame))),
        Section("Errors", _errors(backtest, frame)),
        Section("The worst forecasts", [_worst(backtest, frame)]),
    ]


def _labelled(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with the name of their series, and how many steps ahead each is."""
    names = frame[ID].astype(str)
    if TARGET_COLUMN in frame:
        names = names + ", " + frame[TARGET_COLUMN].astype(str)
    labelled = frame.assign(label=names)
    return labelled.assign(ahead=labelled.groupby(["label", CUTOFF], sort=False).cumcount() + 1)


def _forecasts(estimator: LSTMForecaster, backtest: Backtest, frame: pd.DataFrame) -> Iterator[Block]:
    names = list(dict.fromkeys(frame["label"]))
    errors = (frame[backtest.name] - frame[ACTUAL]).abs().groupby(frame["label"]).mean().sort_values()
    ranked = list(errors.index)
    shown = names if len(names) <= _MOST_SERIES else [ranked[round(q * (len(ranked) - 1))] for q in (0, 0.33, 0.67, 1)]
    fitted = _labelled(estimator.fitted_values())
    for name in dict.fromkeys(shown):
        yield _forecast(estimator, backtest, frame[frame["label"] == name], fitted[fitted["label"] == name])
    if len(names) > len(shown):
        yield Paragraph(f"{len(shown)} of {len(names):,} series, from the one that is forecast best to the worst.")
    yield Paragraph(
        "Where forecasts of several origins overlap, those that begin where the last one ended are drawn. The naive "
        "forecast repeats the last known value, the seasonal naive one the value a season before. Where forecasts "
        "overlap, the interval of the mean absolute error above is too narrow."
    )


def _forecast(estimator: LSTMForecaster, backtest: Backtest, rows: pd.DataFrame, fitted: pd.DataFrame) -> Block:
    chosen = _side_by_side(rows)
    name = rows["label"].iloc[0]
    known_at, known = _history(estimator, rows)
    whole = len(known) + len(chosen) <= _MOST_STEPS
    if not whole:
        known_at, known, chosen = known_at[-_STEPS_BEFORE:], known[-_STEPS_BEFORE:], chosen.iloc[:_STEPS_AFTER]
    fitted = fitted[(fitted["ds"] >= known_at[0]) & (fitted["ds"] <= known_at[-1])] if len(known) else fitted[:0]
    at = chosen["ds"].to_numpy()
    levels = [column.rsplit("-", 1)[1] for column in chosen if f"{backtest.name}{_BOUND}" in str(column)]
    intervals = {
        float(level): (at, *(chosen[f"{backtest.name}-{end}-{level}"].to_numpy() for end in ("lo", "hi")))
        for level in levels
    }
    times = np.concatenate([known_at, at])
    values = np.concatenate([known, chosen[ACTUAL].to_numpy(dtype=np.float64)])

    def draw(ax: Axes) -> object:
        parts = dict(iter(fitted.groupby("part")))
        splits = {part: steps["ds"].iloc[0] for part, steps in parts.items() if part != "train"}
        splits |= {"test": at[0]} if len(known) else {}
        predictions = {part: (steps["ds"].to_numpy(), steps[backtest.name].to_numpy()) for part, steps in parts.items()}
        predictions["test"] = (at, chosen[backtest.name].to_numpy(dtype=np.float64))
        return ForecastDisplay(times, values, predictions, intervals=intervals, splits=splits).plot(ax)

    part = "" if whole else "; the steps around the beginning of the test part"
    return Picture(drawn(draw, f"forecasts of {name}", (8.4, 3.4)), f"{name}, in its own unit{part}", wide=True)


def _side_by_side(rows: pd.DataFrame) -> pd.DataFrame:
    """Return forecasts that do not overlap: each begins behind the last step of the one before."""
    kept, end = [], None
    for _, forecast in rows.groupby(CUTOFF, sort=True):
        if end is None or forecast[CUTOFF].iloc[0] >= end:
            kept.append(forecast)
            end = forecast["ds"].iloc[-1]
    return pd.concat(kept)


def _history(estimator: LSTMForecaster, rows: pd.DataFrame) -> tuple[Any, NDArray[np.float64]]:
    """Return the stamps and values of a series before the first forecast."""
    panel, first = estimator.panel_, rows.iloc[0]
    targets = list(panel.target_names)
    if TARGET_COLUMN in rows:
        series, target = panel[first[ID]], targets.index(first[TARGET_COLUMN])
    elif len(targets) > 1:
        series, target = panel.series[0], targets.index(first[ID])
    else:
        series, target = panel[first[ID]], 0
    known = np.flatnonzero(series.index <= rows[CUTOFF].min())
    return series.index[known].to_numpy(), series.target[known, target]


def _errors(backtest: Backtest, frame: pd.DataFrame) -> list[Block]:
    rules = {"naive": NAIVE, "seasonal naive": SEASONAL_NAIVE}
    errors = {name: (frame[column] - frame[ACTUAL]).abs() for name, column in {"model": backtest.name, **rules}.items()}

    def over(key: str) -> tuple[Any, dict[str, Any]]:
        means = {name: values.groupby(frame[key]).mean() for name, values in errors.items()}
        return means["model"].index.to_numpy(), {name: values.to_numpy() for name, values in means.items()}

    blocks: list[Block] = []
    at, means = over("ahead")
    if len(at) > 1:

        def by_step(ax: Axes) -> object:
            others = {name: means[name] for name in rules}
            return HorizonErrorDisplay(at, means["model"], others).plot(ax)

        blocks.append(Picture(drawn(by_step, "error by steps ahead", (5.2, 3.2)), "Mean absolute error by steps ahead"))
    origins, of = over(CUTOFF)
    width = -(-len(origins) // _MOST_ORIGINS)
    origins, of = origins[::width], {name: _means(values, width) for name, values in of.items()}
    if len(origins) > 1:

        def by_origin(ax: Axes) -> object:
            return BacktestDisplay(origins, of["model"], {name: of[name] for name in rules}).plot(ax)

        caption = "Mean absolute error of the forecasts from each origin"
        caption += f", the mean over {width:,} of them" if width > 1 else ""
        blocks.append(Picture(drawn(by_origin, "error by origin", (5.2, 3.2)), caption))
    return blocks or [Paragraph("One forecast of one step has no more to show than its figures.")]


def _means(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Return the mean of each ``width`` neighbours; the last ones may be fewer."""
    starts = np.arange(0, len(values), width)
    means: NDArray[np.float64] = np.add.reduceat(values, starts) / np.diff([*starts, len(values)])
    return means


def _stamp(value: Any) -> str:
    """Return a stamp as text, without an hour that says nothing."""
    return str(value).removesuffix(" 00:00:00")


def _worst(backtest: Backtest, frame: pd.DataFrame) -> Block:
    errors = (frame[backtest.name] - frame[ACTUAL]).abs()
    places = errors.sort_values(ascending=False).index[:_N_WORST]
    rows: list[list[Cell]] = [
        [
            str(line["label"]),
            _stamp(line[CUTOFF]),
            _stamp(line["ds"]),
            figure(float(line[ACTUAL])),
            figure(float(line[backtest.name])),
            figure(float(line[NAIVE])),
        ]
        for _, line in frame.loc[places].iterrows()
    ]
    return Table(["series", "known until", "step", "true", "predicted", "naive"], rows)

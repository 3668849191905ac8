"""What a report on forecasts shows: series and what was predicted of them, errors by steps ahead and by origin."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gatecell.data.frames import TIME
from gatecell.estimators.forecasting.backtest import ACTUAL, NAIVE, Backtest
from gatecell.estimators.forecasting.course import LABEL, Course, course_of, labelled
from gatecell.estimators.forecasting.forecaster import LSTMForecaster
from gatecell.estimators.forecasting.frames import CUTOFF
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


def series_sections(estimator: LSTMForecaster, backtest: Backtest) -> list[Section]:
    """Return the sections of forecasts from past origins."""
    frame = labelled(backtest.predictions)
    return [
        Section("Forecasts and what came", list(_forecasts(estimator, backtest, frame))),
        Section("Errors", _errors(backtest)),
        Section("The worst forecasts", [_worst(backtest, frame)]),
    ]


def series_facts(estimator: LSTMForecaster, backtest: Backtest) -> list[list[Cell]]:
    """Return how long the series are, and how they were divided."""
    lengths, held_out, frame = estimator.panel_.lengths, estimator.validation_fraction, backtest.predictions
    shortest, longest = int(lengths.min()), int(lengths.max())
    return [
        ["steps a series", f"{longest:,}" if shortest == longest else f"{shortest:,} to {longest:,}"],
        ["held out at the fit", "none" if held_out is None else f"the latest {held_out:.0%} of each series"],
        ["forecast", f"{_stamp(frame[TIME].min())} to {_stamp(frame[TIME].max())}"],
    ]


def _forecasts(estimator: LSTMForecaster, backtest: Backtest, frame: pd.DataFrame) -> Iterator[Block]:
    names = list(dict.fromkeys(frame[LABEL]))
    errors = (frame[backtest.name] - frame[ACTUAL]).abs().groupby(frame[LABEL]).mean().sort_values()
    ranked = list(errors.index)
    shown = names if len(names) <= _MOST_SERIES else [ranked[round(q * (len(ranked) - 1))] for q in (0, 0.33, 0.67, 1)]
    fitted = estimator.fitted_values()
    for name in dict.fromkeys(shown):
        yield _forecast(course_of(estimator.panel_, fitted, backtest, name), name)
    for remark in backtest.remarks():
        yield Paragraph(remark)
    if len(names) > len(shown):
        yield Paragraph(f"{len(shown)} of {len(names):,} series, from the one that is forecast best to the worst.")
    yield Paragraph(
        "Where forecasts of several origins overlap, those that begin where the last one ended are drawn. The naive "
        "forecast repeats the last known value, the seasonal naive one the value a season before. Where forecasts "
        "overlap, the interval of the mean absolute error above is too narrow."
    )


def _forecast(course: Course, name: str) -> Block:
    whole = len(course.times) <= _MOST_STEPS
    shown = course if whole else course.around(_STEPS_BEFORE, _STEPS_AFTER)
    part = "" if whole else f"; the steps around the beginning of the {course.judged} part"
    drawing = drawn(lambda ax: ForecastDisplay.from_course(shown, ax=ax), f"forecasts of {name}", (8.4, 3.4))
    return Picture(drawing, f"{name}, in its own unit{part}", wide=True)


def _errors(backtest: Backtest) -> list[Block]:
    blocks: list[Block] = []
    by_step = backtest.errors("ahead")
    if len(by_step) > 1:
        picture = drawn(lambda ax: HorizonErrorDisplay.from_table(by_step, ax=ax), "error by steps ahead", (5.2, 3.2))
        blocks.append(Picture(picture, "Mean absolute error by steps ahead"))
    by_origin = backtest.errors("cutoff")
    width = -(-len(by_origin) // _MOST_ORIGINS)
    if len(by_origin) > 1:
        means = pd.DataFrame(
            {name: _means(by_origin[name].to_numpy(), width) for name in by_origin}, index=by_origin.index[::width]
        )
        picture = drawn(lambda ax: BacktestDisplay.from_table(means, ax=ax), "error by origin", (5.2, 3.2))
        caption = "Mean absolute error of the forecasts from each origin"
        blocks.append(Picture(picture, caption + (f", the mean over {width:,} of them" if width > 1 else "")))
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
            str(line[LABEL]),
            _stamp(line[CUTOFF]),
            _stamp(line["ds"]),
            figure(float(line[ACTUAL])),
            figure(float(line[backtest.name])),
            figure(float(line[NAIVE])),
        ]
        for _, line in frame.loc[places].iterrows()
    ]
    return Table(["series", "known until", "step", "true", "predicted", "naive"], rows)

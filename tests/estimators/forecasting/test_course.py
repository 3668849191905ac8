"""What a picture of forecasts shows, and the displays that are drawn from a forecaster."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from gatecell import LSTMForecaster, plotting
from gatecell._core.errors import UnknownNameError
from gatecell.estimators.forecasting.course import side_by_side

N_KNOWN, N_STEPS = 100, 130


def table(n_targets: int = 1, n_series: int = 1) -> pd.DataFrame:
    stamps = pd.date_range("2026-01-01", periods=N_STEPS, freq="h")
    parts = []
    for k in range(n_series):
        targets = {f"y{j}": np.sin(np.arange(N_STEPS) / 4 + k) + 10 * j + 100 * k for j in range(n_targets)}
        parts.append(pd.DataFrame({"unique_id": f"s{k}", "ds": stamps, **targets}))
    return pd.concat(parts, ignore_index=True)


def fitted(rows: pd.DataFrame) -> tuple[LSTMForecaster, pd.DataFrame]:
    targets = [name for name in rows if name.startswith("y")]
    several = len(rows) > N_STEPS
    known = rows.groupby("unique_id").head(N_KNOWN)
    model = LSTMForecaster(lookback=12, horizon=4, hidden_size=4, max_epochs=1, random_state=0)
    columns: dict[str, Any] = {"id": "unique_id"} if several else {}
    if not several:
        known, rows = known.drop(columns="unique_id"), rows.drop(columns="unique_id")
    model.fit(known, time="ds", target=targets, **columns)
    return model, rows[rows["ds"] > known["ds"].max()]


@pytest.mark.parametrize(
    ("n_targets", "n_series", "name", "level"),
    [(1, 1, None, 0), (2, 1, "y1", 10), (1, 2, "s1", 100), (2, 2, "s1, y1", 110)],
)
def test_the_course_of_a_series(n_targets: int, n_series: int, name: str | None, level: float) -> None:
    model, later = fitted(table(n_targets, n_series))
    course = model.course(later, name, level=(80,))
    assert list(course.predictions) == ["train", "validation", "test"]
    np.testing.assert_allclose(course.measured[:N_KNOWN], np.sin(np.arange(N_KNOWN) / 4 + n_series - 1) + level)
    at, predicted = course.predictions["test"]
    # 30 later steps have 7 forecasts of 4 that do not overlap
    assert len(at) == len(predicted) == 28
    assert at[0] == course.splits["test"] == course.times[N_KNOWN]
    assert course.splits["validation"] == course.predictions["validation"][0][0]
    assert set(course.intervals) == {80.0}
    for stamps, low, high in course.intervals.values():
        np.testing.assert_array_equal(stamps, at)
        assert (low <= high).all()
    frame = model.backtest(new_rows=later, level=()).predictions
    values = frame[frame["ds"] == at[0]]["LSTMForecaster"].to_numpy()
    assert predicted[0] in values


def test_held_out_steps_are_a_validation_part() -> None:
    model, _ = fitted(table())
    course = model.course()
    assert course.judged == "validation"
    assert list(course.predictions) == ["train", "validation"]
    assert list(course.splits) == ["validation"]
    assert course.times[-1] == table()["ds"][N_KNOWN - 1]


def test_the_steps_around_the_beginning_of_what_is_judged() -> None:
    model, later = fitted(table())
    course = model.course(later)
    near = course.around(30, 10)
    assert (len(near.times), len(near.measured)) == (40, 40)
    assert near.times[30] == near.splits["test"] == course.splits["test"]
    assert len(near.predictions["test"][0]) == 10
    assert all(len(low) == 10 for _, low, _ in near.intervals.values())
    assert near.splits["validation"] == max(course.splits["validation"], near.times[0])
    few = course.around(5, 10)
    assert set(few.predictions) == {"validation", "test"}


def test_a_series_that_is_not_there() -> None:
    model, later = fitted(table(2, 1))
    with pytest.raises(UnknownNameError, match=r"There is no series named 'y3'\. Known: y0, y1\."):
        model.course(later, "y3")


def test_errors_by_steps_ahead_and_by_origin() -> None:
    model, later = fitted(table(1, 2))
    backtest = model.backtest(new_rows=later)
    true, predicted = backtest.judgement.true, backtest.judgement.predicted
    by_step = backtest.errors("ahead")
    assert by_step.index.tolist() == [1, 2, 3, 4]
    np.testing.assert_allclose(by_step["model"], np.abs(true - predicted).mean(axis=(0, 2)))
    np.testing.assert_allclose(by_step["naive"], np.abs(true - backtest.simple["naive"]).mean(axis=(0, 2)))
    by_origin = backtest.errors("cutoff")
    assert len(by_origin) == 27
    np.testing.assert_allclose(by_origin["model"].iloc[0], np.abs(true - predicted).mean(axis=(1, 2))[[0, 27]].mean())
    assert list(by_origin) == ["model", *backtest.simple]
    with pytest.raises(UnknownNameError, match="There is no by named 'horizon'"):
        backtest.errors("horizon")  # type: ignore[arg-type]


def test_displays_of_a_forecaster() -> None:
    model, later = fitted(table())
    forecast = plotting.ForecastDisplay.from_estimator(model, later, unit="kW", ax=Figure().subplots(), title="t")
    assert list(forecast.lines_) == ["measured", "train", "validation", "test"]
    assert (forecast.ax_.get_ylabel(), forecast.ax_.get_title()) == ("kW", "t")
    horizon = plotting.HorizonErrorDisplay.from_estimator(model, later, ax=Figure().subplots())
    np.testing.assert_allclose(horizon.errors, model.backtest(new_rows=later).errors("ahead")["model"])
    assert list(horizon.baselines) == ["naive", "seasonal naive"]
    origins = plotting.BacktestDisplay.from_estimator(model, ax=Figure().subplots(), unit="kW")
    assert origins.ax_.get_ylabel() == "mean absolute error [kW]"
    assert len(origins.at) == len(model.backtest().errors("cutoff"))


def test_forecasts_that_do_not_overlap() -> None:
    stamps = np.arange(10)
    rows = pd.DataFrame(
        [{"cutoff": origin, "ds": origin + step, "y": 0.0} for origin in stamps[:6] for step in (1, 2, 3)]
    )
    assert side_by_side(rows)["ds"].tolist() == [1, 2, 3, 4, 5, 6]

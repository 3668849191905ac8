"""Windows gathered by index, against loops over steps."""

from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from gatecell.data.frames import read_panel
from gatecell.estimators.forecasting.options import ForecastOptions
from gatecell.estimators.forecasting.stretches import Preparation
from gatecell.estimators.forecasting.windows import WindowRows, frame, n_inputs, seasonal_places
from tests.estimators.forecasting.data import COVARIATES, long, series, wide


def rows_of(panel: Any, **options: Any) -> WindowRows:
    chosen = ForecastOptions(**{"lookback": 4, "horizon": 3, "season": 6, **options})
    preparation = Preparation.fit(panel, np.maximum(panel.lengths - 20, 1), chosen)
    stretches = preparation.stretches(panel, chosen.horizon)
    units = np.repeat(np.arange(stretches.n_units), 3)
    return WindowRows.of(stretches, chosen, units, np.tile([15, 30, 40], stretches.n_units))


class Taken(NamedTuple):
    steps: Tensor
    context: Tensor
    target: Tensor
    weight: Tensor | None


def taken(rows: WindowRows, indices: Tensor) -> Taken:
    (steps, lengths, context), target, weight = rows.take(indices)
    assert lengths is None
    assert steps is not None
    assert context is not None
    assert target is not None
    return Taken(steps, context, target, weight)


def test_one_series_step_by_step() -> None:
    data = series(60)
    rows = rows_of(read_panel(data))
    mean, spread = data[:40].mean(), data[:40].std(ddof=0)
    scaled = ((data - mean) / spread).to_numpy()
    batch = taken(rows, torch.arange(3))
    assert batch.weight is None
    for row, origin in enumerate((15, 30, 40)):
        seen, ahead = scaled[origin - 4 : origin], scaled[origin : origin + 3]
        level = seen[-1]
        scale = np.sqrt((seen - level).var() + 1e-4)
        np.testing.assert_allclose(batch.steps[row, :, 0], (seen - level) / scale, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(batch.context[row], (seen - level) / scale, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(batch.target[row, :, 0, 0], (ahead - level) / scale, rtol=1e-5)
        np.testing.assert_allclose(batch.target[row, :, 0, 1], scale, rtol=1e-6)


def test_differences_are_to_the_season_before_and_forecasts_to_the_latest_known() -> None:
    data = series(60)
    rows = rows_of(read_panel(data), difference=2, scaling=None, window_scale=False)
    values = data.to_numpy()
    batch = taken(rows, torch.tensor([1]))
    np.testing.assert_allclose(batch.steps[0, :, 1], values[26:30] - values[29], rtol=1e-5)
    np.testing.assert_allclose(batch.steps[0, :, 0], values[26:30] - values[24:28], rtol=1e-5)
    # steps 30 and 32 are compared with 28, step 31 with 29: what comes after is not known
    np.testing.assert_allclose(batch.target[0, :, 0, 0], values[30:33] - values[[28, 29, 28]], rtol=1e-5)


@pytest.mark.parametrize(("n_steps", "lag", "expected"), [(3, 1, [-1, -1, -1]), (5, 2, [-2, -1, -2, -1, -2])])
def test_seasonal_places(n_steps: int, lag: int, expected: list[int]) -> None:
    assert seasonal_places(n_steps, lag).tolist() == expected


def test_covariates_of_the_step_and_of_one_horizon_later() -> None:
    data = long(60)
    panel = read_panel(data, **COVARIATES)
    rows = rows_of(panel, scaling=None, window_scale=False, window_level=None)
    batch = taken(rows, torch.arange(len(rows)))
    static = np.array([-1.0, 0.0, 1.0]) * np.sqrt(1.5)
    for row in range(9):
        own = data[data["unique_id"] == f"s{row // 3}"]
        origin = (15, 30, 40)[row % 3]
        seen = own.iloc[origin - 4 : origin]
        later = own.iloc[origin - 1 : origin + 3]["driver"]
        columns = [seen["y"], seen["temperature"], seen["driver"], later, np.full(4, static[row // 3])]
        np.testing.assert_allclose(batch.steps[row], np.stack(columns, axis=1), rtol=1e-5)
        context = [*own.iloc[origin : origin + 3]["driver"], static[row // 3], *seen["y"]]
        np.testing.assert_allclose(batch.context[row], context, rtol=1e-5)


@pytest.mark.parametrize("multivariate", [True, False])
def test_targets_together_or_each_by_itself(multivariate: bool) -> None:
    data = wide(60)
    rows = rows_of(read_panel(data), multivariate=multivariate, scaling=None, window_scale=False, window_level=None)
    assert rows.stretches.n_units == (1 if multivariate else 2)
    batch = taken(rows, torch.arange(len(rows)))
    both = data.iloc[11:15].to_numpy()
    if multivariate:
        np.testing.assert_allclose(batch.steps[0], both, rtol=1e-6)
        assert batch.target.shape == (3, 3, 2, 2)
    else:
        np.testing.assert_allclose(batch.steps[0, :, 0], both[:, 0], rtol=1e-6)
        np.testing.assert_allclose(batch.steps[3, :, 0], both[:, 1], rtol=1e-6)


def test_patches_are_the_steps_side_by_side() -> None:
    panel = read_panel(long(60), **COVARIATES)
    one = taken(rows_of(panel), torch.arange(4)).steps
    two = taken(rows_of(panel, patch_size=2), torch.arange(4)).steps
    assert one.shape == (4, 4, 5)
    assert two.shape == (4, 2, 10)
    assert torch.equal(two[:, 0], torch.cat([one[:, 0], one[:, 1]], dim=1))


def test_missing_values_are_masked_and_no_targets() -> None:
    data = series(60)
    data.iloc[[28, 31]] = np.nan
    rows = rows_of(read_panel(data), missing="mask")
    batch = taken(rows, torch.arange(3))
    assert batch.steps[1, :, 1].tolist() == [1, 1, 0, 1]
    # the last value known stands for it
    assert batch.steps[1, 2, 0] == batch.steps[1, 1, 0]
    assert batch.target[1, :, 0, 0].isnan().tolist() == [False, True, False]
    torch.testing.assert_close(batch.weight, torch.tensor([1, 2 / 3, 1]))
    forward = taken(rows_of(read_panel(data), missing="forward"), torch.arange(3))
    assert forward.steps.shape[2] == 1
    assert forward.target[1, :, 0, 0].isnan().tolist() == [False, True, False]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"missing": "mask"},
        {"difference": 6},
        {"difference": 6, "window_level": None},
        {"skip": False},
        {"patch_size": 2},
        {"strategy": "recursive"},
        {"calendar": True},
    ],
    ids=str,
)
def test_sizes_are_those_announced(options: dict[str, Any]) -> None:
    panel = read_panel(long(60), **COVARIATES)
    rows = rows_of(panel, **options)
    preparation = Preparation.fit(panel, panel.lengths, rows.options)
    framed = frame(rows.seen(torch.arange(2)), rows.options)
    assert (framed.inputs.shape[2], framed.context.shape[1]) == n_inputs(rows.options, preparation.n_features(panel))

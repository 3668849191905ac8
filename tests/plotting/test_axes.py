import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from gatecell.plotting.axes import few_dates


@pytest.mark.parametrize("step", ["1min", "1h", "1D"])
@pytest.mark.parametrize("n_steps", [2, 5, 30, 60, 75, 90, 100, 110, 130, 200, 500, 1500])
def test_dates_of_any_span_have_some_labels(step: str, n_steps: int) -> None:
    values = pd.date_range("2026-01-01", periods=n_steps, freq=step).to_numpy()
    ax = Figure().subplots()
    ax.plot(values, np.zeros(n_steps))
    few_dates(ax, values)
    low, high = ax.get_xlim()
    ticks = ax.get_xticks()
    assert 2 <= ((low <= ticks) & (ticks <= high)).sum() <= 8

import numpy as np
import pytest
from matplotlib.figure import Figure

from gatecell.plotting.axes import few_dates


@pytest.mark.parametrize("unit", ["m", "h", "D"])
@pytest.mark.parametrize("n_steps", [2, 5, 30, 60, 75, 90, 100, 110, 130, 200, 500, 1500])
def test_dates_of_any_span_have_some_labels(unit: str, n_steps: int) -> None:
    values = np.datetime64("2026-01-01", unit) + np.arange(n_steps)
    ax = Figure().subplots()
    ax.plot(values, np.zeros(n_steps))
    few_dates(ax, values)
    low, high = ax.get_xlim()
    ticks = ax.get_xticks()
    assert 2 <= ((low <= ticks) & (ticks <= high)).sum() <= 8

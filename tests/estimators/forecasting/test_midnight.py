"""Daily series of a zone whose clocks are set forward at midnight."""

from pathlib import Path

import numpy as np
import pandas as pd

from gatecell import LSTMForecaster, load


def test_days_over_a_midnight_that_does_not_exist(tmp_path: Path) -> None:
    zone = "America/Sao_Paulo"
    # on the 15th of October the clocks went from 0 to 1
    days = pd.date_range("2017-08-01", "2017-10-25", freq="D").tz_localize(zone, nonexistent="shift_forward")
    sales = pd.Series(np.sin(np.arange(len(days)) * 2 * np.pi / 7), index=days, name="sales")
    gap = days.get_loc(pd.Timestamp("2017-10-15 01:00", tz=zone))
    assert isinstance(gap, int)
    model = LSTMForecaster(horizon=4, lookback=7, hidden_size=4, max_epochs=1, patience=None, random_state=0)
    model.fit(sales[: gap - 2])
    assert list(model.predict(level=())["ds"]) == list(days[gap - 2 : gap + 2])
    model.update(sales[gap - 2 : gap + 1])
    assert list(model.predict(level=())["ds"]) == list(days[gap + 1 : gap + 5])
    model.save(tmp_path / "m.safetensors")
    again = load(tmp_path / "m.safetensors")
    assert isinstance(again, LSTMForecaster)
    again.update(sales[gap + 1 :])
    assert list(again.panel_.series[0].index) == list(days)

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatecell import LSTMForecaster
from gatecell.reporting.report import write_report
from gatecell.reporting.series import _means
from gatecell.reporting.subject import Judged
from tests.reporting.test_report import page


def frame(n_steps: int, n_series: int = 1) -> pd.DataFrame:
    stamps = pd.date_range("2026-01-01", periods=n_steps, freq="h")
    parts = [
        pd.DataFrame({"unique_id": f"<b>{k}</b>", "ds": stamps, "y": np.sin(np.arange(n_steps) / 4 + k) + k})
        for k in range(n_series)
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("n_series", [1, 6])
def test_a_page_of_forecasts(tmp_path: Path, n_series: int) -> None:
    rows = frame(160, n_series)
    known = rows.groupby("unique_id").head(120)
    model = LSTMForecaster(lookback=12, horizon=3, hidden_size=4, max_epochs=2, random_state=0)
    model.fit(known, time="ds", target="y", id="unique_id")
    backtest = model.backtest(new_rows=rows.groupby("unique_id").tail(40), level=(80,))
    look = Judged(judgement=backtest.judgement, X=backtest, what="the test part")
    seen = page(write_report(tmp_path / "r.html", model, judged=look))
    for text in ("Forecasts and what came", "steps ahead", "origin of the forecast", "The worst forecasts", "<b>0</b>"):
        assert text in seen.text
    assert "steps a series 120 held out at the fit the latest 20% of each series" in seen.text
    assert "forecast 2026-01-06 to 2026-01-07 15:00:00" in seen.text
    assert ("4 of 6 series" in seen.text) == (n_series == 6)
    assert seen.tags.count("svg") == min(n_series, 4) + 4
    assert set(backtest.judgement.metrics().values()) <= set(seen.numbers)


def test_means_of_neighbours() -> None:
    np.testing.assert_allclose(_means(np.array([1.0, 3.0, 5.0, 7.0, 9.0]), 2), [2, 6, 9])

"""Forecast a series for a day, with intervals, and say whether it beats forecasts that need no network.

python examples/forecast.py
"""

import numpy as np
import pandas as pd

from gatecell import LSTMForecaster

hours = pd.date_range("2026-01-01", periods=700, freq="h")
noise = np.random.default_rng(0).normal(size=len(hours))
load = pd.Series(50 + 10 * np.sin(np.arange(len(hours)) * 2 * np.pi / 24) + noise, index=hours, name="load")
known, later = load[:-48], load[-48:]

model = LSTMForecaster(horizon=24, hidden_size=16, max_epochs=10, random_state=0).fit(known)
print(model.predict(level=[80]).head(3).to_string(index=False, float_format="%.1f"))

backtest = model.backtest(new_rows=later)
print(backtest.metrics[["mae", "mase"]].round(3).to_string())

model.update(later)
print("after two more days:", model.predict()["ds"].iloc[0])

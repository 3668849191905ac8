"""Draw the pictures of the tutorial that no other script draws: docs/images/tutorial/*.png, in a minute and offline.

python scripts/draw_tutorial.py [FOLDER]
"""

import io
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from PIL import Image

from gatecell import LSTMForecaster
from gatecell.nn import LSTM
from gatecell.plotting import ForecastDisplay, GateActivityDisplay

FOLDER = Path("docs/images/tutorial")
N_DAYS, N_TEST, N_SHOWN = 600, 120, 25


def save(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG of at most 64 colours."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=96)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(stream).convert("RGB").quantize(64).save(path, optimize=True)


def memory() -> Figure:
    """Return the gates of the cell that docs/tutorial/equations.md builds by hand."""
    lstm = LSTM(2, 1, batch_first=True, dtype=torch.float64)
    weights = torch.tensor([[0.0, 12.0], [0.0, -12.0], [1.0, 0.0], [0.0, 0.0]])
    bias = torch.tensor([-6.0, 6.0, 0.0, 6.0])
    lstm.load_state_dict({"weight_ih_l0": weights, "weight_hh_l0": torch.zeros(4, 1), "bias_l0": bias})
    numbers, marks = [0.9, -0.5, 0.3, 0.7, -0.8, 0.1, -0.9, 0.4], [1, 0, 0, 0, 1, 0, 0, 0]
    (trace,) = lstm.trace(torch.tensor([numbers, marks], dtype=torch.float64).T)
    steps = [f"{number}{' !' if mark else ''}" for number, mark in zip(numbers, marks, strict=True)]
    figure, axes = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
    GateActivityDisplay.from_trace(trace, steps=steps, ax=axes, title="A memory of one cell; ! marks what to keep")
    axes.set_xlabel("number of the step")
    return figure


def price() -> Figure:
    """Return the forecast of a random walk, whole and its last weeks, as docs/tutorial/prices.md makes it."""
    random = np.random.default_rng(3)
    days = pd.bdate_range("2020-01-01", periods=N_DAYS)
    series = pd.Series(100 * np.exp(np.cumsum(random.normal(0, 0.02, size=N_DAYS))), index=days, name="price")
    train, test = series[:-N_TEST], series[-N_TEST:]
    model = LSTMForecaster(
        lookback=20, horizon=1, log=True, hidden_size=8, max_epochs=3, learning_rate=0.005, random_state=0
    ).fit(train, frequency="rows")
    said = model.backtest(new_rows=test).predictions["LSTMForecaster"].to_numpy()
    figure, (above, below) = plt.subplots(2, 1, figsize=(7.2, 5.6), layout="constrained")
    shown = series[-2 * N_TEST :]
    ForecastDisplay.from_predictions(
        shown.index.to_numpy(), shown.to_numpy(), {"test": (test.index.to_numpy(), said)},
        splits={"test": test.index[0]}, title="It looks right ...", ax=above,
    )  # fmt: skip
    last = test[-N_SHOWN:]
    ForecastDisplay.from_predictions(
        last.index.to_numpy(), last.to_numpy(), {"test": (last.index.to_numpy(), said[-N_SHOWN:])},
        title=f"... and is a day late (the last {N_SHOWN} days)", ax=below,
    )  # fmt: skip
    return figure


def main(arguments: list[str]) -> None:
    """Draw them into the folder that is named, or ``FOLDER``."""
    folder = Path(arguments[0]) if arguments else FOLDER
    for draw in (memory, price):
        save(draw(), folder / f"{draw.__name__}.png")


if __name__ == "__main__":
    main(sys.argv[1:])

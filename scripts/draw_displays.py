"""Draw one picture of each display, from models that are trained here in a minute or two: docs/images/*.png.

    GATECELL_DATA_HOME=... python scripts/draw_displays.py [FOLDER]

The passengers and the questions are real data, which lie in GATECELL_DATA_HOME; the digits come with scikit-learn.
"""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("agg")

from matplotlib.figure import Figure
from PIL import Image

from gatecell import LSTMClassifier, LSTMForecaster, LSTMTextClassifier, plotting
from gatecell.datasets.airline import load_airline
from gatecell.datasets.digits import load_digits
from gatecell.datasets.trec import load_trec

FOLDER = Path("docs/images")
MOST_BYTES = 60_000
_N_TEST_MONTHS = 24


def save(figure: Figure, path: Path) -> None:
    """Write a figure as a PNG of at most 128 colours."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=96)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(stream).convert("RGB").quantize(128).save(path, optimize=True)
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise SystemExit(f"{path} has {size:,} bytes, more than {MOST_BYTES:,}.")


def of_digits() -> dict[str, Any]:
    """Return the displays of a classifier of digits."""
    data = load_digits()
    model = LSTMClassifier(
        hidden_size=32, max_epochs=30, learning_rate=3e-3, batch_size=32, validation_fraction=0.1, random_state=0
    ).fit(*data.train)
    said = model.predict(data.test.X)
    return {
        "history": plotting.HistoryDisplay.from_estimator(model, title="Learning to read digits"),
        "confusion": plotting.ConfusionMatrixDisplay.from_predictions(data.test.y, said, cmap="Blues", colorbar=False),
        "calibration": plotting.CalibrationDisplay.from_estimator(model, *data.test, title="Is it as sure as right?"),
        "gates": plotting.GateActivityDisplay.from_estimator(model, data.test.X[0], title="One digit, row by row"),
        "saliency": plotting.SaliencyDisplay.from_estimator(model, data.test.X[0], title="What speaks for the digit"),
        "network": plotting.NetworkGraphDisplay.from_estimator(model, steps=8),
    }


def of_questions() -> dict[str, Any]:
    """Return the displays of a classifier of questions."""
    data = load_trec()
    model = LSTMTextClassifier(
        hidden_size=64, bidirectional=True, pooling="attention", max_epochs=4, learning_rate=2e-3, random_state=0
    ).fit(*data.train)
    question = "How many people live in the largest city of the world, and who is its mayor?"
    label = model.predict([question])[0]
    return {
        "attention": plotting.AttentionDisplay.from_estimator(model, question, title=f"Attention; predicted: {label}"),
        "token-saliency": plotting.TokenSaliencyDisplay.from_estimator(
            model, question, title=f"What speaks for {label} and against it"
        ),
    }


def of_passengers() -> dict[str, Any]:
    """Return the displays of a forecaster of airline passengers."""
    series = load_airline()
    train, test = series.iloc[:-_N_TEST_MONTHS], series.iloc[-_N_TEST_MONTHS:]
    model = LSTMForecaster(
        lookback=12, horizon=12, log=True, difference=12, skip=False, hidden_size=32, max_epochs=100, batch_size=16,
        patience=30, random_state=0,
    ).fit(train)  # fmt: skip
    unit = "thousand passengers"
    return {
        "forecast": plotting.ForecastDisplay.from_estimator(
            model, test, unit=unit, title="Airline passengers, two years that it never saw"
        ),
        "horizon": plotting.HorizonErrorDisplay.from_estimator(model, test, unit=unit),
        "backtest": plotting.BacktestDisplay.from_estimator(model, test, unit=unit),
    }


def of_chinese() -> dict[str, Any]:
    """Return a display with Chinese names."""
    names = ["财经", "体育", "教育", "科技"]
    true, said = [names[k % 4] for k in range(80)], [names[(k + (k % 11 == 0)) % 4] for k in range(80)]
    display = plotting.ConfusionMatrixDisplay.from_predictions(true, said, cmap="Blues", colorbar=False)
    display.ax_.set_title("新闻分类: 混淆矩阵")
    plotting.use_chinese_fonts(display.ax_)
    return {"chinese": display}


PARTS: tuple[Callable[[], dict[str, Any]], ...] = (of_digits, of_questions, of_passengers, of_chinese)


def main(arguments: list[str]) -> None:
    """Draw all of them into the folder that is named, or ``FOLDER``."""
    folder = Path(arguments[0]) if arguments else FOLDER
    for part in PARTS:
        for name, display in part().items():
            save(display.figure_, folder / f"{name}.png")


if __name__ == "__main__":
    main(sys.argv[1:])

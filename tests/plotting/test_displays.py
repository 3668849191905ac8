"""Each display draws what it is given, takes axes, and says what it cannot draw."""

from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gatecell import plotting
from gatecell._core.errors import InputError, OptionError, UnknownNameError
from gatecell.evaluation.classes import judge_classes
from gatecell.nn.config import EmbeddingFront, LSTMConfig, NetworkConfig
from gatecell.nn.network import SequenceNetwork
from gatecell.nn.trace import LayerTrace
from gatecell.plotting.history import figures_of
from gatecell.plotting.tokens import place_tokens
from gatecell.training.history import History

RNG = np.random.default_rng(0)
CLASSES = np.array(["a", "b", "c"])
HISTORY = History([{"epoch": e, "train_loss": 1 / e, "validation_loss": 2 / e, "train_mae": 3.0} for e in (1, 2, 3)])
NETWORK = SequenceNetwork(
    NetworkConfig(
        front=EmbeddingFront(num_embeddings=9, embedding_dim=4), lstm=(LSTMConfig(hidden_size=5),), output_size=1
    )
)
GATES = LayerTrace(0, False, *(torch.rand(7, 3, generator=torch.Generator().manual_seed(k)) for k in range(6)))
TIMES = np.arange("2020-01", "2022-01", dtype="datetime64[M]")
VALUES = RNG.normal(size=24)
Y = CLASSES[RNG.integers(0, 3, 50)]
PROBABILITIES = RNG.dirichlet(np.ones(3), 50)

DRAWN: dict[str, Any] = {
    "history": lambda ax: plotting.HistoryDisplay.from_history(HISTORY, ax=ax, title="t"),
    "calibration": lambda ax: plotting.CalibrationDisplay.from_predictions(Y, PROBABILITIES, ax=ax, title="t"),
    "confusion": lambda ax: plotting.ConfusionMatrixDisplay.from_predictions(
        Y, CLASSES[PROBABILITIES.argmax(1)], ax=ax
    ),
    "attention": lambda ax: plotting.AttentionDisplay.from_predictions([("a", 0.2), ("$b", 0.8)], ax=ax, title="t"),
    "tokens": lambda ax: plotting.TokenSaliencyDisplay.from_predictions([("a", -0.2), ("b", 0.8)], ax=ax, title="t"),
    "gates": lambda ax: plotting.GateActivityDisplay.from_trace(GATES, ax=ax, title="t"),
    "saliency": lambda ax: plotting.SaliencyDisplay.from_predictions(RNG.normal(size=(7, 2)), ax=ax, title="t"),
    "graph": lambda ax: plotting.NetworkGraphDisplay.from_network(NETWORK, ax=ax, title="t"),
    "forecast": lambda ax: plotting.ForecastDisplay.from_predictions(
        TIMES,
        VALUES,
        {"train": (TIMES[:12], VALUES[:12]), "test": (TIMES[12:], VALUES[12:] + 1)},
        intervals={80: (TIMES[12:], VALUES[12:], VALUES[12:] + 2)},
        splits={"test": TIMES[12]},
        unit="kg",
        ax=ax,
        title="t",
    ),
    "trials": lambda ax: plotting.TrialsDisplay([np.nan, 0.2, 0.5, 0.1]).plot(ax, title="t"),
    "importance": lambda ax: plotting.ImportanceDisplay({"h": 0.3, "rate": 0.7}).plot(ax, title="t"),
    "slice": lambda ax: plotting.SliceDisplay([1e-3, 1e-1, 1.0], [0.1, 0.9, 0.4], name="rate").plot(ax, title="t"),
    "learning rate": lambda ax: plotting.LearningRateDisplay(
        [1e-3, 1e-2, 1e-1], [3.0, 2.0, 9.0], [2.9, 2.0, 5.0], suggestion=3e-3
    ).plot(ax, title="t"),
    "horizon": lambda ax: plotting.HorizonErrorDisplay.from_predictions(
        np.zeros((4, 3)), np.tile([1.0, 2.0, 3.0], (4, 1)), baselines={"naive": np.full((4, 3), 5.0)}, ax=ax, title="t"
    ),
    "backtest": lambda ax: plotting.BacktestDisplay.from_predictions(
        TIMES[:4], np.zeros((4, 3)), np.full((4, 3), 2.0), ax=ax, title="t"
    ),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_display_draws_where_it_is_told(name: str) -> None:
    figure = Figure()
    ax = figure.subplots()
    display = DRAWN[name](ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    figure.savefig("/dev/null", format="svg")
    assert any(part.get_visible() for part in (*ax.lines, *ax.images, *ax.patches, *ax.texts, *ax.collections))


@pytest.mark.parametrize("name", DRAWN)
def test_a_display_makes_its_own_axes(name: str) -> None:
    import matplotlib.pyplot as plt  # noqa: PLC0415

    display = DRAWN[name](None)
    assert isinstance(display.ax_, Axes)
    assert display.figure_.number in plt.get_fignums()
    plt.close(display.figure_)
    if name not in ("confusion",):
        assert display.ax_.get_title() == "t"


@pytest.fixture
def ax() -> Axes:
    return Figure().subplots()


def test_learning_curves(ax: Axes) -> None:
    display = plotting.HistoryDisplay.from_history(HISTORY, best_epoch=2, ax=ax)
    assert [line.get_label() for line in display.lines_] == ["train", "validation"]
    np.testing.assert_allclose(np.asarray(display.lines_[1].get_ydata(), dtype=float), [2, 1, 2 / 3])
    assert "best epoch: 2" in ax.get_legend().get_texts()[2].get_text()  # type: ignore[union-attr]
    assert figures_of([{"train_accuracy": 1.0, "train_loss": 2.0, "epoch": 1, "seconds": 1.0}]) == ["loss", "accuracy"]
    only = plotting.HistoryDisplay.from_history(HISTORY, figure="mae", ax=Figure().subplots())
    assert list(only.curves) == ["train"]
    with pytest.raises(UnknownNameError, match="There is no figure of the history named 'los'. Did you mean 'loss'"):
        plotting.HistoryDisplay.from_history(HISTORY, figure="los")


def test_the_picture_of_calibration_has_the_error_that_evaluation_says(ax: Axes) -> None:
    y, probabilities = CLASSES[RNG.integers(0, 3, 500)], RNG.dirichlet(np.ones(3), 500)
    display = plotting.CalibrationDisplay.from_predictions(y, probabilities, classes=CLASSES, ax=ax)
    expected = judge_classes(y, probabilities, CLASSES).figures["calibration_error"]
    assert display.error == pytest.approx(expected, abs=1e-6)
    assert display.counts.sum() == 500
    # on the edges of bins, just above and below them, and at 1
    highest = np.minimum(RNG.integers(8, 16, 300) / 15 + RNG.choice([-0.02, 0, 0.02], 300), 1.0)
    edges, said = np.stack([highest, 1 - highest], axis=1), np.array(["a", "b"])[(RNG.random(300) > 0.6) * 1]
    drawn = plotting.CalibrationDisplay.from_predictions(said, edges, ax=Figure().subplots())
    expected = judge_classes(said, edges, np.array(["a", "b"])).figures["calibration_error"]
    assert drawn.error == pytest.approx(expected, abs=1e-6)
    with pytest.raises(InputError, match=r"There are 500 rows and 2 classes, but probabilities of shape \(500, 3\)"):
        plotting.CalibrationDisplay.from_predictions(y, probabilities, classes=["a", "b"])


def test_gates_stand_one_under_the_other(ax: Axes) -> None:
    display = plotting.GateActivityDisplay.from_trace(GATES, steps=list("abcdefg"), ax=ax)
    image: np.ndarray = np.ma.filled(np.ma.asarray(display.image_.get_array()), np.nan)
    np.testing.assert_allclose(image[:3], GATES.i.T)
    np.testing.assert_allclose(image[-3:], GATES.h.T)
    assert np.isnan(image[3]).all()
    assert [label.get_text() for label in ax.get_yticklabels()][1] == "forget gate f"
    assert [label.get_text() for label in ax.get_xticklabels()] == list("abcdefg")
    with pytest.raises(InputError, match=r"values has the names \['i', 'x'\]"):
        plotting.GateActivityDisplay({"i": np.zeros((2, 2)), "x": np.zeros((2, 2))})
    with pytest.raises(InputError, match=r"the shapes \[\(2, 2\), \(3, 2\)\]"):
        plotting.GateActivityDisplay({"i": np.zeros((2, 2)), "f": np.zeros((3, 2))})


def test_saliency_of_values(ax: Axes) -> None:
    values = np.arange(6.0).reshape(3, 2)
    display = plotting.SaliencyDisplay.from_predictions(values, channels=["up", "down"], ax=ax)
    np.testing.assert_array_equal(display.image_.get_array(), values.T)
    assert display.image_.get_clim() == (-5, 5)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["up", "down"]
    with pytest.raises(InputError, match=r"values must have shape \(steps, channels\), got \(3,\)"):
        plotting.SaliencyDisplay(np.zeros(3))


def test_saliency_of_an_image_has_its_rows_from_above(ax: Axes) -> None:
    values = np.arange(16.0).reshape(4, 4)
    display = plotting.SaliencyDisplay.from_predictions(values, channels=list("abcd"), ax=ax)
    np.testing.assert_array_equal(display.image_.get_array(), values)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("channel", "step")
    assert [label.get_text() for label in ax.get_xticklabels()] == list("abcd")
    few = plotting.SaliencyDisplay.from_predictions(np.arange(9.0).reshape(3, 3), ax=Figure().subplots())
    assert few.ax_.get_xlabel() == "step"


def test_the_graph_has_every_layer(ax: Axes) -> None:
    plotting.NetworkGraphDisplay.from_network(NETWORK, steps=6, ax=ax)
    words = [text.get_text() for text in ax.texts]
    for word in ("front (Embedding)", "(batch, 6, 4)", "lstm.0 (LSTM)", "(batch, 6, 5)", "head (Linear)", "36", "6"):
        assert word in words
    with pytest.raises(InputError, match="There are no layers to draw"):
        plotting.NetworkGraphDisplay([])


def test_errors_of_forecasts(ax: Axes) -> None:
    horizon = DRAWN["horizon"](ax)
    np.testing.assert_allclose(horizon.line_.get_xydata(), [[1, 1], [2, 2], [3, 3]])
    np.testing.assert_allclose(horizon.baselines["naive"], 5)
    assert DRAWN["backtest"](Figure().subplots()).errors.tolist() == [2, 2, 2, 2]
    with pytest.raises(InputError, match=r"shape \(forecasts, horizon\); got \(4, 2\) for true values of \(4, 3\)"):
        plotting.HorizonErrorDisplay.from_predictions(np.zeros((4, 3)), np.zeros((4, 2)))
    with pytest.raises(InputError, match="errors has the shape"):
        plotting.BacktestDisplay([1, 2], [1.0])


def test_the_forecast_has_its_parts(ax: Axes) -> None:
    display = DRAWN["forecast"](ax)
    assert list(display.lines_) == ["measured", "train", "test"]
    assert len(ax.collections) == 1
    labels = [text.get_text() for text in ax.get_legend().get_texts()]  # type: ignore[union-attr]
    assert labels == ["measured", "predicted, train", "predicted, test", "80 % interval"]
    (split,) = ax.texts
    assert (split.get_text(), split.get_verticalalignment()) == ("test", "bottom")
    nested: dict[float, Any] = dict.fromkeys((80, 95), (TIMES[12:], VALUES[12:], VALUES[12:] + 1))
    both = plotting.ForecastDisplay(TIMES, VALUES, {}, intervals=nested).plot(Figure().subplots())
    wide, narrow = both.ax_.get_legend().get_patches()  # type: ignore[union-attr]
    assert (wide.get_alpha(), narrow.get_alpha()) == pytest.approx((0.18, 1 - 0.82**2))
    with pytest.raises(InputError, match="test has 2 times but 1 values"):
        plotting.ForecastDisplay(TIMES, VALUES, {"test": (TIMES[:2], VALUES[:1])})
    with pytest.raises(OptionError, match=r"^each level of intervals is in percent"):
        plotting.ForecastDisplay(TIMES, VALUES, {}, intervals={0.8: (TIMES, VALUES, VALUES)})


@pytest.mark.filterwarnings("ignore::gatecell.plotting.MissingFontWarning")
def test_tokens_are_broken_into_lines(ax: Axes) -> None:
    tokens = ["word"] * 30 + ["很好"] + ["x" * 90]
    placed = place_tokens(tokens, 40)
    assert max(token.column + token.width for token in placed if len(token.token) < 40) <= 40
    assert next(token.width for token in placed if token.token == "很好") == 4
    assert (placed[-1].column, placed[-1].line) == (0, placed[-2].line + 1)
    display = plotting.AttentionDisplay(tokens, np.arange(len(tokens))).plot(ax)
    assert [text.get_text() for text in display.ax_.texts] == tokens
    with pytest.raises(InputError, match=r"There are 0 tokens and weights of shape \(0,\)"):
        plotting.AttentionDisplay([], [])


def test_the_best_so_far_never_falls() -> None:
    display = plotting.TrialsDisplay([np.nan, 0.2, 0.5, 0.1], [0, 1, 3, 4]).plot(Figure().subplots())
    assert list(np.asarray(display.line_.get_ydata())) == [0.2, 0.5, 0.5]
    assert list(np.asarray(display.line_.get_xdata())) == [1, 3, 4]
    with pytest.raises(InputError, match="There is no trial with a score"):
        plotting.TrialsDisplay([np.nan])


def test_the_largest_share_stands_on_top() -> None:
    display = plotting.ImportanceDisplay({"rate": 0.7, "h": 0.3}).plot(Figure().subplots())
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == ["h", "rate"]
    with pytest.raises(InputError, match="There are no shares to draw"):
        plotting.ImportanceDisplay({})


def test_a_slice_has_an_axis_as_its_values_ask_for() -> None:
    def axis(values: list[Any]) -> Any:
        return plotting.SliceDisplay(values, [0.1, 0.2, 0.3]).plot(Figure().subplots()).ax_

    assert axis([1e-3, 1e-1, 1.0]).get_xscale() == "log"
    assert axis([16, 32, 64]).get_xscale() == "linear"
    assert [text.get_text() for text in axis(["b", None, "b"]).get_xticklabels()] == ["None", "b"]
    with pytest.raises(InputError, match="There are 2 values for 1 scores"):
        plotting.SliceDisplay([1, 2], [1.0])


def test_a_curve_of_rates_is_whole() -> None:
    with pytest.raises(InputError, match="There are 2 rates, 1 losses and 2 smoothed ones"):
        plotting.LearningRateDisplay([1, 2], [1], [1, 2])

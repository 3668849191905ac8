"""What a report on numbers shows: predicted against true, and errors in the order of the rows."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from sklearn.metrics import PredictionErrorDisplay

from gatecell.evaluation.numbers import NumberJudgement
from gatecell.plotting.axes import FIRST, QUIET, SECOND
from gatecell.reporting.blocks import Block, Picture, Section
from gatecell.reporting.pictures import drawn

_MOST_DOTS = 1000
_MOST_NUMBERS = 4
"""Numbers a row of which each has its own pictures."""


def number_sections(judgement: NumberJudgement) -> list[Section]:
    """Return the sections of numbers."""
    true = judgement.true.reshape(len(judgement.true), -1)
    predicted = judgement.predicted.reshape(true.shape)
    blocks: list[Block] = []
    for column in range(min(true.shape[1], _MOST_NUMBERS)):
        of = f", number {column}" if true.shape[1] > 1 else ""
        blocks += _pictures(true[:, column], predicted[:, column], of)
    return [Section("Predicted and true", blocks)]


def _pictures(true: NDArray[np.float64], predicted: NDArray[np.float64], of: str) -> list[Block]:
    def scatter(ax: Axes) -> object:
        return PredictionErrorDisplay.from_predictions(
            true,
            predicted,
            kind="actual_vs_predicted",
            subsample=min(_MOST_DOTS, len(true)),
            random_state=0,
            ax=ax,
            scatter_kwargs={"color": FIRST, "alpha": 0.35, "s": 12, "linewidth": 0},
            line_kwargs={"color": QUIET, "linestyle": ":"},
        )

    def in_order(ax: Axes) -> object:
        step = max(1, len(true) // _MOST_DOTS)
        at = np.arange(len(true))[::step]
        ax.plot(at, true[::step], color=FIRST, linewidth=1.1, label="true")
        ax.plot(at, predicted[::step], color=SECOND, linewidth=1.1, label="predicted")
        ax.set(xlabel="row")
        ax.legend(loc="best")
        return ax

    return [
        Picture(drawn(scatter, f"predicted against true{of}", (4.2, 4.0)), f"On the line it is right{of}"),
        Picture(drawn(in_order, f"predictions in the order of the rows{of}", (5.6, 3.4)), f"In the order of rows{of}"),
    ]

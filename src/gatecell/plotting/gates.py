"""What the gates of an LSTM do from step to step."""

from collections.abc import Sequence
from typing import Any, Self

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from gatecell._core.errors import InputError
from gatecell.nn.trace import LayerTrace
from gatecell.plotting.axes import axes_of, settle_texts

NAMES = {
    "i": "input gate",
    "f": "forget gate",
    "g": "candidate",
    "o": "output gate",
    "c": "cell state",
    "h": "hidden state",
}
_MOST_LABELS = 40


class GateActivityDisplay:
    """The gates and states of one layer over the steps of one row; each line of a block is a unit.

    Parameters
    ----------
    values : mapping of str to (T, H)
        Of ``"i", "f", "g", "o", "c", "h"``, or some of them.
    steps : sequence of str, optional
        What stands at each step, as its token.

    Attributes
    ----------
    ax_, figure_
        What was drawn on.
    image_ : matplotlib.image.AxesImage
    """

    def __init__(self, values: dict[str, Any], steps: Sequence[str] | None = None) -> None:
        self.values = {name: np.asarray(value, dtype=np.float64) for name, value in values.items()}
        unknown = [name for name in self.values if name not in NAMES]
        lengths = {value.shape[0] if value.ndim == 2 else None for value in self.values.values()}
        if unknown or len(lengths) != 1 or None in lengths:
            raise InputError(
                f"values has the names {list(self.values)} and the shapes "
                f"{[value.shape for value in self.values.values()]}. Give arrays of shape (steps, units) under the "
                f"names {', '.join(NAMES)}."
            )
        self.steps = None if steps is None else list(steps)

    @classmethod
    def from_estimator(
        cls, estimator: Any, row: Any, *, layer: int = 0, ax: Axes | None = None, **options: Any
    ) -> Self:
        """Draw ``estimator.gates(row)[layer]``: one sequence or text; ``layer`` counts layers and directions."""
        trace, steps = estimator.gates(row)[layer], estimator.step_names(row)
        # a convolution joins steps, whose names then stand for none
        named = steps is not None and len(steps) == len(trace.h)
        return cls.from_trace(trace, steps=steps if named else None, ax=ax, **options)

    @classmethod
    def from_trace(
        cls, trace: LayerTrace, *, steps: Sequence[str] | None = None, ax: Axes | None = None, **options: Any
    ) -> Self:
        """Draw one row of what ``gatecell.nn.LSTM.trace`` returns."""
        return cls({name: getattr(trace, name) for name in NAMES}, steps).plot(ax, **options)

    def plot(self, ax: Axes | None = None, *, title: str | None = None) -> Self:
        """Draw on ``ax``, or on new axes."""
        gap = max(1, self._heights.max() // 12)
        self.figure_, self.ax_ = axes_of(ax, (6.4, 5.0))
        colours = mpl.colormaps["RdBu_r"].with_extremes(bad=(0, 0, 0, 0))
        self.image_ = self.ax_.imshow(
            self._stacked(gap), aspect="auto", cmap=colours, vmin=-1, vmax=1, interpolation="nearest"
        )
        starts = np.concatenate([[0], np.cumsum(self._heights + gap)[:-1]])
        self.ax_.set_yticks(starts + (self._heights - 1) / 2, [f"{NAMES[name]} {name}" for name in self.values])
        self.ax_.tick_params(axis="y", length=0)
        self.ax_.spines[:].set_visible(False)
        self.ax_.set(xlabel="step", title=title)
        if self.steps is not None and len(self.steps) <= _MOST_LABELS:
            self.ax_.set_xticks(range(len(self.steps)), self.steps)
            self.ax_.tick_params(axis="x", rotation=90 if len(self.steps) > 8 else 0)
        self.figure_.colorbar(self.image_, ax=self.ax_, label="value", fraction=0.04, pad=0.02)
        settle_texts(self.ax_)
        return self

    @property
    def _heights(self) -> NDArray[np.int64]:
        return np.array([value.shape[1] for value in self.values.values()])

    def _stacked(self, gap: int) -> NDArray[np.float64]:
        """Return the blocks one under the other, ``(units and gaps, T)``, with NaN between them."""
        n_steps = next(iter(self.values.values())).shape[0]
        empty = np.full((gap, n_steps), np.nan)
        parts = [part for value in self.values.values() for part in (value.T, empty)]
        return np.concatenate(parts[:-1])

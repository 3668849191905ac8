"""What each measured value of a sequence adds to an output."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes

from gatecell._core.errors import InputError
from gatecell.plotting.axes import axes_of, settle_texts, strings

_MOST_LABELS = 30
_FEW_CHANNELS = 3


def is_image(shape: Sequence[int]) -> bool:
    """Return whether values ``(T, I)`` are drawn as an image is, a step a line from above: where they are square."""
    return len(shape) == 2 and shape[0] == shape[1] > _FEW_CHANNELS


class SaliencyDisplay:
    """Channels over steps: red adds to the output, blue takes from it.

    Of as many steps as channels, more than three, steps go downwards, since these are most often the rows of an image.

    Parameters
    ----------
    values : (T, I)
    channels : sequence of str, optional
        Their names.

    Attributes
    ----------
    ax_, figure_
        What was drawn on.
    image_ : matplotlib.image.AxesImage
    """

    def __init__(self, values: Any, channels: Sequence[str] | None = None) -> None:
        self.values = np.asarray(values, dtype=np.float64)
        if self.values.ndim != 2 or not self.values.size:
            raise InputError(f"values must have shape (steps, channels), got {self.values.shape}.")
        self.channels = None if channels is None else list(channels)

    @classmethod
    def from_estimator(
        cls, estimator: Any, row: Any, *, label: Any = None, ax: Axes | None = None, **options: Any
    ) -> Self:
        """Draw ``estimator.saliency(row, label)``: of a classifier for a class, by default the predicted one."""
        return cls.from_predictions(
            estimator.saliency(row, label), channels=getattr(estimator, "feature_names_in_", None), ax=ax, **options
        )

    @classmethod
    def from_predictions(cls, values: Any, *, channels: Any = None, ax: Axes | None = None, **options: Any) -> Self:
        """Draw values ``(T, I)``."""
        named = channels is not None and len(channels) == np.shape(values)[1]
        return cls(values, strings(channels) if named else None).plot(ax, **options)

    def plot(self, ax: Axes | None = None, *, title: str | None = None) -> Self:
        """Draw on ``ax``, or on new axes."""
        self.figure_, self.ax_ = axes_of(ax)
        limit = float(np.abs(self.values).max()) or 1.0
        image = is_image(self.values.shape)
        self.image_ = self.ax_.imshow(
            self.values if image else self.values.T,
            aspect="equal" if image else "auto",
            cmap="RdBu_r",
            vmin=-limit,
            vmax=limit,
            interpolation="nearest",
        )
        across, down = ("channel", "step") if image else ("step", "channel")
        self.ax_.set(xlabel=across, ylabel=down, title=title)
        if self.channels is not None and len(self.channels) <= _MOST_LABELS:
            axis = self.ax_.xaxis if image else self.ax_.yaxis
            axis.set_ticks(range(len(self.channels)), self.channels, rotation=90 if image else 0)
        elif self.values.shape[1] == 1:
            self.ax_.set_yticks([])
        self.figure_.colorbar(self.image_, ax=self.ax_, label="adds to the output", fraction=0.04, pad=0.02)
        settle_texts(self.ax_)
        return self

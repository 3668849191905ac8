"""Calibration: whether a class that is predicted with 80 % is right in 80 % of the cases."""

from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from gatecell._core.errors import InputError
from gatecell.plotting.axes import FIRST, QUIET, axes_of, settle_texts


class CalibrationDisplay:
    """Accuracy over the confidence in the predicted class (Guo et al. 2017, figure 1), for any number of classes.

    scikit-learn's display of this name is for two classes.

    Parameters
    ----------
    confidence : (n_bins,)
        Mean probability of the predicted class.
    accuracy : (n_bins,)
        Share of right predictions.
    counts : (n_bins,)
        Rows of each bin; a bin without rows is left out.

    Attributes
    ----------
    ax_, figure_
        What was drawn on.
    line_ : matplotlib.lines.Line2D
    """

    def __init__(self, confidence: Any, accuracy: Any, counts: Any) -> None:
        self.confidence = np.asarray(confidence)
        self.accuracy = np.asarray(accuracy)
        self.counts = np.asarray(counts)

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any, y: Any, *, ax: Axes | None = None, **options: Any) -> Self:
        """Predict ``X`` and draw; see ``from_predictions``."""
        return cls.from_predictions(y, estimator.predict_proba(X), classes=estimator.classes_, ax=ax, **options)

    @classmethod
    def from_predictions(
        cls,
        y_true: Any,
        probabilities: Any,
        *,
        classes: Any = None,
        n_bins: int = 15,
        ax: Axes | None = None,
        **options: Any,
    ) -> Self:
        """Draw predictions.

        Parameters
        ----------
        y_true : (n,)
        probabilities : (n, n_classes)
        classes : (n_classes,), optional
            The labels of the columns, sorted; by default those of ``y_true``.
        n_bins : int
            Bins of equal width in 0..1, as Guo et al. (2017) have them.

        Raises
        ------
        InputError
            Where the number of classes is not that of the columns, or there is no row.
        """
        labels, probabilities = np.asarray(y_true), np.asarray(probabilities)
        names = np.unique(labels) if classes is None else np.asarray(classes)
        if not len(labels) or probabilities.shape != (len(labels), len(names)):
            raise InputError(
                f"There are {len(labels)} rows and {len(names)} classes, but probabilities of shape "
                f"{probabilities.shape}. Give at least one row, and classes where y_true does not have all of them."
            )
        right = names[probabilities.argmax(axis=1)] == labels
        highest = probabilities.max(axis=1)
        # lower ends belong to their bins, and 1 is one by itself, as torchmetrics has it, whose error is drawn here
        place = np.searchsorted(np.linspace(0, 1, n_bins + 1), highest, side="right") - 1
        counts = np.bincount(place, minlength=n_bins + 1)
        used = counts > 0
        sums = (np.bincount(place, values, minlength=n_bins + 1)[used] for values in (highest, right))
        confidence, accuracy = (total / counts[used] for total in sums)
        return cls(confidence, accuracy, counts[used]).plot(ax, **options)

    @property
    def error(self) -> float:
        """The expected calibration error: the mean distance of confidence and accuracy over rows."""
        return float(np.average(np.abs(self.confidence - self.accuracy), weights=self.counts))

    def plot(self, ax: Axes | None = None, *, title: str | None = None) -> Self:
        """Draw on ``ax``, or on new axes; the area of a dot is the share of rows that it stands for."""
        self.figure_, self.ax_ = axes_of(ax, (4.6, 4.6))
        self.ax_.plot([0, 1], [0, 1], color=QUIET, linestyle=":", label="as good as it says")
        label = f"model, mean distance {self.error:.3f}"
        (self.line_,) = self.ax_.plot(self.confidence, self.accuracy, color=FIRST, label=label)
        self.ax_.scatter(self.confidence, self.accuracy, s=_areas(self.counts), color=FIRST, alpha=0.6, linewidth=0)
        self.ax_.set(
            xlabel="confidence in the predicted class",
            ylabel="share that is right",
            xlim=(max(0.0, float(self.confidence.min()) - 0.1), 1.02),
            ylim=(0, 1.05),
            title=title,
        )
        self.ax_.legend(loc="lower right")
        settle_texts(self.ax_)
        return self


def _areas(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    areas: NDArray[np.float64] = 15 + 250 * counts / counts.sum()
    return areas

"""Learning curves: a figure over the epochs of a fit, in training and in validation."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gatecell._core.errors import unknown_name
from gatecell.plotting.axes import FIRST, QUIET, SECOND, axes_of, settle_texts


class HistoryDisplay:
    """Learning curves of one figure.

    Parameters
    ----------
    epochs : (n,)
        From 1.
    curves : mapping of str to (n,)
        Part of the data (``"train"``, ``"validation"``) to its values.
    figure_name : str
        What is drawn, as ``"loss"``.
    best_epoch : int, optional
        The epoch to be marked.

    Attributes
    ----------
    ax_, figure_
        What was drawn on.
    lines_ : list of matplotlib.lines.Line2D
    """

    def __init__(
        self, epochs: Any, curves: Mapping[str, Any], *, figure_name: str = "loss", best_epoch: int | None = None
    ) -> None:
        self.epochs = np.asarray(epochs)
        self.curves = {name: np.asarray(values, dtype=np.float64) for name, values in curves.items()}
        self.figure_name = figure_name
        self.best_epoch = best_epoch

    @classmethod
    def from_estimator(cls, estimator: Any, *, figure: str = "loss", ax: Axes | None = None, **options: Any) -> Self:
        """Draw the ``history_`` of a fitted estimator; ``figure`` is ``"loss"``, ``"accuracy"``, ``"mae"``, ...

        Raises
        ------
        UnknownNameError
            Where the history has no such figure; names those that it has.
        """
        return cls.from_history(
            estimator.history_, figure=figure, best_epoch=estimator.training_.best_epoch, ax=ax, **options
        )

    @classmethod
    def from_history(
        cls,
        history: Iterable[Mapping[str, float]],
        *,
        figure: str = "loss",
        best_epoch: int | None = None,
        ax: Axes | None = None,
        **options: Any,
    ) -> Self:
        """Draw rows as ``gatecell.training.history.History`` has them; arguments and errors as ``from_estimator``."""
        rows = list(history)
        known = figures_of(rows)
        if figure not in known:
            raise unknown_name("figure of the history", figure, known)
        parts = [part for part in ("train", "validation") if any(f"{part}_{figure}" in row for row in rows)]
        curves = {part: [row.get(f"{part}_{figure}", np.nan) for row in rows] for part in parts}
        epochs = [row["epoch"] for row in rows]
        return cls(epochs, curves, figure_name=figure, best_epoch=best_epoch).plot(ax, **options)

    def plot(self, ax: Axes | None = None, *, title: str | None = None) -> Self:
        """Draw on ``ax``, or on new axes."""
        self.figure_, self.ax_ = axes_of(ax)
        colours = {"train": FIRST, "validation": SECOND}
        self.lines_ = [
            self.ax_.plot(self.epochs, values, marker=".", label=name, color=colours.get(name))[0]
            for name, values in self.curves.items()
        ]
        if self.best_epoch is not None:
            self.ax_.axvline(self.best_epoch, color=QUIET, linestyle=":", label=f"best epoch: {self.best_epoch}")
        if len(self.epochs) == 1:
            self.ax_.set_xlim(self.epochs[0] - 1, self.epochs[0] + 1)
        self.ax_.xaxis.set_major_locator(MaxNLocator(integer=True))
        self.ax_.set(xlabel="epoch", ylabel=self.figure_name, title=title)
        self.ax_.legend()
        settle_texts(self.ax_)
        return self


def figures_of(history: Iterable[Mapping[str, float]]) -> list[str]:
    """Return the figures that a history has a curve of, as ``["loss", "accuracy"]``; the loss first."""
    names = [name.partition("_") for row in history for name in row]
    found = dict.fromkeys(name for part, _, name in names if part in ("train", "validation"))
    return sorted(found, key=lambda name: name != "loss")

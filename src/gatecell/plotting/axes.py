"""Where a display draws."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.text import Text

from gatecell.plotting.fonts import use_chinese_fonts

FIRST, SECOND, THIRD, QUIET = "#3b7dd8", "#e0702f", "#2a9d6f", "#8a8f98"
"""Colours that can be told apart by those who see no red or green, on white and on black."""


def axes_of(ax: Axes | None, size: tuple[float, float] = (6.4, 4.0)) -> tuple[Figure, Axes]:
    """Return the figure and the axes to draw on; new ones of this size, in inches, where none are given."""
    if ax is None:
        import matplotlib.pyplot as plt  # noqa: PLC0415  chooses a backend, which a report does not need

        return plt.subplots(figsize=size, layout="constrained")
    figure = ax.figure
    assert isinstance(figure, Figure)
    return figure, ax


def few_dates(ax: Axes, values: Any) -> None:
    """Label the axis of ``values``, where they are dates, so that the labels have room."""
    if np.issubdtype(np.asarray(values).dtype, np.datetime64):
        # with the default of at least 5 ticks, four days of hours have no interval that gives 7 at most
        locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def settle_texts(ax: Axes) -> None:
    """Have every text on the axes drawn as it stands: a dollar sign is one, and Chinese characters are seen."""
    for text in ax.findobj(Text):
        if isinstance(text, Text) and text.get_text():
            text.set_parse_math(False)
    use_chinese_fonts(ax)


def strings(values: Any) -> list[str]:
    """Return values as text."""
    return [str(value) for value in np.asarray(values).tolist()]

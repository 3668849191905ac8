"""Texts whose tokens are coloured by a weight: attention, and what speaks for and against a class."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, NamedTuple, Self

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from gatecell._core.errors import InputError
from gatecell.plotting.axes import axes_of, settle_texts

_LINE_INCHES = 0.26
_CELL_INCHES = 0.088
"""Of a monospaced character at 10 points, with room."""
_ASPECT = _LINE_INCHES / _CELL_INCHES


class Placed(NamedTuple):
    """Where a token stands, in characters from the left and lines from above."""

    token: str
    column: int
    line: int
    width: int


class _TokenDisplay:
    """Tokens in lines, each on the colour of its weight."""

    colours: ClassVar[str]
    symmetric: ClassVar[bool]
    label: ClassVar[str]

    def __init__(self, tokens: Sequence[str], weights: Any) -> None:
        self.tokens = list(tokens)
        self.weights = np.asarray(weights, dtype=np.float64)
        if not self.tokens or self.weights.shape != (len(self.tokens),):
            raise InputError(
                f"There are {len(self.tokens)} tokens and weights of shape {self.weights.shape}. "
                "Give at least one token, and one weight a token."
            )

    @classmethod
    def from_predictions(cls, pairs: Iterable[tuple[str, float]], *, ax: Axes | None = None, **options: Any) -> Self:
        """Draw pairs of a token and its weight."""
        tokens, weights = zip(*pairs, strict=True)
        return cls(tokens, weights).plot(ax, **options)

    def plot(self, ax: Axes | None = None, *, title: str | None = None, line_width: int = 72) -> Self:
        """Draw on ``ax``, or on new axes as high as the lines need; a line has ``line_width`` characters."""
        placed = place_tokens(self.tokens, line_width)
        n_lines = placed[-1].line + 1
        width = max(token.column + token.width for token in placed)
        size = (_CELL_INCHES * width + 0.9, _LINE_INCHES * n_lines + (0.8 if title else 0.5))
        self.figure_, self.ax_ = axes_of(ax, size)
        limit = float(np.abs(self.weights).max()) or 1.0
        norm = Normalize(-limit if self.symmetric else 0.0, limit)
        colours = mpl.colormaps[self.colours]
        self.ax_.set(xlim=(-0.5, width + 0.5), ylim=(n_lines, 0), title=title)
        self.ax_.axis("off")
        scale = self.figure_.colorbar(
            mpl.cm.ScalarMappable(norm, colours), ax=self.ax_, label=self.label, fraction=0.03, pad=0.02
        )
        scale.ax.locator_params(nbins=3)
        for token, weight in zip(placed, self.weights, strict=True):
            self._draw(token, colours(norm(weight)))
        settle_texts(self.ax_)
        return self

    def _draw(self, token: Placed, colour: tuple[float, ...]) -> None:
        box = mpl.patches.Rectangle(
            (token.column, token.line + 0.06), token.width, 0.88, facecolor=colour, edgecolor="none"
        )
        self.ax_.add_patch(box)
        luminance = 0.3 * colour[0] + 0.6 * colour[1] + 0.1 * colour[2]
        self.ax_.text(
            token.column + token.width / 2,
            token.line + 0.5,
            token.token,
            ha="center",
            va="center_baseline",
            fontfamily="monospace",
            fontsize=9,
            color="black" if luminance > 0.5 else "white",
            clip_on=True,
        )


class AttentionDisplay(_TokenDisplay):
    """How much a pooling by attention looks at each token.

    Parameters
    ----------
    tokens : sequence of str
    weights : (n_tokens,)
        At least 0.

    Attributes
    ----------
    ax_, figure_
        What was drawn on.
    """

    colours: ClassVar[str] = "Oranges"
    symmetric: ClassVar[bool] = False
    label: ClassVar[str] = "attention"

    @classmethod
    def from_estimator(cls, estimator: Any, text: str, *, ax: Axes | None = None, **options: Any) -> Self:
        """Draw ``estimator.attention(text)``, whose errors it has."""
        return cls.from_predictions(estimator.attention(text), ax=ax, **options)


class TokenSaliencyDisplay(_TokenDisplay):
    """What each token adds to the output for a class: red speaks for it, blue against it.

    Parameters
    ----------
    tokens : sequence of str
    weights : (n_tokens,)

    Attributes
    ----------
    ax_, figure_
        What was drawn on.
    """

    colours: ClassVar[str] = "RdBu_r"
    symmetric: ClassVar[bool] = True
    label: ClassVar[str] = "against - for"

    @classmethod
    def from_estimator(
        cls, estimator: Any, text: str, *, label: Any = None, ax: Axes | None = None, **options: Any
    ) -> Self:
        """Draw ``estimator.saliency(text, label)``, whose errors it has; by default of the predicted class."""
        return cls.from_predictions(estimator.saliency(text, label), ax=ax, **options)


def place_tokens(tokens: Sequence[str], line_width: int) -> list[Placed]:
    """Break tokens into lines of at most ``line_width`` characters; a longer token has a line of its own."""
    placed, column, line = [], 0, 0
    for token in tokens:
        width = max(1, sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in token))
        if column and column + width > line_width:
            column, line = 0, line + 1
        placed.append(Placed(token, column, line, width))
        column += width + 1
    return placed

"""The graph of a network, boxes with shapes, as Keras' ``plot_model`` draws it; no Graphviz is needed."""

from collections.abc import Iterable, Sequence
from typing import Any, Self

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from gatecell._core.errors import InputError
from gatecell.nn.summary import Layer, layers_of
from gatecell.plotting.axes import FIRST, QUIET, axes_of, settle_texts

_BOX, _GAP, _WIDTH = 1.0, 0.42, 6.6
"""Heights and width in units of the axes; a box has two lines of text."""
_INCHES = 0.52
"""A unit of the axes."""


class NetworkGraphDisplay:
    """Layers from input to output.

    Parameters
    ----------
    layers : sequence of gatecell.nn.summary.Layer
    input_shape : str
        What goes into the first.

    Attributes
    ----------
    ax_, figure_
        What was drawn on.
    """

    def __init__(self, layers: Iterable[Layer], input_shape: str = "") -> None:
        self.layers: Sequence[Layer] = list(layers)
        self.input_shape = input_shape
        if not self.layers:
            raise InputError("There are no layers to draw.")

    @classmethod
    def from_estimator(cls, estimator: Any, *, steps: int | None = None, ax: Axes | None = None, **rest: Any) -> Self:
        """Draw the network of a fitted estimator; ``steps`` is T, to be shown in the shapes."""
        return cls.from_network(estimator.network_, steps=steps, ax=ax, **rest)

    @classmethod
    def from_network(cls, network: Any, *, steps: int | None = None, ax: Axes | None = None, **rest: Any) -> Self:
        """Draw what ``gatecell.nn.summary.layers_of`` finds in a network."""
        return cls(layers_of(network, steps)).plot(ax, **rest)

    def plot(self, ax: Axes | None = None, *, title: str | None = None) -> Self:
        """Draw on ``ax``, or on new axes."""
        height = len(self.layers) * (_BOX + _GAP)
        self.figure_, self.ax_ = axes_of(ax, (_INCHES * (_WIDTH + 0.4), _INCHES * (height + (0.6 if title else 0))))
        self.ax_.set_title(title or "")
        self.ax_.set(xlim=(-0.1, _WIDTH + 0.1), ylim=(height - _GAP + 0.1, -0.1))
        self.ax_.set_aspect("equal")
        self.ax_.axis("off")
        for index, layer in enumerate(self.layers):
            self._draw(layer, index * (_BOX + _GAP))
            if index:
                self._arrow(index * (_BOX + _GAP))
        settle_texts(self.ax_)
        return self

    def _draw(self, layer: Layer, top: float) -> None:
        trained = layer.parameters > 0
        box = FancyBboxPatch(
            (0.1, top + 0.05),
            _WIDTH - 0.2,
            _BOX - 0.1,
            boxstyle="round,pad=0,rounding_size=0.15",
            facecolor=(*_rgb(FIRST), 0.14 if trained else 0.04),
            edgecolor=FIRST if trained else QUIET,
            linewidth=1.2,
        )
        self.ax_.add_patch(box)
        self.ax_.text(0.35, top + 0.32, layer.title, va="center", fontsize=9.5, fontweight="bold")
        self.ax_.text(0.35, top + 0.70, layer.shape_text, va="center", fontsize=9)
        if trained:
            self.ax_.text(_WIDTH - 0.35, top + 0.70, f"{layer.parameters:,}", va="center", ha="right", fontsize=9)

    def _arrow(self, top: float) -> None:
        self.ax_.annotate(
            "",
            (_WIDTH / 2, top + 0.06),
            (_WIDTH / 2, top - _GAP - 0.06),
            arrowprops={"arrowstyle": "-|>", "color": QUIET, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0},
        )


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue

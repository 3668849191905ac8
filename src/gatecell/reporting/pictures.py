"""Drawings as SVG that stands in a page: text stays text, and takes the colours of the page, light or dark."""

import io
import re
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
from markupsafe import escape
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from gatecell._core.forks import ForkSafeLock
from gatecell._core.quiet import WarningRule, warning_rules

INK = "#0a0b0c"
"""Stands for the colour of the page's text while matplotlib draws."""
CELLS = LinearSegmentedColormap.from_list("cells", [(0.231, 0.49, 0.847, 0.0), (0.231, 0.49, 0.847, 0.85)])
"""From nothing to blue: readable on white and on black."""
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "gatecell",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": INK,
    "grid.alpha": 0.12,
    "legend.frameon": False,
    "font.size": 9.5,
    "axes.titlesize": 10,
    "figure.dpi": 144,
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK),
}
_GLYPHS = r"(?s)(Glyph \d+ .* missing from font|No font on this machine has Chinese)"
"""What is no fault here: the reader's browser draws the text, in its own fonts."""
# matplotlib has one style for all threads
_one_at_a_time = ForkSafeLock()


def drawn(
    draw: Callable[[Axes], object], label: str, size: tuple[float, float] = (4.8, 3.2), *, grid: bool = True
) -> str:
    """Return what ``draw`` draws on axes of ``size``, in inches.

    Parameters
    ----------
    draw : callable
        Takes the axes.
    label : str
        What the picture shows, for those who do not see it.
    grid : bool
        Whether lines stand behind it.
    """
    return drawn_grid(lambda axes: draw(axes[0]), label, (1, 1), size, grid=grid)


def drawn_grid(
    draw: Callable[[list[Axes]], object],
    label: str,
    shape: tuple[int, int],
    size: tuple[float, float],
    *,
    grid: bool = False,
) -> str:
    """Return what ``draw`` draws on a grid of axes, rows by columns, given as one list."""
    return _inline(_svg(draw, shape, size, grid=grid), label)


def _svg(draw: Callable[[list[Axes]], object], shape: tuple[int, int], size: tuple[float, float], *, grid: bool) -> str:
    with _one_at_a_time, mpl.rc_context(_STYLE), warning_rules(WarningRule("ignore", message=_GLYPHS)):
        picture = Figure(figsize=size, layout="constrained")
        axes = list(picture.subplots(*shape, squeeze=False).flat)
        for ax in axes:
            ax.grid(visible=grid)
        draw(axes)
        stream = io.StringIO()
        picture.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()


def _inline(text: str, label: str) -> str:
    svg = text[text.index("<svg") :]
    found = re.search(r'<svg[^>]*? width="([\d.]+)pt"', svg)
    width = float(found[1]) * 4 / 3 if found else 600.0
    # the height follows the width that the page gives
    svg = re.sub(r'(<svg[^>]*?) (?:width|height)="[\d.]+pt"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) (?:width|height)="[\d.]+pt"', r"\1", svg, count=1)
    start = f'<svg role="img" aria-label="{escape(label)}" style="max-width:{1.35 * width:.0f}px"'
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, count=1, flags=re.S)
    return svg.replace("<svg", start, 1).replace(INK, "currentColor")

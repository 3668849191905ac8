"""Windows: the pairs of past and future that a forecaster learns from, found by arithmetic alone.

A window lies around its *origin*, the first step that is forecast. What is seen ends one step before it, so that
nothing of the future can be in it. With ``lookback=4``, ``horizon=2``, ``stride=3`` over a series of 12 steps::

    step        0   1   2   3   4   5   6   7   8   9  10  11
    origin 10                           [ seen        ][fcst ]
    origin  7               [ seen        ][fcst ]
    origin  4   [ seen        ][fcst ]

Windows are counted back from the end: the last one ends with the last step, and where the stride leaves steps over,
they are the oldest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from gatecell._core.checks import check_integer
from gatecell._core.errors import InputError

Steps = NDArray[np.int64]


@dataclass(frozen=True)
class Windows:
    """How series are cut into what is seen and what is to be forecast."""

    lookback: int
    """Steps that are seen, at least 1."""
    horizon: int
    """Steps that are forecast, at least 1; they follow what is seen at once."""
    stride: int = 1
    """Steps from one window to the next, at least 1."""

    def __post_init__(self) -> None:
        for name in ("lookback", "horizon", "stride"):
            check_integer(name, getattr(self, name), minimum=1)

    @property
    def n_steps(self) -> int:
        """The steps of one window: ``lookback + horizon``."""
        return self.lookback + self.horizon

    def count(self, lengths: Any) -> Steps:
        """Return the number of windows of series of these lengths, of the same shape; 0 for the too short."""
        beyond = np.asarray(lengths, dtype=np.int64) - self.n_steps
        return np.where(beyond < 0, 0, beyond // self.stride + 1)

    def origins(self, length: int) -> Steps:
        """Return the origins in a series of ``length`` steps, ascending: ``(count,)``."""
        n_windows = int(self.count(length))
        return length - self.horizon - self.stride * np.arange(n_windows - 1, -1, -1, dtype=np.int64)

    def places(self, lengths: Any) -> tuple[Steps, Steps]:
        """Return all windows of several series.

        Parameters
        ----------
        lengths : (S,) integers
            The steps of each series.

        Returns
        -------
        series : (W,) int64
            Which series each window is of.
        origins : (W,) int64
            Its origin, counted from the first step of its series. Windows are in order of series, then of time.
        """
        steps = np.asarray(lengths, dtype=np.int64)
        counts = self.count(steps)
        series = np.repeat(np.arange(len(steps), dtype=np.int64), counts)
        to_last = np.repeat(counts.cumsum(), counts) - 1 - np.arange(len(series), dtype=np.int64)
        return series, steps[series] - self.horizon - self.stride * to_last

    def seen(self, values: NDArray[Any], origins: Steps) -> NDArray[Any]:
        """Return what is seen at each origin: ``(W, lookback, ...)`` of ``values``, ``(T, ...)``, as a copy."""
        return _stretches(values, origins - self.lookback, self.lookback)

    def ahead(self, values: NDArray[Any], origins: Steps) -> NDArray[Any]:
        """Return what follows each origin: ``(W, horizon, ...)`` of ``values``, ``(T, ...)``, as a copy."""
        return _stretches(values, origins, self.horizon)

    def check_lengths(self, lengths: Sequence[int] | Steps, names: Sequence[object]) -> None:
        """Raise an ``InputError`` that names the series that are too short for a single window."""
        steps = np.asarray(lengths, dtype=np.int64)
        short = np.flatnonzero(steps < self.n_steps)
        if not len(short):
            return
        shown = ", ".join(f"{names[index]!r} ({steps[index]:,})" for index in short[:5])
        more = f" and {len(short) - 5:,} more" if len(short) > 5 else ""
        which = f"{len(short):,} of {len(steps):,} series have" if len(steps) > 1 else "the series has"
        raise InputError(
            f"A window takes {self.n_steps:,} steps (lookback {self.lookback:,} and horizon {self.horizon:,}), but "
            f"{which} fewer: {shown}{more}. Choose a shorter lookback or horizon, or leave such series out."
        )


def _stretches(values: NDArray[Any], starts: Steps, n_steps: int) -> NDArray[Any]:
    if len(starts) and (starts.min() < 0 or starts.max() + n_steps > len(values)):
        raise InputError(
            f"A window reaches beyond the series: it has {len(values):,} steps, and origins lead from step "
            f"{int(starts.min()):,} to {int(starts.max()) + n_steps:,}. Take origins that Windows.origins gives."
        )
    if n_steps > len(values):
        return np.empty((0, n_steps, *values.shape[1:]), dtype=values.dtype)
    # the window becomes the last axis of the view; it belongs behind the first
    return np.moveaxis(sliding_window_view(values, n_steps, axis=0)[starts], -1, 1)

"""Intervals that cover what they say: split conformal prediction on the latest forecasts whose outcome is known.

A *score* is by how much an outcome lay beyond one end of the interval that the network itself gave, in units of the
window's scale; below 0 it lay within. Each end is moved by a quantile of its scores (conformalised quantile regression,
Romano, Patterson & Candes 2019, theorem 2), so that outcomes below the lower and above the upper end are each as rare
as they should be. A point forecast is an interval without width, whose ends are moved in the same way.

Scores are of windows that the network did not learn from, kept for each series and each step of the horizon: of the
windows whose last step comes before the origin, the latest ``calibration_windows``. They move on with time, so that a
slow change of the errors is followed. What comes after the origin has no part in them.

Where a series has fewer than ``FEWEST_OWN`` scores of a step, or too few for a level (n scores carry an end of
1 - 1/(n + 1) at most), those of all series of that step are taken together; where these are too few for the level,
those of all steps, but no less than the highest of the step itself: near steps have smaller errors, and the interval
of a step would else be narrower than that of a lower level.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gatecell._core.checks import check_level
from gatecell.estimators.forecasting.outcome import Outcome
from gatecell.nn.outputs import Output

Array = NDArray[np.float64]
Integers = NDArray[np.int64]
FEWEST_OWN = 50
"""Windows of one series overlap, so that a few tens of them tell of one stretch of time alone."""
OWN, ALL_SERIES, ALL_STEPS = 0, 1, 2
"""Whose scores an end is moved by: those of the series, of all series, of all steps of all series."""
_HAIR = 1e-9


class CoincidingIntervalsWarning(UserWarning):
    """Intervals of different levels end alike, since too few past forecasts are known to tell the levels apart."""


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of one level: of past forecasts, ordered by unit and origin."""

    units: Integers
    """``(N,)``, ascending."""
    origins: Integers
    """``(N,)``, ascending within a unit."""
    known_at: Integers
    """``(N,)``: the stamp of the last step of each, as a number; scores of other series are compared by it."""
    below: Array
    """``(N, H, K)``: by how much outcomes lay below the lower end; NaN where the outcome is missing."""
    above: Array
    """The same for the upper end."""

    @classmethod
    def of(
        cls,
        output: Output,
        level: float,
        units: Integers,
        origins: Integers,
        known_at: Integers,
        past: Outcome,
        outcomes: Array,
    ) -> "Scores":
        """Build from past forecasts and their outcomes, ``(N, H, K)`` in the scaled unit."""
        low, high = ends(output, past.raw, level)
        values = (outcomes - past.base) / past.scale
        return cls(units, origins, known_at, low - values, values - high)


def ends(output: Output, raw: Array, level: float) -> tuple[Array, Array]:
    """Return the ends of the interval of a level in percent that the network itself gives, ``(R, H, K)``."""
    check_level(level)
    tail = (1 - level / 100) / 2
    return output.quantile(raw, tail), output.quantile(raw, 1 - tail)


def margins(
    scores: Scores, level: float, units: Integers, origins: Integers, now: Integers, window: int
) -> tuple[Array, Array]:
    """Return by how much the lower end goes down and the upper end up, for forecasts from these origins.

    Parameters
    ----------
    scores : Scores
    level : float
        Percent, in [1, 100).
    units, origins : (R,)
        Of the forecasts.
    now : (R,)
        The last stamps that are known to them, as numbers.
    window : int
        The scores of a unit that are used, the latest ones.

    Returns
    -------
    two arrays (R, H, K)
        NaN where there are too few scores for the level.
    """
    check_level(level)
    share = 1 - (1 - level / 100) / 2
    shape = (len(units), *scores.below.shape[1:])
    low, high = np.empty(shape), np.empty(shape)
    pooled: dict[tuple[int, bool], Array] = {}
    for row, (own, present) in enumerate(_own_scores(scores, units, origins, now, window)):
        for result, values in ((low, scores.below), (high, scores.above)):
            highest = _highest(values[own], share, FEWEST_OWN)
            if highest is None:
                # many forecasts have the same present
                key = (present, result is low)
                if key not in pooled:
                    pooled[key] = _highest_of_all(values[scores.known_at <= present], share)
                highest = pooled[key]
            result[row] = highest
    return low, high


def calibrated_on(
    scores: Scores, level: float, units: Integers, origins: Integers, now: Integers, window: int
) -> Integers:
    """Return what ``margins`` takes for each forecast, ``(R,)``: ``OWN``, ``ALL_SERIES`` or ``ALL_STEPS``."""
    share = 1 - (1 - level / 100) / 2
    found = np.full(len(units), ALL_STEPS)
    for row, (own, present) in enumerate(_own_scores(scores, units, origins, now, window)):
        if _are_enough(scores.below[own], share, FEWEST_OWN):
            found[row] = OWN
        elif _are_enough(scores.below[scores.known_at <= present], share):
            found[row] = ALL_SERIES
    return found


def _own_scores(
    scores: Scores, units: Integers, origins: Integers, now: Integers, window: int
) -> Iterator[tuple[slice, int]]:
    """Yield for each forecast where the scores of its own unit lie, and what the present is."""
    horizon = scores.below.shape[1]
    first = np.searchsorted(scores.units, np.arange(int(scores.units.max(initial=0)) + 2))
    for unit, origin, present in zip(units.tolist(), origins.tolist(), now.tolist(), strict=True):
        own = slice(int(first[min(unit, len(first) - 1)]), int(first[min(unit + 1, len(first) - 1)]))
        # complete before the origin: the last step of the window lies before it
        stop = own.start + int(np.searchsorted(scores.origins[own], origin - horizon, side="right"))
        yield slice(max(own.start, stop - window), stop), int(present)


def scores_needed(share: float) -> int:
    """Return the least n for which the ceil((n + 1) share)-th smallest of n scores exists."""
    # the subtraction is for shares such as 0.9, whose quotient is a hair above 9
    return math.ceil(share / (1 - share) - _HAIR)


def _highest(scores: Array, share: float, fewest: int = 1) -> Array | None:
    """Return the score that ``share`` of them do not exceed, ``(H, K)``; None where there are too few."""
    if not _are_enough(scores, share, fewest):
        return None
    return _order_statistic(scores, (~np.isnan(scores)).sum(axis=0), share)


def _are_enough(scores: Array, share: float, fewest: int = 1) -> bool:
    """Return whether the known scores of every step are as many as a share needs, and at least ``fewest``."""
    counts = (~np.isnan(scores)).sum(axis=0)
    return bool((counts >= max(scores_needed(share), fewest)).all())


def _highest_of_all(known: Array, share: float) -> Array:
    """Return the same of the scores of all series, or else of all steps too; NaN where these are too few as well."""
    n_steps, n_targets = known.shape[1:]
    result = _highest(known, share)
    if result is None:
        together = _highest(known.reshape(-1, 1, n_targets), share)
        of_step = np.fmax.reduce(known, axis=0, initial=-np.inf)
        result = np.full((1, n_targets), np.nan) if together is None else np.maximum(together, of_step)
    return np.broadcast_to(result, (n_steps, n_targets))


def _order_statistic(values: Array, counts: NDArray[np.int64], share: float) -> Array:
    """Return the ceil((n + 1) share)-th smallest of the n values that are known, along the first axis."""
    places = np.ceil((counts + 1) * share - _HAIR).astype(np.int64) - 1
    # NaN is put at the end
    ordered = np.partition(values, np.unique(places), axis=0)
    result: Array = np.take_along_axis(ordered, places[None], axis=0)[0]
    return result

"""Scaling of series, each by its own measures or all by common ones, fitted on the training part alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatecell._core.checks import check_choice
from gatecell._core.errors import ArtifactError, InputError, OptionError
from gatecell._core.stated import Stated

Values = NDArray[np.float64]
SERIES_SCALINGS = ("standard", "minmax", "robust")


@dataclass(frozen=True, eq=False)
class SeriesScaler:
    """``(x - shift) / scale`` for each column of each series, in float64; NaN stays NaN."""

    shift: Values
    """``(S, C)`` where each series has its own measures, ``(1, C)`` where they are common."""
    scale: Values
    """As ``shift``, above 0."""

    @classmethod
    def fit(
        cls,
        series: Sequence[Values],
        kind: str | None,
        *,
        per_series: bool = True,
        ids: Sequence[Any] | None = None,
        names: Sequence[str] | None = None,
    ) -> "SeriesScaler":
        """Measure series. Give the steps to learn from and no others: what is measured here is known to the forecast.

        Parameters
        ----------
        series : S arrays (T_i, C)
            NaN is missing and left out of the measures.
        kind : "standard", "minmax", "robust" or None
            To mean 0 and variance 1; to [0, 1]; to median 0 and interquartile range 1, or, where the middle half of the
            values does not vary, variance 1; or not at all. A column that does not vary has scale 1, so that it
            becomes 0.
        per_series : bool
            Whether each series has measures of its own. True by default, since series of a panel often differ in size
            by orders of magnitude.
        ids, names : sequence, optional
            What errors call the series and columns; their numbers by default.

        Raises
        ------
        InputError
            Where a column has no value, or values are so large that its measures are beyond float64.
        UnknownNameError
            Where there is no such kind.
        """
        if not series:
            raise InputError("There are no series to fit a scaler to.")
        n_columns = series[0].shape[1]
        n_rows = len(series) if per_series else 1
        if kind is None:
            return cls(np.zeros((n_rows, n_columns)), np.ones((n_rows, n_columns)))
        check_choice("scaling", kind, SERIES_SCALINGS)
        groups = list(series) if per_series else [np.concatenate(series)]
        labels = [repr(id) for id in ids or range(len(groups))] if per_series else ["all series"]
        for label, values in zip(labels, groups, strict=True):
            empty = np.flatnonzero(np.isnan(values).all(axis=0))
            if len(empty):
                column = names[empty[0]] if names else f"column {empty[0]}"
                raise InputError(
                    f"{column} of {'series ' if per_series else ''}{label} has no value in the part that scaling is "
                    "fitted on. Leave the series out, or fit on a longer part."
                )
        with np.errstate(over="ignore", invalid="ignore"):
            measures = np.array([_measures(values, kind) for values in groups])
        shift, scale = measures[:, 0], measures[:, 1]
        unmeasured = np.argwhere(~np.isfinite(shift + scale))
        if len(unmeasured):
            raise InputError(
                f"Series {labels[unmeasured[0][0]]} has values so large that their mean or spread is beyond float64. "
                "Give them in a larger unit."
            )
        # a constant column is left with the rounding errors of its mean
        return cls(shift, np.where(scale <= 1e-12 * np.abs(shift), 1.0, scale))

    @property
    def per_series(self) -> bool:
        """Whether each of several series has its own measures."""
        return len(self.shift) > 1

    def transform(self, values: Values, series: Any = 0) -> Values:
        """Return scaled values.

        Parameters
        ----------
        values : (T, C), or (W, T, C)
            One series, or windows.
        series : int, or (W,) integers
            Which series the values are of; without meaning where measures are common.
        """
        shift, scale = self._measures_of(series)
        scaled: Values = (values - shift) / scale
        return scaled

    def inverse(self, values: Values, series: Any = 0) -> Values:
        """Return values in the unit of before; arguments as for ``transform``. The order of quantiles is kept."""
        shift, scale = self._measures_of(series)
        restored: Values = values * scale + shift
        return restored

    def _measures_of(self, series: Any) -> tuple[Values, Values]:
        """Return shift and scale of shape (C,) or (W, 1, C)."""
        if not self.per_series:
            return self.shift[0], self.scale[0]
        which = np.asarray(series)
        if which.min(initial=0) < 0 or which.max(initial=0) >= len(self.shift):
            raise OptionError(f"The scaler was fitted to {len(self.shift):,} series, numbered from 0; got {series}.")
        shift, scale = self.shift[which], self.scale[which]
        return (shift[:, None], scale[:, None]) if which.ndim else (shift, scale)

    def to_dict(self) -> dict[str, Any]:
        """Return the measures as JSON values."""
        return {"shift": self.shift.tolist(), "scale": self.scale.tolist()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "SeriesScaler":
        """Build from ``to_dict``'s result.

        Raises
        ------
        ArtifactError
            Where it is not a table of shifts and one of scales above 0, of the same shape.
        """
        stated = Stated(values, "a scaler")
        shift, scale = (np.array(stated.table(name), dtype=np.float64) for name in ("shift", "scale"))
        if shift.shape != scale.shape or not (scale > 0).all():
            raise ArtifactError(f"a scaler has shifts of shape {shift.shape} and scales of {scale.shape}, all above 0")
        return cls(shift, scale)


def _measures(values: Values, kind: str) -> tuple[Values, Values]:
    """Return shift and scale of each column, ``(C,)``; a scale may be 0."""
    if kind == "minmax":
        lowest = np.nanmin(values, axis=0)
        return lowest, np.nanmax(values, axis=0) - lowest
    spread: Values = np.nanstd(values, axis=0)
    if kind == "standard":
        return np.nanmean(values, axis=0), spread
    lower, median, upper = np.nanquantile(values, [0.25, 0.5, 0.75], axis=0)
    # values that differ by rounding alone do not vary: by such a range the others would become infinite
    return median, np.where(upper - lower > 1e-12 * spread, upper - lower, spread)

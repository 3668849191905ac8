"""Transforms of series that can be undone: logarithm, difference, and chains of them.

All work along the time axis of ``(..., T, C)`` and keep the shape, so that windows and whole series go alike. NaN is
missing and stays so. Undoing a difference needs the values before the first step; the future is never looked at.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatecell._core.checks import check_integer, check_number
from gatecell._core.errors import InputError, unknown_name
from gatecell._core.records import record_from_dict, record_to_dict

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Log:
    """``log(x + offset)``: growth by a factor becomes growth by a sum, and forecasts stay above ``-offset``.

    Quantiles are kept by the inverse; a mean becomes a geometric mean, which is lower than the mean.
    """

    offset: float = 0.0
    """Added before the logarithm; 1 is usual for counts, which may be 0."""

    def __post_init__(self) -> None:
        check_number("offset", self.offset)

    @property
    def n_before(self) -> int:
        """None is needed."""
        return 0

    def forward(self, values: Values) -> Values:
        """Return the logarithm.

        Raises
        ------
        InputError
            Where a value is not above ``-offset``.
        """
        if (values <= -self.offset).any():
            raise InputError(
                f"A logarithm needs values above {0.0 - self.offset:g}, but the lowest is {np.nanmin(values):g}. "
                "Give an offset (Log(offset=1) for counts), or leave the logarithm out."
            )
        logarithms: Values = np.log(values + self.offset)
        return logarithms

    def inverse(self, values: Values, before: Values) -> Values:
        """Return the exponential less ``offset``."""
        restored: Values = np.exp(values) - self.offset
        return restored


@dataclass(frozen=True)
class Difference:
    """``x[t] - x[t - lag]``: the change since the last step, or since the last season.

    The inverse adds up changes, so a point forecast is undone exactly. Quantiles of changes do not add up to quantiles.
    """

    lag: int = 1
    """Steps back, at least 1."""

    def __post_init__(self) -> None:
        check_integer("lag", self.lag, minimum=1)

    @property
    def n_before(self) -> int:
        """``lag`` steps are needed."""
        return self.lag

    def forward(self, values: Values) -> Values:
        """Return the changes; NaN in the first ``lag`` steps."""
        changes = np.full_like(values, np.nan)
        changes[..., self.lag :, :] = values[..., self.lag :, :] - values[..., : -self.lag, :]
        return changes

    def inverse(self, values: Values, before: Values) -> Values:
        """Return the values whose changes are given.

        Raises
        ------
        InputError
            Where ``before`` has fewer than ``lag`` steps.
        """
        _check_before(before, self.lag)
        *leading, n_steps, n_columns = values.shape
        n_rounds = -(-n_steps // self.lag)
        padded = np.zeros((*leading, n_rounds * self.lag, n_columns))
        padded[..., :n_steps, :] = values
        rounds = padded.reshape(*leading, n_rounds, self.lag, n_columns).cumsum(axis=-3)
        rounds += before[..., None, -self.lag :, :]
        restored: Values = rounds.reshape(padded.shape)[..., :n_steps, :]
        return restored


@dataclass(frozen=True)
class Chain:
    """Transforms one after the other, undone in reverse."""

    transforms: tuple[Log | Difference, ...] = ()

    @property
    def n_before(self) -> int:
        """The sum of what the transforms need."""
        return sum(transform.n_before for transform in self.transforms)

    def forward(self, values: Values) -> Values:
        """Return the values, transformed by each in turn."""
        for transform in self.transforms:
            values = transform.forward(values)
        return values

    def inverse(self, values: Values, before: Values) -> Values:
        """Undo all, given the untransformed values before.

        Raises
        ------
        InputError
            Where ``before`` has fewer than ``n_before`` steps.
        """
        _check_before(before, self.n_before)
        history = before[..., before.shape[-2] - self.n_before :, :]
        histories = []
        for transform in self.transforms:
            histories.append(history)
            history = transform.forward(history)
        for transform, known in zip(reversed(self.transforms), reversed(histories), strict=True):
            values = transform.inverse(values, known)
        return values

    def to_list(self) -> list[dict[str, Any]]:
        """Return the transforms as JSON values."""
        return [{"name": type(item).__name__.lower(), **record_to_dict(item)} for item in self.transforms]

    @classmethod
    def from_list(cls, items: Sequence[Mapping[str, Any] | str]) -> "Chain":
        """Build from ``to_list``'s result, or names alone: ``["log", {"name": "difference", "lag": 12}]``.

        Raises
        ------
        UnknownNameError
            Where there is no such transform, or it has no such option; suggests the nearest.
        """
        transforms = []
        for item in items:
            name, options = (item, {}) if isinstance(item, str) else (str(item.get("name")), dict(item))
            options.pop("name", None)
            if name not in _BY_NAME:
                raise unknown_name("transform", name, _BY_NAME)
            transforms.append(record_from_dict(_BY_NAME[name], options))
        return cls(tuple(transforms))


_BY_NAME: dict[str, type[Log] | type[Difference]] = {"log": Log, "difference": Difference}


def _check_before(before: Values, n_steps: int) -> None:
    if before.shape[-2] < n_steps:
        raise InputError(
            f"Undoing a difference needs the {n_steps:,} values before the first step, but {before.shape[-2]:,} are "
            "given. Keep more of the series."
        )

"""Scaling of sequences, channel by channel, fitted on the training part alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gatecell._core.checks import check_choice
from gatecell._core.errors import ArtifactError, InputError
from gatecell._core.records import record_to_dict
from gatecell._core.stated import Stated

SCALINGS = ("standard", "minmax")


@dataclass(frozen=True)
class ChannelScaler:
    """``(x - shift) / scale`` for each channel; computed in float64 and rounded once, to float32."""

    shift: tuple[float, ...]
    """What is subtracted, one value a channel."""
    scale: tuple[float, ...]
    """What is divided by, one value a channel; 1 for a channel that does not vary."""

    @classmethod
    def fit(cls, values: Tensor, kind: str, weight: Tensor | None = None, *, name: str = "X") -> "ChannelScaler":
        """Measure the channels.

        Parameters
        ----------
        values : (..., I)
            The values; all but the last dimension are steps.
        kind : "standard" or "minmax"
            To mean 0 and variance 1, or to [0, 1].
        weight : (...,), optional
            The weight of each step in mean and variance, at least 0; steps of weight 0 are as if they were not there.
            ``"minmax"`` looks only at whether it is above 0.
        name : str
            What errors call the values.

        Raises
        ------
        InputError
            Where values are so large that the measures of a channel are beyond float64, or no step has a weight.
        UnknownNameError
            Where there is no such kind.
        """
        check_choice("scaling", kind, SCALINGS)
        steps = values.flatten(0, -2).double()
        if weight is not None:
            # a step without weight has no part in anything, however large it is
            kept = weight.flatten() > 0
            steps, weight = steps[kept], weight.flatten()[kept].double()
        if not len(steps):
            raise InputError(f"{name} has no step of a weight above 0, so that its channels cannot be measured.")
        if kind == "minmax":
            shift, scale = steps.amin(0), steps.amax(0) - steps.amin(0)
        elif weight is None:
            variance, shift = torch.var_mean(steps, 0, correction=0)
            scale = variance.sqrt()
        else:
            share = weight / weight.sum()
            shift = share @ steps
            scale = (share @ (steps - shift).square()).sqrt()
        unmeasured = ~(shift.isfinite() & scale.isfinite())
        if unmeasured.any():
            channel = int(unmeasured.nonzero()[0])
            raise InputError(
                f"{name} cannot be scaled: the values of channel {channel} (counted from 0) are so large that "
                "their mean or spread is beyond float64. Give them in a larger unit."
            )
        # a constant channel is left with the rounding errors of its mean
        scale = torch.where(scale > 1e-12 * shift.abs(), scale, 1.0)
        return cls(tuple(shift.tolist()), tuple(scale.tolist()))

    @property
    def n_channels(self) -> int:
        """The number of channels."""
        return len(self.shift)

    def transform(self, values: Tensor) -> Tensor:
        """Return scaled values, float32, of the same shape ``(..., I)``."""
        parts = values.split(_ROWS_AT_ONCE)
        shift, scale = self._tensor(self.shift), self._tensor(self.scale)
        return torch.cat([((part.double() - shift) / scale).float() for part in parts])

    def inverse(self, values: Tensor) -> Tensor:
        """Return values in the unit of before, float64, of the same shape ``(..., I)``."""
        return values.double() * self._tensor(self.scale) + self._tensor(self.shift)

    def _tensor(self, numbers: tuple[float, ...]) -> Tensor:
        return torch.tensor(numbers, dtype=torch.float64)

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON values."""
        return record_to_dict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], n_channels: int | None = None) -> "ChannelScaler":
        """Build from ``to_dict``'s result.

        Raises
        ------
        ArtifactError
            Where it is not of ``n_channels`` channels, or has values that no fit gives. One value for several channels
            would be taken for all of them.
        """
        stated = Stated(values, "the scaler")
        n_channels = len(stated.listed("shift")) if n_channels is None else n_channels
        scale = stated.numbers("scale", n_channels, minimum=0)
        if 0 in scale:
            raise ArtifactError("scale of the scaler has a 0, by which nothing can be divided")
        return cls(tuple(stated.numbers("shift", n_channels)), tuple(scale))


_ROWS_AT_ONCE = 4096
"""Bounds the float64 copies."""

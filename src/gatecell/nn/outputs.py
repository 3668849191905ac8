"""What a forecaster's outputs mean: a number, several quantiles, or the parameters of a distribution.

Each kind turns the ``n_parameters`` raw outputs of a step into losses and quantiles. Where raw outputs are of values
that are shifted and scaled, the loss is that of the unscaled values, up to a constant.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor
from torch.nn.functional import huber_loss, softplus

from gatecell._core.checks import check_choice, check_number
from gatecell._core.errors import OptionError

POINT_LOSSES = ("mae", "mse", "huber")
OUTPUTS = ("point", "quantile", "normal", "student_t")
_LEAST_SPREAD = 1e-4
"""Keeps a density finite where a step is forecast exactly."""

Array = NDArray[np.float64]


class Output(ABC):
    """One kind of output."""

    name: ClassVar[str]
    n_parameters: int
    """P, the raw outputs of one step of one target."""

    @abstractmethod
    def loss(self, raw: Tensor, target: Tensor, scale: Tensor) -> Tensor:
        """Return the loss of each step, of the shape of ``target``.

        ``raw`` has one dimension of P more than ``target``; ``scale``, of the shape of ``target``, is what the values
        were divided by.
        """

    @abstractmethod
    def location(self, raw: Array) -> Array:
        """Return the forecast as one number, ``(...)`` of ``raw`` ``(..., P)``."""

    @abstractmethod
    def quantile(self, raw: Array, share: float) -> Array:
        """Return the value below which ``share`` of the outcomes are forecast, ``(...)`` of ``raw`` ``(..., P)``."""

    @abstractmethod
    def moved(self, raw: Array, shift: Array, scale: Array) -> Array:
        """Return the raw outputs of ``shift + scale * value``, where those of ``value`` are given."""


class PointOutput(Output):
    """One number: the median under the absolute error, the mean under the squared one, between them under Huber's."""

    name = "point"
    n_parameters = 1

    def __init__(self, loss: str = "mae") -> None:
        check_choice("loss", loss, POINT_LOSSES)
        self._kind = loss

    def loss(self, raw: Tensor, target: Tensor, scale: Tensor) -> Tensor:
        """Return the loss; see ``Output``."""
        error = (raw[..., 0] - target) * scale
        if self._kind == "mae":
            return error.abs()
        return error.square() if self._kind == "mse" else huber_loss(error, torch.zeros_like(error), reduction="none")

    def location(self, raw: Array) -> Array:
        """Return the number."""
        return raw[..., 0]

    def quantile(self, raw: Array, share: float) -> Array:
        """Return the number: it has no spread but what calibration gives it."""
        return raw[..., 0]

    def moved(self, raw: Array, shift: Array, scale: Array) -> Array:
        """Return the moved number."""
        return raw * scale[..., None] + shift[..., None]


class QuantileOutput(Output):
    """Several quantiles, by the pinball loss (Koenker & Bassett 1978); the median is among them.

    Quantiles that cross are put in order (Chernozhukov et al. 2010); between two of them, those of other shares are
    interpolated, beyond the outermost they stay.
    """

    name = "quantile"

    def __init__(self, quantiles: Sequence[float]) -> None:
        if not isinstance(quantiles, Sequence) or not quantiles:
            raise OptionError(f"quantiles must be a sequence of numbers in (0, 1), got {quantiles!r}.")
        for share in quantiles:
            check_number("each of quantiles", share, minimum=0, maximum=1, open_minimum=True, open_maximum=True)
        if 0.5 not in quantiles or list(quantiles) != sorted(set(quantiles)):
            raise OptionError(f"quantiles must ascend and have 0.5, the median, among them, got {tuple(quantiles)}.")
        self.quantiles = tuple(float(share) for share in quantiles)
        self.n_parameters = len(self.quantiles)

    def loss(self, raw: Tensor, target: Tensor, scale: Tensor) -> Tensor:
        """Return twice the mean pinball loss over the quantiles, which is the absolute error for the median alone."""
        error = (target[..., None] - raw) * scale[..., None]
        share = torch.tensor(self.quantiles, dtype=raw.dtype, device=raw.device)
        return 2 * torch.maximum(share * error, (share - 1) * error).mean(-1)

    def location(self, raw: Array) -> Array:
        """Return the median."""
        return np.sort(raw, axis=-1)[..., self.quantiles.index(0.5)]

    def quantile(self, raw: Array, share: float) -> Array:
        """Return a quantile, interpolated where it is not one of those that are learnt."""
        ordered = np.sort(raw, axis=-1)
        place = float(np.interp(share, self.quantiles, np.arange(self.n_parameters)))
        low = min(int(place), self.n_parameters - 1)
        high = min(low + 1, self.n_parameters - 1)
        return ordered[..., low] + (place - low) * (ordered[..., high] - ordered[..., low])

    def moved(self, raw: Array, shift: Array, scale: Array) -> Array:
        """Return the moved quantiles."""
        return raw * scale[..., None] + shift[..., None]


class NormalOutput(Output):
    """The mean and the spread of a normal distribution, by the likelihood."""

    name = "normal"
    n_parameters = 2

    def loss(self, raw: Tensor, target: Tensor, scale: Tensor) -> Tensor:
        """Return the negative log-likelihood but for its constant."""
        spread = _positive(raw[..., 1])
        return 0.5 * ((target - raw[..., 0]) / spread).square() + spread.log()

    def location(self, raw: Array) -> Array:
        """Return the mean."""
        return raw[..., 0]

    def quantile(self, raw: Array, share: float) -> Array:
        """Return a quantile."""
        result: Array = raw[..., 0] + _positive_array(raw[..., 1]) * stats.norm.ppf(share)
        return result

    def moved(self, raw: Array, shift: Array, scale: Array) -> Array:
        """Return the moved parameters."""
        return _moved_location_and_spread(raw, shift, scale)


class StudentTOutput(Output):
    """Location, spread and degrees of freedom (above 2) of Student's t distribution, by the likelihood."""

    name = "student_t"
    n_parameters = 3

    def loss(self, raw: Tensor, target: Tensor, scale: Tensor) -> Tensor:
        """Return the negative log-likelihood but for its constant."""
        spread, freedom = _positive(raw[..., 1]), 2 + softplus(raw[..., 2])
        error = (target - raw[..., 0]) / spread
        half = (freedom + 1) / 2
        return (
            half * torch.log1p(error.square() / freedom)
            + spread.log()
            + 0.5 * freedom.log()
            + torch.lgamma(freedom / 2)
            - torch.lgamma(half)
        )

    def location(self, raw: Array) -> Array:
        """Return the location, which is mean and median."""
        return raw[..., 0]

    def quantile(self, raw: Array, share: float) -> Array:
        """Return a quantile."""
        freedom = 2 + np.logaddexp(0, raw[..., 2])
        result: Array = raw[..., 0] + _positive_array(raw[..., 1]) * stats.t.ppf(share, freedom)
        return result

    def moved(self, raw: Array, shift: Array, scale: Array) -> Array:
        """Return the moved parameters; the degrees of freedom stay."""
        return _moved_location_and_spread(raw, shift, scale)


def build_output(kind: str, *, loss: str = "mae", quantiles: Sequence[float] = (0.5,)) -> Output:
    """Build the output of a kind; ``loss`` is for ``"point"``, ``quantiles`` for ``"quantile"``.

    Raises
    ------
    OptionError
        Where there is no such kind, or what it takes is out of its range.
    """
    check_choice("output", kind, OUTPUTS)
    match kind:
        case "point":
            return PointOutput(loss)
        case "quantile":
            return QuantileOutput(quantiles)
        case "normal":
            return NormalOutput()
        case _:
            return StudentTOutput()


def _positive(raw: Tensor) -> Tensor:
    return softplus(raw) + _LEAST_SPREAD


def _positive_array(raw: Array) -> Array:
    result: Array = np.logaddexp(0, raw) + _LEAST_SPREAD
    return result


def _raw_of_positive(value: Array) -> Array:
    """Undo ``_positive_array``; a value below the least spread is lifted to just above it."""
    above = np.maximum(value - _LEAST_SPREAD, 1e-12)
    result: Array = above + np.log(-np.expm1(-above))
    return result


def _moved_location_and_spread(raw: Array, shift: Array, scale: Array) -> Array:
    """Return parameters whose first is a location and whose second a spread, of the moved values."""
    moved = raw.copy()
    moved[..., 0] = raw[..., 0] * scale + shift
    moved[..., 1] = _raw_of_positive(_positive_array(raw[..., 1]) * scale)
    return moved

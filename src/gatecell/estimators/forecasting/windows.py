"""Windows as rows of a network: gathered by index, normalised, joined with their covariates."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gatecell.estimators.forecasting.options import ForecastOptions
from gatecell.estimators.forecasting.stretches import Stretches
from gatecell.training.batches import Batch

_LEAST_VARIANCE = 1e-4
"""Added to a window's variance, in units of the series' own: a flat window would otherwise be blown up."""


class Seen(NamedTuple):
    """What is known at the origins of some rows; B rows, L steps that are seen, h steps of one call of the network."""

    filled: Tensor
    """``(B, n_before, K)`` float64."""
    known: Tensor
    """Of the same shape: whether the value is one that was observed."""
    past: Tensor
    """``(B, L, P)``."""
    future: Tensor
    """``(B, L + h, F)``."""
    static: Tensor
    """``(B, S)``."""


class Framed(NamedTuple):
    """Rows as the network takes them, and what its outputs are relative to: ``base + scale * output``."""

    inputs: Tensor
    """``(B, L / patch_size, I)``."""
    context: Tensor
    """``(B, C)``."""
    base: Tensor
    """``(B, h, K)`` float64."""
    scale: Tensor
    """``(B, K)`` float64."""


@dataclass(frozen=True, eq=False)
class WindowRows:
    """Windows of stretches, as a ``BatchSource`` and, by ``seen``, for those who move on from step to step."""

    stretches: Stretches
    options: ForecastOptions
    units: Tensor
    """``(W,)`` int64: the unit of each window."""
    origins: Tensor
    """``(W,)`` int64: its first step that is forecast, counted from the first of the unit."""

    @classmethod
    def of(
        cls, stretches: Stretches, options: ForecastOptions, units: NDArray[np.int64], origins: NDArray[np.int64]
    ) -> "WindowRows":
        """Build from arrays."""
        return cls(stretches, options, torch.from_numpy(units), torch.from_numpy(origins))

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.units)

    def take(self, indices: Tensor) -> Batch:
        """Return windows with their targets, ``(B, h, K, 2)``: what the network should put out, and the scale."""
        framed = frame(self.seen(indices), self.options)
        block = self.options.block
        places = self.stretches.starts[self.units[indices]] + self.origins[indices]
        ahead = self.stretches.observed[places[:, None] + torch.arange(block)]
        scale = framed.scale[:, None].expand_as(ahead)
        target = torch.stack([(ahead - framed.base) / scale, scale], dim=-1).float()
        # a row counts by the share of its targets that are known
        missing = ahead.isnan().flatten(1).float().mean(1)
        return Batch((framed.inputs, None, framed.context), target, 1 - missing if missing.any() else None)

    def seen(self, indices: Tensor) -> Seen:
        """Return what is known at the origins of these windows."""
        options, stretches = self.options, self.stretches
        units, origins = self.units[indices], self.origins[indices]
        assert options.lookback is not None
        places = stretches.starts[units] + origins
        before = places[:, None] + torch.arange(-options.n_before, 0)
        covariates = (stretches.covariate_starts[units] + origins)[:, None]
        return Seen(
            filled=stretches.filled[before],
            known=~stretches.observed[before].isnan(),
            past=stretches.past[covariates + torch.arange(-options.lookback, 0)],
            future=stretches.future[covariates + torch.arange(-options.lookback, options.block)],
            static=stretches.static[units],
        )


def frame(seen: Seen, options: ForecastOptions) -> Framed:
    """Normalise what is seen, and lay it out for the network.

    A step has, in this order: the targets relative to the window's level, or their differences and, beside them, the
    same; whether they were observed (``missing="mask"``); covariates of the past; covariates known ahead, of the step
    itself and of the step one horizon later; static features. The context has the covariates of the steps to come,
    static features, and the targets of the window (``skip``).
    """
    n_steps, block = options.lookback, options.block
    assert n_steps is not None
    lag = options.lag
    window = seen.filled[:, -n_steps:]
    level = torch.zeros_like(window[:, :1])
    if options.window_level == "last":
        level = window[:, -1:]
    elif options.window_level == "mean":
        level = window.mean(dim=1, keepdim=True)
    x, scale = _normalised(window - level, options)
    base = level.expand(-1, block, -1)
    if lag is not None:
        # how the values lie to each other is not in their differences
        beside = [x] if options.window_level else []
        x, scale = _normalised(window - seen.filled[:, :-lag], options)
        base = seen.filled[:, seasonal_places(block, lag) + seen.filled.shape[1]]
        x = torch.cat([x, *beside], dim=2)
    values = x.float()
    n_rows = len(values)
    parts = [values]
    if options.missing == "mask":
        parts.append(seen.known[:, -n_steps:].float())
    static = seen.static[:, None].expand(-1, n_steps, -1)
    parts += [seen.past, seen.future[:, :n_steps], seen.future[:, block : block + n_steps], static]
    steps = torch.cat(parts, dim=2)
    context = [seen.future[:, n_steps:].flatten(1), seen.static]
    if options.skip:
        context.append(values.flatten(1))
    patches = steps.reshape(n_rows, n_steps // options.patch_size, -1)
    return Framed(patches, torch.cat(context, dim=1), base, scale)


def _normalised(x: Tensor, options: ForecastOptions) -> tuple[Tensor, Tensor]:
    """Return ``(B, L, K)`` divided by each window's own spread, ``(B, K)``, which comes second; or as it is."""
    if not options.window_scale:
        return x, torch.ones_like(x[:, 0])
    scale = (x.var(dim=1, correction=0) + _LEAST_VARIANCE).sqrt()
    return x / scale[:, None], scale


def seasonal_places(n_steps: int, lag: int) -> Tensor:
    """Return where, counted from the origin, the latest known value of the same place in the cycle lies: (n_steps,)."""
    steps = torch.arange(n_steps)
    return steps - lag * (steps.div(lag, rounding_mode="floor") + 1)


def n_inputs(options: ForecastOptions, features: tuple[int, int, int, int]) -> tuple[int, int]:
    """Return the inputs a step of the LSTM and the size of the context, of K, P, F and S features."""
    n_targets, n_past, n_future, n_static = features
    assert options.lookback is not None
    n_values = n_targets * (2 if options.difference and options.window_level else 1)
    a_step = n_values + (n_targets if options.missing == "mask" else 0) + n_past + 2 * n_future + n_static
    context = options.block * n_future + n_static + (options.lookback * n_values if options.skip else 0)
    return a_step * options.patch_size, context

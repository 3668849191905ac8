"""Forecasts of windows: raw outputs of any horizon, relative to what is known at their origin."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from gatecell._core.errors import InputError
from gatecell.estimators.exact import ExactHead
from gatecell.estimators.forecasting.options import ForecastOptions
from gatecell.estimators.forecasting.windows import Framed, Seen, WindowRows, frame
from gatecell.nn.network import SequenceNetwork
from gatecell.training.prediction import evaluating, network_device

Array = NDArray[np.float64]
_ROWS_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class Outcome:
    """What is forecast of R windows: ``base + scale * value``, in the scaled unit of the series."""

    raw: Array
    """``(R, H, K, P)``: parameters of the value's output, rounded to float32 so that a file holds them exactly."""
    base: Array
    """``(R, H, K)``."""
    scale: Array
    """``(R, 1, K)``."""

    def select(self, rows: NDArray[np.int64] | slice) -> "Outcome":
        """Return some rows."""
        return Outcome(self.raw[rows], self.base[rows], self.scale[rows])


def forecast_windows(network: SequenceNetwork, rows: WindowRows, horizon: int) -> Outcome:
    """Forecast ``horizon`` steps of each window, at most the options' block unless their strategy is recursive."""
    exact = ExactHead(network)
    parts = []
    with evaluating(exact):
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            indices = torch.arange(start, min(start + _ROWS_AT_ONCE, len(rows)))
            if rows.options.strategy == "recursive":
                parts.append(_recursive(exact, rows, indices, horizon))
            else:
                parts.append(_direct(exact, rows, indices, horizon))
    joined = Outcome(*(np.concatenate(items) for items in zip(*((p.raw, p.base, p.scale) for p in parts), strict=True)))
    if not np.isfinite(joined.raw).all():
        raise InputError(
            "The network has no finite forecast: the values seen are too far from those that were fitted. "
            "Look for a wrong unit or for outliers in the last observations."
        )
    return joined


def _direct(exact: ExactHead, rows: WindowRows, indices: torch.Tensor, horizon: int) -> Outcome:
    framed = frame(rows.seen(indices), rows.options)
    raw = _raw(exact, framed, rows.options)
    return Outcome(raw[:, :horizon], framed.base.numpy()[:, :horizon], framed.scale.numpy()[:, None])


def _recursive(exact: ExactHead, rows: WindowRows, indices: torch.Tensor, horizon: int) -> Outcome:
    """Forecast step by step: the location of each forecast is taken for seen at the next."""
    output = rows.options.build_output()
    first: Framed | None = None
    known = rows.seen(indices)
    steps = []
    for step in range(horizon):
        framed = frame(known, rows.options)
        first = first or framed
        raw = _raw(exact, framed, rows.options)
        # from relative to this step's window to relative to that of the origin
        scale = (framed.scale / first.scale)[:, None].numpy()
        shift = ((framed.base - first.base) / first.scale[:, None]).numpy()
        steps.append(output.moved(raw, shift, np.broadcast_to(scale, shift.shape)))
        if step + 1 < horizon:
            value = framed.base.numpy() + framed.scale[:, None].numpy() * output.location(raw)
            known = _moved_on(known, torch.from_numpy(value), _later(rows, indices, step + 1))
    assert first is not None
    raw = np.concatenate(steps, axis=1).astype(np.float32).astype(np.float64)
    return Outcome(raw, np.repeat(first.base.numpy(), horizon, axis=1), first.scale.numpy()[:, None])


def _later(rows: WindowRows, indices: torch.Tensor, n_steps: int) -> Seen:
    """Return what would be seen ``n_steps`` later, of which only covariates known ahead are to be used."""
    later = replace(rows, origins=rows.origins + n_steps)
    return later.seen(indices)


def _moved_on(known: Seen, value: torch.Tensor, later: Seen) -> Seen:
    """Return what is known one step later, where ``value``, ``(B, 1, K)``, is taken for seen."""
    return Seen(
        filled=torch.cat([known.filled[:, 1:], value], dim=1),
        known=torch.cat([known.known[:, 1:], torch.ones_like(known.known[:, :1])], dim=1),
        past=later.past,
        future=later.future,
        static=known.static,
    )


def _raw(exact: nn.Module, framed: Framed, options: ForecastOptions) -> Array:
    device = network_device(exact)
    flat = exact(framed.inputs.to(device), None, framed.context.to(device))
    n_targets, n_parameters = framed.base.shape[2], options.build_output().n_parameters
    raw: Array = flat.float().double().numpy().reshape(len(flat), options.block, n_targets, n_parameters)
    return raw

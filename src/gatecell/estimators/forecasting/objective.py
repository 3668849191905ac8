"""What a forecaster is trained on: the loss of its outputs, in the scaled unit of the series."""

from collections.abc import Callable

import torch
from torch import Tensor

from gatecell.nn.outputs import Output


def window_loss(output: Output) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the loss of flat outputs ``(B, h K P)`` and targets ``(B, h, K, 2)`` of ``WindowRows``.

    It is ``(B,)``, the mean over the targets that are known.
    """

    def loss(flat: Tensor, target: Tensor) -> Tensor:
        value, scale = target[..., 0], target[..., 1]
        known = ~value.isnan()
        losses = output.loss(_raw(output, flat, value), torch.where(known, value, 0.0), scale)
        return (losses * known).flatten(1).sum(1) / known.flatten(1).sum(1).clamp(min=1)

    return loss


def mean_absolute_error(output: Output) -> Callable[[Tensor, Tensor], float]:
    """Return the mean absolute error of the forecasts as numbers, in the scaled unit."""

    def error(flat: Tensor, target: Tensor) -> float:
        value, scale = target[..., 0].double().numpy(), target[..., 1].double()
        location = output.location(_raw(output, flat, target[..., 0]).double().numpy())
        return float(((torch.from_numpy(location - value)) * scale).abs().nanmean())

    return error


def _raw(output: Output, flat: Tensor, target: Tensor) -> Tensor:
    return flat.view(*target.shape, output.n_parameters)

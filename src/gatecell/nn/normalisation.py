"""Normalisation of the features between two LSTMs, over the steps that count."""

from typing import ClassVar, assert_never

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm

from gatecell.kernels.reference import valid_steps
from gatecell.nn.config import NormName


class BatchNorm(nn.Module):
    """Batch normalisation (Ioffe & Szegedy 2015): each feature to mean 0 and variance 1 over the steps of a batch.

    Mean and variance are taken over valid steps alone. Running means of them stand in for a batch in evaluation, and in
    training for a batch of a single step, which has no variance: plain means over the first batches, then means that
    forget old batches at the rate ``MOMENTUM``.
    """

    MOMENTUM: ClassVar[float] = 0.01
    """What the latest batch counts for in the running means, at least; Keras says the same as 0.99. PyTorch's 0.1 is a
    mean over some ten batches: too few where the rows of a batch are of like length, so that batches differ."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(size)

    def forward(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """Return ``x`` (B, T, F) normalised; steps that do not count are 0."""
        if lengths is None:
            return self._normalised(x.flatten(0, 1)).view_as(x)
        valid = valid_steps(x, lengths)
        result = torch.zeros_like(x)
        result[valid] = self._normalised(x[valid])
        return result

    def _normalised(self, steps: Tensor) -> Tensor:
        if self.training and len(steps) < 2:
            norm = self.norm
            return batch_norm(steps, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps)
        if self.training:
            assert self.norm.num_batches_tracked is not None
            self.norm.momentum = max(self.MOMENTUM, 1 / (1 + int(self.norm.num_batches_tracked)))
        normalised: Tensor = self.norm(steps)
        return normalised


class LayerNorm(nn.Module):
    """Layer normalisation (Ba, Kiros & Hinton 2016): the features of each step to mean 0 and variance 1."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(size)

    def forward(self, x: Tensor, lengths: Tensor | None) -> Tensor:
        """Return ``x`` (B, T, F) normalised; the LSTM that follows does not look at steps that do not count."""
        normalised: Tensor = self.norm(x)
        return normalised


def build_norm(name: NormName, size: int) -> BatchNorm | LayerNorm:
    """Build the module of a normalisation of ``size`` features."""
    match name:
        case "batch":
            return BatchNorm(size)
        case "layer":
            return LayerNorm(size)
        case _:
            assert_never(name)

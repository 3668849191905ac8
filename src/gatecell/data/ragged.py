"""Rows of unlike lengths as stretches of one long array: the arithmetic that sequences and tokens share."""

import torch
from torch import Tensor


def gathered(values: Tensor, starts: Tensor, lengths: Tensor) -> Tensor:
    """Return stretches of ``values`` as a batch.

    Parameters
    ----------
    values : (N, ...)
        The steps of all rows, one after the other.
    starts, lengths : (B,) int64
        Where each stretch begins, and its number of steps, at least 0.

    Returns
    -------
    Tensor
        ``(B, T, ...)``; T is the length of the longest stretch. Behind the end of the others there is 0.
    """
    step = torch.arange(int(lengths.max()))
    valid = step < lengths[:, None]
    places = torch.where(valid, starts[:, None] + step, 0)
    batch = values.index_select(0, places.flatten()).view(*places.shape, *values.shape[1:])
    return batch.masked_fill_(~valid.view(*valid.shape, *[1] * (values.dim() - 1)), 0)


def joined(values: Tensor, starts: Tensor, lengths: Tensor) -> Tensor:
    """Return stretches of ``values``, ``(N, ...)``, one after the other."""
    behind = lengths.cumsum(0) - lengths
    places = torch.arange(int(lengths.sum())) + (starts - behind).repeat_interleave(lengths)
    return values.index_select(0, places)


def offsets_of(lengths: Tensor) -> Tensor:
    """Return where each of n stretches starts when they are joined, and where the last ends: ``(n + 1,)`` int64."""
    return torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])


def limited(lengths: Tensor, longest: int | None) -> Tensor:
    """Return the lengths, those above ``longest`` replaced by it; None: as they are."""
    return lengths if longest is None else lengths.clamp(max=longest)

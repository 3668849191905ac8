"""Augmentation: rows that are a little different each time they are learned from."""

import torch
from torch import Tensor

from gatecell.data.ragged import limited


def random_stretches(
    lengths: Tensor, share: float, longest: int | None = None, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Draw one stretch of each row.

    A stretch keeps at least ``1 - share`` of the steps of a row (rounded up) and at most ``longest``, so that of a very
    long row less may be kept. Its length is uniform between these bounds, and then its place within the row.

    Parameters
    ----------
    lengths : (B,) int64
        Steps of each row, at least 1.
    share : float in [0, 1)
        The largest share of a row that is cut away.
    longest : int, optional
        At least 1.
    generator : torch.Generator, optional
        By default PyTorch's own.

    Returns
    -------
    skipped, kept : (B,) int64
        Steps before the stretch, at least 0, and its length, at least 1.
    """
    most = limited(lengths, longest)
    # through float64, whose product of a length and a share is exact enough that 1 - share of a row is never missed
    fewest = ((1.0 - share) * lengths.double()).ceil().long().clamp(min=1)
    fewest = torch.minimum(fewest, most)
    kept = fewest + _below(most - fewest + 1, generator)
    return _below(lengths - kept + 1, generator), kept


def _below(bound: Tensor, generator: torch.Generator | None) -> Tensor:
    """Return whole numbers, each uniform in 0..bound-1."""
    drawn = torch.rand(bound.shape, dtype=torch.float64, generator=generator) * bound
    return torch.minimum(drawn.long(), bound - 1)

"""Rows whose channels come before their steps, ``(n, I, T)`` as a convolution of PyTorch takes them."""

import torch
from torch import Tensor

from gatecell.data.sequences import Sequences

_ROWS = 200
_FEWEST_CHANNELS = 8
_SMOOTH, _ROUGH = 0.5, 0.25
"""Correlations of neighbours: above the first, values run on as a measurement over time does; below the other, not."""


def looks_channel_first(sequences: Sequences) -> bool:
    """Return whether what is read as channels looks like steps.

    That is where there are at least twice as many channels as steps, and from channel to channel the values run on
    while from step to step they jump; or where there is one step alone. It does not hold of images (as many channels as
    steps), of embeddings (neighbouring channels have nothing to do with each other) or of spectra over time (which run
    on from step to step too).
    """
    if sequences.offsets is not None:
        return False
    n_steps, n_channels = sequences.values.shape[1:]
    if n_channels < max(_FEWEST_CHANNELS, 2 * n_steps):
        return False
    if n_steps == 1:
        return True
    values = sequences.values[:: max(1, len(sequences) // _ROWS)].double()
    along_channels, along_steps = _neighbours(values), _neighbours(values.transpose(1, 2))
    return along_channels > _SMOOTH and along_steps < _ROUGH


def _neighbours(values: Tensor) -> float:
    """Return the correlation of neighbours on the last axis, the mean over lines; of values by chance it is 0.

    It is von Neumann's ratio (1941): the mean square of differences is twice the variance where they are independent.
    """
    variance = values.var(dim=-1)
    differences = values.diff(dim=-1).square().mean(dim=-1)
    # a line by itself, so that channels of large numbers do not speak for all
    return float(torch.where(variance > 0, 1 - differences / (2 * variance), 0.0).mean())

"""A part of the rows, held out at random to validate or to measure on."""

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch import Tensor

from gatecell._core.checks import check_number
from gatecell._core.errors import InputError


def split_off(
    n_rows: int, fraction: float, *, seed: int, labels: Tensor | None = None, name: str = "validation_fraction"
) -> tuple[Tensor, Tensor]:
    """Divide rows at random.

    Parameters
    ----------
    n_rows : int
    fraction : float
        The share of the part that is held out, in (0, 1); it gets at least one row, as does the training part.
    seed : int
    labels : (n_rows,) int64, optional
        Classes; each part then has them in the proportions of the whole, where every class has rows enough for that.
    name : str
        What the user calls the share, for errors.

    Returns
    -------
    training, held out : int64 tensors
        Indices in rising order, so that the rows stay in the order in which they were given.

    Raises
    ------
    OptionError
        Where ``fraction`` is no share.
    InputError
        Where there are too few rows to divide.
    """
    check_number(name, fraction, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True)
    n_held_out = max(1, round(fraction * n_rows))
    if n_held_out >= n_rows:
        raise InputError(
            f"{name}={fraction:g} of {n_rows} rows leaves none to train on. Give more rows, or a smaller {name}."
        )
    stratify = None
    if labels is not None:
        counts = np.bincount(labels.numpy())
        counts = counts[counts > 0]
        if counts.min() >= 2 and n_held_out >= len(counts) and n_rows - n_held_out >= len(counts):
            stratify = labels.numpy()
    training, held_out = train_test_split(
        np.arange(n_rows), test_size=n_held_out, random_state=seed % 2**32, stratify=stratify
    )
    return torch.from_numpy(np.sort(training)), torch.from_numpy(np.sort(held_out))

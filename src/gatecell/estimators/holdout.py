"""A validation part, taken from the training rows."""

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch import Tensor

from gatecell._core.checks import check_number
from gatecell._core.errors import InputError


def split_off(n_rows: int, fraction: float, *, seed: int, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Divide rows at random.

    Parameters
    ----------
    n_rows : int
    fraction : float
        The share of the validation part, in (0, 1); it gets at least one row, as does the training part.
    seed : int
    labels : (n_rows,) int64, optional
        Classes; each part then has them in the proportions of the whole, where every class has rows enough for that.

    Returns
    -------
    training, validation : int64 tensors
        Indices in rising order, so that the rows stay in the order in which they were given.

    Raises
    ------
    InputError
        Where there are too few rows to divide.
    """
    check_number("validation_fraction", fraction, minimum=0.0, maximum=1.0, open_minimum=True, open_maximum=True)
    n_validation = max(1, round(fraction * n_rows))
    if n_validation >= n_rows:
        raise InputError(
            f"validation_fraction={fraction:g} of {n_rows} rows leaves none to train on. "
            "Give more rows, a smaller fraction, or validation_data."
        )
    stratify = None
    if labels is not None:
        counts = np.bincount(labels.numpy())
        counts = counts[counts > 0]
        if counts.min() >= 2 and n_validation >= len(counts) and n_rows - n_validation >= len(counts):
            stratify = labels.numpy()
    training, validation = train_test_split(
        np.arange(n_rows), test_size=n_validation, random_state=seed % 2**32, stratify=stratify
    )
    return torch.from_numpy(np.sort(training)), torch.from_numpy(np.sort(validation))

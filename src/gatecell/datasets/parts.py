"""What a loader of labelled rows returns."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class LabelledRows(NamedTuple):
    """Sequences and what is to be predicted of each."""

    X: NDArray[np.float32]
    """``(n, T, I)``."""
    y: NDArray[np.int64]
    """``(n,)``."""


@dataclass(frozen=True)
class TrainTest:
    """A data set with the division into training and test part that its figures are compared on."""

    train: LabelledRows
    """To learn from; a validation part is taken from here."""
    test: LabelledRows
    """To judge by, once."""

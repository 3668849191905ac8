"""What a loader of labelled rows returns."""

from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray


class LabelledRows(NamedTuple):
    """Sequences and what is to be predicted of each."""

    X: NDArray[np.float32]
    """``(n, T, I)``."""
    y: NDArray[np.int64]
    """``(n,)``."""


class LabelledTexts(NamedTuple):
    """Texts and what is to be predicted of each."""

    X: list[str]
    """``n`` texts."""
    y: NDArray[Any]
    """``(n,)``: text or whole numbers."""


class LabelledRagged(NamedTuple):
    """Sequences of unlike lengths and what is to be predicted of each."""

    X: list[NDArray[np.float64]]
    """``n`` arrays ``(T_i, I)``."""
    y: NDArray[Any]
    """``(n,)``."""


Rows = TypeVar("Rows")


@dataclass(frozen=True)
class TrainTest(Generic[Rows]):
    """A data set with the division into training and test part that its figures are compared on."""

    train: Rows
    """To learn from; a validation part is taken from here."""
    test: Rows
    """To judge by, once."""
    validation: Rows | None = None
    """A validation part of its own, where the data have one."""

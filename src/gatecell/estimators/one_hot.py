"""Classes as rows with one 1 (one-hot), which an array of several labels a row may look like."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gatecell._core.ambiguity import warn_ambiguous
from gatecell._core.errors import InputError


@dataclass(frozen=True, eq=False)
class OneHot:
    """Which class each column of a one-hot array stands for."""

    columns: NDArray[Any]
    """``(k,)`` labels, unlike ones: the names of a frame's columns, or the numbers 0 to k - 1."""

    @classmethod
    def of(cls, y: Any) -> Self | None:
        """Return the classes of an array or frame ``(n, k)``; None where not each row has exactly one 1, and else 0."""
        array = table_of(y)
        if array.shape[1] < 2 or not _is_one_hot(array).all():
            return None
        return cls(_names(y))

    def warn(self, n_rows: int) -> None:
        """Say which of its two meanings the array has, and how to say either."""
        warn_ambiguous(
            f"Each of the {n_rows} rows of y has exactly one 1 among its {len(self.columns)} columns. It is read as "
            "one-hot: each row is of one class, and predict returns classes. To say so without this warning, give the "
            "class of each row, as np.asarray(y).argmax(axis=1). If a row may have several of these labels, give "
            "tuples of them, as [tuple(np.flatnonzero(row)) for row in np.asarray(y)]."
        )

    def labels(self, y: Any) -> NDArray[Any]:
        """Return the class of each row, ``(n,)``.

        Raises
        ------
        InputError
            Where ``y`` has other columns, or a row that has not exactly one 1.
        """
        array = table_of(in_order(y, self.columns.tolist()))
        if array.shape[1] != len(self.columns):
            raise InputError(
                f"y has {array.shape[1]} columns, but the fit had one-hot rows of {len(self.columns)} classes."
            )
        right = _is_one_hot(array)
        if not right.all():
            row = int(np.flatnonzero(~right)[0])
            raise InputError(
                f"y has not exactly one 1 in row {row} (counted from 0), but the rows of the fit had one, so they were "
                "read as one-hot classes. Give one class a row; or fit anew with several labels a row, as tuples."
            )
        labels: NDArray[Any] = self.columns[array.argmax(axis=1)]
        return labels


def in_order(y: Any, columns: list[Any] | None) -> Any:
    """Return a frame with its columns in the order of the names that were fitted, if there are; all else as it is.

    Raises
    ------
    InputError
        Where the names are others.
    """
    names = own_names(y)
    if names is None or columns is None or columns == names or columns == list(range(len(columns))):
        return y
    if sorted(map(str, names)) != sorted(map(str, columns)):
        raise InputError(f"y has the columns {names}, but the fit had {columns}.")
    return y[columns]


def own_names(y: Any) -> list[Any] | None:
    """Return the names of a frame's columns, where they are unlike and all text or all whole numbers; else None."""
    names = y.columns.tolist() if isinstance(y, pd.DataFrame) else []
    alike = len({type(name) for name in names}) == 1 and isinstance(names[0], str | int)
    return names if alike and len(set(names)) == len(names) else None


def table_of(y: Any) -> NDArray[Any]:
    """Return an array or frame as an array; of objects, as frames of nullable columns are, that of their kind."""
    array = np.asarray(y)
    if array.dtype != object:
        return array
    plain = np.array(array.tolist())
    return plain if plain.dtype.kind in "biuf" and plain.shape == array.shape else array


def _names(y: Any) -> NDArray[Any]:
    names = own_names(y)
    return np.arange(np.shape(y)[1]) if names is None else np.array(names)


def _is_one_hot(array: NDArray[Any]) -> NDArray[np.bool_]:
    """Return of each row whether it has exactly one 1, and else 0."""
    if array.dtype.kind not in "biuf":
        return np.zeros(len(array), dtype=np.bool_)
    result: NDArray[np.bool_] = ((array == 1).sum(axis=1) == 1) & ((array != 0).sum(axis=1) == 1)
    return result

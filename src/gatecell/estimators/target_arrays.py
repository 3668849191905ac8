"""``y`` as an array of one or two dimensions, or as a list of sets of labels, before its meaning is looked at."""

from collections.abc import Mapping, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from gatecell._core.ambiguity import warn_ambiguous
from gatecell._core.errors import InputError, InputTypeError
from gatecell.data.arrays import as_plain
from gatecell.data.sequences import check_unmasked

COLLECTIONS = (tuple, list, set, frozenset)
ONE_A_STEP = (
    "A target a step is not supported: the estimators learn one answer a row, from all of its steps. "
    "Give that of the last step, as [row[-1] for row in y]; or cut the rows into windows, each with the "
    "target of its last step; or train a gatecell.nn.LSTM, whose output has every step."
)


def as_targets(y: Any, *, sets: bool = False) -> Any:
    """Return ``y`` as an array or frame of one or two dimensions, or as a list of collections of labels.

    Applied to its own result it changes nothing.

    Parameters
    ----------
    y : array, frame, sparse matrix, tensor or list
    sets : bool
        Whether lists and tuples are known to be sets of labels. Otherwise those of one length become an array where
        they are rows of one: of 0 and 1, or of fractions; lists of one entry each become that entry.

    Raises
    ------
    InputError
        Where ``y`` has no rows or no order, is masked, or has more dimensions.
    """
    check_unmasked(y, "y")
    if isinstance(y, str | bytes | Mapping | Set):
        raise InputTypeError(f"y is a {type(y).__name__}, which should be a 1d array or a list: a target for each row.")
    y = y.toarray() if issparse(y) else as_plain(y, "y")
    shape = y.shape if hasattr(y, "shape") else (len(y),) if hasattr(y, "__len__") else ()
    if not shape:
        raise InputTypeError(f"y is of type {type(y).__name__}, but it should be a 1d array or a list.")
    if shape[0] == 0:
        raise InputError("y has no targets: it is empty.")
    if len(shape) == 1:
        rows = y.to_numpy() if hasattr(y, "to_numpy") else y
        return _from_rows(rows, sets=sets) if _holds_rows(rows) else y
    return check_dimensions(y)


def check_dimensions(y: Any) -> Any:
    """Return ``y``; raise an ``InputError`` where it has more than two dimensions."""
    if len(y.shape) > 2:
        hint = ""
        if y.shape[-1] == 1:
            hint = " Its last dimension has one entry: y[..., 0] leaves it out."
        raise InputError(
            f"y has {len(y.shape)} dimensions, of shape {tuple(y.shape)}, but there is one target a row, (n,), "
            f"or several, (n, k).{hint} {ONE_A_STEP}"
        )
    return y


def _holds_rows(rows: Any) -> bool:
    first = rows[0]
    return isinstance(first, COLLECTIONS) or len(getattr(first, "shape", ())) > 0


def _from_rows(rows: Any, *, sets: bool) -> Any:
    plain = [as_plain(row, f"y[{index}]") for index, row in enumerate(rows)]
    arrays = all(hasattr(row, "shape") for row in plain)
    if arrays or (not sets and all(isinstance(row, tuple | list) for row in plain)):
        array = _stacked(plain)
        if array is not None and (arrays or array.ndim > 2 or _is_table(array)):
            return check_dimensions(array)
        if array is not None and array.shape[1] == 1 and not any(isinstance(row, tuple) for row in plain):
            warn_ambiguous(
                "Each row of y is a list of one entry. It is read as one target a row; to say so, give the entries "
                "themselves. If a row may have several labels, give a tuple for each row, as (label,)."
            )
            return [row[0] for row in plain]
    collections = [row.tolist() if hasattr(row, "tolist") else row for row in plain]
    for index, row in enumerate(collections):
        if isinstance(row, COLLECTIONS) and any(isinstance(label, COLLECTIONS) for label in row):
            raise InputError(f"y[{index}] has lists in it, but a row has one target, or a list of labels. {ONE_A_STEP}")
    return collections


def _stacked(rows: list[Any]) -> NDArray[Any] | None:
    try:
        return np.array(rows) if len({len(row) for row in rows}) == 1 else None
    except (ValueError, TypeError):  # of unlike lengths, or no rows at all among them
        return None


def _is_table(array: NDArray[Any]) -> bool:
    """Return whether lists or tuples of one length are rows of a table: as sets of labels they would mean nothing."""
    zeros_and_ones = array.dtype.kind in "biu" and bool(np.isin(array, (0, 1)).all())
    return array.shape[1] > 1 and (zeros_and_ones or array.dtype.kind == "f")

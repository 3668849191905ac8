"""Several labels a row: arrays of 0 and 1, or collections of labels."""

import re
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from gatecell._core.errors import ArtifactError, InputError
from gatecell._core.stated import Stated
from gatecell.estimators.one_hot import table_of
from gatecell.estimators.target_arrays import COLLECTIONS

Form = Literal["indicator", "collections"]
"""``"indicator"``: an array ``(n, k)`` of 0 and 1. ``"collections"``: of each row a tuple, list or set of labels."""


def form_of(y: Any) -> Form | None:
    """Return how ``y``, as ``as_targets`` returns it, has several labels a row; None where it has one."""
    if getattr(y, "ndim", 1) == 2:
        return "indicator" if y.shape[1] > 1 else None
    rows = y.to_numpy() if hasattr(y, "to_numpy") else y
    return "collections" if isinstance(rows[0], COLLECTIONS) else None


def labels_of(y: Any, form: Form) -> NDArray[Any]:
    """Return the labels that there are, sorted.

    Raises
    ------
    InputError
        Where there is none, or labels are not of one kind.
    """
    if form == "indicator":
        return np.arange(np.shape(y)[1])
    labels = {label for row in _collections(y) for label in row}
    if not labels:
        raise InputError("No row has a label, so there is nothing to learn from.")
    if any(pd.isna(label) for label in labels):
        raise InputError("A row has a label that is missing (None or NaN) among its labels. Leave it out of the row.")
    for kind, name in ((str, "text"), (bool | np.bool_, "True or False")):
        if len({isinstance(label, kind) for label in labels}) > 1:
            raise InputError(f"Some labels are {name} and some are not. Write all of them in one way.")
    return of_one_kind(np.array(sorted(labels)))


def of_one_kind(labels: NDArray[Any]) -> NDArray[Any]:
    """Return labels ``(n,)``, of objects that are numbers an array of numbers.

    Raises
    ------
    InputError
        Where a label is missing, or labels are not all text, all numbers or all True or False, which a file can keep.
    """
    if labels.dtype == object:
        missing = np.flatnonzero(pd.isna(labels))
        if len(missing):
            raise InputError(f"y has no label in row {missing[0]} (counted from 0). Leave out rows without one.")
        plain = [label.item() if isinstance(label, np.generic) else label for label in labels]
        if all(isinstance(label, str) for label in plain):
            return np.array(plain, dtype=object)
        kinds = sorted({type(label).__name__ for label in plain})
        if len(kinds) > 1:
            raise InputError(f"y has labels of several kinds ({', '.join(kinds)}). Write all of them in one way.")
        labels = np.array(plain)
        if labels.dtype == object:
            raise _no_labels(kinds[0], "[str(label) for label in y]")
    if labels.dtype.kind == "S":
        raise _no_labels("bytes", "[label.decode() for label in y]")
    if labels.dtype.kind in "mMVOc":
        raise _no_labels(str(labels.dtype), "y.astype(str)")
    return labels


def _no_labels(kind: str, conversion: str) -> InputError:
    return InputError(
        f"y has labels of type {kind}; labels are text, numbers, or True and False. Convert them, as with {conversion}."
    )


def from_json(values: Stated) -> NDArray[Any]:
    """Return the labels ``(n,)`` that a file states as ``classes``, of the type ``classes_dtype``.

    Raises
    ------
    ArtifactError
        Where they are not sorted, not of that type, or the type would cut them or take much memory.
    """
    stated, name = values.listed("classes"), values.text("classes_dtype")
    kinds = {type(label) for label in stated}
    if (
        len(kinds) > 1
        or not kinds <= {str, bool, int, float}
        or (name not in ("|O", "O") and not _TYPE.fullmatch(name))
    ):
        raise ArtifactError(f"classes that are not all text, numbers, or true and false, of type {name[:20]!r}")
    dtype = np.dtype(name)
    if dtype.itemsize * len(stated) > _MOST_BYTES:
        raise ArtifactError(f"classes of type {name!r}, which take {dtype.itemsize:,} bytes each")
    labels = np.array(stated, dtype=dtype)
    if labels.tolist() != stated or (kinds and {type(label) for label in labels.tolist()} != kinds):
        raise ArtifactError(f"classes that are not of type {name!r}")
    if any(first >= second for first, second in pairwise(stated)):
        raise ArtifactError("classes that are not sorted, each once")
    return labels


_TYPE = re.compile(r"[<>|=]?([biuf][1248]|f16|U[1-9][0-9]{0,8})")
_MOST_BYTES = 16_000_000


def read(y: Any, labels: NDArray[Any], form: Form) -> Tensor:
    """Return ``y`` as a bool tensor ``(n, k)``.

    Raises
    ------
    InputError
        Where ``y`` is not of this form, or has a label that is not among ``labels``.
    """
    if form == "indicator":
        array = table_of(y)
        if array.ndim != 2 or array.shape[1] != len(labels):
            raise InputError(f"y must be an array of 0 and 1 of shape (n, {len(labels)}), got shape {array.shape}.")
        if array.dtype.kind not in "biuf" or not np.isin(array, (0, 1)).all():
            raise InputError(_not_zero_and_one(array))
        return torch.from_numpy(array.astype(np.bool_))
    rows = _collections(y)
    places = {label: place for place, label in enumerate(labels.tolist())}
    result = torch.zeros(len(rows), len(labels), dtype=torch.bool)
    for index, row in enumerate(rows):
        for label in row:
            if label not in places:
                raise InputError(
                    f"y[{index}] has the label {label!r}, which is none of {labels.tolist()}. "
                    "Give rows of known labels, or fit anew with all of them."
                )
            result[index, places[label]] = True
    return result


def _not_zero_and_one(array: NDArray[Any]) -> str:
    text = "y has several columns, one a label, so it must hold 0 and 1 alone."
    if array.dtype.kind == "f" and np.allclose(array.sum(axis=1), 1):
        return f"{text} Its rows sum to 1, as probabilities of classes do: give the class, as y.argmax(axis=1)."
    return text


def written(decided: NDArray[np.bool_], labels: NDArray[Any], form: Form) -> Any:
    """Return decisions ``(n, k)`` as an array of 0 and 1, or as a list of tuples of labels."""
    if form == "indicator":
        return decided.astype(np.int64)
    return [tuple(labels[row].tolist()) for row in decided]


def check_learnable(target: Tensor) -> None:
    """Raise an ``InputError`` where every label is in all rows or in none."""
    if bool((target == target[:1]).all()):
        raise InputError(
            "All rows that count have the same labels; a classifier needs rows that differ to learn what tells them "
            "apart."
        )


def _collections(y: Any) -> list[Any]:
    if len(getattr(y, "shape", ())) == 2:
        raise InputError(
            f"y is an array of shape {tuple(y.shape)}, but the fit had tuples, lists or sets of labels. Give those."
        )
    rows = list(y)
    for index, row in enumerate(rows):
        if not isinstance(row, COLLECTIONS):
            raise InputError(
                f"y[{index}] must be a tuple, list or set of labels as the other rows have, got {row!r}. "
                "A row with one label is (label,)."
            )
    return rows

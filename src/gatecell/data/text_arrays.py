"""Labels that are text as an array, in which each takes the room of the longest."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatecell._core.errors import InputError

_LONG_LABEL = 200
_BYTES_A_CHARACTER = 4
_MOST_BYTES = 200_000_000


def label_array(labels: Sequence[str], where: Callable[[int], str]) -> NDArray[Any]:
    """Return labels as an array.

    Parameters
    ----------
    labels : sequence of str
    where : callable
        Returns of a row, counted from 0, where its label stands, for messages.

    Raises
    ------
    InputError
        Where one label is so long that the array would be far larger than the file.
    """
    lengths = [len(label) for label in labels]
    longest = max(lengths, default=0)
    if longest > _LONG_LABEL and longest * len(labels) * _BYTES_A_CHARACTER > _MOST_BYTES:
        raise InputError(
            f"{where(lengths.index(longest))}: the label has {longest:,} characters, and each of the {len(labels):,} "
            "labels would take the room of the longest. A label is a short name: is it the column of the texts?"
        )
    return np.array(labels, dtype=np.str_)

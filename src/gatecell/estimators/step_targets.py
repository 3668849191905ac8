"""Targets that look like one a step, where estimators learn one answer a row."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from gatecell._core.ambiguity import warn_ambiguous
from gatecell._core.errors import InputError
from gatecell.data.sequences import Sequences
from gatecell.data.texts import Texts
from gatecell.estimators.rows import Inputs
from gatecell.estimators.target_arrays import COLLECTIONS, ONE_A_STEP

_FEW_STEPS = 3
_FEW_ROWS = 5
"""With fewer, as many targets as steps may be chance."""


def check_not_of_steps(inputs: Inputs, y: Any, *, labels: bool) -> None:
    """Look for as many targets in each row of ``y`` as the row of inputs has steps.

    Parameters
    ----------
    inputs : Inputs
        ``n`` rows that were read.
    y : array or list
        As ``as_targets`` returns it.
    labels : bool
        Whether targets are labels; otherwise they are numbers.

    Raises
    ------
    InputError
        Where the targets cannot be several ones of the whole row: lengths differ with those of the inputs, or labels
        come again within a row.

    Warns
    -----
    AmbiguousInputWarning
        Where they can.
    """
    counts = _counts(y)
    if counts is None or len(counts) != len(inputs) or not any(counts == steps for steps in _steps(inputs)):
        return
    ragged = len(set(counts)) > 1
    what = f"as many {'labels' if labels else 'numbers'} as its row of X has steps"
    if not _can_be_of_the_row(y, labels=labels) or (ragged and len(counts) >= _FEW_ROWS):
        raise InputError(f"Each row of y has {what}. {ONE_A_STEP}")
    if max(counts) < _FEW_STEPS:
        return
    meaning = "labels that the whole row has or has not" if labels else f"{counts[0]} numbers of the whole row"
    warn_ambiguous(
        f"Each row of y has {what}. They are read as {meaning}, to be predicted from its last state. "
        f'If that is meant, warnings.simplefilter("ignore", gatecell.AmbiguousInputWarning) silences this; if not: '
        f"{ONE_A_STEP}"
    )


def _counts(y: Any) -> list[int] | None:
    """Return how many targets each row has; None where it has one."""
    shape: tuple[int, ...] = getattr(y, "shape", ())
    if len(shape) == 2:
        return [shape[1]] * shape[0] if shape[1] > 1 else None
    if isinstance(y, list) and all(isinstance(row, COLLECTIONS) for row in y):
        return [len(row) for row in y]
    return None


def _steps(inputs: Inputs) -> Iterator[list[int]]:
    """Yield the number of steps of each row; of texts that of words and that of characters."""
    match inputs:
        case Sequences():
            lengths = inputs.lengths
            yield [inputs.n_steps] * len(inputs) if lengths is None else lengths.tolist()
        case Texts():
            yield [len(text.split()) for text in inputs.rows]
            yield [len(text) for text in inputs.rows]


def _can_be_of_the_row(y: Any, *, labels: bool) -> bool:
    """Return whether targets can be several ones of a row: numbers of a table, 0 and 1 of labels, or unlike labels."""
    if isinstance(y, list):
        return labels and all(len(set(row)) == len(row) for row in y)
    return not labels or bool(np.isin(np.asarray(y), (0, 1)).all())

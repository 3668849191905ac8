"""Rows of one length: cutting what is longer and padding what is shorter, at either end.

Gatecell's own networks need neither: they take rows as they are. This is for what takes rectangles alone.
"""

import torch
from torch import Tensor

from gatecell._core.checks import check_choice, check_integer
from gatecell.data.sequences import Sequences
from gatecell.data.tokens import KEPT, Kept, Tokens

ENDS = KEPT


def cut(rows: Sequences | Tokens, n_steps: int, *, keep: Kept = "start") -> list[Tensor]:
    """Return each row without what is beyond ``n_steps``.

    Parameters
    ----------
    rows : Sequences or Tokens
    n_steps : int
        The largest number of steps, at least 1.
    keep : "start" or "end"
        Which end of a row that is too long stays.

    Returns
    -------
    list of Tensor
        Views ``(T_i, I)`` of sequences, ``(T_i,)`` of tokens.

    Raises
    ------
    OptionError
        Where an option is out of its range.
    """
    check_integer("n_steps", n_steps, minimum=1)
    check_choice("keep", keep, KEPT)
    return [row[:n_steps] if keep == "start" else row[-n_steps:] for row in rows.rows()]


def pad(rows: Sequences | Tokens, n_steps: int, *, at: Kept = "end", keep: Kept = "start", value: float = 0) -> Tensor:
    """Return the rows as a rectangle.

    Parameters
    ----------
    rows, n_steps, keep
        As in ``cut``.
    at : "end" or "start"
        Where a row that is too short gets steps; Keras's ``pad_sequences`` pads and cuts at the start.
    value : number
        What those steps hold; 0, the padding mark of Gatecell's tokenizers.

    Returns
    -------
    Tensor
        ``(n, n_steps, I)`` of sequences, ``(n, n_steps)`` of tokens, of the type of the rows.

    Raises
    ------
    OptionError
        Where an option is out of its range.
    """
    check_choice("at", at, ENDS)
    stretches = cut(rows, n_steps, keep=keep)
    result = torch.full((len(stretches), n_steps, *stretches[0].shape[1:]), value, dtype=stretches[0].dtype)
    for row, stretch in zip(result, stretches, strict=True):
        if at == "end":
            row[: len(stretch)] = stretch
        else:
            row[n_steps - len(stretch) :] = stretch
    return result

"""Rows to learn from, under sample weights: a weight of 2 is a row given twice, a weight of 0 is a row not given.

In the mean loss of one batch this holds by the formula, up to the rounding of sums taken in another order. It is made
to hold bit for bit: rows of weight 0 are left out, and where all rows fit in one batch, rows alike are joined and put
in an order of their own, so that both ways to say the same thing end with the same weights of the network.
"""

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor

from gatecell._core.errors import InputError
from gatecell.data.sequences import Sequences


@dataclass(frozen=True)
class TrainingRows:
    """Rows to learn from or to validate on."""

    X: Sequences
    """``n`` sequences."""
    target: Tensor
    """``(n, ...)``."""
    weight: Tensor | None
    """``(n,)`` float64; None: all 1."""

    def select(self, indices: Tensor) -> "TrainingRows":
        """Return some of the rows."""
        return TrainingRows(
            self.X.select(indices),
            self.target[indices],
            None if self.weight is None else self.weight[indices],
        )

    def fingerprint(self) -> str:
        """Return a hash of all there is in these rows: equal for equal rows, on every machine."""
        digest = hashlib.blake2b(digest_size=16)
        for tensor in (self.X.values, self.X.offsets, self.target, self.weight):
            digest.update(b"absent" if tensor is None else f"{tensor.dtype} {tuple(tensor.shape)}".encode())
            if tensor is not None:
                digest.update(tensor.contiguous().numpy().data)
        return digest.hexdigest()

    def normalised(self, batch_size: int) -> "TrainingRows":
        """Return rows that are trained on alike, where two sets of rows and weights mean the same.

        Raises
        ------
        InputError
            Where all weights are 0.
        """
        rows = self
        if rows.weight is not None:
            kept = rows.weight > 0
            if not bool(kept.any()):
                raise InputError("All sample weights are zero, which leaves nothing to learn from.")
            if not bool(kept.all()):
                rows = rows.select(kept.nonzero().flatten())
        return rows._joined() if len(rows.X) <= batch_size else rows

    def _joined(self) -> "TrainingRows":
        weight = torch.ones(len(self.X), dtype=torch.float64) if self.weight is None else self.weight
        places: dict[tuple[bytes, bytes], list[int]] = {}
        for index, row in enumerate(self.X.rows()):
            key = (row.numpy().tobytes(), self.target[index].numpy().tobytes())
            places.setdefault(key, []).append(index)
        groups = [places[key] for key in sorted(places)]
        joined = torch.stack([weight[group].sum() for group in groups])
        return TrainingRows(
            self.X.select(torch.tensor([group[0] for group in groups])),
            self.target[[group[0] for group in groups]],
            joined,
        )

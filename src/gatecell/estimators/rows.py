"""Rows to learn from, under sample weights: a weight of 2 is a row given twice, a weight of 0 is a row not given.

In the mean loss of one batch this holds by the formula, up to the rounding of sums taken in another order. It is made
to hold bit for bit: rows of weight 0 are left out, and where all rows fit in one batch, rows alike are joined and put
in an order of their own, so that both ways to say the same thing end with the same weights of the network.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, Self

import torch
from torch import Tensor

from gatecell._core.errors import InputError


class Inputs(Protocol):
    """What an estimator reads ``X`` into: sequences, or texts."""

    def __len__(self) -> int:
        """Return the number of rows."""

    def select(self, indices: Tensor, /) -> Self:
        """Return some of the rows, by int64 indices, in their order."""

    def row_bytes(self) -> Iterator[bytes]:
        """Yield the content of each row, equal for equal rows alone."""


@dataclass(frozen=True)
class TrainingRows:
    """Rows to learn from or to validate on."""

    X: Inputs
    """``n`` rows as they were given."""
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
        for row in self.X.row_bytes():
            digest.update(len(row).to_bytes(8, "little") + row)
        for tensor in (self.target, self.weight):
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
        for index, row in enumerate(self.X.row_bytes()):
            key = (row, self.target[index].numpy().tobytes())
            places.setdefault(key, []).append(index)
        groups = [places[key] for key in sorted(places)]
        joined = torch.stack([weight[group].sum() for group in groups])
        return TrainingRows(
            self.X.select(torch.tensor([group[0] for group in groups])),
            self.target[[group[0] for group in groups]],
            joined,
        )

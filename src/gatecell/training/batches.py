"""Whole batches by index: no per-row collation, and an order that the seed and the epoch alone decide."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, TypeVar, cast

import torch
from torch import Tensor

from gatecell._core.errors import InputError
from gatecell._core.random import derive_seed

Source = TypeVar("Source")


class Batch(NamedTuple):
    """Some rows, ready for a network of ``forward(*inputs)``."""

    inputs: tuple[Tensor | None, ...]
    """What the network takes, such as values ``(B, T, I)`` and lengths ``(B,)`` or None."""
    target: Tensor | None = None
    """What the loss takes beside the prediction, ``(B, ...)``; None where rows are only predicted."""
    weight: Tensor | None = None
    """The weight of each row in the loss, ``(B,)``, at least 0; None: all 1."""

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on another device."""
        return Batch(
            tuple(None if item is None else item.to(device, non_blocking=True) for item in self.inputs),
            None if self.target is None else self.target.to(device, non_blocking=True),
            None if self.weight is None else self.weight.to(device, non_blocking=True),
        )


class BatchSource(Protocol):
    """What training and prediction see of the data."""

    def __len__(self) -> int:
        """Return the number of rows."""

    def take(self, indices: Tensor, /) -> Batch:
        """Return the rows of the given int64 indices, ``(B,)``, in their order."""


class Rows(Protocol):
    """What a network takes, by index; ``gatecell.data.sequences.Sequences`` is one."""

    def __len__(self) -> int:
        """Return the number of rows."""

    def take(self, indices: Tensor, /) -> tuple[Tensor | None, ...]:
        """Return the network's inputs for the given int64 indices, ``(B,)``."""


class Chunks(Protocol):
    """Streams in chunks; ``gatecell.data.streams.Streams`` is one."""

    def __len__(self) -> int:
        """Return the number of chunks."""

    def chunk(self, index: int, /) -> tuple[Tensor, Tensor, Tensor | None, Tensor]:
        """Return tokens, target, lengths and which lanes begin a sequence."""


@dataclass(frozen=True)
class StreamSource:
    """Chunks of streams, as a ``BatchSource``: a batch is a chunk, and chunks are taken in their order."""

    chunks: Chunks

    def __len__(self) -> int:
        """Return the number of chunks."""
        return len(self.chunks)

    def take(self, indices: Tensor) -> Batch:
        """Return the chunk of a single index."""
        tokens, target, lengths, fresh = self.chunks.chunk(int(indices))
        return Batch((tokens, lengths, fresh), target)


def rows_a_batch(source: BatchSource, batch_size: int) -> int:
    """Return how many indices make a batch: a chunk of streams is one by itself."""
    return 1 if isinstance(source, StreamSource) else batch_size


@dataclass(frozen=True)
class RowSource:
    """Rows with their targets and weights, as a ``BatchSource``.

    Raises
    ------
    InputError
        Where the numbers of rows differ, or a weight is negative, not finite, or all are 0.
    """

    rows: Rows
    """What the network takes."""
    target: Tensor | None = None
    """One target a row, ``(n, ...)``."""
    weight: Tensor | None = None
    """One weight a row, ``(n,)``."""

    def __post_init__(self) -> None:
        for name, tensor in (("targets", self.target), ("weights", self.weight)):
            if tensor is not None and len(tensor) != len(self.rows):
                raise InputError(f"There are {len(self.rows)} rows but {len(tensor)} {name}; give one for each row.")
        weight = self.weight
        if weight is not None and not (bool(torch.isfinite(weight).all()) and bool((weight >= 0).all())):
            raise InputError("Row weights must be finite and not negative.")
        if weight is not None and not bool((weight > 0).any()):
            raise InputError("All row weights are 0, which leaves nothing to learn from.")

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def with_generator(self, generator: torch.Generator) -> "RowSource":
        """Return the same rows, with what they draw drawn from ``generator``."""
        return replace(self, rows=with_generator(self.rows, generator))

    @property
    def lengths(self) -> Tensor | None:
        """The steps of each row, ``(n,)`` int64; None where all have the same."""
        return row_lengths(self.rows)

    def take(self, indices: Tensor) -> Batch:
        """Return the rows of the given int64 indices, ``(B,)``, in their order."""
        return Batch(
            self.rows.take(indices),
            None if self.target is None else self.target.index_select(0, indices),
            None if self.weight is None else self.weight.index_select(0, indices),
        )


def with_generator(source: Source, generator: torch.Generator) -> Source:
    """Return a source of batches, or rows, with what it draws drawn from ``generator``, where it draws anything."""
    hand = getattr(source, "with_generator", None)
    return source if hand is None else cast("Source", hand(generator))


def epoch_order(n_rows: int, *, seed: int, epoch: int, shuffle: bool) -> Tensor:
    """Return the order of the rows in one epoch (counted from 0), ``(n_rows,)`` int64."""
    if not shuffle:
        return torch.arange(n_rows)
    generator = torch.Generator().manual_seed(derive_seed(seed, "order", epoch))
    return torch.randperm(n_rows, generator=generator)


def row_lengths(rows: object) -> Tensor | None:
    """Return the steps of each row, ``(n,)``, where rows or a source of them say so in ``lengths``; else None."""
    lengths = getattr(rows, "lengths", None)
    return lengths if isinstance(lengths, Tensor) else None


def order_by_length(order: Tensor, lengths: Tensor, batch_size: int, window: int, *, seed: int, epoch: int) -> Tensor:
    """Return the rows of ``order`` so that batches of ``batch_size`` have rows of like length.

    Every ``window`` batches are sorted by length as one; then the batches are put in an order of chance, the last one,
    which may be smaller, excepted. As it comes from a shuffled order, rows meet others in every epoch.
    """
    pieces = [piece[lengths[piece].argsort(stable=True)] for piece in order.split(batch_size * window)]
    batches = [batch for piece in pieces for batch in piece.split(batch_size)]
    generator = torch.Generator().manual_seed(derive_seed(seed, "batches", epoch))
    places = torch.randperm(len(batches) - 1, generator=generator).tolist()
    return torch.cat([*(batches[place] for place in places), batches[-1]])


def batch_indices(source: BatchSource, batch_size: int) -> Iterator[Tensor]:
    """Yield the indices of all rows: in their order, or from short rows to long ones where they say their lengths."""
    lengths = row_lengths(source)
    order = torch.arange(len(source)) if lengths is None else lengths.argsort(stable=True)
    yield from order.split(rows_a_batch(source, batch_size))

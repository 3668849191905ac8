"""Rows of tokens: ragged whole numbers, cut, marked and batched by index."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gatecell._core.checks import check_choice, check_integer, check_number
from gatecell._core.errors import InputError, OptionError
from gatecell.data.augmentation import random_stretches
from gatecell.data.ragged import gathered, joined, limited, offsets_of

Kept = Literal["start", "end"]
KEPT: tuple[str, ...] = get_args(Kept)


@dataclass(frozen=True, eq=False)
class Tokens:
    """``n`` rows of tokens (whole numbers from 0), each of its own length."""

    values: Tensor
    """``(N,)`` int64, the tokens of all rows one after the other."""
    offsets: Tensor
    """``(n + 1,)`` int64, where each row starts in ``values``."""

    @classmethod
    def from_rows(cls, rows: Iterable[Sequence[int] | NDArray[np.int64]]) -> Self:
        """Build from one sequence of tokens a row.

        Raises
        ------
        InputError
            Where there are no rows, or a row has no tokens.
        """
        arrays = [np.asarray(row, dtype=np.int64) for row in rows]
        empty = next((index for index, array in enumerate(arrays) if not len(array)), None)
        if empty is not None or not arrays:
            raise InputError("There are no rows of tokens." if empty is None else f"Row {empty} has no tokens.")
        lengths = torch.tensor([len(array) for array in arrays])
        return cls(torch.from_numpy(np.concatenate(arrays)), offsets_of(lengths))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Tensor:
        """The number of tokens of each row, ``(n,)`` int64."""
        return self.offsets.diff()

    def select(self, indices: Tensor) -> "Tokens":
        """Return some of the rows, by int64 indices, in their order."""
        starts, lengths = self.offsets[indices], self.lengths[indices]
        return Tokens(joined(self.values, starts, lengths), offsets_of(lengths))

    def rows(self) -> list[Tensor]:
        """Return each row as a view ``(T_i,)``."""
        return list(self.values.split(self.lengths.tolist()))

    def row_bytes(self) -> Iterator[bytes]:
        """Yield the content of each row, equal for equal rows alone."""
        yield from (row.numpy().tobytes() for row in self.rows())


@dataclass(frozen=True, kw_only=True)
class TokenRows:
    """Tokens as a network takes them: ``take`` gives a batch, so that no row is collated by itself.

    A row longer than ``max_length`` is cut, the marks then stand around what is left; the marks count as steps.

    Raises
    ------
    OptionError
        Where an option is out of its range.
    """

    tokens: Tokens
    """The rows, without marks."""
    max_length: int | None = None
    """The largest number of steps of a row, marks included; None: rows are not cut."""
    keep: Kept = "start"
    """Which end of a row that is too long stays."""
    start_mark: int | None = None
    """The token that is put before each row; None: none."""
    end_mark: int | None = None
    """The token that is put behind each row; None: none."""
    random_cut: float = 0.0
    """In [0, 1): how large a share of a row is cut away at most, at random, at each ``take``; for training.
    Above 0, a row longer than ``max_length`` is cut at a random place instead of at one end."""
    generator: torch.Generator | None = None
    """What the cuts are drawn from; None: PyTorch's default generator."""

    def __post_init__(self) -> None:
        check_choice("keep", self.keep, KEPT)
        check_number("random_cut", self.random_cut, minimum=0.0, maximum=1.0, open_maximum=True)
        if self.max_length is not None:
            check_integer("max_length", self.max_length, minimum=1)
            if self.max_length <= self._n_marks:
                raise OptionError(
                    f"max_length={self.max_length} leaves no step for the text beside {self._n_marks} marks. "
                    f"Set it to at least {self._n_marks + 1}, or leave the marks out."
                )

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.tokens)

    @property
    def _n_marks(self) -> int:
        return (self.start_mark is not None) + (self.end_mark is not None)

    @property
    def _longest_content(self) -> int | None:
        return None if self.max_length is None else self.max_length - self._n_marks

    @property
    def lengths(self) -> Tensor:
        """The number of steps of each row, ``(n,)`` int64, marks included; with ``random_cut`` the largest possible."""
        return limited(self.tokens.lengths, self._longest_content) + self._n_marks

    @property
    def n_cut(self) -> int:
        """The number of rows that are longer than ``max_length`` allows."""
        longest = self._longest_content
        return 0 if longest is None else int((self.tokens.lengths > longest).sum())

    def select(self, indices: Tensor) -> "TokenRows":
        """Return some of the rows, by int64 indices, in their order."""
        return replace(self, tokens=self.tokens.select(indices))

    def with_generator(self, generator: torch.Generator) -> "TokenRows":
        """Return the same rows, with their cuts drawn from ``generator``."""
        return replace(self, generator=generator)

    def take(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Return a batch.

        Parameters
        ----------
        indices : (B,) int64

        Returns
        -------
        tokens : (B, T) int64
            T is the length of the longest row taken; 0 behind the end of the others.
        lengths : (B,) int64
            The steps of each row.
        """
        starts = self.tokens.offsets[indices]
        full = self.tokens.offsets[indices + 1] - starts
        if self.random_cut:
            skipped, lengths = random_stretches(full, self.random_cut, self._longest_content, self.generator)
        else:
            lengths = limited(full, self._longest_content)
            skipped = full - lengths if self.keep == "end" else torch.zeros_like(full)
        return _marked(gathered(self.tokens.values, starts + skipped, lengths), lengths, self.start_mark, self.end_mark)


def _marked(batch: Tensor, lengths: Tensor, start: int | None, end: int | None) -> tuple[Tensor, Tensor]:
    if start is not None:
        batch = torch.cat([batch.new_full((len(batch), 1), start), batch], dim=1)
        lengths = lengths + 1
    if end is not None:
        batch = torch.cat([batch, batch.new_zeros(len(batch), 1)], dim=1)
        batch = batch.scatter(1, lengths[:, None], end)
        lengths = lengths + 1
    return batch, lengths

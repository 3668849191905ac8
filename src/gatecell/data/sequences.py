"""Sequences in memory: dense or ragged, checked once, batched by index."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gatecell._core.errors import InputError
from gatecell.data.arrays import as_plain
from gatecell.data.ragged import gathered, joined, offsets_of

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class Sequences:
    """``n`` sequences of ``I`` channels (features), all of one length or each of its own.

    Built by ``from_input``, which checks. The numbers are kept as they came, float32 or float64, so that a scaler may
    work in full precision; ``take`` gives float32, what networks compute in.
    """

    values: Tensor
    """Dense: ``(n, T, I)``. Ragged: ``(N, I)``, the steps of all sequences one after the other."""
    offsets: Tensor | None = None
    """Ragged: ``(n + 1,)`` int64, where each sequence starts in ``values``; None: dense."""

    @classmethod
    def from_input(cls, X: Any, *, name: str = "X") -> "Sequences":
        """Build from what people have.

        Parameters
        ----------
        X : array of shape (n, T, I) or (n, T), or a list of arrays of shape (T_i, I) or (T_i,)
            NumPy, PyTorch or pandas, or nested lists. Without a channel dimension there is one channel.
        name : str
            What errors call it.

        Raises
        ------
        InputError
            Where there are no sequences, a sequence has no steps, channels differ, something is no real number, or a
            value is NaN or infinite (the message says where).
        """
        if isinstance(X, Sequences):
            return X
        array = _as_array(X, name)
        if array.dtype == object:
            return _ragged([_as_array(row, f"{name}[{index}]") for index, row in enumerate(array)], name)
        if array.ndim not in (2, 3):
            raise InputError(
                f"{name} must be an array of shape (n, T, I) or (n, T), or a list of arrays of shape (T_i, I), "
                f"got an array of shape {array.shape}."
            )
        if array.shape[0] == 0:
            raise InputError(f"{name} has no sequences: its shape is {array.shape}.")
        if 0 in array.shape[1:]:
            raise InputError(f"{name} has sequences without steps or channels: its shape is {array.shape}.")
        dense = array[:, :, None] if array.ndim == 2 else array
        check_finite(dense, name)
        return cls(_as_tensor(dense))

    def __len__(self) -> int:
        """Return the number of sequences."""
        return len(self.values) if self.offsets is None else len(self.offsets) - 1

    @property
    def n_features(self) -> int:
        """The number of channels, I."""
        return self.values.shape[-1]

    @property
    def lengths(self) -> Tensor | None:
        """The number of steps of each sequence, ``(n,)`` int64; None where dense."""
        return None if self.offsets is None else self.offsets.diff()

    @property
    def n_steps(self) -> int:
        """The number of steps of the longest sequence."""
        return self.values.shape[1] if self.offsets is None else int(self.offsets.diff().max())

    def take(self, indices: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return a batch.

        Parameters
        ----------
        indices : (B,) int64

        Returns
        -------
        values : (B, T, I) float32
            T is the length of the longest sequence taken; 0 behind the end of the others.
        lengths : (B,) int64, or None
            The steps of each row; None where dense.
        """
        if self.offsets is None:
            return self.values.index_select(0, indices).float(), None
        starts, lengths = _stretches(self.offsets, indices)
        return gathered(self.values, starts, lengths).float(), lengths

    def check_float32(self, name: str) -> None:
        """Raise an ``InputError`` that names the first sequence with a value too large for float32."""
        largest = torch.finfo(torch.float32).max
        low, high = self.values.aminmax()
        if -largest <= low and high <= largest:
            return
        row = next(index for index, row in enumerate(self.rows()) if not bool((row.abs() <= largest).all()))
        raise InputError(
            f"{name} has values in sequence {row} (counted from 0) that are, as the network takes them, beyond "
            f"{largest:.1e}, the largest number of float32. Look for a wrong unit, or a mark for what is missing."
        )

    def select(self, indices: Tensor) -> "Sequences":
        """Return some of the sequences, by int64 indices, in their order."""
        if self.offsets is None:
            return Sequences(self.values.index_select(0, indices))
        starts, lengths = _stretches(self.offsets, indices)
        return Sequences(joined(self.values, starts, lengths), offsets_of(lengths))

    def rows(self) -> list[Tensor]:
        """Return each sequence as a view ``(T_i, I)``."""
        return list(self.values if self.offsets is None else self.values.split(self.offsets.diff().tolist()))

    def row_bytes(self) -> Iterator[bytes]:
        """Yield the content of each sequence, equal for equal sequences alone."""
        yield from (row.numpy().tobytes() for row in self.rows())

    def step_weights(self, weight: Tensor) -> Tensor:
        """Return the weight of each step, ``(n, T)`` or ``(N,)``, from one weight a sequence, ``(n,)``."""
        if self.offsets is None:
            return weight[:, None].expand(self.values.shape[:2])
        return weight.repeat_interleave(self.offsets.diff())

    def with_values(self, values: Tensor) -> "Sequences":
        """Return sequences of the same lengths with other values, shaped as ``values`` is."""
        return Sequences(values, self.offsets)


def _stretches(offsets: Tensor, indices: Tensor) -> tuple[Tensor, Tensor]:
    """Return where each of the chosen sequences starts, and its number of steps."""
    starts = offsets[indices]
    return starts, offsets[indices + 1] - starts


def check_unmasked(value: Any, name: str) -> None:
    """Raise an ``InputError`` where values of an array are masked, which NumPy would read all the same."""
    if np.ma.is_masked(value):
        raise InputError(f"{name} is a masked array in which values are masked. Fill them, or leave those rows out.")


def check_finite(array: Array, name: str) -> None:
    """Raise an ``InputError`` that names the first value of ``(n, T, I)`` or ``(T, I)`` that is not finite."""
    # the sum is finite unless a value is not, or the values are so large that each has to be looked at
    with np.errstate(all="ignore"):
        if np.isfinite(array.sum()):
            return
    finite = np.isfinite(array)
    if finite.all():
        return
    place = tuple(int(index) for index in np.argwhere(~finite)[0])
    value = "NaN" if np.isnan(array[place]) else "infinity"
    row = f"sequence {place[0]}, " if array.ndim == 3 else ""
    count = int(array.size - finite.sum())
    raise InputError(
        f"{name} contains {value} at {row}step {place[-2]}, channel {place[-1]} (counted from 0; {count} such value"
        f"{'s' if count > 1 else ''} in all). Fill or remove what is missing before fitting or predicting."
    )


def _ragged(arrays: Iterable[Array], name: str) -> Sequences:
    rows: list[Array] = []
    for index, array in enumerate(arrays):
        place = f"{name}[{index}]"
        if array.dtype == object or array.ndim not in (1, 2):
            raise InputError(
                f"{place} must be one sequence, an array of shape (T, I) or (T,), got shape {array.shape}."
            )
        row = array[:, None] if array.ndim == 1 else array
        if 0 in row.shape:
            raise InputError(f"{place} has no steps: its shape is {array.shape}. Leave such sequences out.")
        if rows and row.shape[1] != rows[0].shape[1]:
            hint = ""
            if len(row) == len(rows[0]):
                hint = f" If they are (I, T_i), give [np.transpose(row) for row in {name}]."
            raise InputError(
                f"{place} has {row.shape[1]} channels, but {name}[0] has {rows[0].shape[1]}; "
                f"all sequences must have the same channels. Each is an array of shape (T_i, I).{hint}"
            )
        check_finite(row, place)
        rows.append(row)
    if not rows:
        raise InputError(f"{name} has no sequences: it is empty.")
    lengths = [len(row) for row in rows]
    if len(set(lengths)) == 1:
        return Sequences(_as_tensor(np.stack(rows)))
    return Sequences(_as_tensor(np.concatenate(rows)), torch.tensor([0, *lengths]).cumsum(0))


def _as_array(value: Any, name: str) -> Array:
    """Return an array of real numbers, float32 or float64, or a one-dimensional array of objects (rows)."""
    check_unmasked(value, name)
    value = as_plain(value, name)
    if isinstance(value, list | tuple) and any(
        isinstance(row, np.ndarray | Tensor) or hasattr(row, "iloc") for row in value
    ):
        return _objects(value)
    try:
        array = np.asarray(value)
    except (ValueError, TypeError):
        # rows of unlike length
        if not isinstance(value, list | tuple):
            raise InputError(f"{name} cannot be read as numbers; it is of type {type(value).__name__}.") from None
        return _objects(value)
    if array.dtype == object and array.ndim == 1 and all(np.ndim(row) > 0 or hasattr(row, "shape") for row in array):
        return array
    if array.dtype.kind not in "biufO":
        raise InputError(
            f"{name} holds {_KINDS.get(array.dtype.kind, str(array.dtype))}, not real numbers. "
            "Sequences are arrays of shape (T, I) of numbers."
        )
    if array.dtype in (np.float32, np.float64):
        return array
    try:
        return array.astype(np.float32 if array.dtype in (np.float16, np.uint8, np.int8, np.bool_) else np.float64)
    except (ValueError, TypeError) as error:
        raise InputError(f"{name} holds something that is not a number: {error}.") from None


_KINDS = {"U": "text", "S": "bytes", "c": "complex numbers", "M": "dates", "m": "durations"}


def _objects(rows: Sequence[Any]) -> Array:
    array = np.empty(len(rows), dtype=object)
    for index, row in enumerate(rows):
        array[index] = row
    return array


def _as_tensor(array: Array) -> Tensor:
    # PyTorch shares memory, but neither read-only memory nor negative strides
    usable = array.flags.writeable and all(stride >= 0 for stride in array.strides)
    native = array.astype(array.dtype.newbyteorder("="), copy=not usable)
    return torch.from_numpy(np.ascontiguousarray(native))

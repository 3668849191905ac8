"""Large buffers that are used again: touching fresh pages costs about as much as the arithmetic that fills them."""

import weakref

import numpy as np
import torch
from torch import Tensor

from gatecell._core.forks import ForkSafeLock

_WORTH_KEEPING = 1 << 18
_MOST_KEPT = 1 << 30
_ALIGNMENT = 64

_lock = ForkSafeLock()
_free: dict[int, np.ndarray] = {}
"""By identity, the oldest first."""
_lent: dict[int, tuple[weakref.ref[np.ndarray], np.ndarray]] = {}


def lend(n_bytes: int) -> Tensor:
    """Return a uint8 tensor (n_bytes,) with arbitrary content, aligned to a cache line.

    Its memory is kept for the next call once the tensor and all that shares its storage are gone. Beyond 1 GiB the
    memory that has waited longest is given up.
    """
    if n_bytes < _WORTH_KEEPING:
        # PyTorch's allocator aligns to a cache line, and takes half the time
        small = torch.empty(n_bytes, dtype=torch.uint8, device="cpu")
        assert small.data_ptr() % _ALIGNMENT == 0
        return small
    with _lock:
        buffer = None
        fitting = [(b.nbytes, key) for key, b in list(_free.items()) if n_bytes <= b.nbytes <= 2 * n_bytes]
        if fitting:
            # None where what comes back has just displaced it
            buffer = _free.pop(min(fitting)[1], None)
        if buffer is None:
            buffer = _new(n_bytes)
        # the storage of the tensor holds the view; when it lets go of it, the buffer comes back
        view = buffer[:n_bytes]
        reference = weakref.ref(view, _take_back)
        _lent[id(reference)] = (reference, buffer)
    return torch.from_numpy(view)


def kept_bytes() -> int:
    """Return how much memory waits to be used again."""
    return sum(buffer.nbytes for buffer in list(_free.values()))


def release() -> None:
    """Give the memory that waits to be used again back to the system."""
    with _lock:
        _free.clear()


def _take_back(reference: weakref.ref[np.ndarray]) -> None:
    # may run in the middle of any other code of this thread, lend() included: no lock, only atomic steps
    _, buffer = _lent.pop(id(reference))
    _free[id(buffer)] = buffer
    for oldest in list(_free):
        if kept_bytes() <= _MOST_KEPT:
            break
        _free.pop(oldest, None)


def _new(n_bytes: int) -> np.ndarray:
    memory = np.empty(n_bytes + _ALIGNMENT, dtype=np.uint8)
    first = -memory.ctypes.data % _ALIGNMENT
    return memory[first : first + n_bytes]

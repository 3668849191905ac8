"""Building networks: one at a time, with weights that a generator decides."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from gatecell._core.forks import ForkSafeLock
from gatecell.kernels.draws import drawing_from

# While the transformers library builds or loads an encoder, it replaces functions of torch.nn.init and the default
# dtype for the whole process: a network that another thread began meanwhile would not get its weights.
_one_at_a_time = ForkSafeLock()


@contextmanager
def building(generator: torch.Generator | None = None) -> Iterator[None]:
    """Build a network in the block, by itself; what its constructors draw comes from ``generator``, where there is one.

    PyTorch's default generator gives the same weights with the same seed.
    """
    with _one_at_a_time, drawing_from(generator):
        yield

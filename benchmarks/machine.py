"""What the processor gives at the moment: its peak, and whether every thread has a core of its own."""

import time
from dataclasses import dataclass, field

import torch

from gatecell.kernels import core

_ROUNDS_OF_PEAK = 1_000_000
_ROUNDS_OF_CORES = 30_000
"""Of 12 multiply-adds each; these take some 50 microseconds."""
_WHOLE = 0.8
"""The share of its peak that each thread must reach while all run: two on one core reach a half."""


@dataclass
class Machine:
    """The processor as one run of the benchmark sees it.

    A virtual machine's cores may be two halves of one core, or shared with strangers, for minutes at a time and without
    a sign of it: what takes two threads then has one core's multiply-adds.

    Parameters
    ----------
    patience : float
        How many seconds in all to wait for cores; afterwards what is there is measured.
    """

    patience: float = 0.0
    _one_thread: dict[int, float] = field(default_factory=dict)

    def peak(self, dtype: int) -> float | None:
        """Return the floating-point operations a second that all threads would reach in registers with a core each.

        The best that one thread has reached in this run, because other programs can only lower it; ``None`` without the
        core. ``dtype`` is the core's: of float32, or of pairs of bfloat16.
        """
        if core.missing() is not None:
            return None
        self._measure_one_thread(dtype)
        return self._one_thread[dtype] * 1e9 * torch.get_num_threads()

    def cores(self) -> float | None:
        """Return how many cores' worth of multiply-adds all threads reach together now; ``None`` without the core."""
        if core.missing() is not None:
            return None
        if core.FLOAT32 not in self._one_thread:
            self._measure_one_thread(core.FLOAT32)
        # the first of them wakes the threads
        reached = max(_peak(core.FLOAT32, torch.get_num_threads(), _ROUNDS_OF_CORES) for _ in range(3))
        return reached / self._one_thread[core.FLOAT32]

    def whole(self, cores: float | None) -> bool:
        """Whether that is a core for each thread, or there is no patience left to wait for it."""
        return cores is None or self.patience <= 0 or cores >= _WHOLE * torch.get_num_threads()

    def lost(self, seconds: float) -> None:
        """Say how long was waited in vain, and wait a little more."""
        time.sleep(0.1)
        self.patience -= seconds + 0.1

    def _measure_one_thread(self, dtype: int) -> None:
        found = (_peak(dtype, 1, _ROUNDS_OF_PEAK) for _ in range(3))
        self._one_thread[dtype] = max(self._one_thread.get(dtype, 0.0), *found)


def _peak(dtype: int, threads: int, rounds: int) -> float:
    found: float = core.library().gatecell_peak_gflops(dtype, core.parallel_for(), threads, rounds)
    return found

"""Putting a process right after ``fork``, which copies memory but only the thread that called it."""

import os
from collections.abc import Callable
from threading import RLock


def in_child(call: Callable[[], object]) -> None:
    """Have ``call`` called in every process that is forked from this one."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=call)


class ForkSafeLock:
    """A lock that a thread may take again while it has it, for the whole life of the process.

    In a forked process it is free, though a thread that is not there may have held it.
    """

    def __init__(self) -> None:
        self._renew()
        in_child(self._renew)

    def _renew(self) -> None:
        self._lock = RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

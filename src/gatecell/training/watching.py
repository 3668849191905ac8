"""Looking on while networks train: who asks is told of every epoch, however deep in other code the training is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from gatecell.training.history import Row

Watcher = Callable[[Row], object]
"""Takes the row of the history of an epoch that has just ended. What it raises ends the run."""
_WATCHER: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Have ``watcher`` told of every epoch that is trained in the block, by whatever code, in this thread.

    What it raises ends the run, as any error does that comes between two epochs: the network keeps the weights of the
    epoch, and the error goes on to the caller.
    """
    token = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(token)


def tell_watcher(row: Row) -> None:
    """Tell of an epoch that has ended; nothing happens where nobody watches."""
    watcher = _WATCHER.get()
    if watcher is not None:
        watcher(dict(row))

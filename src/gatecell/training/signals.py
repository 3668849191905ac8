"""Signals while Lightning trains: the handlers that a process has stay its own.

Lightning puts a handler of its own before that of SIGTERM, ends the run at the next batch whatever the process's own
handler says, and does so by an exit without a code, which reads as success. It also turns Ctrl-C into an exit.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.exceptions import SIGTERMException


class OwnTermination(Callback):
    """Gives SIGTERM its handler back, which Lightning replaces right before the first epoch.

    Without a handler the process ends by the signal, as it does outside of a run: a checkpoint is whole at any moment.
    """

    def __init__(self) -> None:
        self._handler = _handler(signal.SIGTERM)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put the handler back."""
        _restore(signal.SIGTERM, self._handler)


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn Lightning's exit on Ctrl-C back into what it came from, and keep the user's handler for it.

    A SIGTERM in the moment before ``OwnTermination`` is given to the handler that was there.
    """
    handlers = {number: _handler(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except SystemExit as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise error.__context__ from None
        if isinstance(error, SIGTERMException):
            _restore(signal.SIGTERM, handlers[signal.SIGTERM])
            signal.raise_signal(signal.SIGTERM)
            # a handler that lets the process go on is not told by whom the run was ended
            raise SystemExit(128 + signal.SIGTERM) from error
        raise
    finally:
        _restore(signal.SIGINT, handlers[signal.SIGINT])


def _handler(number: signal.Signals) -> Any:
    """Return the handler of a signal; None where it was not set from Python, or this is not the main thread."""
    return signal.getsignal(number) if threading.current_thread() is threading.main_thread() else None


def _restore(number: signal.Signals, handler: Any) -> None:
    if handler is not None:
        signal.signal(number, handler)

"""Signals that end a command: Ctrl-C, SIGTERM (of systemd, containers, Slurm), SIGHUP (of a terminal that is lost)."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
"""The names of the signals; not every system has each."""
_ONE_WISH_S = 1.0
"""Within this time a second signal is the same wish: ``timeout`` sends SIGTERM twice, to its child and to the group."""
_BASE = 128
"""An exit code is this and the number of the signal, as a shell has it."""


class StopSignals:
    """While the block runs, a signal that ends the process raises ``KeyboardInterrupt`` in it.

    A signal that is ignored, as SIGHUP under ``nohup``, stays so. One that comes later than ``_ONE_WISH_S`` after the
    first ends the process at once: whatever is written is whole at any moment.

    Parameters
    ----------
    farewell : callable
        Returns what is said where the process is ended at once.
    own_process : bool
        Whether the process is there for this command alone. Otherwise it is never ended here, and the handlers that
        were there come back.
    """

    def __init__(self, farewell: Callable[[], str], *, own_process: bool) -> None:
        self._farewell, self._own_process = farewell, own_process
        self._number: int | None = None
        self._since = 0.0
        self._before: dict[int, Any] = {}

    @property
    def received(self) -> bool:
        """Whether a signal came."""
        return self._number is not None

    @property
    def name(self) -> str:
        """The name of the signal that came; Ctrl-C's where none did."""
        return signal.Signals(self._number or signal.SIGINT).name

    @property
    def exit_code(self) -> int:
        """The exit code that says which signal ended the process."""
        return _BASE + (self._number or signal.SIGINT)

    def __enter__(self) -> Self:
        """Set the handlers."""
        if threading.current_thread() is threading.main_thread():
            for number in (getattr(signal, name) for name in ENDING if hasattr(signal, name)):
                before = signal.getsignal(number)
                if before not in (None, signal.SIG_IGN):
                    self._before[number] = before
                    signal.signal(number, self._on_signal)
            if self._own_process:
                sys.unraisablehook = self._on_unraisable
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let a process of its own end in peace, or put the handlers back."""
        for number, before in self._before.items():
            signal.signal(number, signal.SIG_IGN if self._own_process else before)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._number is None:
            self._number, self._since = number, time.monotonic()
            if self._own_process and _importing(frame):
                self._end()
            raise KeyboardInterrupt
        if self._own_process and time.monotonic() - self._since > _ONE_WISH_S:
            self._end()

    def _on_unraisable(self, unraisable: "sys.UnraisableHookArgs") -> None:
        """End the process where the exception came in code that cannot pass it on, such as ``__del__``."""
        if self.received and isinstance(unraisable.exc_value, KeyboardInterrupt):
            self._end()
        sys.__unraisablehook__(unraisable)

    def _end(self) -> None:
        try:
            os.write(2, f"{self._farewell()}\n".encode(errors="backslashreplace"))
        finally:
            os._exit(self.exit_code)


def _importing(frame: FrameType | None) -> bool:
    """Return whether a module is being imported, which may take an exception for a part that is not installed."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False

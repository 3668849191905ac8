"""Processes that tests start: with signals as at a terminal, and ended whatever becomes of the test."""

import signal
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RELIED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)
"""Those that tests rely on in this process: where SIGCHLD is ignored, every child seems to have ended with 0."""


@contextmanager
def default_signals(numbers: Iterable[signal.Signals]) -> Iterator[None]:
    """Let signals do inside what they do by default, here and in processes that are started.

    A job runner, ``nohup`` or a shell's ``&`` starts a process with some of them ignored or blocked, and its children
    inherit that.
    """
    usual = {number: signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL for number in numbers}
    blocked = signal.pthread_sigmask(signal.SIG_UNBLOCK, usual)
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


@contextmanager
def running(command: Sequence[str | Path], **options: Any) -> Iterator["subprocess.Popen[Any]"]:
    """Start a process as ``subprocess.Popen`` does, and kill it at the end where it still runs."""
    with default_signals((*RELIED_ON, signal.SIGHUP)):
        process = subprocess.Popen(command, **options)
    with process:
        try:
            yield process
        finally:
            process.kill()

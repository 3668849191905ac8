"""The entry point: what goes wrong becomes one line and an exit code.

0: done. 1: the job failed. 2: bad usage or bad input. 75: another process is writing to the same place; later it may
work. 130: stopped by Ctrl-C. 143: by SIGTERM. 129: by SIGHUP.
"""

import errno
import io
import logging
import os
import shlex
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr, suppress
from pathlib import Path
from typing import TextIO, cast

from gatecell._core.errors import EngineError, GatecellError, MissingDependencyError, OutputInUseError, TrainingError
from gatecell._core.visible import visible
from gatecell.cli.signals import StopSignals

FAILED = 1
BAD_INPUT = 2
IN_USE = 75
INTERRUPTED = 130
_SIGNALLED = 128
"""Codes above say which signal ended the process."""
_RESUME = {
    "quickstart": ("--force", [], "Finished epochs are"),
    # of a grid there is nothing before its end
    "run": ("--resume", ["--resume"], "Finished epochs, trials and grids are"),
    "fit": ("--resume", ["--resume"], "Finished epochs are"),
    "tune": ("--resume", ["--resume"], "Finished trials and epochs are"),
}
"""What is taken out of a command line that was stopped, and what is added, to go on with it; and what is kept."""
_WRITES_AT_ITS_END = ("learning-rate", "predict", "evaluate", "backtest", "report")
"""Commands that write one file, once all is done."""
_HINTS = {
    errno.ENOSPC: " Make room there, or name another place with --output; finished files are as they were.",
    errno.EROFS: " Name another place with --output.",
}
_MEMORY = ("can't allocate memory", "out of memory")
"""What PyTorch's ``RuntimeError`` says where Python would raise a ``MemoryError``."""
_JOB_ERRORS = (TrainingError, EngineError, MissingDependencyError)
"""Errors that are not about what the user typed or handed in."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; ``argv`` is without the program's name."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    if sys.stdout is None or sys.stderr is None:
        # closed by who started the process, as some do for a service
        nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  until the process ends
        sys.stdout, sys.stderr = sys.stdout or nowhere, sys.stderr or nowhere
    if isinstance(sys.stdout, io.TextIOWrapper):
        # what the terminal's encoding lacks is shown as \u4e2d: a model's text may have any character
        sys.stdout.reconfigure(errors="backslashreplace")
    signals = StopSignals(lambda: visible(_stopped(arguments, signals.name)), own_process=argv is None)
    try:
        with signals, _remarks():
            code = _outcome(arguments, signals, debug=debug)
    except KeyboardInterrupt:
        code = _failed(signals.exit_code, _stopped(arguments, signals.name), debug=False)
    if argv is None:
        _flush()
    return code


@contextmanager
def _remarks() -> Iterator[None]:
    """Have what the library remarks appear on standard error, a line each; that and warnings steer no terminal."""
    logger, handler = logging.getLogger("gatecell"), logging.StreamHandler(sys.stderr)
    handler.setFormatter(_VisibleRemark())
    logger.addHandler(handler)
    written = warnings.formatwarning
    warnings.formatwarning = lambda *parts, **options: visible(written(*parts, **options))
    try:
        yield
    finally:
        warnings.formatwarning = written
        logger.removeHandler(handler)


class _VisibleRemark(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return the message."""
        return visible(super().format(record), line=True)


class _VisibleStream(io.TextIOBase):
    """Standard error while a command line with odd characters is read, which usage errors repeat."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text that steers no terminal."""
        return self._stream.write(visible(text))

    def writable(self) -> bool:
        """Return that it is."""
        return True

    def flush(self) -> None:
        """Flush the stream beneath."""
        self._stream.flush()


def _outcome(arguments: list[str], signals: StopSignals, *, debug: bool) -> int:
    try:
        return _run(arguments)
    except Exception as error:  # the last resort: not even a bug of ours shows a traceback unasked
        if signals.received:
            # what other code made of the interruption
            raise KeyboardInterrupt from error
        if isinstance(error, BrokenPipeError):
            return FAILED
        return _failed(*_told(error), debug=debug)


def _told(error: Exception) -> tuple[int, str]:
    """Return the exit code of an error, and how it is said."""
    match error:
        case OutputInUseError():
            return IN_USE, f"Error: {error}"
        case GatecellError():
            return FAILED if isinstance(error, _JOB_ERRORS) else BAD_INPUT, f"Error: {error}"
        case OSError():
            return FAILED, _of_files(error)
        case _:
            return FAILED, _unexpected(error)


def _run(arguments: list[str]) -> int:
    from gatecell.cli.app import build_app  # noqa: PLC0415  an import may be what Ctrl-C meets

    odd = any(visible(argument, line=True) != argument for argument in arguments)
    try:
        with redirect_stderr(cast("TextIO", _VisibleStream(sys.stderr))) if odd else nullcontext():
            build_app()(args=arguments, prog_name="gatecell")
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        if code == INTERRUPTED:
            raise KeyboardInterrupt from None
        sys.stdout.flush()
        return code
    return 0


def _stopped(arguments: list[str], signal_name: str) -> str:
    """Return what is said of a command that was stopped: by what, what is kept, and how to go on."""
    stopped = "Stopped." if signal_name == "SIGINT" else f"Stopped by {signal_name}."
    command = arguments[0] if arguments else ""
    if command in _WRITES_AT_ITS_END:
        return f"{stopped} Nothing is half-written; begin again with: {shlex.join(['gatecell', *arguments])}"
    if command not in _RESUME:
        return stopped
    removed, added, what = _RESUME[command]
    again = [word for word in arguments if word != removed] + added
    return f"{stopped} {what} kept; go on with: {shlex.join(['gatecell', *again])}"


def _of_files(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    hint = _HINTS.get(error.errno or 0, "")
    return f"Error: the files could not be handled: {place}{error.strerror or error}.{hint}"


def _unexpected(error: Exception) -> str:
    if isinstance(error, MemoryError) or any(words in str(error) for words in _MEMORY):
        return "Error: the memory of this machine is too small for this job."
    first, *_ = str(error).splitlines() or [""]
    what = f"{type(error).__name__}: {first.rstrip('.')}."
    return f"Error: unexpected {what} To see where it comes from, run again with --debug."


def _failed(code: int, text: str, *, debug: bool) -> int:
    # whoever reads may be gone, as a terminal is after SIGHUP
    text = visible(text)
    with suppress(OSError):
        if debug:
            sys.stderr.write(visible(traceback.format_exc()))
        colour = code <= _SIGNALLED and sys.stderr.isatty() and not os.environ.get("NO_COLOR")
        sys.stderr.write(f"\x1b[31m{text}\x1b[0m\n" if colour else f"{text}\n")
        sys.stderr.flush()
    return code


def _flush() -> None:
    """Write out what is left, or give it up: Python, at its end, would complain and change the exit code."""
    for stream in filter(None, (sys.__stdout__, sys.__stderr__)):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

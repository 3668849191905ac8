"""The entry point: what goes wrong becomes one line and an exit code.

0: done. 1: the job failed. 2: bad usage or bad input. 130: stopped by Ctrl-C.
"""

import errno
import io
import os
import shlex
import sys
import traceback
from collections.abc import Sequence

from gatecell._core.errors import EngineError, GatecellError, MissingDependencyError, TrainingError

FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130
_RESUME = {
    "quickstart": ("--force", [], "Finished epochs are"),
    # of a grid there is nothing before its end
    "run": ("--resume", ["--resume"], "Finished epochs, trials and grids are"),
    "fit": ("--resume", ["--resume"], "Finished epochs are"),
    "tune": ("--resume", ["--resume"], "Finished trials and epochs are"),
}
"""What is taken out of a command line that was stopped, and what is added, to go on with it; and what is kept."""
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
    if isinstance(sys.stdout, io.TextIOWrapper):
        # what the terminal's encoding lacks is shown as \u4e2d: a model's text may have any character
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        return _failed(INTERRUPTED, _interrupted(arguments), debug=False)
    except BrokenPipeError:
        # the reader of the output has gone, as `head` does; what follows at exit must not complain either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except GatecellError as error:
        return _failed(FAILED if isinstance(error, _JOB_ERRORS) else BAD_INPUT, f"Error: {error}", debug=debug)
    except OSError as error:
        return _failed(FAILED, _of_files(error), debug=debug)
    except Exception as error:  # the last resort: not even a bug of ours shows a traceback unasked
        return _failed(FAILED, _unexpected(error), debug=debug)


def _run(arguments: list[str]) -> int:
    from gatecell.cli.app import build_app  # noqa: PLC0415  an import may be what Ctrl-C meets

    try:
        build_app()(args=arguments, prog_name="gatecell")
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        if code == INTERRUPTED:
            raise KeyboardInterrupt from None
        sys.stdout.flush()
        return code
    return 0


def _interrupted(arguments: list[str]) -> str:
    if not arguments or arguments[0] not in _RESUME:
        return "Stopped."
    removed, added, what = _RESUME[arguments[0]]
    again = [word for word in arguments if word != removed] + added
    return f"Stopped. {what} kept; go on with: {shlex.join(['gatecell', *again])}"


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
    if debug:
        traceback.print_exc()
    colour = code != INTERRUPTED and sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    sys.stderr.write(f"\x1b[31m{text}\x1b[0m\n" if colour else f"{text}\n")
    return code

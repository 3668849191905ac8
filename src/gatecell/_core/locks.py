"""One writer a place: a lock of the operating system on a small file beside it, which says who has it.

The system lets go of the lock when the process ends, however it ends; the file then says who did not tidy up.
"""

import errno
import json
import logging
import os
import shlex
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from gatecell._core.errors import OutputInUseError

P = ParamSpec("P")
R = TypeVar("R")
LOCK_FILE = ".gatecell.lock"
"""The name of the lock of a folder, in it; that of a file lies beside it and ends in ``.lock``."""
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL)
"""What a file system says that has no locks, as some network file systems."""
_HELD: dict[Path, tuple[int, int]] = {}
"""The locks, and the process and the thread that has each."""
_LOGGER = logging.getLogger("gatecell")


if sys.platform == "win32":
    import msvcrt

    _FAR_OUT = 1 << 30
    """The byte that is locked: what is in the file stays readable."""

    def try_lock(descriptor: int) -> bool:
        """Take the lock of an open file if nobody has it; it ends with the descriptor."""
        os.lseek(descriptor, _FAR_OUT, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True
else:
    import fcntl

    def try_lock(descriptor: int) -> bool:
        """Take the lock of an open file if nobody has it; it ends with the descriptor.

        Raises
        ------
        OSError
            Where the file system has no locks.
        """
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def sole_writer(target: str | os.PathLike[str], *, folder: bool = False) -> Iterator[None]:
    """Be the only process, and the only thread, that writes to a place while the block runs.

    Parameters
    ----------
    target : path
        What is written. A thread that has the lock may take it again. Something that is neither a file nor a folder,
        such as ``/dev/stdout``, is not locked.
    folder : bool
        Whether ``target`` is a folder; else it is a file. Folders that are missing are made, and removed at the end
        where nothing came into them.

    Raises
    ------
    OutputInUseError
        Where another one is writing; the message says who, and since when.
    OSError
        Where the place cannot be written.
    """
    target = Path(target)
    real = Path(os.path.realpath(target))
    fits = target.is_dir() if folder else target.is_file()
    if target.exists() and not fits:
        # a device; or a mistake, which whoever writes will tell
        yield
        return
    path = _lock_path(real, folder=folder)
    own = (os.getpid(), threading.get_ident())
    if _HELD.get(path) == own:
        yield
        return
    made = _missing_folders(path.parent)
    try:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = _locked(path, target)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(target)) from error
        if descriptor is None:
            yield
            return
        _HELD[path] = own
        try:
            yield
        finally:
            _HELD.pop(path, None)
            _release(path, descriptor)
    finally:
        for item in made:
            with suppress(OSError):
                item.rmdir()


def one_writer(function: Callable[P, R]) -> Callable[P, R]:
    """Have a function be the only writer of the file that its argument ``output`` names, from its beginning on.

    The argument is given by name; None: nothing is written.
    """

    @wraps(function)
    def alone(*args: P.args, **kwargs: P.kwargs) -> R:
        output = kwargs["output"]
        with nullcontext() if output is None else sole_writer(Path(str(output)).expanduser()):
            return function(*args, **kwargs)

    return alone


def remove_left_lock(folder: Path) -> None:
    """Remove the lock of a folder whose writer was killed; that of a living one stays."""
    with suppress(OSError):
        remove_left(folder / LOCK_FILE)


def remove_left(path: str | os.PathLike[str]) -> None:
    """Remove a file of which nobody has the lock.

    Raises
    ------
    OSError
        Where it is not there, cannot be removed, or, on Windows, is open.
    """
    if sys.platform == "win32":
        # what is open cannot be removed there
        os.unlink(path)
        return
    descriptor = os.open(path, os.O_RDWR)
    try:
        # with the lock in hand, so that no writer takes the file in between
        if try_lock(descriptor) and _is_at(descriptor, path):
            os.unlink(path)
    finally:
        os.close(descriptor)


def _lock_path(real: Path, *, folder: bool) -> Path:
    return real / LOCK_FILE if folder else real.with_name(f".{real.name}.lock")


def _missing_folders(path: Path) -> list[Path]:
    """Return the folders of a path that are not there yet, the innermost first."""
    return [item for item in (path, *path.parents) if not item.exists()]


def _locked(path: Path, target: Path) -> int | None:
    """Return a descriptor that holds the lock; None where the file system has none."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            free = try_lock(descriptor)
            # the writer before may have removed the file in between
            if free and _is_at(descriptor, path):
                _sign(descriptor, target)
                return descriptor
        except BaseException as error:
            os.close(descriptor)
            if isinstance(error, OSError) and error.errno in _NO_LOCKS:
                _say_no_locks(path, target)
                return None
            raise
        os.close(descriptor)
        if not free:
            raise _in_use(path, target)


def _say_no_locks(path: Path, target: Path) -> None:
    path.unlink(missing_ok=True)
    _LOGGER.warning(
        "The file system of %s has no locks, so nothing keeps another process from writing there as well.", target
    )


def _is_at(descriptor: int, path: str | os.PathLike[str]) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _sign(descriptor: int, target: Path) -> None:
    """Write who has the lock; say so where the one before did not tidy up."""
    before = _read(descriptor)
    if before:
        _LOGGER.warning("What wrote to %s before ended without tidying up: %s. Its place is taken.", target, before)
    words = [Path(sys.argv[0]).name, *sys.argv[1:]] if sys.argv else []
    who = {
        "command": shlex.join(words),
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now().astimezone().isoformat(sep=" ", timespec="seconds"),
    }
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, json.dumps(who).encode())


def _in_use(path: Path, target: Path) -> OutputInUseError:
    if _HELD.get(path, (0, 0))[0] == os.getpid():
        who = "by another thread of this process"
    else:
        found = ""
        for _ in range(10):
            # the other one may have the lock and not have said yet who it is
            with suppress(OSError), path.open("rb") as stream:
                found = _read(stream.fileno())
            if found:
                break
            time.sleep(0.02)
        who = f"by another process: {found}" if found else "by another process"
    return OutputInUseError(f"{target} is being written {who}. Wait until that has ended, or name another place.")


def _read(descriptor: int) -> str:
    """Return who has, or had, the lock; empty where that cannot be read."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    try:
        who: Any = json.loads(os.read(descriptor, 65536))
        return f"{who['command']} (process {who['pid']} on {who['host']}, since {who['since']})"
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""


def _release(path: Path, descriptor: int) -> None:
    if sys.platform == "win32":
        # an open file cannot be removed there
        os.close(descriptor)
        with suppress(OSError):
            path.unlink()
        return
    with suppress(OSError):
        path.unlink()
    os.close(descriptor)

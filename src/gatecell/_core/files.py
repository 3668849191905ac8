"""Files that are either written whole or not at all."""

import errno
import os
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gatecell._core.locks import remove_left, try_lock

_RANDOM = 8
"""Characters in the name of a temporary file."""


@contextmanager
def atomic_path(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside ``target`` that takes its place when the block ends well.

    The file is flushed to disk before the rename, so that after a crash the old content or the new one is there, never
    a half. When the block raises, the temporary file is removed and ``target`` is as it was. The temporary files of
    writers of ``target`` that were killed are removed, those of living ones stay.

    Parameters
    ----------
    target : path
        The file to write. Its folder is made if it is missing. A link is followed. To what is not a file, such as
        ``/dev/stdout``, the content is written at the end.

    Yields
    ------
    Path
        Where to write; in the same folder, since a rename is atomic only within one file system.

    Raises
    ------
    OSError
        Where ``target`` is a folder or cannot be written, or the disk is full; it names ``target``.
    """
    target = Path(target)
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    if target.exists() and not target.is_file():
        with _then_copied(target) as path:
            yield path
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    real = Path(os.path.realpath(target))
    remove_left_parts(real.parent, real.name)
    try:
        path, descriptor = _new_part(real)
    except OSError as error:
        raise _of(error, target) from error
    try:
        yield path
        with path.open("rb+") as stream:
            os.fsync(stream.fileno())
        if sys.platform == "win32":
            # an open file cannot be renamed there
            descriptor = _closed(descriptor)
        path.replace(real)
    except OSError as error:
        # an error of writing has no name at all, others that of a file that nobody knows
        if error.filename in (None, str(path)):
            raise _of(error, target) from error
        raise
    finally:
        descriptor = _closed(descriptor)
        with suppress(FileNotFoundError):
            path.unlink()


def remove_left_parts(folder: Path, name: str | None = None) -> None:
    """Remove the temporary files of writers that were killed.

    Parameters
    ----------
    folder : Path
        Where they lie.
    name : str, optional
        Of the file that was to be written; None: of any.
    """
    pattern = re.compile(rf"\.{'.+' if name is None else re.escape(name)}\.[0-9a-z_]{{{_RANDOM}}}\.part")
    try:
        found = [entry.path for entry in os.scandir(folder) if pattern.fullmatch(entry.name)]
    except OSError:
        return
    for path in found:
        # what is of others, or in use on a system that does not remove such files, stays
        with suppress(OSError):
            remove_left(path)


def _new_part(real: Path) -> tuple[Path, int]:
    """Make a temporary file, and hold its lock as a sign that its writer lives."""
    while True:
        path = real.with_name(f".{real.name}.{secrets.token_hex(_RANDOM // 2)}.part")
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            continue
        try:
            # a writer that tidies up may have taken it for one that was left
            if try_lock(descriptor) and path.exists():
                return path, descriptor
        except OSError:
            # without locks nobody tidies up
            return path, descriptor
        os.close(descriptor)


def _closed(descriptor: int) -> int:
    """Close a descriptor that is open; return what stands for none."""
    if descriptor >= 0:
        os.close(descriptor)
    return -1


@contextmanager
def _then_copied(target: Path) -> Iterator[Path]:
    """Yield a path whose content is written into what is there, as into a pipe or a device."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (target.name or "content")
        yield path
        try:
            with path.open("rb") as source, target.open("wb") as stream:
                shutil.copyfileobj(source, stream)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _of(error, target) from error


def _of(error: OSError, path: Path) -> OSError:
    return OSError(error.errno, error.strerror or str(error), str(path))

"""Files that are either written whole or not at all."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def atomic_path(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside ``target`` that takes its place when the block ends well.

    The file is flushed to disk before the rename, so that after a crash the old content or the new one is there, never
    a half. When the block raises, the temporary file is removed and ``target`` is as it was.

    Parameters
    ----------
    target : path
        The file to write. Its folder is made if it is missing.

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
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    except OSError as error:
        raise _of(error, target) from error
    os.close(handle)
    path = Path(name)
    try:
        yield path
        with path.open("rb+") as stream:
            os.fsync(stream.fileno())
        path.chmod(0o666 & ~_umask())
        path.replace(target)
    except OSError as error:
        # an error of writing has no name at all, others that of a file that nobody knows
        if error.filename in (None, name):
            raise _of(error, target) from error
        raise
    finally:
        with suppress(FileNotFoundError):
            path.unlink()


def _of(error: OSError, path: Path) -> OSError:
    return OSError(error.errno, error.strerror or str(error), str(path))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

"""NumPy's ``.npz`` files with ``X``, ``y`` and ``lengths``; never with pickled objects."""

import math
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from gatecell._core.errors import InputError
from gatecell.data.labelled import LabelledSequences, check_file, numbered, opened, stacked

_KEYS = {"X", "y", "lengths"}
_NPY_MAGIC = b"\x93NUMPY"


def read_npz(path: str | Path) -> LabelledSequences:
    """Read a file that ``numpy.savez`` or ``numpy.savez_compressed`` wrote.

    Its arrays: ``X`` of ``(n, T, I)``, or ``(n, T)`` for one channel; ``y`` of ``(n,)``, optional; ``lengths`` of
    ``(n,)``, optional: how many steps of each row count, at least 1.

    Raises
    ------
    InputError
        Where the file is unreadable, foreign or damaged, lacks ``X``, holds pickled objects, or its arrays do not fit
        each other.
    """
    path = Path(path).expanduser()
    check_file(path)
    with opened(path) as stream:
        arrays = _arrays(stream, path)
    X = arrays["X"]
    if X.ndim not in (2, 3):
        raise InputError(f"X in {path} must have the shape (n, T, I), or (n, T) for one channel, but has {X.shape}.")
    X = X[:, :, None] if X.ndim == 2 else X
    y = arrays.get("y")
    if y is not None and y.shape != (len(X),):
        raise InputError(
            f"y in {path} must have one entry for each of the {len(X)} rows of X, but has shape {y.shape}."
        )
    channels = numbered("channel ", X.shape[2])
    return LabelledSequences(_cut(X, arrays.get("lengths"), path), y, channels, numbered("", len(X)))


def _cut(X: NDArray[Any], lengths: NDArray[Any] | None, path: Path) -> NDArray[Any] | list[NDArray[Any]]:
    if lengths is None or len(X) == 0:
        return X
    if lengths.shape != (len(X),) or lengths.dtype.kind not in "iu":
        raise InputError(
            f"lengths in {path} must be one whole number for each of the {len(X)} rows of X, "
            f"but has shape {lengths.shape} and type {lengths.dtype}."
        )
    n_steps = X.shape[1]
    wrong = np.flatnonzero((lengths < 1) | (lengths > n_steps))
    if len(wrong):
        row = int(wrong[0])
        raise InputError(
            f"lengths[{row}] in {path} is {lengths[row]}, but the rows of X have {n_steps} steps: "
            f"a length is from 1 to {n_steps}."
        )
    return stacked([row[:length] for row, length in zip(X, lengths.tolist(), strict=True)])


def _arrays(stream: IO[bytes], path: Path) -> dict[str, NDArray[Any]]:
    if stream.read(len(_NPY_MAGIC)) == _NPY_MAGIC:
        raise InputError(
            f"{path} holds one array (.npy) instead of named ones. Name it .npy, or write numpy.savez(path, X=X, y=y)."
        )
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            if "X" not in members:
                raise InputError(
                    f"{path} has no array X (it has: {', '.join(sorted(members)) or 'nothing'}). "
                    "Write it with numpy.savez(path, X=X, y=y), and lengths=lengths where the rows have unlike lengths."
                )
            arrays = {}
            for name in members.keys() & _KEYS:
                with archive.open(members[name]) as member:
                    arrays[name] = read_array(member, members[name].file_size, f"{name} in {path}")
            return arrays
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise InputError(
            f"{path} is no .npz file, or a damaged one ({error}). Write it with numpy.savez(path, X=X, y=y)."
        ) from error


def read_array(member: IO[bytes], n_bytes: int, where: str) -> NDArray[Any]:
    """Read one array of ``n_bytes`` in all, header included, which agrees with that size; errors call it ``where``."""
    try:
        _check_header(*_read_header(member), n_bytes, where)
        member.seek(0)
        array: NDArray[Any] = npy.read_array(member, allow_pickle=False)
    except InputError:
        raise
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{where} is damaged: {error}.") from error
    except MemoryError as error:
        raise InputError(f"{where} does not fit into the memory of this machine: it has {n_bytes:,} bytes.") from error
    return array


def _read_header(member: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    read = npy.read_array_header_1_0 if npy.read_magic(member) == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(member)
    return shape, dtype, member.tell()


def _check_header(shape: tuple[int, ...], dtype: np.dtype[Any], header_bytes: int, n_bytes: int, where: str) -> None:
    if dtype.hasobject:
        raise InputError(
            f"{where} holds Python objects, which are not loaded since they can run code. Store numbers: "
            "rows of unlike lengths padded to the longest in X, and their lengths in lengths."
        )
    if math.prod(shape) * dtype.itemsize != n_bytes - header_bytes:
        raise InputError(
            f"{where} is damaged: its header promises {' x '.join(map(str, shape)) or '1'} values of {dtype}, "
            f"but {n_bytes - header_bytes:,} bytes follow."
        )

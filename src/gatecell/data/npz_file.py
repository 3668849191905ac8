"""NumPy's ``.npz`` files with ``X``, ``y`` and ``lengths``; never with pickled objects."""

import lzma
import math
import os
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from gatecell._core.errors import InputError
from gatecell._core.stated import is_whole, shown
from gatecell.data.expansion import most_bytes, too_large
from gatecell.data.labelled import LabelledSequences, check_file, numbered, opened, stacked

_KEYS = {"X", "y", "lengths"}
_NPY_MAGIC = b"\x93NUMPY"
_KINDS = "biufUS"
_MOST_AXES = 3
_BYTES_AT_ONCE = 1 << 20
_LONGEST_ZIP_END = 22 + 65_535
"""The record at the end of an archive, with the longest comment that it may have."""
_LONGEST_EMPTY = 1_000_000
"""Rows, steps or channels of an array without values."""
_LARGEST_DIRECTORY = 1_000_000
"""Bytes of the list of an archive's members; that of three arrays has some two hundred."""


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
    _check_directory(stream, path)
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as archive:
            members = _members(archive, path)
            arrays = {}
            for name in sorted(members.keys() & _KEYS):
                with archive.open(members[name]) as member:
                    arrays[name] = read_array(member, members[name].file_size, f"{name} in {path}")
            return arrays
    except (
        *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, ValueError),
        *(OSError, struct.error, UnicodeError, MemoryError, KeyError, OverflowError),
    ) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{path} is no .npz file, or a damaged one ({error}). Write it with numpy.savez(path, X=X, y=y)."
        ) from error


def _check_directory(stream: IO[bytes], path: Path) -> None:
    """Raise where the list of members, which is read before all else, is longer than that of a few arrays."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _LONGEST_ZIP_END))
    end = stream.read()
    place = end.rfind(b"PK\x05\x06")
    if place >= 0 and int.from_bytes(end[place + 12 : place + 16], "little") > _LARGEST_DIRECTORY:
        raise InputError(
            f"{path} has far more arrays than X, y and lengths. Write it with numpy.savez(path, X=X, y=y)."
        )


def _members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        if name in _KEYS and name in members:
            raise InputError(f"{path} has two arrays {name}. Write it with numpy.savez(path, X=X, y=y).")
        members[name] = info
    if "X" not in members:
        names = ", ".join(shown(name)[1:-1] for name in sorted(members)[:10]) or "nothing"
        raise InputError(
            f"{path} has no array X (it has: {names}). "
            "Write it with numpy.savez(path, X=X, y=y), and lengths=lengths where the rows have unlike lengths."
        )
    n_bytes = path.stat().st_size
    if sum(members[name].file_size for name in members.keys() & _KEYS) > most_bytes(n_bytes):
        raise too_large(path, n_bytes)
    return members


def read_array(member: IO[bytes], n_bytes: int, where: str) -> NDArray[Any]:
    """Read one array of ``n_bytes`` in all, header included, which agrees with that size; errors call it ``where``."""
    try:
        shape, fortran_order, dtype, header_bytes = _read_header(member)
    except Exception as error:  # the header is a Python literal, whose parser has many errors
        raise InputError(f"{where} is damaged: its header cannot be read ({error}).") from error
    if dtype.hasobject:
        raise InputError(
            f"{where} holds Python objects, which are not loaded since they can run code. Store numbers: "
            "rows of unlike lengths padded to the longest in X, and their lengths in lengths."
        )
    if dtype.kind not in _KINDS or dtype.shape:
        raise InputError(f"{where} has the type {shown(str(dtype))}, but numbers are read, and text in y.")
    if (
        any(not is_whole(size) for size in shape)
        or not dtype.itemsize
        or math.prod(shape) * dtype.itemsize != n_bytes - header_bytes
    ):
        raise InputError(
            f"{where} is damaged: its header promises {' x '.join(map(str, shape)) or '1'} values of {dtype}, "
            f"but {n_bytes - header_bytes:,} bytes follow."
        )
    if not math.prod(shape) and max(shape) > _LONGEST_EMPTY:
        # no values are needed for it, but each row and channel gets a name
        raise InputError(f"{where} has no values, but its shape is {' x '.join(map(str, shape))}.")
    if len(shape) > _MOST_AXES:
        raise InputError(f"{where} has {len(shape)} axes, but at most {_MOST_AXES} are read.")
    try:
        content = bytearray(n_bytes - header_bytes)
        if _read_into(member, content) < len(content):
            raise InputError(f"{where} is damaged: it is cut off.")
        if not content:
            return np.empty(shape, dtype)
        return np.frombuffer(content, dtype).reshape(shape, order="F" if fortran_order else "C")
    except MemoryError as error:
        raise InputError(f"{where} does not fit into the memory of this machine: it has {n_bytes:,} bytes.") from error


def _read_header(member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    read = npy.read_array_header_1_0 if npy.read_magic(member) == (1, 0) else npy.read_array_header_2_0
    shape, fortran_order, dtype = read(member)
    return shape, fortran_order, dtype, member.tell()


def _read_into(member: IO[bytes], content: bytearray) -> int:
    view = memoryview(content)
    place = 0
    while place < len(content) and (chunk := member.read(min(_BYTES_AT_ONCE, len(content) - place))):
        view[place : place + len(chunk)] = chunk
        place += len(chunk)
    return place

"""The idx format of the MNIST files: two zero bytes, a type, the number of axes, each axis's size, the values."""

import math

import numpy as np
from numpy.typing import NDArray

from gatecell._core.errors import DatasetError

_UNSIGNED_BYTE = 0x08
_SIZE_BYTES = 4


def parse_idx(content: bytes, source: str, *, n_axes: int) -> NDArray[np.uint8]:
    """Return the array of an idx file of unsigned bytes.

    Parameters
    ----------
    content : bytes
        The file's content, decompressed.
    source : str
        The file, as errors name it.
    n_axes : int
        How many axes the array must have: 3 for images, 1 for labels.

    Returns
    -------
    ndarray of uint8
        A view of ``content``, read only.

    Raises
    ------
    DatasetError
        Where the content is no such file, or has more or fewer values than its header says.
    """
    header_end = 4 + n_axes * _SIZE_BYTES
    if len(content) < header_end or content[:3] != bytes([0, 0, _UNSIGNED_BYTE]):
        raise DatasetError(
            f"{source} is no idx file of unsigned bytes: it begins with {content[:4].hex(' ') or 'nothing'}."
        )
    if content[3] != n_axes:
        raise DatasetError(f"{source} holds an array of {content[3]} axes, but {n_axes} are needed here.")
    shape = tuple(
        int.from_bytes(content[start : start + _SIZE_BYTES], "big") for start in range(4, header_end, _SIZE_BYTES)
    )
    n_values = len(content) - header_end
    if n_values != math.prod(shape):
        raise DatasetError(
            f"{source} is damaged: its header promises {' x '.join(map(str, shape))} = {math.prod(shape):,} values, "
            f"but {n_values:,} follow. Bring the file again."
        )
    return np.frombuffer(content, np.uint8, offset=header_end).reshape(shape)

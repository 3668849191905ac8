import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatecell._core.errors import DatasetError
from gatecell.datasets.idx import parse_idx


def idx(shape: tuple[int, ...], values: bytes, kind: int = 8) -> bytes:
    return bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + values


def test_values_and_order() -> None:
    array = parse_idx(idx((2, 1, 3), bytes(range(6))), "f", n_axes=3)
    np.testing.assert_array_equal(array, [[[0, 1, 2]], [[3, 4, 5]]])
    assert array.dtype == np.uint8


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", r"f is no idx file of unsigned bytes: it begins with nothing"),
        (b"\x1f\x8b\x08\x00", r"begins with 1f 8b 08 00"),
        (idx((2,), b"ab", kind=0x0D), r"f is no idx file of unsigned bytes"),
        (idx((1, 1), b"a").ljust(16, b"a"), r"f holds an array of 2 axes, but 3 are needed"),
        (idx((2, 2, 2), b"a" * 7), r"promises 2 x 2 x 2 = 8 values, but 7 follow"),
        (idx((2, 2, 2), b"a" * 9), r"promises 2 x 2 x 2 = 8 values, but 9 follow"),
        (idx((2**32 - 1,) * 3, b"a"), r"promises .* values, but 1 follow"),
        (idx((2, 2, 2), b"")[:15], r"f is no idx file"),
    ],
)
def test_hostile_content(content: bytes, text: str) -> None:
    with pytest.raises(DatasetError, match=text):
        parse_idx(content, "f", n_axes=3)


@given(content=st.binary(max_size=40), n_axes=st.integers(1, 3))
def test_any_bytes_give_an_array_or_a_dataset_error(content: bytes, n_axes: int) -> None:
    try:
        array = parse_idx(content, "f", n_axes=n_axes)
    except DatasetError:
        return
    assert array.nbytes == len(content) - 4 - 4 * n_axes

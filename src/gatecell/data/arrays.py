"""What people have in place of NumPy arrays, as NumPy arrays: tensors, Arrow's columns, rows that come one by one."""

from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from gatecell._core.errors import InputError, InputTypeError


def as_plain(value: Any, name: str) -> Any:
    """Return tensors, Arrow's columns and tables, deques and the like as NumPy or pandas have them; all else as it is.

    Raises
    ------
    InputError
        Where a tensor has no values that can be read, ``value`` is an iterator, which can be read only once, or it is a
        PackedSequence, whose parts would be taken for rows.
    """
    if isinstance(value, Tensor):
        return tensor_values(value, name)
    if isinstance(value, PackedSequence):
        raise InputTypeError(
            f"{name} is a PackedSequence. Give a list of its rows, torch.nn.utils.rnn.unpack_sequence({name})."
        )
    if isinstance(value, deque):
        return list(value)
    if isinstance(value, Iterator):
        raise InputTypeError(
            f"{name} is a {type(value).__name__}, which can be read only once. Give a list of its rows, list({name})."
        )
    if type(value).__module__.partition(".")[0] in ("polars", "pyarrow") and hasattr(value, "to_pandas"):
        return value.to_pandas()
    if hasattr(value, "__array__") and not hasattr(value, "shape"):
        return np.asarray(value)
    if isinstance(getattr(value, "dtype", None), np.dtypes.StringDType):
        return value.astype(object)
    return value


def tensor_values(value: Tensor, name: str) -> Any:
    """Return the values of a tensor on any device, with or without gradient; bfloat16, which NumPy lacks, as float32.

    Raises
    ------
    InputError
        Where it is nested, or a tensor without values.
    """
    if value.is_nested:
        raise InputTypeError(f"{name} is a nested tensor. Give a list of tensors of shape (T_i, I), {name}.unbind().")
    if value.is_meta:
        raise InputError(f'{name} is on the device "meta", so it has no values. Give a tensor with values.')
    if value.layout != torch.strided:
        value = value.to_dense()
    value = value.detach().cpu().resolve_conj().resolve_neg()
    # of 8 and 16 bits NumPy has float16 alone
    known = value.dtype == torch.float16 or not value.is_floating_point() or value.dtype.itemsize > 2
    return (value if known else value.float()).numpy()

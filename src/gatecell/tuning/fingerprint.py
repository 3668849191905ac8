"""Data in a few characters, so that a study is not gone on with on other data."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd


def fingerprint(*data: Any) -> str:
    """Return a hash of arrays, frames, texts, lists of these, mappings and plain values: equal for equal content."""
    digest = hashlib.blake2b(digest_size=16)
    for item in data:
        _add(digest, item)
    return digest.hexdigest()


def lasting(value: Any) -> str:
    """Return the value of a parameter as text that is the same in the next process: without addresses in memory.

    Of an estimator in a pipeline it is the class, since its parameters stand beside it.
    """
    if isinstance(value, list | tuple):
        inner = ", ".join(map(lasting, value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    if hasattr(value, "get_params"):
        return type(value).__name__
    return _ADDRESS.sub("", repr(value))


_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def _add(digest: Any, item: Any) -> None:
    digest.update(f"\x1e{type(item).__name__}\x1f".encode())
    if isinstance(item, str):
        digest.update(item.encode("utf-8", errors="surrogatepass"))
    elif isinstance(item, Mapping):
        for name, value in item.items():
            _add(digest, str(name))
            _add(digest, value)
    elif isinstance(item, pd.DataFrame | pd.Series):
        names = item.columns if isinstance(item, pd.DataFrame) else [item.name]
        digest.update(repr(list(names)).encode())
        digest.update(np.ascontiguousarray(pd.util.hash_pandas_object(item).to_numpy()).data)
    elif isinstance(item, list | tuple):
        digest.update(str(len(item)).encode())
        for part in item:
            _add(digest, part)
    elif hasattr(item, "__array__") and np.asarray(item).dtype.kind != "O":
        array = np.ascontiguousarray(item)
        digest.update(f"{array.dtype.str}{array.shape}".encode() + array.tobytes())
    elif hasattr(item, "__array__"):
        _add(digest, np.asarray(item).tolist())
    else:
        digest.update(repr(item).encode("utf-8", errors="surrogatepass"))

"""The tensors of a safetensors file: its header held to the bytes that follow it, before anything is made of either.

The header is JSON: of each tensor its type, shape, and where it begins and ends behind the header.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from typing import IO, Any, NamedTuple

import torch

from gatecell._core.stated import is_whole
from gatecell._core.wording import quoted

TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U64": torch.uint64,
    "U32": torch.uint32,
    "U16": torch.uint16,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
"""The types that are written and read, by the names that safetensors has for them."""
MOST_TENSORS = 20_000
"""A large encoder has some hundred. Each takes a kilobyte beside its content, however small that is."""
_MOST_AXES = 8
_LONGEST_AXIS = 2**40


class Entry(NamedTuple):
    """One tensor, as a header describes it."""

    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]
    begin: int
    end: int

    @property
    def n_bytes(self) -> int:
        """The size of its content."""
        return self.end - self.begin


def entries_of(header: Mapping[str, Any]) -> list[Entry]:
    """Return the tensors of a header, in the order in which they lie in the file, one end to end with the next.

    Raises
    ------
    ValueError
        Where an entry is not such as safetensors writes, or does not fit the others; the message says which and why.
    """
    if len(header) > MOST_TENSORS:
        raise ValueError(f"it has {len(header):,} tensors, more than the {MOST_TENSORS:,} that are read")
    entries = sorted((_entry(name, item) for name, item in header.items()), key=lambda entry: (entry.begin, entry.end))
    place = 0
    for entry in entries:
        if entry.begin != place:
            raise ValueError(f"tensor {quoted(entry.name)} begins at byte {entry.begin:,} instead of {place:,}")
        place = entry.end
    return entries


def _entry(name: str, item: object) -> Entry:
    if not isinstance(item, dict) or item.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"tensor {quoted(name)} is not described by dtype, shape and data_offsets")
    shape, offsets = item["shape"], item["data_offsets"]
    if not isinstance(item["dtype"], str) or item["dtype"] not in TYPES:
        raise ValueError(f"tensor {quoted(name)} has the unknown type {quoted(str(item['dtype']))}")
    if (
        not isinstance(shape, list)
        or len(shape) > _MOST_AXES
        or not all(is_whole(size, 0, _LONGEST_AXIS) for size in shape)
    ):
        raise ValueError(f"tensor {quoted(name)} has a shape that cannot be")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(is_whole(offset) for offset in offsets):
        raise ValueError(f"tensor {quoted(name)} has offsets that cannot be")
    entry = Entry(name, TYPES[item["dtype"]], tuple(shape), *offsets)
    if entry.n_bytes != math.prod(shape) * entry.dtype.itemsize:
        raise ValueError(f"tensor {quoted(name)} has {entry.n_bytes:,} bytes, but the shape {shape} of {item['dtype']}")
    return entry


def read_tensors(stream: IO[bytes], entries: Iterable[Entry]) -> dict[str, torch.Tensor]:
    """Read tensors from where a stream stands, each into memory of its own.

    Raises
    ------
    ValueError
        Where the stream ends early, or a truth value is neither 0 nor 1.
    """
    tensors = {}
    for entry in entries:
        if not entry.n_bytes:
            tensors[entry.name] = torch.empty(min(entry.shape, default=0), dtype=entry.dtype).reshape(
                [min(size, 2**31) for size in entry.shape]
            )
            continue
        content = bytearray(entry.n_bytes)
        if stream.readinto(content) != entry.n_bytes:  # type: ignore[attr-defined]  # every binary file has it
            raise ValueError(f"tensor {quoted(entry.name)} is cut off")
        flat = torch.frombuffer(content, dtype=torch.uint8)
        if entry.dtype == torch.bool and bool((flat > 1).any()):
            raise ValueError(f"tensor {quoted(entry.name)} has truth values that are neither 0 nor 1")
        tensors[entry.name] = flat.view(entry.dtype).reshape(entry.shape)
    return tensors


def sum_of_tensors(tensors: Mapping[str, torch.Tensor]) -> str:
    """Return the SHA-256 sum over names, types, shapes and contents of tensors on the CPU, in hexadecimal digits."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name}\n{tensor.dtype}\n{tuple(tensor.shape)}\n".encode("utf-8", "surrogatepass"))
        content: Any = tensor.contiguous().reshape(-1).view(torch.uint8).numpy()
        digest.update(content)
    return digest.hexdigest()

"""Altering files, for tests that read many of them: one value of JSON, one tensor, or some bytes; by a seed.

A test that alters files is marked ``fuzz``. It alters ``N_FILES`` of them: 2,000 with the other tests, 20,000 by
``make fuzz``. Each file has a number, from which all that is done to it follows, so that a failure is found again by
the number in its message.
"""

import copy
import os
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
import pytest
import torch

from gatecell._core.errors import GatecellError

N_FILES = int(os.environ.get("GATECELL_FUZZ_FILES", "2000"))
"""How many files each test alters."""
N_PARTS = 4
"""How many tests share them, so that processes of pytest may run side by side; see ``parts``."""

T = TypeVar("T")

ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 3, 7, 255, 2**31, 2**63, -(2**63) - 1, 10**6, 10**12, 10**400),
    *(0.0, -0.0, 0.5, 1.5, -2.5, 1e-320, 1e308, -1e308, float("nan"), float("inf"), float("-inf")),
    *("", "a", "0", "1", "-1", "nan", "\x00", "\x1b[31m", "\ud83d", "x" * 5000, "..", "/etc/passwd", "[UNK]", "<eos>"),
    *([], [0], [1, 2], [[]], [None], ["a", "b"], [0.5] * 50, {}, {"a": 1}, {"pairs": []}, {"pairs": [[1, 2]]}),
)
"""What stands in place of a value: other types, ends of ranges, what is taken for something else."""


def parts(n_parts: int = N_PARTS) -> pytest.MarkDecorator:
    """Return a mark that runs a test once for each part of its files, as the argument ``numbers``."""
    ranges = [range(part, N_FILES, n_parts) for part in range(n_parts)]
    return pytest.mark.parametrize("numbers", ranges, ids=[f"part {part}" for part in range(n_parts)])


def generator(number: int) -> random.Random:
    """Return the generator of a file's number."""
    return random.Random(f"file {number}")


def altered(value: Any, draw: random.Random) -> Any:
    """Return a copy of a JSON value with something else in one or two places of it."""
    changed = copy.deepcopy(value)
    for _ in range(draw.choice((1, 1, 1, 2))):
        places = list(_places(changed))
        if not places:
            return _odd_value(draw)
        # a place is chosen by its depth first, so that long lists do not draw all changes to themselves
        depth = draw.choice(sorted({len(place) for place in places}))
        *way, last = draw.choice([place for place in places if len(place) == depth])
        inside = changed
        for key in way:
            inside = inside[key]
        _alter(inside, last, draw)
    return changed


def altered_tensors(tensors: dict[str, torch.Tensor], draw: random.Random) -> dict[str, torch.Tensor]:
    """Return tensors of which one is gone, renamed, new, or of another shape, type or content."""
    changed = dict(tensors)
    name = draw.choice(sorted(changed))
    tensor = changed[name]
    match draw.randrange(8):
        case 0:
            del changed[name]
        case 1:
            changed[draw.choice(("x", "network/x", "fitted/x", "optimizer/x:y", "", name + "0"))] = changed.pop(name)
        case 2:
            other = draw.choice(sorted(changed))
            changed[name], changed[other] = changed[other], tensor
        case 3:
            changed[name] = tensor[: tensor.shape[0] // 2] if tensor.dim() else tensor[None]
        case 4:
            changed[name] = torch.cat([tensor, tensor]) if tensor.dim() else torch.stack([tensor, tensor])
        case 5:
            changed[name] = tensor.reshape(draw.choice(((-1,), (1, -1), (-1, 1)))) if tensor.numel() else tensor[None]
        case 6:
            kinds = (torch.float16, torch.float64, torch.int64, torch.int8, torch.bool, torch.bfloat16, torch.int32)
            changed[name] = tensor.to(draw.choice(kinds))
        case 7:
            flat = tensor.clone().reshape(-1)
            if flat.numel():
                odd = (0, -1, 1, 10**9, 10**18) if not tensor.is_floating_point() else (np.nan, np.inf, -1e38, 1e38, 0)
                value = draw.choice(odd)
                flat[draw.randrange(flat.numel())] = value if tensor.dtype in _WIDE else bool(value)
            changed[name] = flat.reshape(tensor.shape)
    return changed


def altered_bytes(data: bytes, draw: random.Random) -> bytes:
    """Return bytes of which some are flipped, gone, doubled, or others."""
    changed = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 5))):
        # half of all changes are made where the descriptions stand
        at = draw.randrange(min(len(changed), 400) if draw.random() < 0.5 else len(changed))
        match draw.randrange(6):
            case 0 | 1:
                changed[at] ^= 1 << draw.randrange(8)
            case 2:
                changed[at] = draw.randrange(256)
            case 3:
                del changed[at : at + draw.choice((1, 2, 8, 100, 10**6))]
            case 4:
                changed[at:at] = bytes(changed[at : at + draw.choice((1, 8, 100))])
            case 5:
                changed[at : at + 8] = draw.choice((b"\x00" * 8, b"\xff" * 8, b"99999999", b'"NaN":{}'))
        if not changed:
            return b""
    return bytes(changed)


def refused(number: int, read: Callable[[], object]) -> bool:
    """Return whether a file is refused; fail where that is by an error that is not the project's own."""
    try:
        read()
    except GatecellError:
        return True
    except (KeyboardInterrupt, pytest.fail.Exception):
        raise
    except BaseException as error:  # a panic of a library in Rust is no Exception
        pytest.fail(f"file {number}: {type(error).__name__}: {str(error)[:300]}\n{_way_of(error)}")
    return False


def _way_of(error: BaseException) -> str:
    lines = []
    trace = error.__traceback__
    while trace is not None:
        lines.append(f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno} {trace.tb_frame.f_code.co_name}")
        trace = trace.tb_next
    return "\n".join(lines[-6:])


_WIDE = (torch.float64, torch.float32, torch.int64)


def _places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield (*way, key)
            yield from _places(value[key], (*way, key))


def _alter(inside: Any, key: Any, draw: random.Random) -> None:
    value = inside[key]
    action = draw.randrange(7)
    if action == 0:
        del inside[key]
    elif action == 1 and isinstance(inside, dict):
        inside[draw.choice(("", key + "s", "kind", "x" * 3000))] = inside.pop(key)
    elif action == 2 and isinstance(value, list) and value:
        inside[key] = draw.choice((value[:1], value[:-1], value + value[:1], value[::-1], [value]))
    elif action == 3 and isinstance(value, int | float):
        inside[key] = draw.choice((value + 1, value - 1, -value, value * 10**6, value * 2, float(value), str(value)))
    elif action == 4 and isinstance(value, str):
        inside[key] = draw.choice((value + "s", value[:-1], value.upper(), value * 2, [value], {"kind": value}))
    else:
        inside[key] = _odd_value(draw)


def _odd_value(draw: random.Random) -> Any:
    # a copy, since the next change may be made within it
    return copy.deepcopy(draw.choice(ODD_VALUES))


def drawn(items: Sequence[T], draw: random.Random) -> T:
    """Return one of some items."""
    return items[draw.randrange(len(items))]

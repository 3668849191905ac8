"""Which steps count: lengths or a mask, checked, and the checks of inputs and states."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from gatecell._core.errors import InputTypeError, TensorError
from gatecell.kernels.interception import has_numbers
from gatecell.nn.autocast import is_autocast_enabled

LengthsLike = Tensor | Sequence[int] | np.ndarray


def as_lengths(lengths: LengthsLike) -> Tensor:
    """Return lengths as a tensor of the shape and the numbers that they have."""
    if isinstance(lengths, Tensor):
        return lengths
    try:
        return torch.as_tensor(lengths)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputTypeError(
            f"lengths must be a tensor, an array or a list of whole numbers, got {lengths!r}."
        ) from error


def check_lengths(lengths: LengthsLike, rows: int, steps: int) -> Tensor:
    """Return lengths as an int64 tensor (B,), checked to be whole numbers in 0..T.

    The values of a tensor on a GPU, or where a graph is made or a transform runs, are not looked at: that would stop
    the stream, or break the graph. Such lengths above T count as T.
    """
    lengths = as_lengths(lengths)
    if lengths.is_floating_point() or lengths.is_complex() or lengths.dtype == torch.bool:
        raise TensorError(f"lengths must be whole numbers, got {lengths.dtype}. Convert them with .long().")
    if lengths.shape != (rows,):
        raise TensorError(f"lengths must have shape ({rows},), one for each row, got {tuple(lengths.shape)}.")
    lengths = lengths.to(torch.int64)
    if rows and has_numbers(lengths):
        low, high = int(lengths.min()), int(lengths.max())
        if low < 0 or high > steps:
            row = int((lengths < 0).logical_or(lengths > steps).nonzero()[0, 0])
            raise TensorError(
                f"lengths must lie in 0..{steps} (the number of steps), but row {row} has {int(lengths[row])}."
            )
    return lengths.clamp(max=steps)


def check_mask(mask: Tensor, rows: int, steps: int) -> Tensor:
    """Return the mask, checked to be a bool tensor (B, T)."""
    check_tensor("mask", mask)
    if mask.dtype != torch.bool:
        raise TensorError(f"mask must be a bool tensor, True where a step counts, got {mask.dtype}. Use mask.bool().")
    if mask.shape != (rows, steps):
        raise TensorError(f"mask must have shape (batch, time) = ({rows}, {steps}), got {tuple(mask.shape)}.")
    return mask


def check_tensor(name: str, value: object) -> None:
    """Raise unless ``value`` is a tensor that has all of its values, row by row."""
    if not isinstance(value, Tensor):
        raise InputTypeError(f"{name} must be a tensor, got {type(value).__name__}. Convert it with torch.as_tensor.")
    if value.is_nested:
        raise TensorError(f"{name} is a nested tensor. Pad it, as with x.to_padded_tensor(0.0), and give lengths.")
    if value.layout is not torch.strided:
        raise TensorError(f"{name} has the layout {value.layout}. Convert it with x.to_dense().")


def are_plain(values: Iterable[object], weight: Tensor) -> bool:
    """Return whether these are tensors on the CPU, like a weight there, to whose kind no check would say anything.

    Where their shapes fit too, the checks one by one are left out: they take as long as a step of a small layer.
    """
    if not weight.is_cpu:
        return False
    dtype = weight.dtype
    for value in values:
        if type(value) is not Tensor or value.is_nested or value.layout is not torch.strided:
            return False
        if not value.is_cpu or value.dtype is not dtype:
            return False
    return True


def check_numbers(x: Tensor, weight: Tensor) -> None:
    """Raise unless an input has the device and dtype of the weights; under autocast, unless it has real numbers."""
    if x.device != weight.device or not x.is_floating_point():
        raise TensorError(
            f"The input must hold real numbers on {weight.device}, like the weights; got {x.dtype} on {x.device}."
        )
    if x.dtype != weight.dtype and not is_autocast_enabled(x.device.type):
        raise TensorError(
            f"The input is {x.dtype}, but the weights are {weight.dtype}: "
            f"convert one of them, as with x.to({weight.dtype})."
        )


def check_pair(hx: object) -> None:
    """Raise unless the initial state is a pair."""
    if not isinstance(hx, tuple | list) or len(hx) != 2:
        raise TensorError("The initial state must be a pair (h_0, c_0).")


def check_state(name: str, state: Tensor, shape: tuple[int, ...], like: Tensor) -> None:
    """Raise unless a state has this shape, and the device and kind of numbers of the input."""
    check_tensor(f"The initial state {name}", state)
    if state.shape != shape:
        raise TensorError(f"The initial state {name} must have shape {shape}, got {tuple(state.shape)}.")
    if state.device != like.device or not state.is_floating_point():
        raise TensorError(
            f"The initial state {name} must hold real numbers on {like.device}, like the input; "
            f"got {state.dtype} on {state.device}."
        )
    if state.dtype != like.dtype and not is_autocast_enabled(like.device.type):
        raise TensorError(
            f"The initial state {name} is {state.dtype}, but the input is {like.dtype}: "
            f"convert one of them, as with h.to({like.dtype})."
        )


def check_tokens(tokens: Tensor) -> None:
    """Raise unless tokens are whole numbers of shape (B, T)."""
    check_tensor("The tokens", tokens)
    if tokens.dim() != 2:
        raise TensorError(
            f"The tokens must have shape (batch, steps), got {tokens.dim()} dimensions: {tuple(tokens.shape)}."
        )
    if tokens.is_floating_point() or tokens.is_complex() or tokens.dtype == torch.bool:
        raise TensorError(f"The tokens must be whole numbers, got {tokens.dtype}. Convert them with .long().")

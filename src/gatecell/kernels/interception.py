"""Whether a call may go to the C++ core at once, and which way it goes where it may not.

The core reads and writes memory by its address. Where PyTorch records instead of computing (a tracer, a mode), computes
something else besides (a transform of ``torch.func``, forward-mode derivatives), or where a tensor is not what lies at
its address, that would give wrong numbers or end the process. ``detour`` is the one place that decides.
"""

from collections.abc import Iterable
from typing import Literal

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor
from torch._subclasses.functional_tensor import FunctionalTensor
from torch.autograd import forward_ad
from torch.compiler import is_dynamo_compiling
from torch.nn import Parameter
from torch.overrides import _get_current_function_mode_stack
from torch.utils._device import DeviceContext

from gatecell.kernels.weights import LayerWeights

Detour = Literal["operators", "reference", "onnx"]
"""``"operators"``: one node for whoever records or counts. ``"reference"``: PyTorch's own functions, which have every
derivative and every transform. ``"onnx"``: PyTorch's own LSTM, the one that its ONNX exporters know."""

# bound once: all are asked at every call, and a step of a small LSTM takes ten microseconds
_n_dispatch_modes = torch._C._len_torch_dispatch_stack
_n_function_modes = torch._C._len_torch_function_stack
_n_transforms = torch._C._functorch.get_dynamic_layer_stack_depth
_is_traced = torch._C._is_tracing
_PLAIN = frozenset((Tensor, Parameter, type(None)))
_are_plain = _PLAIN.issuperset


def detour(values: Iterable[Tensor | None], weights: Iterable[LayerWeights]) -> Detour | None:
    """Return how a call has to go round the core; ``None``: the core may be called.

    Parameters
    ----------
    values
        The input, states, lengths, mask or gradients; ``None`` where one is not given.
    weights
        The parameters of each direction.
    """
    if is_dynamo_compiling():
        if _is_for_onnx():
            return "onnx"
        return "reference" if _n_transforms() > 0 else "operators"
    if _takes_part():
        return _way([*values, *(weight for direction in weights for weight in direction)])
    for value in values:
        if value is not None and not _lies_at_its_address(value):
            return _way([value])
    for direction in weights:
        if not _are_plain(map(type, direction)):
            return _way(direction)
    return None


def is_intercepted() -> bool:
    """Return whether a mode, a tracer, a compiler or a transform takes part in what PyTorch computes here and now."""
    return is_dynamo_compiling() or _takes_part()


def _takes_part() -> bool:
    return (
        _n_dispatch_modes() > 0
        or _n_transforms() > 0
        or forward_ad._current_level >= 0
        or _is_traced()
        or (_n_function_modes() > 0 and not _only_a_default_device())
    )


def has_numbers(value: Tensor) -> bool:
    """Return whether the numbers of a tensor may be looked at: it is on the CPU, and nothing records or transforms."""
    return value.device.type == "cpu" and not is_intercepted() and _lies_at_its_address(value)


def _lies_at_its_address(value: Tensor) -> bool:
    if type(value) not in _PLAIN or value.is_neg():
        return False
    try:
        return value.data_ptr() != 0 or not value.numel()
    except RuntimeError:
        # many gradients at once, by the older vmap of torch.autograd, have none
        return False


def _only_a_default_device() -> bool:
    """Return whether the active modes do nothing but say where new tensors lie; the engine always says so itself."""
    return all(type(mode) is DeviceContext for mode in _get_current_function_mode_stack())


def _way(values: Iterable[Tensor | None]) -> Detour:
    if _is_for_onnx():
        return "onnx"
    if _n_transforms() > 0 or forward_ad._current_level >= 0:
        return "reference"
    return "operators" if all(value is None or _is_recorded(value) for value in values) else "reference"


@torch.compiler.assume_constant_result  # type: ignore[untyped-decorator]
def _is_for_onnx() -> bool:
    # where a graph is made, the plain question is answered with no
    return torch.onnx.is_in_onnx_export()


def _is_recorded(value: Tensor) -> bool:
    """Return whether an operator can take a tensor: a plain one, or one that stands in where a graph is made."""
    if isinstance(value, FakeTensor | FunctionalTensor) or value.device.type == "meta":
        return True
    return _lies_at_its_address(value)

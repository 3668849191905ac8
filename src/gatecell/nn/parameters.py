"""Parameters of the recurrence on a module: their names, and the two biases of PyTorch's state dicts."""

from collections.abc import MutableMapping
from typing import Any

import torch
from torch import Tensor, nn

from gatecell.kernels.options import LSTMOptions
from gatecell.kernels.weights import LayerWeights, weight_shapes

NAMES = {
    "input": "weight_ih",
    "recurrent": "weight_hh",
    "bias": "bias",
    "peephole": "weight_peephole",
    "norm_input": "norm_ih",
    "norm_recurrent": "norm_hh",
    "norm_cell": "norm_cell",
    "projection": "weight_hr",
}
"""The name on a module of each field of ``LayerWeights``: PyTorch's, where it has one."""


LEAF = "torch.nn"
"""What a module says of itself where it is asked for its ``__module__``: ``torch.fx`` takes those of PyTorch as one
node, and looks into all others, at shapes that it does not know yet. The class keeps its own."""


def register(
    module: nn.Module, options: LSTMOptions, suffix: str, device: torch.device | str | None, dtype: torch.dtype | None
) -> None:
    """Give ``module`` the (uninitialised) parameters of one layer and direction, named with ``suffix`` (``"_l0"``)."""
    for field, shape in weight_shapes(options).items():
        module.register_parameter(NAMES[field] + suffix, nn.Parameter(torch.empty(shape, device=device, dtype=dtype)))


def names(options: LSTMOptions, suffix: str) -> tuple[tuple[str, str], ...]:
    """Return (field of ``LayerWeights``, name on the module) of each parameter of one layer and direction."""
    return tuple((field, NAMES[field] + suffix) for field in weight_shapes(options))


def collect(module: nn.Module, names: tuple[tuple[str, str], ...]) -> LayerWeights:
    """Return the parameters with these ``names`` that ``register`` gave to ``module``."""
    # module.__getattr__ takes several times as long; what is not found here is parametrised
    held = module._parameters
    values = {}
    for field, name in names:
        value = held.get(name)
        values[field] = getattr(module, name) if value is None else value
    return LayerWeights(**values)


def first(module: nn.Module, suffix: str) -> Tensor:
    """Return the first parameter that ``register`` gave to ``module`` with this suffix."""
    name = NAMES["input"] + suffix
    weight = module._parameters.get(name)
    found: Any = getattr(module, name) if weight is None else weight
    assert isinstance(found, Tensor)
    return found


def join_torch_biases(state: MutableMapping[str, Tensor], prefix: str, suffix: str) -> None:
    """Replace PyTorch's ``bias_ih`` and ``bias_hh`` in a state dict by their sum, in place; else leave it as it is."""
    keys = [f"{prefix}bias_{part}{suffix}" for part in ("ih", "hh")]
    if all(key in state for key in keys):
        state[f"{prefix}bias{suffix}"] = state.pop(keys[0]) + state.pop(keys[1])


def split_bias(state: MutableMapping[str, Tensor], suffix: str) -> None:
    """Replace a bias in a state dict by PyTorch's two, in place, the second being 0; else leave it as it is."""
    bias = state.pop(f"bias{suffix}", None)
    if bias is not None:
        state.update({f"bias_ih{suffix}": bias, f"bias_hh{suffix}": torch.zeros_like(bias)})

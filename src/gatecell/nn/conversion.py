"""Modules of PyTorch made into ours and back."""

from collections.abc import Collection, Mapping
from typing import Any

from torch import nn

from gatecell._core.errors import EngineError, InputTypeError, OptionError, unknown_name
from gatecell.kernels.options import LSTMOptions

_SHARED = (
    "input_size",
    "hidden_size",
    "num_layers",
    "bias",
    "batch_first",
    "dropout",
    "bidirectional",
    "proj_size",
)
_LACKING = (
    "peephole",
    "coupled_gates",
    "layer_norm",
    "input_dropout",
    "recurrent_dropout",
    "zoneout_h",
    "zoneout_c",
)
_START = ("forget_bias", "initialisation")
_PARAMETERS = ("proj_size", "layer_norm", "peephole", "coupled_gates")


def check_conversion(
    module: object, kind: type[nn.Module], extras: Mapping[str, Any], allowed: Collection[str]
) -> None:
    """Raise unless ``module`` can be converted with these further options.

    Parameters
    ----------
    module, kind
        What was given, and the class of PyTorch that it must be of.
    extras
        The options given beside it, by name.
    allowed
        Those that leave the parameters as they are.

    Raises
    ------
    InputTypeError
        Where ``module`` is of another class.
    OptionError
        Where an option would have no effect, changes the parameters, or is not known.
    """
    if not isinstance(module, kind):
        raise InputTypeError(f"from_torch takes a torch.nn.{kind.__name__}, got {type(module).__name__}.")
    for name in extras:
        if name in _START:
            raise OptionError(
                f"{name} says how weights start, but from_torch takes them from the module: leave it out."
            )
        if name in _PARAMETERS:
            raise OptionError(
                f"{name} changes the parameters, and those of a torch.nn.{kind.__name__} do not fit then."
            )
        if name not in allowed:
            raise unknown_name("option of from_torch", name, allowed)


def check_torch_has(options: LSTMOptions, kind: type[nn.Module]) -> None:
    """Raise ``OptionError`` where an option is used that this class of PyTorch does not have."""
    lacking = [name for name in _LACKING if getattr(options, name)]
    lacking += ["proj_size"] if options.proj_size and kind is nn.LSTMCell else []
    lacking += ["precision"] if options.precision != "full" else []
    if lacking:
        raise OptionError(f"torch.nn.{kind.__name__} has no {', '.join(lacking)}: this layer cannot be written as one.")


def not_scriptable() -> EngineError:
    """Build the error for ``torch.jit.script``."""
    return EngineError(
        "torch.jit.script reads the source of a module, and the engine of this one is not written in its language. Use "
        "torch.jit.trace, or script a model that holds what to_torch() gives."
    )


def torch_arguments(module: nn.Module) -> dict[str, Any]:
    """Return the arguments that make a layer like ``module``, a ``torch.nn.LSTM`` or ours: both name them alike."""
    weight = next(module.parameters())
    shared = {name: getattr(module, name) for name in _SHARED}
    return {**shared, "device": weight.device, "dtype": weight.dtype}

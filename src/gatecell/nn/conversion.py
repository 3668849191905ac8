"""Modules of PyTorch made into ours and back."""

from collections.abc import Collection, Mapping
from typing import Any

from torch import nn

from gatecell._core.errors import InputTypeError, OptionError, unknown_name

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

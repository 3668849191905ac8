"""The recurrence under ``torch.autocast``."""

from collections.abc import Callable

import torch
from torch import Tensor

_WITHOUT = ("meta",)
"""Devices that PyTorch's autocast does not know and raises for when it is asked."""

Result = tuple[Tensor, tuple[Tensor, Tensor]]


def is_autocast_enabled(device: str) -> bool:
    """Return whether ``torch.autocast`` is on for a kind of device."""
    return device not in _WITHOUT and torch.is_autocast_enabled(device)


def run_under_autocast(run: Callable[[Tensor], Result], engine: str, x: Tensor, dtype: torch.dtype) -> Result:
    """Run an engine inside ``torch.autocast``.

    Parameters
    ----------
    run
        Takes the input, returns output, (h, c).
    engine : str
        The name of the engine that ``run`` calls.
    x
        The input, in any floating-point numbers.
    dtype
        Of the weights.

    Returns
    -------
    output, (h, c)
        In autocast's numbers.
    """
    device = x.device.type
    # PyTorch's LSTM knows autocast; the other engines keep the recurrence in the numbers of its weights
    with torch.autocast(device, enabled=engine == "aten"):
        output, (h, c) = run(x.to(dtype))
    lower = torch.get_autocast_dtype(device)
    return output.to(lower), (h.to(lower), c.to(lower))

"""What is drawn while a network learns comes from one generator of the run: it is handed to all parts that draw."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import torch
from torch import nn

from gatecell.kernels.draws import drawing_from

_DRAW_NOTHING = (
    *(nn.ModuleList, nn.ModuleDict, nn.Sequential, nn.Identity, nn.Flatten),
    *(nn.Linear, nn.Embedding, nn.Conv1d, nn.LayerNorm, nn.BatchNorm1d, nn.AdaptiveLogSoftmaxWithLoss),
    *(nn.ReLU, nn.Tanh, nn.Sigmoid, nn.GELU, nn.SiLU),
)
"""Modules of PyTorch of which it is known; any other module that is not ours is held to draw."""


@contextmanager
def handed_down(generator: torch.Generator, network: nn.Module) -> Iterator[None]:
    """Let the modules of a network that have a ``generator`` draw from this one in the block."""
    drawing: list[tuple[Any, Any]] = [
        (module, module.generator) for module in network.modules() if hasattr(type(module), "generator")
    ]
    for module, _ in drawing:
        module.generator = generator
    try:
        yield
    finally:
        for module, before in drawing:
            module.generator = before


def draws_of_others(generator: torch.Generator, network: nn.Module) -> Callable[[], AbstractContextManager[Any]]:
    """Return what makes the context of each call of a network, so that its modules that take no generator use this one.

    It costs some microseconds for each operation of PyTorch, and is empty where no module needs it; the modules are
    looked through once.
    """
    return partial(drawing_from, generator if _has_others(network) else None)


def _has_others(module: nn.Module) -> bool:
    if getattr(module, "hands_down", False):
        return False
    kind = type(module)
    own = kind.__module__.startswith("gatecell.") or kind in _DRAW_NOTHING
    return not own or any(_has_others(child) for child in module.children())

"""Random numbers of code that takes no generator: constructors of PyTorch, encoders of other libraries, any network."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from gatecell.kernels.random import new_seed


def drawing_from(generator: torch.Generator | None) -> AbstractContextManager[Any]:
    """Let all that PyTorch draws in the block, in this thread, come from ``generator``, where there is one.

    On a CPU the numbers are those that PyTorch's default generator would give with the same seed. PyTorch's default
    generators are neither asked nor changed, but by a fused kernel of a GPU that takes no generator.
    """
    return nullcontext() if generator is None else _DrawingFrom(generator)


def device_generator(generator: torch.Generator, device: torch.device) -> torch.Generator:
    """Return a generator for tensors of this device: ``generator``, or a new one with a seed drawn from it."""
    if device.type == generator.device.type:
        return generator
    return torch.Generator(device).manual_seed(int(new_seed(generator)))


class _DrawingFrom(TorchDispatchMode):
    """Gives the generator to every operation that takes one and was given none."""

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._generator = generator

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if torch.Tag.nondeterministic_seeded not in func.tags or kwargs.get("generator") is not None:
            return func(*args, **kwargs)
        device = torch.device(kwargs["device"]) if kwargs.get("device") is not None else _device_of(args)
        if device.type == "meta":
            return func(*args, **kwargs)
        generator = device_generator(self._generator, device)
        if func is torch.ops.aten.native_dropout.default:
            return _native_dropout(*args, generator=generator, **kwargs)
        taking = _taking_a_generator(func)
        return func(*args, **kwargs) if taking is None else taking(*args, **kwargs, generator=generator)


@cache
def _taking_a_generator(func: Any) -> Any:
    """Return the overload of an operation that takes a generator beside the same arguments, where there is one."""
    names = _argument_names(func)
    if "generator" in names:
        return func
    packet = func.overloadpacket
    overloads = (getattr(packet, name) for name in packet.overloads())
    return next((each for each in overloads if _argument_names(each) == names | {"generator"}), None)


def _argument_names(func: Any) -> frozenset[str]:
    return frozenset(argument.name for argument in func._schema.arguments)


def _native_dropout(x: Tensor, p: float, train: bool | None, *, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    if train is False or p == 0:
        return x.clone(), torch.ones_like(x, dtype=torch.bool)
    kept = torch.empty_like(x, dtype=torch.bool).bernoulli_(1 - p, generator=generator)
    return x * kept * (0.0 if p == 1 else 1 / (1 - p)), kept


def _device_of(args: Sequence[Any]) -> torch.device:
    return next((item.device for item in args if isinstance(item, Tensor)), torch.device("cpu"))

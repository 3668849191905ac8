"""The choice of an engine: the only place that chooses, with reasons that the user can read."""

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Literal

import torch

from gatecell._core.checks import check_choice
from gatecell._core.errors import EngineError
from gatecell.kernels import aten, native, reference
from gatecell.kernels.layers import RunDirection, RunLayer, by_directions
from gatecell.kernels.options import LSTMOptions

Steps = Literal["dense", "lengths", "mask"]
"""Which steps count: all, the first of each row, or any pattern."""

ENGINES = ("native", "aten", "reference")
"""The engines, the first that covers what is asked being the one chosen."""


_RUN: dict[str, RunDirection] = {
    "native": native.run_direction,
    "aten": aten.run_direction,
    "reference": reference.run_direction,
}


def direction_runner(engine: str) -> RunDirection:
    """Return the function by which the engine of this name runs one direction of one layer."""
    return _RUN[engine]


def layer_runner(engine: str) -> RunLayer:
    """Return the function by which the engine of this name runs all directions of one layer."""
    if engine == "native":
        return native.run_layer
    return partial(by_directions, _RUN[engine])


@dataclass(frozen=True)
class EngineChoice:
    """Which engine runs, and why the others do not."""

    name: str
    """The engine that runs."""
    reasons: tuple[tuple[str, str], ...]
    """One ``(engine, reason)`` for each engine, the chosen one included."""

    @property
    def run(self) -> RunDirection:
        """The engine's function for one direction of one layer."""
        return direction_runner(self.name)

    def __str__(self) -> str:
        lines = [f"{'->' if engine == self.name else '  '} {engine}: {reason}" for engine, reason in self.reasons]
        return "\n".join(lines)


@lru_cache(maxsize=1024)
def choose_engine(
    options: LSTMOptions,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    training: bool = False,
    *,
    steps: Steps = "dense",
    engine: str = "auto",
) -> EngineChoice:
    """Choose the engine for one layer.

    Parameters
    ----------
    options : LSTMOptions
    device, dtype
        Where and in which numbers the recurrence runs.
    training : bool
        Whether dropout and zoneout draw at random.
    steps : "dense", "lengths" or "mask"
        Which steps count.
    engine : str
        ``"auto"``, or the name of an engine, which then runs or fails: it never falls back.

    Raises
    ------
    UnknownNameError
        Where there is no such engine.
    EngineError
        Where the engine asked for by name does not cover what is asked of it.
    """
    check_choice("engine", engine, ("auto", *ENGINES))
    refusals = {
        "native": native.refusals(options, torch.device(device), dtype),
        "aten": aten.refusals(options, training=training, steps=steps) + _number_refusals(torch.device(device), dtype),
        "reference": (),
    }
    if engine != "auto" and refusals[engine]:
        raise EngineError(
            f"The engine {engine!r} cannot run this LSTM: {'; '.join(refusals[engine])}. "
            "Use engine='auto', or leave out what it lacks."
        )
    chosen = engine if engine != "auto" else next(name for name in ENGINES if not refusals[name])
    return EngineChoice(chosen, tuple((name, _reason(name, chosen, engine, refusals[name])) for name in ENGINES))


def _reason(name: str, chosen: str, asked: str, refusals: tuple[str, ...]) -> str:
    if refusals:
        return "; ".join(refusals)
    if name == chosen:
        return "runs: asked for by name" if name == asked else "runs: the fastest that covers these options"
    return (
        "covers these options, but another was asked for" if asked != "auto" else "covers these options, but is slower"
    )


def _number_refusals(device: torch.device, dtype: torch.dtype) -> tuple[str, ...]:
    if device.type == "cpu" and dtype not in (torch.float32, torch.float64, torch.bfloat16):
        return (f"PyTorch's LSTM does not compute in {dtype} on a CPU",)
    return ()

"""The gates of every LSTM of a network, whatever stands before it."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from gatecell._core.errors import InputError
from gatecell.nn.lstm import LSTM
from gatecell.nn.trace import LayerTrace
from gatecell.training.prediction import evaluating


def trace_network(network: nn.Module, *inputs: Any, **options: Any) -> list[LayerTrace]:
    """Run a network once and return the gates and states of its LSTMs.

    Parameters
    ----------
    network : torch.nn.Module
        Anything that holds ``gatecell.nn.LSTM``; runs in evaluation.
    inputs, options
        What it is called with.

    Returns
    -------
    list of LayerTrace
        One a layer and direction, in the order in which the LSTMs run. ``layer`` counts within one LSTM.

    Raises
    ------
    InputError
        Where no LSTM ran, and as the network itself.
    """
    calls: list[tuple[LSTM, tuple[Any, ...], Mapping[str, Any]]] = []

    def note(module: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        assert isinstance(module, LSTM)
        calls.append((module, arguments, keywords))

    handles = [
        module.register_forward_pre_hook(note, with_kwargs=True)
        for module in network.modules()
        if isinstance(module, LSTM)
    ]
    try:
        with evaluating(network):
            network(*inputs, **options)
            traces = [trace for lstm, arguments, keywords in calls for trace in lstm.trace(*arguments, **keywords)]
    finally:
        for handle in handles:
            handle.remove()
    if not traces:
        raise InputError("The network has no LSTM that ran, so there are no gates to look at.")
    return traces


def row_of(trace: LayerTrace, row: int, length: int) -> LayerTrace:
    """Return one row of a trace of ``(B, T, H)``, cut to the steps that count: ``(length, H)``."""

    def cut(value: Tensor) -> Tensor:
        return value[row, :length]

    return LayerTrace(
        trace.layer, trace.reverse, cut(trace.i), cut(trace.f), cut(trace.g), cut(trace.o), cut(trace.c), cut(trace.h)
    )

"""Integrated gradients: what each input value adds to an output.

Sundararajan, Taly & Yan (2017), equation 1. The path leads from zeros to what the front of the network gives: to the
embedding of tokens, or to the values themselves, of which scaling has made 0 the mean. It is written out here, in a few
lines, since Captum's has to be told the same about fronts and lengths, and would be one more dependency.
"""

from typing import Any

import torch
from torch import Tensor, nn

from gatecell._core.checks import check_integer
from gatecell._core.errors import InputError
from gatecell.nn.network import SequenceNetwork
from gatecell.training.prediction import evaluating

N_STEPS = 64
"""Points on the path. With the midpoint rule the parts then add up to the whole within a percent or so."""


def integrated_gradients(
    network: SequenceNetwork,
    inputs: Tensor,
    lengths: Tensor | None = None,
    *,
    output: int = 0,
    n_steps: int = N_STEPS,
) -> Tensor:
    """Return what each value adds to one output, against a row of zeros.

    Parameters
    ----------
    network : SequenceNetwork
        Runs in evaluation.
    inputs : (1, T, I) values or (1, T) tokens
        One row.
    lengths : (1,), optional
    output : int
        Which output of the network.
    n_steps : int
        Points on the path, at least 1.

    Returns
    -------
    Tensor
        ``(T, F)``: F values a step, or features of its embedding. Their sum is about the output for the row less that
        for zeros.

    Raises
    ------
    InputError
        Where there is not exactly one row.
    OptionError
        Where ``n_steps`` is out of its range.
    """
    check_integer("n_steps", n_steps, minimum=1)
    if len(inputs) != 1:
        raise InputError(f"Saliency looks at one row at a time, got {len(inputs)}.")
    repeated = inputs.expand(n_steps, *inputs.shape[1:])
    counts = None if lengths is None else lengths.expand(n_steps)
    points = (torch.arange(n_steps, device=inputs.device) + 0.5) / n_steps
    seen: list[Tensor] = []

    def onto_the_path(module: nn.Module, arguments: Any, values: Tensor) -> Tensor:
        seen.append(values[:1].detach())
        seen.append((points[:, None, None].to(values.dtype) * values.detach()).requires_grad_())
        return seen[-1]

    handle = network.front.register_forward_hook(onto_the_path)
    try:
        # evaluation, but with the gradients that inference mode would forbid
        with evaluating(network), torch.inference_mode(False), torch.enable_grad():
            result = network(repeated.clone(), counts)
            values, path = seen
            (gradient,) = torch.autograd.grad(result[:, output].sum(), path)
    finally:
        handle.remove()
    return values[0] * gradient.mean(0)

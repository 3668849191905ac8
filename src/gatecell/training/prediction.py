"""Prediction and measuring: a plain loop over batches."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from gatecell._core.errors import InputError
from gatecell.training.batches import BatchSource, batch_indices

if TYPE_CHECKING:
    from gatecell.training.objective import Objective

Loss = Callable[[Tensor, Tensor], Tensor]
"""Takes prediction and target, ``(B, ...)``; returns the loss of each row, ``(B,)``, or its outputs, ``(B, ...)``."""
Metric = Callable[[Tensor, Tensor], float]
"""Takes the predictions and the targets of all rows, on the CPU; returns one number."""


def predict(network: nn.Module, source: BatchSource, batch_size: int = 256) -> Tensor:
    """Return the network's output for every row.

    Parameters
    ----------
    network : torch.nn.Module
        Runs on the device on which it lies, in evaluation mode; its mode is afterwards what it was.
    source : BatchSource
        The rows; targets and weights are not looked at.
    batch_size : int
        Rows at a time. It bounds memory and does not change the result beyond rounding.

    Returns
    -------
    Tensor
        ``(n, ...)`` on the CPU.

    Raises
    ------
    InputError
        Where the source has no rows.
    """
    if len(source) == 0:
        raise InputError("There are no rows to predict.")
    device = network_device(network)
    batches = list(batch_indices(source, batch_size))
    with evaluating(network):
        parts = [network(*source.take(rows).to(device).inputs).cpu() for rows in batches]
    # joined outside inference mode, so that the result may enter autograd later
    return torch.cat(parts)[torch.cat(batches).argsort()]


def evaluate(
    network: nn.Module, objective: "Objective", source: BatchSource, batch_size: int, metrics: Mapping[str, Metric]
) -> dict[str, float]:
    """Return the weighted mean loss over all rows as ``"loss"``, and each figure and metric by its name."""
    device = network_device(network)
    total = weight_sum = 0.0
    predictions, targets = [], []
    objective.begin()
    with evaluating(network):
        for rows in batch_indices(source, batch_size):
            batch = source.take(rows).to(device)
            outcome = objective(network, batch)
            total += float(outcome.loss) * float(outcome.weight)
            weight_sum += float(outcome.weight)
            if metrics and outcome.prediction is not None:
                predictions.append(outcome.prediction.cpu())
                targets.append(required_target(batch.target).cpu())
    mean = total / weight_sum if weight_sum else 0.0
    values = {"loss": mean, **objective.figures(mean)}
    if metrics:
        values |= measured(metrics, predictions, targets)
    return values


def measured(metrics: Mapping[str, Metric], predictions: list[Tensor], targets: list[Tensor]) -> dict[str, float]:
    """Return each metric over the rows of all batches."""
    prediction, target = torch.cat(predictions), torch.cat(targets)
    return {name: float(metric(prediction, target)) for name, metric in metrics.items()}


def weighted_mean(losses: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor | int]:
    """Return ``sum(w * l) / sum(w)`` and ``sum(w)``; a row with several losses counts with their mean.

    A batch whose weights are all 0 has the loss 0.
    """
    rows = losses.flatten(1).mean(1) if losses.dim() > 1 else losses
    if weight is None:
        return rows.mean(), len(rows)
    weight = weight.to(rows.dtype)
    total = weight.sum()
    return (rows * weight).sum() / total.clamp_min(torch.finfo(weight.dtype).tiny), total


def required_target(target: Tensor | None) -> Tensor:
    """Return the target, which a loss cannot do without."""
    if target is None:
        raise InputError("A loss needs targets, and these rows have none.")
    return target


def network_device(network: nn.Module) -> torch.device:
    """Return the device of a network's first parameter; the CPU where it has none."""
    first = next(network.parameters(), None)
    return torch.device("cpu") if first is None else first.device


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Hold a network in evaluation mode without gradients; each of its parts then has the mode that it had before."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        for module, mode in modes:
            module.training = mode

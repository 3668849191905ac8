"""The optimiser, and what is done to the gradients before it steps."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from gatecell._core.errors import OptionError
from gatecell.training.config import TrainingConfig

FUSED_DEVICES = ("cpu", "cuda")
"""Where torch has one-pass Adam and SGD kernels; measured a third faster a step on a CPU than the default."""


def build_optimizer(network: nn.Module, config: TrainingConfig) -> Optimizer:
    """Build the optimiser over the parameters that require gradients.

    Raises
    ------
    OptionError
        Where the network has none.
    """
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    if not parameters:
        raise OptionError("The network has no parameter that requires a gradient, so that there is nothing to train.")
    rate = config.learning_rate
    fused = all(parameter.device.type in FUSED_DEVICES for parameter in parameters)
    match config.optimizer:
        case "adam":
            return Adam(parameters, lr=rate, fused=fused)
        case "adamw":
            return AdamW(parameters, lr=rate, weight_decay=config.weight_decay, fused=fused)
        case "sgd":
            return SGD(parameters, lr=rate, momentum=config.momentum, fused=fused)
        case "rmsprop":
            return RMSprop(parameters, lr=rate, momentum=config.momentum)


def optimizer_tensors(network: nn.Module, optimizer: Optimizer) -> dict[str, Tensor]:
    """Return copies of an optimiser's moments on the CPU as ``{"moment:parameter name": tensor}``."""
    names: dict[Tensor, str] = {parameter: name for name, parameter in network.named_parameters()}
    return {
        f"{key}:{names[parameter]}": value.detach().cpu().clone()
        for parameter, moments in optimizer.state.items()
        for key, value in moments.items()
        if isinstance(value, Tensor)
    }


def load_optimizer_tensors(
    network: nn.Module, optimizer: Optimizer, config: TrainingConfig, tensors: dict[str, Tensor]
) -> None:
    """Put back what ``optimizer_tensors`` returned; the learning rate is not part of it.

    Raises
    ------
    OptionError
        Where the moments are of another optimiser or another network.
    """
    parameters = dict(network.named_parameters())
    trained = [name for name, parameter in parameters.items() if parameter.requires_grad]
    state: dict[int, dict[str, Tensor]] = {}
    for label, tensor in tensors.items():
        key, _, name = label.partition(":")
        if name not in parameters or (tensor.dim() and tensor.shape != parameters[name].shape):
            raise OptionError(
                f"The moments of the earlier run are of another network: {name} of shape {tuple(tensor.shape)} is not "
                "in this one. Go on with the network of then, or begin anew."
            )
        if name in trained:
            state.setdefault(trained.index(name), {})[key] = tensor.clone()
    expected = moments_of(config)
    found = {key for moments in state.values() for key in moments}
    if state and found != expected:
        raise OptionError(
            f"optimizer={config.optimizer!r} with momentum={config.momentum:g} keeps the moments "
            f"{sorted(expected) or 'none'}, but the earlier run has {sorted(found)}, so it cannot go on from there. "
            "Keep optimizer and momentum as they were, or begin anew."
        )
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def moments_of(config: TrainingConfig) -> set[str]:
    """Return the names under which torch keeps the moments of a parameter."""
    buffer = {"momentum_buffer"} if config.momentum else set()
    match config.optimizer:
        case "adam" | "adamw":
            return {"step", "exp_avg", "exp_avg_sq"}
        case "rmsprop":
            return {"step", "square_avg"} | buffer
        case "sgd":
            return buffer


class GradientRules:
    """The L2 penalty and the two ways of clipping, applied in this order: penalty, by value, by norm.

    The penalty ``l2 * sum(w ** 2)`` enters as its gradient ``2 * l2 * w``: the same update as with the sum in the loss,
    without a pass of automatic differentiation over the weights.

    Raises
    ------
    OptionError
        Where ``l2`` is above 0 and one of its patterns matches no trained parameter.
    """

    def __init__(self, network: nn.Module, config: TrainingConfig) -> None:
        trained = [(name, parameter) for name, parameter in network.named_parameters() if parameter.requires_grad]
        self._parameters = [parameter for _, parameter in trained]
        self._penalised = _matching(trained, config.l2_parameters) if config.l2 else []
        self._l2 = config.l2
        self._clip_norm = config.clip_norm
        self._clip_value = config.clip_value

    def apply(self) -> None:
        """Change the gradients in place."""
        if self._penalised:
            pairs = [(parameter.grad, parameter) for parameter in self._penalised if parameter.grad is not None]
            with torch.no_grad():
                torch._foreach_add_([grad for grad, _ in pairs], [weight for _, weight in pairs], alpha=2 * self._l2)
        if self._clip_value is not None:
            nn.utils.clip_grad_value_(self._parameters, self._clip_value)
        if self._clip_norm is not None:
            nn.utils.clip_grad_norm_(self._parameters, self._clip_norm)


def _matching(named: Iterable[tuple[str, nn.Parameter]], patterns: tuple[str, ...]) -> list[nn.Parameter]:
    named = list(named)
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name, _ in named):
            raise OptionError(
                f"l2_parameters has the pattern {pattern!r}, which matches no trained parameter. "
                f"They are: {', '.join(name for name, _ in named)}."
            )
    return [parameter for name, parameter in named if any(fnmatchcase(name, pattern) for pattern in patterns)]

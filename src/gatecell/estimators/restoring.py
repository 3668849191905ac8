"""An estimator made again of what a file holds, each part held to the others before it is used.

A file may come from anywhere. Nothing is made that is larger than what the file brings, and whatever is wrong is found
here, not when the estimator is used.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn

from gatecell._core.errors import ArtifactError
from gatecell._core.stated import Stated, is_whole, shown
from gatecell.artifact.store import Artifact
from gatecell.nn.building import building
from gatecell.nn.encoder import Encoder
from gatecell.training.history import History
from gatecell.training.state import TrainingState

if TYPE_CHECKING:
    from gatecell.estimators.base import LSTMEstimator

    Estimator = TypeVar("Estimator", bound=LSTMEstimator)
else:
    Estimator = TypeVar("Estimator")

OF_A_RUN = ("checkpoint_dir", "logger", "logger_dir")
"""Parameters that are about files of the run that made a model; a loaded model has none of them."""
_GROUPS = ("network", "optimizer", "fitted")
_MOMENTS = ("step", "exp_avg", "exp_avg_sq", "square_avg", "momentum_buffer")
_LAYERS = ("num_layers", "num_hidden_layers", "n_layers", "num_hidden_groups", "inner_group_num")
"""Options of networks that are counts of layers, each of which has weights of its own (but ALBERT's, which has more
tensors than layers all the same)."""


def restored(cls: type[Estimator], artifact: Artifact) -> Estimator:
    """Return the estimator that a file holds; errors name no file."""
    stated = Stated(artifact.metadata, "the description")
    groups = _grouped(artifact.tensors)
    estimator = cls(**_parameters(cls, stated.inner("parameters")))
    estimator.network_ = _network(cls, stated.value("network"), groups["network"])
    estimator.seed_ = stated.whole("seed", 0, 2**32)
    _check_moments(estimator.network_, groups["optimizer"])
    epochs_done = stated.whole("epochs_done", 0, 2**32)
    estimator._restore_training(
        TrainingState(
            epochs_done=epochs_done,
            first_epoch=epochs_done,
            optimizer=groups["optimizer"],
            history=History.from_json(stated.value("history")),
        ),
        _summary(stated.inner("training")),
    )
    estimator._inputs_from_json(stated.inner("inputs"))
    estimator._fitted_from_tensors(groups["fitted"])
    estimator._fitted_from_json(stated.inner("fitted"))
    estimator._check_parameters()
    return estimator


def weight_bytes(network: nn.Module) -> int:
    """Return the size of a network's weights, which a file of it has at least."""
    return sum(tensor.nbytes for tensor in network.state_dict().values())


def _grouped(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    groups: dict[str, dict[str, Tensor]] = {group: {} for group in _GROUPS}
    for label, tensor in tensors.items():
        group, _, name = label.partition("/")
        if group not in groups:
            raise ArtifactError(f"there is a tensor {shown(label)}, which is of no part of an estimator")
        groups[group][name] = tensor
    return groups


def _parameters(cls: type[Estimator], stated: Stated) -> dict[str, Any]:
    known = cls._get_param_names()
    unknown = [name for name in stated if name not in known]
    if unknown:
        raise ArtifactError(f"{cls.__name__} has no parameter {shown(unknown[0])}")
    return {name: None if name in OF_A_RUN else _parameter(name, stated) for name in stated}


def _parameter(name: str, stated: Stated) -> Any:
    value = stated.value(name)
    if not isinstance(value, dict):
        return value
    pairs = stated.inner(name).listed("pairs")
    if not all(isinstance(pair, list) and len(pair) == 2 and not isinstance(pair[0], list | dict) for pair in pairs):
        raise ArtifactError(f"{name} of the parameters is not made of pairs")
    return dict(pairs)


def _network(cls: type[Estimator], described: Any, tensors: dict[str, Tensor]) -> Any:
    _check_counts(described, len(tensors))
    # without memory, so that a file cannot ask for more than it brings
    with torch.device("meta"), building(torch.Generator()):
        network: nn.Module = cls.NETWORK(cls.CONFIG.from_dict(described))
    expected = network.state_dict()
    odd = sorted(expected.keys() ^ tensors.keys())
    if odd:
        raise ArtifactError(f"the network {'lacks' if odd[0] in expected else 'has no'} {shown(odd[0])}")
    for name, tensor in tensors.items():
        wanted = expected[name]
        if tensor.shape != wanted.shape or tensor.dtype != wanted.dtype:
            raise ArtifactError(
                f"{name} is {tensor.dtype} of shape {tuple(tensor.shape)} instead of {wanted.dtype} of "
                f"{tuple(wanted.shape)}"
            )
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise ArtifactError(f"{name} has values that are not finite")
    network.load_state_dict(tensors, assign=True)
    for module in network.modules():
        if isinstance(module, Encoder):
            module.fill_buffers()
    return network.eval()


def _check_counts(described: Any, n_tensors: int) -> None:
    """Raise where a network has more layers than there are tensors; counts alone cost memory and time to build."""
    level = [described]
    while level:
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                for name in _LAYERS:
                    if name in item and not is_whole(item[name], 0, n_tensors):
                        raise ArtifactError(
                            f"{name}={shown(item[name])} is asked for, but there are {n_tensors} tensors"
                        )
                inner.extend(value for name, value in item.items() if name not in ("id2label", "label2id"))
            elif isinstance(item, list):
                if len(item) > n_tensors:
                    raise ArtifactError(f"the network has {len(item):,} parts, but there are {n_tensors} tensors")
                inner.extend(item)
        level = inner


def _check_moments(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    parameters = dict(network.named_parameters())
    for label, tensor in tensors.items():
        moment, _, name = label.partition(":")
        if moment not in _MOMENTS or name not in parameters:
            raise ArtifactError(f"the optimiser has a moment {shown(label)}, which the network has no weights for")
        parameter = parameters[name]
        shape = torch.Size([]) if moment == "step" else parameter.shape
        if tensor.shape != shape or tensor.dtype != parameter.dtype or not bool(tensor.isfinite().all()):
            raise ArtifactError(f"the optimiser's {label} does not fit its weights")


def _summary(stated: Stated) -> dict[str, Any]:
    return {
        "best_epoch": stated.whole("best_epoch") if stated.has("best_epoch") else None,
        "stopped_early": stated.flag("stopped_early"),
        "seconds": stated.number("seconds", 0),
    }

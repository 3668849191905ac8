"""The content of a checkpoint, held to the run that is to go on from it before anything of it is used."""

from collections.abc import Mapping, Sequence
from dataclasses import fields

import torch
from torch import Tensor, nn

from gatecell._core.errors import ArtifactError
from gatecell._core.stated import Stated, is_number, shown
from gatecell.artifact.store import Artifact
from gatecell.training.config import TrainingConfig
from gatecell.training.history import History
from gatecell.training.optimisation import moments_of
from gatecell.training.schedule import Watch
from gatecell.training.state import Tensors, TrainingState

TENSOR_GROUPS = ("weights", "best_weights", "optimizer")
_SCALAR_MOMENT = "step"


def state_of(
    artifact: Artifact, network: nn.Module, config: TrainingConfig, columns: Sequence[str], first_epoch: int
) -> TrainingState:
    """Return the state that a checkpoint holds.

    Parameters
    ----------
    artifact : Artifact
        Of a run of the same identity.
    network : torch.nn.Module
        What is trained.
    config : TrainingConfig
        How.
    columns : sequence of str
        What the run measures.
    first_epoch : int
        The epochs before the run.

    Raises
    ------
    ArtifactError
        Where something in it is not what such a run writes; the message says what.
    """
    stated = Stated(artifact.metadata, "the checkpoint")
    epochs_done = stated.whole("epochs_done", first_epoch + 1, first_epoch + config.max_epochs)
    stated.whole("first_epoch", first_epoch, first_epoch)
    watch = _watch(stated.inner("watch"), epochs_done)
    stopped_early = stated.flag("stopped_early")
    if stopped_early != watch.exhausted(config):
        raise ArtifactError("stopped_early of the checkpoint does not follow from its watch")
    groups = _groups(artifact.tensors)
    _check_weights(groups["weights"], network, "weights")
    best = groups["best_weights"]
    if bool(best) != (config.restores_best and watch.best_epoch is not None):
        raise ArtifactError("best_weights are there without a best epoch, or are missing")
    if best:
        _check_weights(best, network, "best_weights")
    _check_moments(groups["optimizer"], network, config)
    history = _history(stated.listed("history", epochs_done), columns, first_epoch)
    return TrainingState(
        epochs_done=epochs_done,
        first_epoch=first_epoch,
        stopped_early=stopped_early,
        history=history,
        watch=watch,
        **groups,
    )


def _watch(stated: Stated, epochs_done: int) -> Watch:
    best = stated.number("best") if stated.has("best") else None
    best_epoch = stated.whole("best_epoch", 1, epochs_done) if stated.has("best_epoch") else None
    if (best is None) != (best_epoch is None):
        raise ArtifactError("the watch of the checkpoint has a best value without its epoch, or the epoch alone")
    counts = {name: stated.whole(name, 0, epochs_done) for name in ("waited", "cuts", "waited_for_cut")}
    assert {"best", "best_epoch", *counts} == {field.name for field in fields(Watch)}
    return Watch(best=best, best_epoch=best_epoch, **counts)


def _history(rows: Sequence[object], columns: Sequence[str], first_epoch: int) -> History:
    """Return the history; the rows of epochs before the run may have other columns."""
    for index, row in enumerate(rows):
        where = f"row {index + 1} of the history"
        stated = Stated(row, where)
        if stated.number("epoch") != index + 1:
            raise ArtifactError(f"{where} is of another epoch: {shown(stated.value('epoch'))}")
        for name in ("train_loss", "learning_rate", "seconds"):
            stated.number(name)
        assert isinstance(row, Mapping)
        if index >= first_epoch and set(row) != {"epoch", *columns, "learning_rate", "seconds"}:
            raise ArtifactError(f"{where} has other columns than this run: {shown(', '.join(sorted(row)))}")
        for name, value in row.items():
            # a figure that was not finite is None
            if value is not None and not is_number(value):
                raise ArtifactError(f"{name} of {where} must be a number or null, but is {shown(value)}")
    return History.from_json(rows)  # type: ignore[arg-type]  # as was just seen


def _groups(tensors: Mapping[str, Tensor]) -> dict[str, Tensors]:
    groups: dict[str, Tensors] = {group: {} for group in TENSOR_GROUPS}
    for label, tensor in tensors.items():
        group, _, name = label.partition("/")
        if group not in groups:
            raise ArtifactError(f"it has a tensor {shown(label)}, which is of none of {', '.join(groups)}")
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise ArtifactError(f"the tensor {shown(label)} has numbers that are not finite")
        groups[group][name] = tensor
    return groups


def _check_weights(found: Tensors, network: nn.Module, group: str) -> None:
    wanted = network.state_dict()
    if found.keys() != wanted.keys():
        other = sorted(found.keys() ^ wanted.keys())
        raise ArtifactError(f"{group} are those of another network: {shown(other[0])} is in one of them alone")
    for name, tensor in found.items():
        _check_like(tensor, wanted[name], f"{group}/{name}")


def _check_moments(found: Tensors, network: nn.Module, config: TrainingConfig) -> None:
    trained = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
    wanted = moments_of(config)
    if wanted and not found:
        raise ArtifactError(f"it lacks the moments of the optimiser {config.optimizer}")
    moments: dict[str, set[str]] = {}
    for label, tensor in found.items():
        key, _, name = label.partition(":")
        if name not in trained or key not in wanted:
            raise ArtifactError(f"optimizer/{shown(label)} is a moment that {config.optimizer} has not here")
        if key == _SCALAR_MOMENT:
            if tensor.dim() or not tensor.is_floating_point() or tensor.item() < 1:
                raise ArtifactError(f"optimizer/{label} must be a count of steps")
        else:
            _check_like(tensor, trained[name], f"optimizer/{label}")
        moments.setdefault(name, set()).add(key)
    for name, keys in moments.items():
        if keys != wanted:
            raise ArtifactError(f"of {name} it has the moments {sorted(keys)} and not {sorted(wanted)}")


def _check_like(tensor: Tensor, wanted: Tensor, name: str) -> None:
    if tensor.shape != wanted.shape or tensor.dtype != wanted.dtype:
        raise ArtifactError(
            f"{name} must be {tuple(wanted.shape)} of {wanted.dtype}, but is {tuple(tensor.shape)} of {tensor.dtype}"
        )

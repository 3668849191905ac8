"""Estimators as artifacts: what makes a fitted estimator, written to one file and read back."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch

from gatecell._core.errors import ArtifactError, GatecellError
from gatecell.artifact.store import Artifact, load_artifact, read_metadata, save_artifact
from gatecell.nn.building import building
from gatecell.training.history import History
from gatecell.training.state import TrainingState

if TYPE_CHECKING:
    from gatecell.estimators.base import LSTMEstimator

    Estimator = TypeVar("Estimator", bound=LSTMEstimator)
else:
    Estimator = TypeVar("Estimator")

OF_A_RUN = ("checkpoint_dir", "logger", "logger_dir")
"""Parameters that are about files of the run that made a model; a loaded model has none of them."""
KIND = "estimator"
"""What the metadata of such a file says it is."""


def save_estimator(estimator: "LSTMEstimator", path: str | Path, *, notes: Mapping[str, Any] | None = None) -> Path:
    """Write a fitted estimator; see ``LSTMEstimator.save``. ``notes`` are JSON values that travel with it."""
    state = estimator._training_state
    tensors = {f"network/{name}": tensor for name, tensor in estimator.network_.state_dict().items()}
    tensors |= {f"optimizer/{name}": tensor for name, tensor in state.optimizer.items()}
    tensors |= {f"fitted/{name}": tensor for name, tensor in estimator._fitted_tensors().items()}
    metadata = {
        "kind": KIND,
        "estimator": type(estimator).__name__,
        "parameters": {name: _parameter(name, value) for name, value in estimator.get_params(deep=False).items()},
        "network": estimator.network_.config.to_dict(),
        "inputs": estimator._inputs_to_json(),
        "seed": estimator.seed_,
        "history": state.history.to_json(),
        "epochs_done": state.epochs_done,
        "training": asdict(estimator.training_),
        "fitted": estimator._fitted_to_json(),
        "notes": dict(notes or {}),
    }
    return save_artifact(path, tensors, metadata)


def read_notes(path: str | Path) -> dict[str, Any]:
    """Return the ``notes`` that travel with a model; its tensors are not read. Errors as ``read_metadata`` has them."""
    notes: dict[str, Any] = read_metadata(path)[0].get("notes", {})
    return notes


def load_estimator(path: str | Path, classes: Mapping[str, type[Estimator]]) -> Estimator:
    """Read an estimator of one of the ``classes``, given by their names; see ``LSTMEstimator.load``."""
    artifact = load_artifact(path)
    if artifact.metadata.get("kind") != KIND:
        raise ArtifactError(f"{path} is a Gatecell file, but holds no estimator; it may be a training checkpoint.")
    name = str(artifact.metadata.get("estimator"))
    if name not in classes:
        raise ArtifactError(
            f"{path} holds a {name}, which is none of: {', '.join(classes)}. "
            "Use gatecell.load, which takes every estimator that this version knows."
        )
    try:
        return _restored(classes[name], artifact)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, GatecellError) as error:
        raise ArtifactError(f"{path} is damaged: its parts do not fit together ({error}).") from error


def _restored(cls: type[Estimator], artifact: Artifact) -> Estimator:
    metadata = artifact.metadata
    groups: dict[str, dict[str, torch.Tensor]] = {"network": {}, "optimizer": {}, "fitted": {}}
    for label, tensor in artifact.tensors.items():
        group, _, name = label.partition("/")
        groups[group][name] = tensor
    estimator = cls(**{name: _parameter_value(value) for name, value in metadata["parameters"].items()})
    # without memory, so that a file cannot ask for more than it brings
    with torch.device("meta"), building(torch.Generator()):
        network = cls.NETWORK(cls.CONFIG.from_dict(metadata["network"]))
    network.load_state_dict(groups["network"], assign=True)
    estimator.network_ = network.eval()
    estimator._inputs_from_json(metadata["inputs"])
    estimator.seed_ = metadata["seed"]
    estimator._restore_training(
        TrainingState(
            epochs_done=metadata["epochs_done"],
            first_epoch=metadata["epochs_done"],
            optimizer=groups["optimizer"],
            history=History.from_json(metadata["history"]),
        ),
        metadata["training"],
    )
    estimator._fitted_from_tensors(groups["fitted"])
    estimator._fitted_from_json(metadata["fitted"])
    return estimator


def _parameter(name: str, value: Any) -> Any:
    """Return a parameter as JSON; a dict with keys that are no text as pairs."""
    if name == "vectors" and isinstance(value, Mapping):
        return None
    if name in OF_A_RUN:
        return None
    if isinstance(value, Path):
        return str(value)
    if name == "random_state" and not isinstance(value, int | np.integer):
        return None
    if isinstance(value, Mapping):
        return {"pairs": [[key, item] for key, item in value.items()]}
    return value


def _parameter_value(value: Any) -> Any:
    return dict(value["pairs"]) if isinstance(value, dict) else value

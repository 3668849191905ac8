"""Estimators as artifacts: what makes a fitted estimator, written to one file and read back."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gatecell._core.errors import ArtifactError, EngineError, MissingDependencyError
from gatecell.artifact.store import load_artifact, save_artifact
from gatecell.estimators.restoring import OF_A_RUN, restored

if TYPE_CHECKING:
    from gatecell.estimators.base import LSTMEstimator

    Estimator = TypeVar("Estimator", bound=LSTMEstimator)
else:
    Estimator = TypeVar("Estimator")

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
        return restored(classes[name], artifact)
    except (MissingDependencyError, EngineError):
        # the file is whole; something is missing on this machine
        raise
    except Exception as error:  # the checks are there to be met first; this is the last line
        reason = str(error).strip().removesuffix(".") or type(error).__name__
        raise ArtifactError(f"{path} is damaged: its parts do not fit together ({reason}).") from error


def _parameter(name: str, value: Any) -> Any:
    """Return a parameter as JSON; a dict with keys that are not text as pairs."""
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
